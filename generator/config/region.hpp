// Regions of the features (FeatureCache::policy = region): what one of the two halves of a lane's buffer has room for.
// Unless stated otherwise the configuration must be valid (load.hpp).
#pragma once
#include <vector>

#include "config/config.hpp"

namespace quillgen {

/// The share of a level in a half: a torus of 2^column_bits x 2^row_bits blocks of 2x2 pixels, all heads of the lane. A
/// block lies at its column and row modulo the sides, so in both halves at the same place.
struct RegionLevel {
  int column_bits = 0, row_bits = 0;  ///< 1 and more; 0: the level has no window, all its samples go by demand
  int margin = 0;                     ///< pixels around the references: the window of one query fits, wherever it lies
  int first = 0;                      ///< its first line among those of a line parity in the half
  bool has_window() const { return row_bits > 0; }
};

/// Heads of a lane that a block has room for in the buffer: a power of two.
int region_heads(const Config& config);

/// Of each level. A level's share is level_bytes(), or without parts kilobytes / up(levels) with up() the next power
/// of two; half of it for each half, and of that an equal part for each lane. It is about as wide as it is high, but in
/// no direction larger than the largest map. The margin is feature_cache.margin, halved until it fits.
/// Does not need a valid configuration beyond the ranges of single numbers.
std::vector<RegionLevel> region_levels(const Config& config);

/// Lines of one line parity in a half, all levels together, rounded up to a power of two of at least 2.
int region_lines(const Config& config);

/// Read IDs of the features: one for each lane, and with regions another for what each lane brings ahead.
constexpr int feature_ids(const Config& config) {
  return config.core.lanes() * (config.feature_cache.policy == region_policy ? 2 : 1);
}

}  // namespace quillgen
