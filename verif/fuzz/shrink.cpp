#include "fuzz/shrink.hpp"

#include <algorithm>
#include <vector>

#include "config/error.hpp"

namespace quillgen::fuzz {
namespace {

/// A change of the case to one number: how large it is now, the least it may become, and the case with another one.
struct Knob {
  std::function<int(const Case&)> get;
  std::function<void(Case&, int)> set;
  int least;
};

/// The numbers in the order in which they are tried: what makes the run shorter comes first.
std::vector<Knob> knobs() {
  std::vector<Knob> all;
  // Heads and channels: channels of a head kept, all channels kept, heads kept.
  all.push_back({[](const Case& c) { return c.config.attention.heads; },
                 [](Case& c, int heads) {
                   auto& a = c.config.attention;
                   a.embed_dim = a.head_dim() * heads;
                   a.heads = heads;
                 },
                 1});
  all.push_back({[](const Case& c) { return c.config.attention.heads; },
                 [](Case& c, int heads) { c.config.attention.heads = heads; }, 1});
  all.push_back({[](const Case& c) { return c.config.attention.head_dim() / 2; },
                 [](Case& c, int half) { c.config.attention.embed_dim = c.config.attention.heads * 2 * half; }, 1});
  // Shares of the levels: none.
  all.push_back({[](const Case& c) { return static_cast<int>(!c.config.feature_cache.level_parts.empty()); },
                 [](Case& c, int) { c.config.feature_cache.level_parts.clear(); }, 0});
  // As many points on each level.
  all.push_back({[](const Case& c) { return static_cast<int>(!c.config.attention.level_points.empty()); },
                 [](Case& c, int) { c.config.attention.level_points.clear(); }, 0});
  // Lines by demand beside regions.
  all.push_back({[](const Case& c) { return static_cast<int>(!c.config.feature_cache.region_ranges.empty()); },
                 [](Case& c, int) { c.config.feature_cache.region_ranges.clear(); }, 0});
  const auto add = [&](bool workload) {
    for (const auto& p : parameters())
      if (p.path.starts_with("workload.") == workload && p.path != "attention.heads" && p.path != "attention.embed_dim")
        all.push_back({[p](const Case& c) { return p.get(c); }, [p](Case& c, int value) { p.in(c) = value; }, p.least});
  };
  add(true);
  add(false);
  return all;
}

bool is_legal(const Case& c) {
  try {
    validate(c);
    return true;
  } catch (const UserError&) {
    return false;
  }
}

/// Smaller values to try, the boldest first. Powers of two and multiples of 3 are among them where they are needed.
std::vector<int> smaller(int now, int least) {
  std::vector<int> values;
  for (const int v : {least, now / 4, now / 2, now / 2 / 3 * 3, least + (now - least) / 2, now - 3, now - 2, now - 1})
    if (v >= least && v < now && std::find(values.begin(), values.end(), v) == values.end()) values.push_back(v);
  return values;
}

}  // namespace

Shrunk shrink(const Case& failing, const Outcome& outcome, int attempts,
              const std::function<Outcome(const Case&)>& run) {
  Shrunk s{failing, outcome, 0};
  const auto try_value = [&](const Knob& knob, int value) {
    Case candidate = s.smallest;
    knob.set(candidate, value);
    if (!is_legal(candidate)) return false;
    ++s.attempts;
    const auto result = run(candidate);
    if (result.signature() != outcome.signature()) return false;
    s.smallest = candidate, s.outcome = result;
    return true;
  };
  const auto all = knobs();
  for (bool progress = true; progress && s.attempts < attempts;) {
    progress = false;
    for (const auto& knob : all)
      for (const int value : smaller(knob.get(s.smallest), knob.least)) {
        if (s.attempts >= attempts) break;
        if (!try_value(knob, value)) continue;
        progress = true;
        break;
      }
  }
  return s;
}

}  // namespace quillgen::fuzz
