#include "estimate/region_cache.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "config/region.hpp"

namespace quillgen::estimate {
namespace {

bool fits(const Window& w, const RegionLevel& level) {
  return w.right - w.left < level.columns && w.bottom - w.top < level.rows;
}

/// Whether every level's window of the group still fits with that of another query.
bool takes(const RegionGroup& group, const std::vector<Window>& query, const std::vector<RegionLevel>& levels) {
  for (std::size_t l = 0; l < levels.size(); ++l)
    if (levels[l].has_window() && !fits(joined(group.windows[l], query[l]), levels[l])) return false;
  return true;
}

struct LookUp {
  int found = 0, missing = 0;
  std::uint8_t missed = 0;  ///< bit i: the line of corner i is missing; of its corners the first that is read
};

/// The lines that hold a corner of the sample that is read, each once.
LookUp look_up(const Place& p, const Window& window) {
  std::array<std::pair<int, int>, 4> seen;
  auto end = seen.begin();
  LookUp result;
  for (int i = 0; i < 4; ++i) {
    const std::pair block((p.y + i / 2) / 2, (p.x + i % 2) / 2);
    if ((p.corners >> i & 1) == 0 || std::find(seen.begin(), end, block) != end) continue;
    *end++ = block;
    if (window.holds(block.first, block.second)) ++result.found;
    else ++result.missing, result.missed |= static_cast<std::uint8_t>(1u << i);
  }
  return result;
}

}  // namespace

Window joined(const Window& a, const Window& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return {std::min(a.left, b.left), std::max(a.right, b.right), std::min(a.top, b.top), std::max(a.bottom, b.bottom)};
}

Window shared(const Window& a, const Window& b) {
  const Window both{std::max(a.left, b.left), std::min(a.right, b.right), std::max(a.top, b.top),
                    std::min(a.bottom, b.bottom)};
  return both.empty() ? Window{} : both;
}

Window window_of(const std::int32_t* reference, const model::LevelShape& shape, int before, int behind) {
  const auto first_and_last = [&](std::int32_t coordinate, int side) {
    const auto pixel = static_cast<int>(std::clamp<std::int64_t>((std::int64_t{coordinate} * side) >> 16, 0, side - 1));
    return std::pair(std::max(pixel - before, 0) / 2, std::min(pixel + behind, side - 1) / 2);
  };
  const auto [left, right] = first_and_last(reference[0], shape.width);
  const auto [top, bottom] = first_and_last(reference[1], shape.height);
  return {left, right, top, bottom};
}

std::vector<RegionGroup> region_groups(const Config& c, std::span<const model::LevelShape> shapes,
                                       std::span<const std::int32_t> references, int values,
                                       std::span<const int> schedule) {
  const auto levels = region_levels(c);
  const int more = has_ranged_regions(c) ? 0 : 1;
  std::vector<RegionGroup> groups;
  std::vector<Window> query(levels.size());
  for (const int q : schedule) {
    for (std::size_t l = 0; l < levels.size(); ++l)
      if (levels[l].has_window())
        query[l] =
            window_of(&references[(static_cast<std::size_t>(q) * levels.size() + l) * static_cast<std::size_t>(values)],
                      shapes[l], levels[l].margin, levels[l].margin + more);
    if (groups.empty() || groups.back().queries == c.feature_cache.region_queries ||
        !takes(groups.back(), query, levels))
      groups.push_back({0, std::vector<Window>(levels.size())});
    auto& group = groups.back();
    ++group.queries;
    for (std::size_t l = 0; l < levels.size(); ++l) group.windows[l] = joined(group.windows[l], query[l]);
  }
  return groups;
}

CacheRun run_regions(const Config& c, const Demand& demand) {
  const auto& a = c.attention;
  const auto schedule = demand.schedule(c);
  CacheRun run;
  run.groups = region_groups(c, demand.layer.level_shapes, demand.references, demand.layer.boxes ? 4 : 2, schedule);
  const auto of_query = static_cast<std::size_t>(a.samples_per_query());
  auto query = schedule.begin();
  const RegionGroup* before = nullptr;
  for (const auto& group : run.groups) {
    for (int i = 0; i < group.queries; ++i, ++query)
      for (std::size_t n = 0; n < of_query; ++n) {
        const auto of_head = static_cast<std::size_t>(a.samples_per_head());
        const auto level = static_cast<std::size_t>(a.level_of(static_cast<int>(n % of_head)));
        const auto& place = demand.places[static_cast<std::size_t>(*query) * of_query + n];
        const auto lines = look_up(place, group.windows[level]);
        run.missing.push_back(static_cast<std::uint8_t>(lines.missing));
        run.missed.push_back(lines.missed);
        run.hits += lines.found, run.misses += lines.missing;
      }
    Prefetch prefetch;
    for (std::size_t l = 0; l < group.windows.size(); ++l) {
      const auto copied = c.feature_cache.overlap == copy && before != nullptr
                              ? shared(group.windows[l], before->windows[l]).blocks()
                              : 0;
      prefetch.copied += copied * a.heads;
      prefetch.fetched += (group.windows[l].blocks() - copied) * a.heads;
    }
    run.prefetches.push_back(prefetch);
    before = &group;
  }
  if (has_ranged_regions(c) && run.misses > 0)
    throw std::logic_error("a sample lies outside of its range, and of its region");
  return run;
}

}  // namespace quillgen::estimate
