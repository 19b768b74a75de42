#include "cli/fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"

namespace quillgen::cli {
namespace {

void fit(Config& c, const Workload& w) {
  auto& a = c.attention;
  // Shares of the cache are those of as many levels.
  if (a.levels != w.levels) c.feature_cache.level_parts.clear();
  a.embed_dim = w.embed_dim;
  a.heads = w.heads;
  a.levels = w.levels;
  a.points = w.points, a.level_points = w.level_points, a.anchors = w.anchors;
  for (const auto& level : w.level_shapes) {
    a.max_width = std::max(a.max_width, level.width);
    a.max_height = std::max(a.max_height, level.height);
  }
  a.max_queries = std::max(a.max_queries, w.queries);
  a.max_tokens = std::max(a.max_tokens, w.tokens);
  c.gemm.columns = fitting_columns(c);
}

/// "attention.heads 4 -> 8" for each number that differs.
std::string changes(const Config& before, const Config& after) {
  std::vector<std::string> found;
  for (const auto& f : fields())
    if (f.get(before) != f.get(after))
      found.push_back(fmt::format("{} {} -> {}", f.path(), f.get(before), f.get(after)));
  for (const auto& list : level_lists())
    if (list.get(before) != list.get(after))
      found.push_back(fmt::format("{} {} -> {}", list.path(), list.get(before), list.get(after)));
  return found.empty() ? "nothing to change" : fmt::format("{}", fmt::join(found, ", "));
}

}  // namespace

void add_fit_option(const Command& command, ConfigOptions& options) {
  command.add_flag("--fit", options.fit,
                   "take embed_dim, heads, levels, points and anchors from the workload, raise max_width, max_height, "
                   "max_queries, max_tokens and columns to hold it");
}

Adjustment fitting(const Workload& workload) {
  return [&workload](Config& c) {
    fit(c, workload);
    try {
      validate(c);
    } catch (const UserError& e) {
      throw UserError(fmt::format("fitted to {}: {}", workload.file, e.what()));
    }
  };
}

Config chosen_config(const ConfigOptions& options, const Workload& workload) {
  if (!options.fit) return chosen_config(options);
  std::string changed;
  auto config = chosen_config(options, [&](Config& c) {
    const auto before = c;
    fitting(workload)(c);
    changed = changes(before, c);
  });
  fmt::print("fitted to {}: {}\n", workload.file, changed);
  return config;
}

}  // namespace quillgen::cli
