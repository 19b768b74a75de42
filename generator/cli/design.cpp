#include "cli/design.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "accel/blocks.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "config/nearest.hpp"
#include "emit/printed_text.hpp"
#include "hdl/keywords.hpp"

namespace quillgen::cli {
namespace {

void check_prefix(const std::string& prefix) {
  constexpr std::size_t longest = 32;
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto legal = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (prefix.size() <= longest && is_letter(prefix[0]) && std::all_of(prefix.begin(), prefix.end(), legal)) return;
  throw UserError(
      fmt::format("--prefix {}: must be 1 to {} lower-case letters, digits or _, a letter first; choose left_, for "
                  "example",
                  shown(prefix), longest));
}

/// A prefix may turn a name into a reserved word: "ty" makes "type" of "pe".
void check_keywords(const hdl::Design& design, const std::string& prefix) {
  for (const auto& m : design.modules())
    if (const std::string& name = emit::printed_name(*m); hdl::is_keyword(prefix + name))
      throw UserError(fmt::format("--prefix {}: makes the Verilog keyword {} of module {}; choose another", prefix,
                                  prefix + name, name));
}

const hdl::Module& find_module(const hdl::Design& design, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& m : design.modules()) {
    if (emit::printed_name(*m) == name) return *m;
    if (std::ranges::find(names, emit::printed_name(*m)) == names.end()) names.push_back(emit::printed_name(*m));
  }
  throw UserError(
      fmt::format("--module {}: there is none in this configuration; the nearest of its {} are {}; choose one",
                  shown(name), names.size(), fmt::join(nearest(name, names, 5), ", ")));
}

}  // namespace

emit::Files design(const Config& config, const DesignOptions& options) {
  if (!options.prefix.empty()) check_prefix(options.prefix);
  hdl::Design design;
  accel::build_top(design, accel::Shapes(config), top_name);
  check_keywords(design, options.prefix);
  auto files = emit::design_files(design, find_module(design, options.module), to_json(config),
                                  print_options(config, options.prefix));
  if (options.module == top_name) add_guides(config, options.prefix, files);
  return files;
}

}  // namespace quillgen::cli
