#include "trace/belady.hpp"

#include <bit>

#include "config/derived.hpp"
#include "estimate/line_cache.hpp"

namespace quillgen::trace {
namespace {

/// A set of numbers below a limit, the largest of which is found in a few steps: bits, and above every 64 of them one
/// that tells whether any is set.
class NumberSet {
 public:
  explicit NumberSet(std::size_t limit) {
    do tiers_.emplace_back(limit = (limit + 63) / 64);
    while (limit > 1);
  }
  bool holds(std::uint32_t n) const { return (tiers_[0][n / 64] >> (n % 64) & 1) != 0; }
  void insert(std::uint32_t n) {
    for (auto& tier : tiers_) {
      auto& word = tier[n / 64];
      const bool any = word != 0;
      word |= std::uint64_t{1} << (n % 64);
      if (any) return;
      n /= 64;
    }
  }
  void erase(std::uint32_t n) {
    for (auto& tier : tiers_) {
      auto& word = tier[n / 64];
      word &= ~(std::uint64_t{1} << (n % 64));
      if (word != 0) return;
      n /= 64;
    }
  }
  std::uint32_t largest() const {  // of a set that is not empty
    std::uint32_t n = 0;
    for (auto tier = tiers_.rbegin(); tier != tiers_.rend(); ++tier)
      n = n * 64 + static_cast<std::uint32_t>(std::bit_width((*tier)[n]) - 1);
    return n;
  }

 private:
  std::vector<std::vector<std::uint64_t>> tiers_;  ///< from the numbers themselves upwards
};

}  // namespace

std::vector<std::uint32_t> next_uses(std::span<const std::uint32_t> lines, std::size_t count) {
  std::vector<std::uint32_t> next(lines.size()), soonest(count);
  for (std::size_t i = lines.size(); i-- > 0;) {
    next[i] = soonest[lines[i]];
    soonest[lines[i]] = static_cast<std::uint32_t>(i + 1);
  }
  return next;
}

// A line that is kept is known by the number of its next look-up; one that is not looked up again need not be kept.
std::vector<bool> misses_in_sets(std::span<const std::uint32_t> lines, std::span<const std::uint32_t> next,
                                 std::span<const std::uint32_t> set, std::size_t sets, int ways) {
  const auto of_set = static_cast<std::size_t>(ways);
  std::vector<std::uint32_t> kept(sets * of_set);  // [set, way]; 0: free
  std::vector<bool> missed(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    auto* const first = &kept[set[lines[i]] * of_set];
    auto* const last = first + of_set;
    if (auto* const way = std::find(first, last, number); way != last) {
      *way = next[i];
      continue;
    }
    missed[i] = true;
    auto* way = std::find(first, last, 0u);
    if (way == last) {
      way = std::max_element(first, last);
      if (*way < next[i]) continue;
    }
    if (next[i] != 0) *way = next[i];
  }
  return missed;
}

std::vector<bool> misses_anywhere(std::span<const std::uint32_t> next, std::size_t capacity) {
  NumberSet kept(next.size() + 1);
  std::size_t count = 0;
  std::vector<bool> missed(next.size());
  for (std::size_t i = 0; i < next.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    if (kept.holds(number)) kept.erase(number), --count;
    else missed[i] = true;
    if (next[i] == 0) continue;
    kept.insert(next[i]);
    if (++count > capacity) kept.erase(kept.largest()), --count;
  }
  return missed;
}

LookupList::LookupList(const Config& c, const estimate::Demand& demand, const std::vector<int>& order)
    : lines_(c, demand.layer.level_shapes) {
  const auto levels = static_cast<std::size_t>(c.attention.levels),
             of_head = static_cast<std::size_t>(c.attention.samples_per_head()),
             of_query = static_cast<std::size_t>(c.attention.samples_per_query()),
             head_lanes = static_cast<std::size_t>(c.core.head_lanes), of_lane = lines_.heads() / head_lanes,
             levels_of_lane = static_cast<std::size_t>(lane_levels(c));
  const bool shares = !c.feature_cache.level_parts.empty();
  const auto levels_of_part = shares ? 1 : levels_of_lane, of_head_lane = levels / levels_of_part;
  parts_.resize(head_lanes * of_head_lane);
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const auto level = p % of_head_lane * levels_of_part;
    parts_[p].level = static_cast<int>(level), parts_[p].level_lane = static_cast<int>(level / levels_of_lane);
  }
  for (const int query : order)
    for (std::size_t n = 0; n < of_query; ++n) {
      const auto& place = demand.places[static_cast<std::size_t>(query) * of_query + n];
      const auto level = static_cast<std::size_t>(c.attention.level_of(static_cast<int>(n % of_head))),
                 head = n / of_head;
      auto& part = parts_[head / of_lane * of_head_lane + level / levels_of_part];
      for (const auto line : lines_.of(place, level, head)) part.lines.push_back(static_cast<std::uint32_t>(line));
    }
  for (auto& part : parts_) part.next = next_uses(part.lines, lines_.count());
}

void LookupList::count(const Part& part, const std::vector<bool>& missed, std::vector<std::int64_t>& of_level) const {
  for (std::size_t i = 0; i < missed.size(); ++i) {
    if (!missed[i]) continue;
    std::size_t level = 0;
    while (part.lines[i] >= lines_.first(level + 1)) ++level;
    ++of_level[level];
  }
}

std::vector<std::int64_t> LookupList::least_in_sets(const Config& c) const {
  std::vector<estimate::LineCache> caches;  // by level lane
  for (int j = 0; j < c.core.level_lanes; ++j) caches.emplace_back(c, j);
  const auto of_lane = lines_.heads() / static_cast<std::size_t>(c.core.head_lanes),
             levels_of_lane = static_cast<std::size_t>(lane_levels(c));
  std::vector<std::uint32_t> set;  // of each line, in the cache of its lane
  set.reserve(lines_.count());
  for (std::size_t level = 0; level < lines_.levels(); ++level)
    for (int row = 0; row < lines_.rows(level); ++row)
      for (int column = 0; column < lines_.columns(level); ++column)
        for (std::size_t head = 0; head < lines_.heads(); ++head)
          set.push_back(static_cast<std::uint32_t>(caches[level / levels_of_lane].set_of(
              static_cast<int>(level % levels_of_lane), static_cast<int>(head % of_lane), row, column)));
  std::vector<std::int64_t> least(lines_.levels());
  for (const auto& part : parts_)
    count(part,
          misses_in_sets(part.lines, part.next, set, caches[static_cast<std::size_t>(part.level_lane)].sets(),
                         c.feature_cache.ways),
          least);
  return least;
}

std::vector<std::int64_t> LookupList::least_anywhere(const Config& c) const {
  const bool shares = !c.feature_cache.level_parts.empty();
  std::vector<std::int64_t> least(lines_.levels());
  for (const auto& part : parts_) {
    const int bytes = shares ? level_bytes(c, part.level) : level_lane_bytes(c, part.level_lane);
    count(part, misses_anywhere(part.next, static_cast<std::size_t>(cache_lines(c, bytes))), least);
  }
  return least;
}

}  // namespace quillgen::trace
