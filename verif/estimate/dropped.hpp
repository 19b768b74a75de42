// What a job leaves out, and what it tells the next one to, counted in its demand.
#pragma once
#include <cstdint>
#include <vector>

#include "estimate/demand.hpp"
#include "model/pruning.hpp"

namespace quillgen::estimate {

/// Corners that the wanted queries read, by pixel of the map [S] (NUMERICS.md N20).
std::vector<std::int64_t> pixel_reads(const Demand& demand);

/// The mask of those that are read too seldom [S], 1: dropped; padding is not in it.
std::vector<std::uint8_t> dropped_pixels(const Demand& demand, const model::Pruning& pruning);

/// Samples that are not dropped, of the lane with most: the lanes need at least so many cycles.
std::int64_t busiest_lane(const Config& config, const Demand& demand);

/// Points of the wanted queries that are dropped (N19), by level.
std::vector<model::Dropped> dropped_points(const Demand& demand);

/// The same, and pixels that the next layer does not read (N20), by level.
model::DroppedByLevel dropped_of(const Demand& demand, const model::Pruning& pruning);

}  // namespace quillgen::estimate
