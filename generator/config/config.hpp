// The parameters of a design, as plain numbers. Parsing, presets and the legal ranges are in load.hpp.
#pragma once
#include <string>
#include <vector>

namespace quillgen {

/// Dimensions of the attention layer, fixed at generation, and the largest job the hardware accepts.
struct Attention {
  int embed_dim = 0;  ///< C, a multiple of heads
  int heads = 0;      ///< M
  int levels = 0;     ///< L
  int points = 0;     ///< K, points per head and level, or the most of a level
  /// Points of each level, where they have different numbers; or empty, all have K.
  std::vector<int> level_points;
  int anchors = 1;      ///< Z, references of a query on each level: point k is measured from number k mod Z
  int max_width = 0;    ///< widest level, pixels
  int max_height = 0;   ///< tallest level, pixels
  int max_queries = 0;  ///< most queries of a job, and rows of a dense one
  int max_tokens = 0;   ///< most tokens of a job: pixels of all its levels

  constexpr int head_dim() const { return embed_dim / heads; }  ///< D
  constexpr int points_of(int level) const {
    return level_points.empty() ? points : level_points[static_cast<std::size_t>(level)];
  }
  /// Levels have different numbers of points.
  constexpr bool uneven_points() const {
    for (const int own : level_points)
      if (own != points) return true;
    return false;
  }
  /// Points of a head before those of a level.
  constexpr int first_point(int level) const {
    if (level_points.empty()) return level * points;
    int sum = 0;
    for (int l = 0; l < level; ++l) sum += points_of(l);
    return sum;
  }
  /// The level of point n of a head.
  constexpr int level_of(int n) const {
    if (level_points.empty()) return n / points;
    int level = 0;
    while (n >= points_of(level)) n -= points_of(level++);
    return level;
  }
  constexpr int samples_per_head() const { return first_point(levels); }          ///< P, L*K if all have K
  constexpr int samples_per_query() const { return heads * samples_per_head(); }  ///< M*P
  bool operator==(const Attention&) const = default;
};

/// Bit widths of every quantity; the letters are those of verif/model/NUMERICS.md.
struct Numerics {
  int query_bits = 0;           ///< bq, signed
  int query_weight_bits = 0;    ///< bqw, signed
  int feature_bits = 0;         ///< bf, signed
  int feature_weight_bits = 0;  ///< bfw, signed
  int head_bits = 0;            ///< bh, signed
  int output_weight_bits = 0;   ///< bow, signed
  int output_bits = 0;          ///< bo, signed
  int offset_int_bits = 0;      ///< oi, including the sign
  int offset_frac_bits = 0;     ///< of
  int interp_frac_bits = 0;     ///< fi
  int logit_int_bits = 0;       ///< li, including the sign
  int logit_frac_bits = 0;      ///< lf
  int attention_bits = 0;       ///< a, fraction bits, unsigned with one integer bit
  int corner_bits = 0;          ///< cw, fraction bits, unsigned with one integer bit

  constexpr int offset_bits() const { return offset_int_bits + offset_frac_bits; }
  constexpr int logit_bits() const { return logit_int_bits + logit_frac_bits; }
  bool operator==(const Numerics&) const = default;
};

/// Activations by linear pieces that results of dense jobs can pass (NetworkFormats::activations).
enum Activations : int { no_activations, only_gelu, only_silu, only_sigmoid, all_activations };

/// Whole networks: what their layers pass on, and the hardware for it.
struct NetworkFormats {
  int stream_bits = 16;              ///< bs, signed: rows of the residual stream
  int epilogue = 0;                  ///< 1: jobs form operands from rows of the stream, add a residual and normalise
  int self_attention = 0;            ///< most rows of a job that is self-attention (N16); 0: there are no such jobs
  int activations = no_activations;  ///< Activations (N15)
  bool operator==(const NetworkFormats&) const = default;
};

/// PE array of the projections of tokens and queries and of dense jobs: rows x columns outputs x depth products a
/// cycle.
struct Gemm {
  int rows = 0;         ///< tokens or queries of a group
  int columns = 0;      ///< whole heads: a multiple of head_dim() and of 2 * lanes()
  int depth = 0;        ///< products a PE sums in a cycle, a power of two
  int max_inner = 0;    ///< longest row of a dense job, elements
  int tree_levels = 0;  ///< levels of an adder tree between two registers
  bool operator==(const Gemm&) const = default;
};

struct Core {
  int head_lanes = 1;          ///< 1, 2, 4, 8 or 16: the heads are shared out to them
  int level_lanes = 1;         ///< 1, 2, 4 or 8: the levels of each of these are shared out to them
  int projection_columns = 0;  ///< columns of W'' a cycle, each head_dim deep, of each head lane
  int points_per_cycle = 1;    ///< 1, 2 or 4: weights a lane finds in a cycle; more than 1 pays if points are dropped
  int queued_heads =
      4;  ///< aggregated heads of a lane that may wait for the projection, if points are dropped or levels shared out
  constexpr int lanes() const { return head_lanes * level_lanes; }  ///< each takes a sample a cycle
  bool operator==(const Core&) const = default;
};

/// What jobs can leave out, if they ask for it.
struct Prunings {
  int max_range = 0;   ///< pixels, the largest range that a job can hold moves in (NUMERICS.md N5); 0: there is none
  int points = 0;      ///< 1: points of small weight can be dropped (N19)
  int count_bits = 0;  ///< 8 to 16, of a count of reads of a pixel (N20); 0: none are counted
  constexpr bool any() const { return max_range > 0 || points != 0 || count_bits > 0; }
  bool operator==(const Prunings&) const = default;
};

/// How the cells of a sort follow each other (Order::curve).
enum Curve : int { hilbert_curve, strip_curve };

/// The order in which queries are worked on. As it stands here: that of arrival.
struct Order {
  int bucket_bits = 0;          ///< b: a counting sort over the 2^b x 2^b cells of the map; 0: none
  int curve = hilbert_curve;    ///< Curve
  int strip_width = 0;          ///< most cells of a strip's width; 0: as fits the feature cache
  int window = 1;               ///< candidates of which the nearest is next, a power of two; 1: no choice
  int distance_units = 1;       ///< candidates whose distance is computed in a cycle, a power of two
  int starvation_bound = 1024;  ///< a candidate passed over so often is next
  bool operator==(const Order&) const = default;
};

/// How features are brought on chip (FeatureCache::policy).
enum Policy : int { line_policy, region_policy };
/// Pixels of a line, width x height (FeatureCache::line_shape).
enum LineShape : int { line_2x2, line_2x1, line_1x1 };
/// Which way of a full set a new line takes (FeatureCache::replacement): each in turn, or the one used longest ago.
enum Replacement : int { replace_in_turn, replace_by_use };
/// What becomes of pixels that the next region shares with the one in use (FeatureCache::overlap).
enum Overlap : int { refetch, copy };

/// Feature caching: four tag banks and four data banks in each lane.
struct FeatureCache {
  int policy = line_policy;  ///< Policy
  int kilobytes = 0;         ///< data capacity of all lanes together, KiB
  /// Parts of `kilobytes` that the levels have, powers of two that add up to one, in any measure: [4, 2, 1, 1] gives
  /// the first level half. Empty: all levels share all of it.
  std::vector<int> level_parts;
  int ways = 0;                       ///< 1, 2, 4 or 8
  int replacement = replace_in_turn;  ///< Replacement
  int run_ahead = 0;                  ///< samples of a lane between tag look-up and use, a power of two
  int line_shape = line_2x2;          ///< LineShape, pixels of one head
  int hashing = 1;                    ///< 1: all bits of a line's name choose its set; 0: the lowest
  int lines_per_cycle = 1;  ///< written to the data banks; with 2 a sample is looked up in a cycle however many miss
  int bypass_distance = 0;  ///< samples so many pixels off their reference enter nothing in the cache; 0: all enter
  // Of the policy `region`:
  /// Pixels, of each level the largest range that a job holds its moves in (NUMERICS.md N5): its windows then hold all
  /// that is read, and nothing goes by demand. Empty: jobs need no ranges, and what lies outside goes by demand.
  std::vector<int> region_ranges;
  int margin = 8;           ///< pixels around the references of a group, in each level, without region_ranges
  int region_queries = 32;  ///< most queries of a group, a power of two
  int overlap = refetch;    ///< Overlap
  bool operator==(const FeatureCache&) const = default;
};

/// The memory behind the AXI4 port.
struct Memory {
  int data_bits = 0;        ///< 64, 128, 256 or 512
  int address_bits = 0;     ///< 32..64
  int latency_cycles = 0;   ///< the latency that buffers are sized for
  int max_outstanding = 0;  ///< feature lines in flight, of all lanes together, a power of two
  bool operator==(const Memory&) const = default;
};

/// How registers are reset (Implementation::reset).
enum ResetStyle : int { sync_high, sync_low, async_low };

/// What physical design asks for. It changes no result and no cycle.
struct Implementation {
  int reset = sync_high;  ///< ResetStyle
  int clock_gating = 0;   ///< 1: a block has its clock only while a job needs it
  bool operator==(const Implementation&) const = default;
};

struct Config {
  std::string name;
  Attention attention;
  Numerics numerics;
  NetworkFormats network;
  Gemm gemm;
  Core core;
  Prunings pruning;
  Order order;
  FeatureCache feature_cache;
  Memory memory;
  Implementation implementation;
  bool operator==(const Config&) const = default;
};

/// Bytes an element of `bits` occupies in memory: 1 up to 8 bits, 2 above.
constexpr int element_bytes(int bits) { return bits <= 8 ? 1 : 2; }

}  // namespace quillgen
