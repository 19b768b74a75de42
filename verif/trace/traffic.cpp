#include "trace/traffic.hpp"

#include "config/derived.hpp"
#include "estimate/line_cache.hpp"
#include "trace/belady.hpp"
#include "trace/lines.hpp"

namespace quillgen::trace {
namespace {

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
  const auto of_head = static_cast<std::size_t>(c.attention.samples_per_head()),
             of_query = static_cast<std::size_t>(c.attention.samples_per_query());
  const std::vector<std::uint32_t> none(lines.count());
  Uses uses{none, none, none};
  auto missed = run.missed.begin();
  for (const int query : order)
    for (std::size_t n = 0; n < of_query; ++n, ++missed) {
      const auto& place = demand.places[static_cast<std::size_t>(query) * of_query + n];
      const auto level = static_cast<std::size_t>(c.attention.level_of(static_cast<int>(n % of_head))),
                 head = n / of_head;
      for (const auto line : lines.of(place, level, head)) ++uses.lookups[line];
      for (int corner = 0; corner < 4; ++corner) {
        if ((*missed >> corner & 1) == 0) continue;
        const auto line = lines.of(place, corner, level, head);
        ++uses.misses[line], ++uses.fetches[line];
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

void add_least(Trace& trace, const Config& c, const LookupList& lookups) {
  const auto in_sets = lookups.least_in_sets(c), anywhere = lookups.least_anywhere(c);
  Least sum;
  for (std::size_t level = 0; level < trace.levels.size(); ++level) {
    trace.levels[level].least = Least{in_sets[level], anywhere[level]};
    sum.in_sets += in_sets[level], sum.anywhere += anywhere[level];
  }
  trace.total.least = sum;
}

}  // namespace quillgen::trace
