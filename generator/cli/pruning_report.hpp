// What reports say about points and pixels that were left out, and what that saves.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "estimate/program.hpp"
#include "model/layer.hpp"
#include "model/program.hpp"
#include "model/pruning.hpp"
#include "reference/pruning.hpp"

namespace quillgen::cli {

/// What a layer leaves out. Pixels are those that the next one would not read.
model::DroppedByLevel dropped_of(const model::QuantisedLayer& layer, const model::Stages& stages);

/// Of all layers of a program.
model::DroppedByLevel dropped_of(const model::Program& program);

/// Of a demand, and of the jobs of a program's.
model::DroppedByLevel dropped_of(const estimate::Demand& demand, const model::Pruning& pruning);
model::DroppedByLevel dropped_of(const estimate::ProgramDemand& demand, const model::Pruning& pruning);

/// What a job, or a program, takes and what it would take with nothing left out, on the same hardware and by the cycle
/// model. Adds up over scenes. Below 0: counting pixels costs the layer that does it more than it leaves out.
struct Saved {
  std::int64_t bytes = 0, cycles = 0;              ///< that are saved
  std::int64_t whole_bytes = 0, whole_cycles = 0;  ///< with nothing left out

  Saved& operator+=(const Saved& other) {
    bytes += other.bytes, cycles += other.cycles;
    whole_bytes += other.whole_bytes, whole_cycles += other.whole_cycles;
    return *this;
  }
};
Saved saved(const estimate::Estimate& taken, const estimate::Estimate& whole);
Saved saved(const estimate::ProgramEstimate& taken, const estimate::ProgramEstimate& whole);

/// A line or two: what a layer leaves out, all and by level, and what that saves.
void print_left_out(const Pruning& pruning, const model::DroppedByLevel& dropped, const Saved& saved);
/// The line about what is saved.
void print_saved(const Saved& saved);

/// Lines: what was asked for, and how much of each level that was.
void print_dropped(const Pruning& pruning, const model::DroppedByLevel& dropped);

/// Shares 0 .. 1: `points`, `encoder_points`, `decoder_points`, `pixels`, and `levels` with the same of each level.
nlohmann::ordered_json dropped_json(const Pruning& pruning, const model::DroppedByLevel& dropped);
/// With `bytes_saved`, `cycles_saved` and, where something is left out, of what: `bytes_whole`, `cycles_whole`.
nlohmann::ordered_json dropped_json(const Pruning& pruning, const model::DroppedByLevel& dropped, const Saved& saved);

}  // namespace quillgen::cli
