// Regions of the features (FeatureCache::policy = region): what one of the two halves of a lane's buffer has room for.
// Unless stated otherwise the configuration must be valid (load.hpp).
#pragma once
#include <cstdint>
#include <vector>

#include "config/config.hpp"

namespace quillgen {

/// Whether all that jobs read lies in their regions, since they hold their moves in ranges: nothing goes by demand.
inline bool has_ranged_regions(const Config& config) {
  return config.feature_cache.policy == region_policy && !config.feature_cache.region_ranges.empty();
}

/// The share of a level in a half: a torus of blocks of 2x2 pixels, all heads of the lane. A block lies at its column
/// and row modulo the sides, so in both halves at the same place.
struct RegionLevel {
  int columns = 0, rows = 0;  ///< sides, in blocks, even; powers of two without region_ranges. 0: the level has no
                              ///< window, all its samples go by demand
  int margin = 0;             ///< pixels around the references: the window of one query fits, wherever it lies
  int first = 0;              ///< its first line among those of a line parity in the half
  bool has_window() const { return rows > 0; }
};

/// Heads of a lane that a block has room for in the buffer: a power of two.
int region_heads(const Config& config);

/// Of each level. A level's share is level_bytes(), or without parts kilobytes / up(levels) with up() the next power
/// of two; half of it for each half, and of that an equal part for each lane. It is about as wide as it is high, but in
/// no direction larger than the largest map. The margin is feature_cache.margin, halved until it fits.
///
/// With region_ranges the margin is the level's range + 1. One query reads 2 * margin + 1 pixels a direction then, in
/// range + 2 blocks; sides are these, and as many more in all levels as there is room for, cut at the largest map and
/// rounded up to even ones, since lines lie in banks by the parity of their row and column.
/// Does not need a valid configuration beyond the ranges of single numbers and the lengths of lists.
std::vector<RegionLevel> region_levels(const Config& config);

/// With region_ranges: bytes of both halves of all lanes that the windows of one query need.
std::int64_t least_region_bytes(const Config& config);

/// Lines of one line parity in a half, all levels together, rounded up to a power of two of at least 2.
int region_lines(const Config& config);

/// Read IDs of the features: one for each lane, and with regions another for what each lane brings ahead; with
/// region_ranges those alone.
inline int feature_ids(const Config& config) {
  return config.core.lanes() * (config.feature_cache.policy == region_policy && !has_ranged_regions(config) ? 2 : 1);
}

}  // namespace quillgen
