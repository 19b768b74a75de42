// A quantised layer and the result of every stage on it: what the software model takes and gives, and what the harness
// loads and compares. All tensors are dense, row-major, one int32 per element; formats as in NUMERICS.md.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "config/config.hpp"
#include "model/pruning.hpp"
#include "model/stream.hpp"

namespace quillgen::model {

struct LevelShape {
  int height = 0, width = 0;
};

/// One layer, quantised (N1); everything the hardware is given.
struct QuantisedLayer {
  Attention attention;  ///< dimensions of this layer (embed_dim, heads, levels, points are used)
  Numerics numerics;
  int queries = 0;                          ///< Lq
  std::vector<int> index_list;              ///< queries that are wanted, by arrival; empty: all
  std::vector<LevelShape> levels;           ///< [L]
  std::vector<std::int32_t> query;          ///< [Lq, C]
  bool boxes = false;                       ///< references are boxes, not points
  std::vector<std::int32_t> reference;      ///< [Lq, L, Z, 2|4] as (x, y) or (x, y, width, height) (N5)
  std::vector<std::int32_t> source;         ///< [S, C]
  std::vector<std::int32_t> map;            ///< [S, C], the value map of a layer without value projection; or empty
  std::vector<std::uint8_t> padding;        ///< [S], 1 = padded or dropped token; or empty, none is
  std::vector<std::uint8_t> image_padding;  ///< [S], 1 = padded token of the image, for N20; or empty, none is
  Pruning pruning;                          ///< what is left out
  std::vector<std::int32_t> value_weight;   ///< [C, C]
  std::vector<Requant> value_requant;       ///< [C]
  std::vector<std::int32_t> offset_weight;  ///< [M*L*K*2, C], rows ordered (head, level, point, x|y)
  std::vector<Requant> offset_requant;      ///< [M*L*K*2]
  std::vector<std::int32_t> logit_weight;   ///< [M*L*K, C]
  std::vector<Requant> logit_requant;       ///< [M*L*K]
  std::vector<Requant> head_requant;        ///< [C], bias 0
  std::vector<std::int32_t> output_weight;  ///< [C, C]: row c, column m*D+d
  std::vector<Requant> output_requant;      ///< [C]
  Stream stream;                            ///< of a layer of a network; query and source are its operands
  double value_scale = 1, head_scale = 1, output_scale = 1;  ///< real value of one unit

  /// The value map is not computed.
  bool map_given() const { return !map.empty(); }
  /// Numbers of a reference.
  int reference_numbers() const { return boxes ? 4 : 2; }
  /// Queries that are wanted, by arrival.
  std::vector<int> wanted() const;
  /// S, pixels of all levels.
  int tokens() const {
    int s = 0;
    for (auto l : levels) s += l.height * l.width;
    return s;
  }
};

/// Every stage of the computation, of all queries, wanted or not; lines are those of the wanted ones.
struct Stages {
  std::vector<std::int32_t> value;          ///< [S, C] (N3)
  std::vector<std::int32_t> offset;         ///< [Lq, M*L*K, 2] (N3)
  std::vector<std::int32_t> logit;          ///< [Lq, M*L*K] (N3)
  std::vector<std::int32_t> attention;      ///< [Lq, M*L*K] (N4), of dropped points too
  std::vector<std::int32_t> location;       ///< [Lq, M*L*K, 2] (N5)
  std::vector<std::int32_t> distance;       ///< [Lq, M*L*K], whole pixels off the reference, the larger of x and y
  std::vector<std::int32_t> corner_weight;  ///< [Lq, M*L*K, 4] as w00, w01, w10, w11 (N6, N19)
  std::vector<std::int32_t> head;           ///< [Lq, C] (N8)
  std::vector<std::int32_t> output;         ///< [Lq, C] (N10)
  std::vector<std::int32_t> normed;         ///< [Lq, C], the stream behind a norm (N13, N14), where there is one
  std::vector<std::int64_t> reads;          ///< [S], corners of wanted queries (N20); empty unless pixels are dropped
  /// By LineShape: distinct lines (level, row, column, head) with a corner that is read, which are the compulsory
  /// fetches; and over all samples, distinct lines of the sample with one.
  std::array<std::int64_t, 3> lines_touched = {}, line_lookups = {};

  /// What is written, [Lq, C].
  const std::vector<std::int32_t>& written() const { return normed.empty() ? output : normed; }
};

/// Throws std::logic_error unless every tensor has the size and every number the format that the layer states.
void validate(const QuantisedLayer& layer);

/// Points of wanted queries by level, and those that are dropped (N19).
std::vector<Dropped> dropped_points(const QuantisedLayer& layer, const Stages& stages);

/// N20: the mask that the layer passes on, [S], 1 = dropped; empty if it drops no pixels.
std::vector<std::uint8_t> mask_passed_on(const QuantisedLayer& layer, const Stages& stages);

/// Runs the layer, which is validated first, through N3 to N10.
Stages run(const QuantisedLayer& layer);

/// The same without lines_touched and line_lookups, in half the time.
Stages run_without_lines(const QuantisedLayer& layer);

/// Only where the layer samples, and with what weights: offset, logit, attention, location, distance and corner_weight;
/// the other stages stay empty.
Stages run_sampling(const QuantisedLayer& layer);

}  // namespace quillgen::model
