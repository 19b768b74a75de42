// A case: a legal configuration, a layer described by a few numbers, and the conditions of the run. All of it follows
// from a seed (random_case.hpp), and every number of it can be changed by name, so that a case can be shrunk and
// replayed.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace quillgen::fuzz {

/// How the numbers of a layer are chosen (random_layer.cpp). 0 is the plain way: numbers that exercise the whole
/// datapath without saturating it. What comes after `mixed` no random case draws, only those with a name.
enum Values : int { random_values, small_values, zero_values, lowest_values, highest_values, corner_values };
enum Scales : int { useful_scale, saturating_scale, vanishing_scale, zero_scale, random_scale, mixed_scale };
enum Offsets : int { near_offsets, wide_offsets, saturated_offsets, zero_offsets, mixed_offsets, clamped_offsets };
enum Logits : int {
  spread_logits,
  equal_logits,
  dominant_logit,
  extreme_logits,
  wild_logits,
  mixed_logits,
  clamped_logits,
  lowest_logits,
  highest_logits
};
enum References : int { inside_map, on_edges, around_map, far_outside, mixed_references };
enum Boxes : int { no_boxes, random_boxes, zero_boxes, largest_boxes };
enum Padding : int { random_padding, border_padding, inner_padding, lower_padding, block_padding };
/// Rows of a dense layer by an index list: those it reads, those it writes with a norm, both.
enum Lists : int { no_list, gathered, scattered, both_listed };
/// A residual and a LayerNorm: none, as trained ones are, of any numbers, over rows of equal numbers.
enum Norms : int { no_norm, usual_norm, any_norm, flat_norm };
/// Which of the layers find their value map in memory.
enum Maps : int { computed_maps, first_map_given, maps_given };

/// Points that are dropped (NUMERICS.md N19), where the configuration can: none, those without weight, all below a
/// share of the mean of a head (a quarter, one, two), all.
enum Thresholds : int { no_threshold, no_weight, small_share, mean_share, large_share, all_points };
/// In which moves are held (N5): none, 0 in all levels, any by level, the largest.
enum Ranges : int { no_range, zero_range, any_range, largest_range };
/// Pixels that are dropped (N20): none, those that nothing reads, those below half the mean, the mean, twice the mean,
/// all whose count is not at its limit.
enum Shares : int { no_share, least_share, half_of_mean, whole_mean, twice_the_mean, largest_share };
/// Padding of the image, beside the mask that the job reads.
enum ImagePadding : int { no_image_padding, same_as_mask, own_padding };

struct Workload {
  std::uint64_t content = 0;  ///< seed of all numbers of the layer and of the run
  int queries = 1;            ///< of the first job
  int jobs = 1;               ///< layers, 1 or 2 on one instance; the second has other levels and fewer queries
  std::array<int, 8> width{}, height{};  ///< of level l, pixels; unused beyond the levels of the configuration
  int query_values = 0, source_values = 0, query_weights = 0, feature_weights = 0, output_weights = 0;  ///< Values
  int value_scales = 0, head_scales = 0, output_scales = 0;                                             ///< Scales
  int offsets = 0, logits = 0, references = 0;
  int boxes = 0;           ///< Boxes
  int padding = 0;         ///< Padding: which tokens are masked
  int padded_percent = 0;  ///< of the tokens, when it is random; of the 2x2 blocks, when it is by block
  int maps = 0;            ///< Maps
  int threshold = 0;       ///< Thresholds
  int range = 0;           ///< Ranges
  int share = 0;           ///< Shares
  int image_padding = 0;   ///< ImagePadding
  int dense_rows = 0;      ///< of a dense job after the first layer; 0: there is none
  int dense_inner = 1, dense_outputs = 1, relu = 0;
  // With network.epilogue, of all jobs:
  int stream_queries = 0, positions = 0, stream_sources = 0;  ///< 1: operands are formed from rows of the stream
  int operand_scales = 0;                                     ///< Scales
  int norm = 0;                                               ///< Norms; a dense layer has C outputs then
  int dense_list = 0;                                         ///< Lists, of a dense layer
  int result_format = 0;  ///< of a dense layer without a norm: 0 output, 1 query, 2 stream, 3 boxes
  /// By linear pieces, of a dense layer without ReLU, norm or boxes whose configuration has it: 0 none, 1 GELU, 2 SiLU,
  /// 3 sigmoid.
  int activation = 0;
  int reference_gap = 0;  ///< 0: references are packed; otherwise their stride is so many beats, less one, longer
  // With network.self_attention:
  int self_rows = 0;  ///< of a job of it, after the first layer and the dense job; 0: there is none
  int self_operands = 0, self_values = 0;  ///< Values, of rows q and k, and of rows v
  int self_shift = 0;                      ///< of its scores; 0: one that fits them
  int self_gain = 0;
  int stall_percent = 0, latency = 1;  ///< of the memory (harness::Conditions)
  int reorder_percent = 25;            ///< the same
};

struct Case {
  std::uint64_t seed = 0;
  Config config;
  Workload workload;
};

/// A number of a case.
struct Parameter {
  std::string path;  ///< section.key, as with --set
  std::function<int&(Case&)> in;
  int least = 0, most = 0;  ///< both legal
  int level = 0;            ///< whose side it is

  int get(const Case& c) const { return in(const_cast<Case&>(c)); }
};

/// Every number of a case, those of the configuration first.
const std::vector<Parameter>& parameters();

/// Pixels of all levels.
std::int64_t tokens(const Case& c);

/// False for the sides of levels that the configuration does not have.
bool is_used(const Case& c, const Parameter& p);

/// Sets a parameter as "path=value" says. Throws UserError for an unknown path or no number.
void set_parameter(Case& c, const std::string& assignment);

/// Throws UserError unless the configuration is legal and the workload fits it.
void validate(const Case& c);

/// What makes `original` into `now`, as --set options, each with a space before it.
std::string changes_since(const Case& original, const Case& now);

/// The case as JSON: the configuration as quillgen reads it, and the workload.
std::string to_text(const Case& c);

}  // namespace quillgen::fuzz
