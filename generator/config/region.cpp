#include "config/region.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "config/derived.hpp"

namespace quillgen {
namespace {

// Lines of one line parity in a half have these bytes at most.
std::int64_t parity_bytes(const Config& c) { return std::int64_t{cache_bytes(c)} / 2 / c.core.lanes() / 4; }

int log2_floor(int value) { return static_cast<int>(std::bit_width(static_cast<unsigned>(value))) - 1; }

/// Bits of a torus in one direction that no map of so many pixels needs more of.
int most_bits(int pixels) { return std::max(1, log2_floor(power_of_two(divide_up(pixels, 2)))); }

/// Lines of a level in one half of a lane, of one line parity; 0 without a window.
int lines_of(const Config& c, const RegionLevel& level) {
  return region_heads(c) * (level.columns / 2) * (level.rows / 2);
}

RegionLevel shape_of(const Config& c, int level_bytes) {
  const auto& a = c.attention;
  const int blocks = level_bytes / 2 / c.core.lanes() / line_bytes(c) / region_heads(c);
  RegionLevel level;
  if (blocks < 4) return level;
  const int bits = log2_floor(blocks), columns = most_bits(a.max_width), rows = most_bits(a.max_height);
  int row_bits = std::min(bits / 2, rows);
  const int column_bits = std::min(bits - row_bits, columns);
  row_bits = std::min(bits - column_bits, rows);
  level.columns = 1 << column_bits, level.rows = 1 << row_bits;
  // Of one query: 2 * margin + 2 pixels, at worst from an odd one on.
  const auto fits = [](int margin, int side, int pixels) { return std::min(margin + 2, divide_up(pixels, 2)) <= side; };
  level.margin = c.feature_cache.margin;
  while (!fits(level.margin, level.columns, a.max_width) || !fits(level.margin, level.rows, a.max_height))
    level.margin /= 2;
  return level;
}

/// With region_ranges: tori that hold the windows of one query and so many blocks more.
std::vector<RegionLevel> ranged_levels(const Config& c, int more_columns, int more_rows) {
  const auto side = [](int blocks, int pixels) { return 2 * divide_up(std::min(blocks, divide_up(pixels, 2)), 2); };
  std::vector<RegionLevel> list;
  int first = 0;
  for (const int range : c.feature_cache.region_ranges) {
    RegionLevel level;
    level.columns = side(range + 2 + more_columns, c.attention.max_width);
    level.rows = side(range + 2 + more_rows, c.attention.max_height);
    level.margin = range + 1, level.first = first;
    first += lines_of(c, level);
    list.push_back(level);
  }
  return list;
}

int lines_of(const Config& c, const std::vector<RegionLevel>& levels) {
  int lines = 0;
  for (const auto& level : levels) lines += lines_of(c, level);
  return lines;
}

/// The largest of them that there is room for: columns and rows grow in turn.
std::vector<RegionLevel> ranged_levels(const Config& c) {
  auto levels = ranged_levels(c, 0, 0);
  const int most = std::max(c.attention.max_width, c.attention.max_height);  // twice the blocks of a side
  for (int more = 1; more <= most; ++more) {
    auto larger = ranged_levels(c, (more + 1) / 2, more / 2);
    if (std::int64_t{lines_of(c, larger)} * line_bytes(c) > parity_bytes(c)) break;
    levels = std::move(larger);
  }
  return levels;
}

}  // namespace

int region_heads(const Config& c) { return power_of_two(c.attention.heads / c.core.head_lanes); }

std::vector<RegionLevel> region_levels(const Config& c) {
  if (has_ranged_regions(c)) return ranged_levels(c);
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

int region_lines(const Config& c) { return power_of_two(std::max(lines_of(c, region_levels(c)), 2)); }

std::int64_t least_region_bytes(const Config& c) {
  return std::int64_t{2 * 4} * lines_of(c, ranged_levels(c, 0, 0)) * line_bytes(c) * c.core.lanes();
}

}  // namespace quillgen
