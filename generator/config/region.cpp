#include "config/region.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "config/derived.hpp"

namespace quillgen {
namespace {

int log2_floor(int value) { return static_cast<int>(std::bit_width(static_cast<unsigned>(value))) - 1; }

/// Bits of a torus in one direction that no map of so many pixels needs more of.
int most_bits(int pixels) { return std::max(1, log2_floor(power_of_two(divide_up(pixels, 2)))); }

/// Lines of a level in one half of a lane, of one line parity; 0 without a window.
int lines_of(const Config& c, const RegionLevel& level) {
  return level.has_window() ? region_heads(c) << (level.column_bits + level.row_bits - 2) : 0;
}

RegionLevel shape_of(const Config& c, int level_bytes) {
  const auto& a = c.attention;
  const int blocks = level_bytes / 2 / c.core.lanes() / line_bytes(c) / region_heads(c);
  RegionLevel level;
  if (blocks < 4) return level;
  const int bits = log2_floor(blocks), columns = most_bits(a.max_width), rows = most_bits(a.max_height);
  level.row_bits = std::min(bits / 2, rows);
  level.column_bits = std::min(bits - level.row_bits, columns);
  level.row_bits = std::min(bits - level.column_bits, rows);
  // Of one query: 2 * margin + 2 pixels, at worst from an odd one on.
  const auto fits = [](int margin, int side_bits, int pixels) {
    return std::min(margin + 2, divide_up(pixels, 2)) <= 1 << side_bits;
  };
  level.margin = c.feature_cache.margin;
  while (!fits(level.margin, level.column_bits, a.max_width) || !fits(level.margin, level.row_bits, a.max_height))
    level.margin /= 2;
  return level;
}

}  // namespace

int region_heads(const Config& c) { return power_of_two(c.attention.heads / c.core.head_lanes); }

std::vector<RegionLevel> region_levels(const Config& c) {
  const auto levels = static_cast<std::size_t>(c.attention.levels);
  std::vector<RegionLevel> list;
  for (std::size_t l = 0; l < levels; ++l) {
    list.push_back(shape_of(c, c.feature_cache.level_parts.empty() ? cache_bytes(c) / power_of_two(c.attention.levels)
                                                                   : level_bytes(c, static_cast<int>(l))));
  }
  // The largest first: every level begins at a multiple of its size.
  std::vector<std::size_t> order(levels);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return lines_of(c, list[i]) > lines_of(c, list[j]); });
  int first = 0;
  for (const std::size_t l : order) list[l].first = first, first += lines_of(c, list[l]);
  return list;
}

int region_lines(const Config& c) {
  int lines = 0;
  for (const auto& level : region_levels(c)) lines += lines_of(c, level);
  return power_of_two(std::max(lines, 2));
}

}  // namespace quillgen
