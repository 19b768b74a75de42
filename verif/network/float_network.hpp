// A detector in double precision: what quantisation is measured against and calibrated with.
#pragma once
#include <functional>
#include <span>

#include "model/network.hpp"
#include "network/network.hpp"

namespace quillgen::network {

/// Is told every tensor by its name, the same as in the integer model.
using Observe = std::function<void(const std::string& name, std::span<const double>)>;

struct FloatDetections {
  std::vector<int> list;           ///< tokens that the encoder worked on, in order of score; empty: all
  std::vector<int> queries;        ///< [Q], tokens that became queries, in order of score
  Values logits;                   ///< [Q, classes]
  Values boxes;                    ///< [Q, 4] as (centre x, centre y, width, height)
  std::vector<model::Mask> masks;  ///< behind each encoder layer, where pixels are dropped
  model::DroppedByLevel dropped;

  model::Decisions decisions() const { return {list, queries, masks}; }
};

using Decisions = model::Decisions;

/// source [S, C]. Of the official Deformable DETR, post-norm; the formulas are in README.md. What is left out is
/// `pruning`, whatever the network was trained with. `decided`: not decided anew.
FloatDetections run_float(const Network& network, const Pruning& pruning, const Values& source,
                          const Observe& observe = {}, const Decisions* decided = nullptr);

}  // namespace quillgen::network
