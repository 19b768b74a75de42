// The policy `region` in software: which lines a group of queries finds in its half of the buffer, which go by demand,
// and what is brought ahead. Written from its description (generator/accel/README.md, "Regions"), independent of the
// netlist; the RTL's counters LINE_HITS, LINE_MISSES and BYTES_FEATURE must equal it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "estimate/cache_run.hpp"
#include "estimate/demand.hpp"

namespace quillgen::estimate {

/// The smallest window that holds both.
Window joined(const Window& a, const Window& b);
/// The blocks that are in both.
Window shared(const Window& a, const Window& b);

/// Around a reference (x and y, 16 fraction bits) in a level of `shape`: the pixel it lies in, moved into the map, with
/// so many pixels before it and behind it in both directions, cut at the map, in whole blocks.
Window window_of(const std::int32_t* reference, const model::LevelShape& shape, int before, int behind);

/// The groups of a schedule. `references`: [Lq, L, values], values 2, or 4 of which the first two are the point.
std::vector<RegionGroup> region_groups(const Config& config, std::span<const model::LevelShape> shapes,
                                       std::span<const std::int32_t> references, int values,
                                       std::span<const int> schedule);

CacheRun run_regions(const Config& config, const Demand& demand);

}  // namespace quillgen::estimate
