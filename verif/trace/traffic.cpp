#include "trace/traffic.hpp"

#include <algorithm>
#include <array>

#include "config/derived.hpp"
#include "estimate/line_cache.hpp"

namespace quillgen::trace {
namespace {

using estimate::Place;

/// All lines of the value map, one after the other: level, row, column, head.
class Lines {
 public:
  Lines(const Config& c, const std::vector<model::LevelShape>& levels)
      : width_(line_width(c.feature_cache.line_shape)),
        height_(line_height(c.feature_cache.line_shape)),
        heads_(static_cast<std::size_t>(c.attention.heads)) {
    for (const auto& level : levels) {
      firsts_.push_back(count_);
      rows_.push_back(divide_up(level.height, height_));
      columns_.push_back(divide_up(level.width, width_));
      count_ += static_cast<std::size_t>(rows_.back()) * static_cast<std::size_t>(columns_.back()) * heads_;
    }
    firsts_.push_back(count_);
  }

  std::size_t count() const { return count_; }
  std::size_t first(std::size_t level) const { return firsts_[level]; }  ///< of the level; and one beyond the last
  int rows(std::size_t level) const { return rows_[level]; }
  int columns(std::size_t level) const { return columns_[level]; }

  /// The line of a corner of a sample.
  std::size_t of(const Place& p, int corner, std::size_t level, std::size_t head) const {
    return at(level, (p.y + corner / 2) / height_, (p.x + corner % 2) / width_, head);
  }
  std::size_t at(std::size_t level, int line_row, int line_column, std::size_t head) const {
    const auto row = static_cast<std::size_t>(line_row), column = static_cast<std::size_t>(line_column);
    return firsts_[level] + (row * static_cast<std::size_t>(columns_[level]) + column) * heads_ + head;
  }

 private:
  int width_, height_;  ///< of a line, pixels
  std::size_t heads_, count_ = 0;
  std::vector<std::size_t> firsts_;
  std::vector<int> rows_, columns_;
};

/// What happens to each line.
struct Uses {
  std::vector<std::uint32_t> lookups, misses, fetches;
};

/// What the policy `region` brings ahead: the windows of each group, without what is copied from the one before.
void add_prefetches(const Lines& lines, const Config& c, const estimate::CacheRun& run, Uses& uses) {
  const estimate::RegionGroup* before = nullptr;
  for (const auto& group : run.groups) {
    for (std::size_t level = 0; level < group.windows.size(); ++level) {
      const auto& w = group.windows[level];
      const bool copies = c.feature_cache.overlap == copy && before != nullptr;
      const auto copied = copies ? before->windows[level] : estimate::Window{};
      for (int row = w.top; row <= w.bottom; ++row)
        for (int column = w.left; column <= w.right; ++column) {
          if (copied.holds(row, column)) continue;
          for (int head = 0; head < c.attention.heads; ++head)
            ++uses.fetches[lines.at(level, row, column, static_cast<std::size_t>(head))];
        }
    }
    before = &group;
  }
}

Uses uses_of(const Lines& lines, const Config& c, const estimate::Demand& demand, const std::vector<int>& order) {
  const auto run = estimate::run_caches(c, demand);
  const auto levels = static_cast<std::size_t>(c.attention.levels),
             points = static_cast<std::size_t>(c.attention.points),
             of_query = static_cast<std::size_t>(c.attention.samples_per_query());
  const std::vector<std::uint32_t> none(lines.count());
  Uses uses{none, none, none};
  auto missed = run.missed.begin();
  for (const int query : order)
    for (std::size_t n = 0; n < of_query; ++n, ++missed) {
      const auto& place = demand.places[static_cast<std::size_t>(query) * of_query + n];
      const auto level = n / points % levels, head = n / points / levels;
      std::array<std::size_t, 4> seen{};
      std::size_t count = 0;
      for (int corner = 0; corner < 4; ++corner) {
        if ((place.corners >> corner & 1) == 0) continue;
        const auto line = lines.of(place, corner, level, head);
        if (std::find(seen.begin(), seen.begin() + count, line) == seen.begin() + count) {
          seen[count++] = line;
          ++uses.lookups[line];
        }
        if (*missed >> corner & 1) ++uses.misses[line], ++uses.fetches[line];
      }
    }
  add_prefetches(lines, c, run, uses);
  return uses;
}

Fetches fetches_of_level_0(const Lines& lines, const Uses& uses, int heads) {
  Fetches f{lines.rows(0), lines.columns(0), {}};
  for (std::size_t line = 0; line < lines.first(1); line += static_cast<std::size_t>(heads)) {
    double sum = 0;
    for (std::size_t head = 0; head < static_cast<std::size_t>(heads); ++head) sum += uses.fetches[line + head];
    f.times.push_back(sum / heads);
  }
  return f;
}

}  // namespace

double Traffic::hit_rate() const { return lookups > 0 ? static_cast<double>(hits) / static_cast<double>(lookups) : 0; }

double Traffic::of_map(std::int64_t lines, int line_bytes) const {
  return static_cast<double>(lines * line_bytes) / static_cast<double>(map_bytes);
}

Trace run_trace(const Config& c, const estimate::Demand& demand) {
  check_fits(demand, c);
  const Lines lines(c, demand.layer.level_shapes);
  Trace trace;
  trace.order = demand.schedule(c);
  trace.line_bytes = line_bytes(c);
  const auto uses = uses_of(lines, c, demand, trace.order);
  for (std::size_t level = 0; level < demand.layer.level_shapes.size(); ++level) {
    Traffic t;
    for (std::size_t line = lines.first(level); line < lines.first(level + 1); ++line) {
      const auto lookups = uses.lookups[line], fetches = uses.fetches[line];
      t.lookups += lookups, t.hits += lookups - uses.misses[line], t.fetched += fetches;
      t.compulsory += lookups > 0, t.again += fetches > 0 ? fetches - 1 : 0;
    }
    const auto& shape = demand.layer.level_shapes[level];
    t.map_bytes =
        std::int64_t{shape.height} * shape.width * c.attention.embed_dim * element_bytes(c.numerics.feature_bits);
    trace.levels.push_back(t);
    trace.total.lookups += t.lookups, trace.total.hits += t.hits, trace.total.fetched += t.fetched;
    trace.total.again += t.again, trace.total.compulsory += t.compulsory, trace.total.map_bytes += t.map_bytes;
  }
  trace.fetches = fetches_of_level_0(lines, uses, c.attention.heads);
  return trace;
}

}  // namespace quillgen::trace
