// quillgen presets: the built-in configurations.
#include "config/presets.hpp"

#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/load.hpp"

namespace quillgen::cli {
namespace {

void list_presets() {
  for (const auto& p : presets()) {
    const auto c = load_preset(p.name);
    const auto& a = c.attention;
    fmt::print(
        "{:<8} C={} M={} L={} K={}, levels up to {}x{}, {} queries, {}x{}x{} PEs, {} lane{}, {} KiB feature cache\n",
        p.name, a.embed_dim, a.heads, a.levels, a.points, a.max_width, a.max_height, a.max_queries, c.gemm.rows,
        c.gemm.columns, c.gemm.depth, c.core.lanes(), c.core.lanes() == 1 ? "" : "s", c.feature_cache.kilobytes);
  }
}

}  // namespace

void add_presets(const Command& app, int&) {
  const auto command = app.add_subcommand("presets", "list the presets, or print one as JSON with every number");
  const auto name = std::make_shared<std::string>();
  command.add_option("name", *name, "preset to print");
  add_examples(command, {"presets", "presets small"});
  command.callback([name] {
    if (name->empty()) list_presets();
    else fmt::print("{}\n", to_json(load_preset(*name)).dump(2));
  });
}

}  // namespace quillgen::cli
