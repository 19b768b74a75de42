// What a job computes, and what the model says about it. The referenced objects must outlive what is made of them.
#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/dense.hpp"
#include "model/layer.hpp"
#include "model/self_attention.hpp"
#include "model/token_groups.hpp"

namespace quillgen::harness {

/// What the feature caches of a job do, by software that knows nothing of the netlist.
struct LineCounts {
  std::int64_t hits = 0, misses = 0;  ///< look-ups
  std::int64_t read = 0;              ///< lines read from memory: those that miss, and those brought ahead
};

/// An attention layer, from source rows and queries to output rows.
struct AttentionWork {
  const model::QuantisedLayer& layer;
  const model::Stages& stages;
  bool map_given = false;                          ///< the value map of `stages` is in memory, and is not computed
  bool order_kept = false;                         ///< references and index list are those of the last job
  std::optional<LineCounts> lines = std::nullopt;  ///< compared with the counters of the hardware, where given

  /// Tokens that are projected: those that are not padded.
  int live_tokens() const {
    int live = layer.tokens();
    for (const auto padded : layer.padding) live -= padded != 0;
    return live;
  }
  /// Groups of `rows` tokens that are projected.
  std::int64_t token_groups(int rows) const { return model::token_groups(layer.levels, layer.padding, rows); }
  /// Points that are sampled: those that are not dropped (NUMERICS.md N19).
  std::int64_t live_samples() const {
    std::int64_t live = 0;
    if (layer.pruning.threshold == 0)
      return std::int64_t{layer.attention.samples_per_query()} * std::ssize(layer.wanted());
    for (const auto& level : model::dropped_points(layer, stages)) live += level.of - level.dropped;
    return live;
  }
};

/// A dense layer.
struct DenseWork {
  const model::DenseLayer& layer;
  const std::vector<std::int32_t>& output;  ///< [M, N], or rows of boxes
};

/// Attention of every row to every row.
struct SelfAttentionWork {
  const model::SelfAttention& scales;
  const std::vector<std::int32_t>&query, &key, &value;  ///< [N, C]
  const std::vector<std::int32_t>& output;              ///< [N, C]
};

using Work = std::variant<AttentionWork, DenseWork, SelfAttentionWork>;

}  // namespace quillgen::harness
