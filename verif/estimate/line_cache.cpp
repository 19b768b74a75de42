#include "estimate/line_cache.hpp"

#include <algorithm>
#include <bit>

#include "config/derived.hpp"

namespace quillgen::estimate {
namespace {

constexpr std::uint32_t nothing = 0xFFFFFFFF;

/// Bits that hold the numbers 0 .. count - 1, at least one.
int index_bits(int count) { return std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(count - 1)))); }

/// One number for a line: level (3 bits), head (4), block row and column (10 each).
std::uint32_t name_of(int level, int head, int by, int bx) {
  return static_cast<std::uint32_t>(((level << 4 | head) << 10 | by) << 10 | bx);
}

std::uint32_t folded(std::uint64_t bits, int width) {
  std::uint32_t result = 0;
  for (; bits != 0; bits >>= width) result ^= static_cast<std::uint32_t>(bits & ((1u << width) - 1));
  return result;
}

}  // namespace

LineCache::LineCache(const Config& c) : ways_(c.feature_cache.ways) {
  const int sets = cache_sets(c), heads = c.attention.heads / c.core.lanes;
  set_bits_ = index_bits(sets);
  head_bits_ = heads > 1 ? index_bits(heads) : 0;
  const int sides = std::bit_width(static_cast<unsigned>(std::max(c.attention.max_width, c.attention.max_height)));
  block_bits_ = std::max(sides - 1, 1);
  // Bit 0 of a block number chose the bank; the others of row and column alternate.
  spread_.resize(std::size_t{1} << block_bits_);
  for (std::size_t b = 0; b < spread_.size(); ++b)
    for (int i = 1; i < block_bits_; ++i) spread_[b] |= static_cast<std::uint32_t>(b >> i & 1) << (2 * (i - 1));
  // Level 1 lies half the sets away from level 0, levels 2 and 3 a quarter: their bits from the top.
  level_sets_.resize(static_cast<std::size_t>(c.attention.levels));
  for (std::size_t level = 0; level < level_sets_.size(); ++level)
    for (int i = 0; i < index_bits(c.attention.levels) && i < set_bits_; ++i)
      level_sets_[level] |= static_cast<std::uint32_t>(level >> i & 1) << (set_bits_ - 1 - i);
  lines_.assign(static_cast<std::size_t>(tag_banks * sets * ways_), nothing);
  next_way_.assign(static_cast<std::size_t>(tag_banks * sets), 0);
}

/// Number of the set, banks one after the other: head, then the bits of column and row in turn, folded to set_bits.
std::uint32_t LineCache::set_of(int level, int head, int by, int bx) const {
  const auto column = spread_[static_cast<std::size_t>(bx)], row = spread_[static_cast<std::size_t>(by)];
  const std::uint64_t bits = (std::uint64_t{column} | std::uint64_t{row} << 1) << head_bits_ |
                             static_cast<std::uint64_t>(head_bits_ > 0 ? head : 0);
  const auto set = folded(bits, set_bits_) ^ level_sets_[static_cast<std::size_t>(level)];
  const auto bank = static_cast<std::uint32_t>(2 * (by & 1) + (bx & 1));
  return bank << set_bits_ | set;
}

bool LineCache::holds(int level, int head, int by, int bx) const {
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(set_of(level, head, by, bx)) * ways_;
  return std::find(first, first + ways_, name_of(level, head, by, bx)) != first + ways_;
}

/// Whether it was there.
bool LineCache::enter(int level, int head, int by, int bx) {
  const auto set = set_of(level, head, by, bx);
  const auto name = name_of(level, head, by, bx);
  auto* line = &lines_[std::size_t{set} * static_cast<std::size_t>(ways_)];
  for (int w = 0; w < ways_; ++w)
    if (line[w] == name) return true;
  auto& next = next_way_[set];
  line[next] = name;
  next = static_cast<std::uint8_t>((next + 1) % ways_);
  return false;
}

LineCache::Result LineCache::look_up(const Place& p, int level, int head) {
  Result result;
  const auto touch = [&](int by, int bx) { ++(enter(level, head, by, bx) ? result.found : result.missing); };
  const bool left = p.corners & 5, right = p.corners & 10, upper = p.corners & 3, lower = p.corners & 12;
  const bool one_column = p.x % 2 == 0, one_row = p.y % 2 == 0;  // corners in the same block column, row
  const int by = p.y >> 1, bx = p.x >> 1;
  if (one_row && one_column) {
    if (p.corners != 0) touch(by, bx);
  } else if (one_row) {
    if (left) touch(by, bx);
    if (right) touch(by, bx + 1);
  } else if (one_column) {
    if (upper) touch(by, bx);
    if (lower) touch(by + 1, bx);
  } else {
    for (int i = 0; i < 4; ++i)
      if (p.corners >> i & 1) touch(by + i / 2, bx + i % 2);
  }
  return result;
}

CacheRun run_caches(const Config& c, const Demand& demand) {
  const auto& a = c.attention;
  const int heads = a.heads / c.core.lanes;
  CacheRun run;
  const auto schedule = demand.schedule(c);
  const auto of_query = static_cast<std::size_t>(a.samples_per_query());
  run.missing.reserve(schedule.size() * of_query);
  std::vector<LineCache> caches(static_cast<std::size_t>(c.core.lanes), LineCache(c));
  for (const int query : schedule) {
    const auto* place = &demand.places[static_cast<std::size_t>(query) * of_query];
    for (int head = 0; head < a.heads; ++head)
      for (int level = 0; level < a.levels; ++level)
        for (int point = 0; point < a.points; ++point, ++place) {
          const auto r = caches[static_cast<std::size_t>(head / heads)].look_up(*place, level, head % heads);
          run.missing.push_back(static_cast<std::uint8_t>(r.missing));
          run.hits += r.found;
          run.misses += r.missing;
        }
  }
  return run;
}

}  // namespace quillgen::estimate
