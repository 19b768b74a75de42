// What `quillgen model` says about points and pixels that were left out.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "model/layer.hpp"
#include "model/program.hpp"
#include "model/pruning.hpp"
#include "reference/pruning.hpp"

namespace quillgen::cli {

/// What a layer leaves out. Pixels are those that the next one would not read.
model::DroppedByLevel dropped_of(const model::QuantisedLayer& layer, const model::Stages& stages);

/// Of all layers of a program.
model::DroppedByLevel dropped_of(const model::Program& program);

/// Lines: what was asked for, and how much of each level that was.
void print_dropped(const Pruning& pruning, const model::DroppedByLevel& dropped);

/// Shares 0 .. 1: `points`, `encoder_points`, `decoder_points`, `pixels`, and `levels` with the same of each level.
nlohmann::ordered_json dropped_json(const Pruning& pruning, const model::DroppedByLevel& dropped);

}  // namespace quillgen::cli
