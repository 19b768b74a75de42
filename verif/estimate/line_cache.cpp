#include "estimate/line_cache.hpp"

#include <algorithm>
#include <bit>

#include "config/derived.hpp"
#include "estimate/region_cache.hpp"

namespace quillgen::estimate {
namespace {

constexpr std::uint32_t nothing = 0xFFFFFFFF;

/// Bits that hold the numbers 0 .. count - 1, at least one.
int index_bits(int count) { return std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(count - 1)))); }

/// One number for a line: level (3 bits), head (4), row and column (10 each).
std::uint32_t name_of(int level, int head, int row, int column) {
  return static_cast<std::uint32_t>(((level << 4 | head) << 10 | row) << 10 | column);
}

std::uint32_t folded(std::uint64_t bits, int width) {
  std::uint32_t result = 0;
  for (; bits != 0; bits >>= width) result ^= static_cast<std::uint32_t>(bits & ((1u << width) - 1));
  return result;
}

}  // namespace

LineCache::LineCache(const Config& c, int level_lane)
    : shape_(c.feature_cache.line_shape),
      ways_(c.feature_cache.ways),
      bypass_distance_(c.feature_cache.bypass_distance),
      hashing_(c.feature_cache.hashing != 0),
      sets_(static_cast<std::size_t>(lane_cache_sets(c, level_lane))) {
  const auto& shares = c.feature_cache.level_parts;
  const int heads = c.attention.heads / c.core.head_lanes, levels = lane_levels(c);
  head_bits_ = heads > 1 ? index_bits(heads) : 0;
  // Bit 0 of a row or column chose the bank; the others of row and column alternate.
  spread_.resize(1024);
  for (std::size_t n = 0; n < spread_.size(); ++n)
    for (int i = 1; i < 10; ++i) spread_[n] |= static_cast<std::uint32_t>(n >> i & 1) << (2 * (i - 1));
  std::size_t next = 0;
  for (int level = 0; level < levels; ++level) {
    Level l;
    if (shares.empty()) {
      l.set_bits = index_bits(static_cast<int>(sets_));
      // Level 1 lies half the sets away from level 0, levels 2 and 3 a quarter: their bits from the top.
      for (int i = 0; hashing_ && i < index_bits(levels) && i < l.set_bits; ++i)
        l.apart |= static_cast<std::uint32_t>(level >> i & 1) << (l.set_bits - 1 - i);
    } else {
      const int sets = cache_sets(c, level_bytes(c, level_lane * levels + level));
      l.set_bits = index_bits(sets);
      l.first_set = next;
      next += static_cast<std::size_t>(sets);
    }
    levels_.push_back(l);
  }
  lines_.assign(tag_banks * sets_ * static_cast<std::size_t>(ways_), nothing);
  if (c.feature_cache.replacement == replace_by_use) last_use_.assign(lines_.size(), 0);
  else next_way_.assign(tag_banks * sets_, 0);
}

/// Number of the set, banks one after the other: head, then the bits of column and row in turn, folded to the bits of a
/// set or cut to them.
std::size_t LineCache::set_of(int level, int head, int row, int column) const {
  const auto& l = levels_[static_cast<std::size_t>(level)];
  const std::uint64_t place =
      spread_[static_cast<std::size_t>(column)] | std::uint64_t{spread_[static_cast<std::size_t>(row)]} << 1;
  const std::uint64_t bits = place << head_bits_ | static_cast<std::uint64_t>(head_bits_ > 0 ? head : 0);
  const auto set = hashing_ ? folded(bits, l.set_bits) ^ l.apart
                            : static_cast<std::uint32_t>(bits & ((std::uint64_t{1} << l.set_bits) - 1));
  const auto bank = static_cast<std::size_t>(2 * (row & 1) + (column & 1));
  return bank * sets_ + l.first_set + set;
}

bool LineCache::holds(int level, int head, int row, int column) const {
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(set_of(level, head, row, column)) * ways_;
  return std::find(first, first + ways_, name_of(level, head, row, column)) != first + ways_;
}

/// Whether it was there. One that may not be entered is not used either.
bool LineCache::find_or_enter(int level, int head, int row, int column, bool enter) {
  const auto set = set_of(level, head, row, column), first = set * static_cast<std::size_t>(ways_);
  const auto name = name_of(level, head, row, column);
  auto* line = &lines_[first];
  const bool by_use = !last_use_.empty();
  for (int w = 0; w < ways_; ++w)
    if (line[w] == name) {
      if (by_use && enter) last_use_[first + static_cast<std::size_t>(w)] = ++uses_;
      return true;
    }
  if (!enter) return false;
  if (by_use) {  // of ways that were never used the first
    const auto begin = last_use_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto oldest = std::min_element(begin, begin + ways_);
    line[oldest - begin] = name, *oldest = ++uses_;
    return false;
  }
  auto& next = next_way_[set];
  line[next] = name;
  next = static_cast<std::uint8_t>((next + 1) % ways_);
  return false;
}

LineCache::Result LineCache::look_up(const Place& p, int level, int head) {
  const bool far = bypass_distance_ > 0 && p.distance >= bypass_distance_;
  const auto row_of = [&](int corner) { return (p.y + corner / 2) / line_height(shape_); };
  const auto column_of = [&](int corner) { return (p.x + corner % 2) / line_width(shape_); };
  Result result;
  for (int i = 0; i < 4; ++i) {
    if ((p.corners >> i & 1) == 0) continue;
    bool again = false;  // the line of a corner before
    for (int j = 0; j < i; ++j)
      again = again || ((p.corners >> j & 1) != 0 && row_of(j) == row_of(i) && column_of(j) == column_of(i));
    if (again) continue;
    if (find_or_enter(level, head, row_of(i), column_of(i), !far)) ++result.found;
    else ++result.missing, result.missed |= static_cast<std::uint8_t>(1u << i);
  }
  if (shape_ == line_2x2 || result.missing < 2) return result;
  int asked = 0, row_before = -1;
  for (int bank = 0; bank < tag_banks; ++bank)  // columns one after the other, the even one first
    for (int i = 0; i < 4; ++i) {
      const int row = row_of(i) & 1;
      if ((result.missed >> i & 1) == 0 || 2 * (column_of(i) & 1) + row != bank) continue;
      // Lines of a pixel never share one; those of two do in rows of one parity.
      if (asked > 0 && (shape_ == line_1x1 || row != row_before))
        result.together |= static_cast<std::uint8_t>(1u << (asked - 1));
      ++asked, row_before = row;
    }
  return result;
}

namespace {

/// Where lines lie in the value map: blocks of 2x2 pixels, row after row, all heads of a block side by side.
struct MapAddresses {
  MapAddresses(const Config& config, const Demand& demand) : c(config) {
    std::int64_t blocks = 0;
    for (const auto& level : demand.layer.level_shapes) {
      first.push_back(blocks), columns.push_back(divide_up(level.width, 2));
      blocks += std::int64_t{columns.back()} * divide_up(level.height, 2);
    }
  }
  std::uint64_t of(const Place& p, int corner, int level, int head) const {
    const int x = p.x + corner % 2, y = p.y + corner / 2;
    const auto l = static_cast<std::size_t>(level);
    const auto block = (first[l] + std::int64_t{y / 2} * columns[l] + x / 2) * c.attention.heads + head;
    const int width = line_width(c.feature_cache.line_shape), height = line_height(c.feature_cache.line_shape);
    const int pixel = (height == 1 ? 2 * (y & 1) : 0) + (width == 1 ? x & 1 : 0);
    return static_cast<std::uint64_t>(block) * static_cast<std::uint64_t>(block_bytes(c)) +
           static_cast<std::uint64_t>(pixel * block_bytes(c) / 4);
  }
  const Config& c;
  std::vector<std::int64_t> first;
  std::vector<int> columns;
};

}  // namespace

CacheRun run_caches(const Config& c, const Demand& demand, bool with_addresses) {
  if (c.feature_cache.policy == region_policy) return run_regions(c, demand);
  const auto& a = c.attention;
  const int heads = a.heads / c.core.head_lanes, levels = lane_levels(c);
  CacheRun run;
  const auto schedule = demand.schedule(c);
  const auto of_query = static_cast<std::size_t>(a.samples_per_query());
  run.missing.reserve(schedule.size() * of_query), run.missed.reserve(schedule.size() * of_query);
  const MapAddresses map(c, demand);
  if (with_addresses) run.addresses.resize(static_cast<std::size_t>(c.core.lanes()));
  std::vector<LineCache> caches;
  for (int lane = 0; lane < c.core.lanes(); ++lane) caches.emplace_back(c, lane % c.core.level_lanes);
  for (const int query : schedule) {
    const auto* place = &demand.places[static_cast<std::size_t>(query) * of_query];
    for (int head = 0; head < a.heads; ++head)
      for (int level = 0; level < a.levels; ++level)
        for (int point = 0; point < a.points_of(level); ++point, ++place) {
          const auto lane = static_cast<std::size_t>(head / heads * c.core.level_lanes + level / levels);
          const auto r = caches[lane].look_up(*place, level % levels, head % heads);
          run.missing.push_back(static_cast<std::uint8_t>(r.missing));
          run.missed.push_back(r.missed);
          if (c.feature_cache.lines_per_cycle > 1) run.together.push_back(r.together);
          if (c.pruning.points != 0) run.dropped.push_back(place->dropped);
          for (int i = 0; with_addresses && i < 4; ++i)
            if ((r.missed >> i & 1) != 0) run.addresses[lane].push_back(map.of(*place, i, level, head));
          run.hits += r.found;
          run.misses += r.missing;
        }
  }
  return run;
}

}  // namespace quillgen::estimate
