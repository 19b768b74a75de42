#include "cli/simulate_rtl.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/design.hpp"
#include "cli/output_folder.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/rtl_error.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

void refuse_block(const fs::path& folder) {
  const auto manifest = nlohmann::ordered_json::parse(harness::read_text(folder / "manifest.json"));
  if (manifest.contains("part_of"))
    throw UserError(
        fmt::format("--rtl {}: holds a block of {} only, and simulate needs the whole: generate it without "
                    "--module",
                    folder.string(), shown(manifest["part_of"])));
}

Rtl given_rtl(const SimulateOptions& options) {
  if (options.config.fit)
    throw UserError(
        "--fit: cannot change the configuration of --rtl: leave out --fit, or leave out --rtl and give --config or "
        "--preset");
  Rtl rtl;
  rtl.folder = options.rtl;
  rtl.manifest = harness::load_manifest(rtl.folder);
  refuse_block(rtl.folder);
  rtl.config = parse_config(rtl.manifest.config, (rtl.folder / "manifest.json").string());
  if (!options.has_config() && !options.config.overrides.empty())
    throw UserError("--set: cannot change the configuration of --rtl: generate the RTL again with it");
  if (options.has_config() && to_json(chosen_config(options.config)) != to_json(rtl.config))
    throw UserError(fmt::format(
        "--rtl {}: was generated from another configuration than the one given: leave out --config and --preset",
        options.rtl));
  return rtl;
}

/// Its configuration only: the files come once the work is known to fit.
Rtl planned_rtl(const SimulateOptions& options, const std::function<Config()>& choose) {
  if (!options.has_config()) throw UserError("no configuration: give one of --config, --preset or --rtl");
  Rtl rtl;
  rtl.generated = true;
  rtl.config = choose();
  return rtl;
}

void generate(Rtl& rtl, const std::string& keep) {
  if (keep.empty()) {
    rtl.temporary = std::make_unique<harness::TemporaryFolder>(harness::temporary_room());
    rtl.folder = rtl.temporary->path() / "rtl";
  } else {
    rtl.folder = keep;
  }
  write_folder(rtl.folder, design(rtl.config));
  rtl.manifest = harness::load_manifest(rtl.folder);
}

}  // namespace

Rtl rtl_for(const SimulateOptions& options, const std::function<Config()>& choose,
            const std::function<void(const Config&)>& check) {
  auto rtl = options.rtl.empty() ? planned_rtl(options, choose) : given_rtl(options);
  check(rtl.config);
  if (rtl.generated) generate(rtl, options.keep);
  return rtl;
}

fs::path simulator_of(const Rtl& rtl, const SimulateOptions& chosen, const std::function<void(std::string_view)>& say) {
  try {
    harness::BuildOptions options;
    options.optimise = !chosen.quick_build;
    options.waveform = !chosen.trace.empty();
    options.say = [&](std::string_view step) { say(fmt::format("building the simulator: {}", step)); };
    const auto built = harness::build_simulator(rtl.folder, rtl.manifest, options);
    if (!built.reused) {
      say("");
      fmt::print("simulator built in {:.1f} s\n", built.seconds);
    }
    return built.library;
  } catch (const harness::RtlError& e) {
    if (rtl.generated) throw std::runtime_error(fmt::format("the generated RTL is not sound: {}", e.what()));
    throw;
  }
}

}  // namespace quillgen::cli
