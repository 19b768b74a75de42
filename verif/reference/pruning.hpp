// What a layer leaves out, in real numbers (NUMERICS.md, N5, N19, N20).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/layer.hpp"

namespace quillgen {

struct Pruning {
  double points = 0;       ///< points with a smaller share of their head's weights are dropped; above 1: all
  double pixels = 0;       ///< pixels read less often than this share of their level's mean are dropped; 0: none
  std::vector<int> range;  ///< of the moves, by level, in pixels; empty: moves are not held

  bool any() const { return points > 0 || pixels > 0 || !range.empty(); }
  bool operator==(const Pruning&) const = default;
};

/// The largest shares that integers can have.
inline constexpr double most_points = 2, most_pixels = 65535;

/// A decimal number, 0 .. most; nothing for any other text.
std::optional<double> parse_share(std::string_view text, double most);
/// "8,8,4,2", a whole number, 0 .. model::largest_range, for each level, or "off"; nothing for any other text.
std::optional<std::vector<int>> parse_range(std::string_view text, int levels);

/// Counts [S] to a mask, 1 = dropped: N20 with an exact mean.
std::vector<std::uint8_t> dropped_pixels(const std::vector<std::int64_t>& reads,
                                         const std::vector<model::LevelShape>& levels, double share);

/// To integers. A share of weights becomes the least T with which no integer weight of that share or more is dropped, a
/// share of the mean is rounded to 16 fraction bits, to the least above 0 at least. Counts have `count_bits`, if that
/// is not 0.
model::Pruning quantised_pruning(const Pruning& pruning, const Numerics& numerics, int count_bits = 0);

}  // namespace quillgen
