// quillgen calibrate: the scales of a network, found on a set of scenes.
#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "config/error.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "network/quantise_network.hpp"

namespace quillgen::cli {
namespace {

struct CalibrateOptions {
  ConfigOptions config;
  std::string network, input, out;
  PruningOptions pruning;
};

int run_calibrate(const CalibrateOptions& options) {
  for (const auto& input : {options.network, options.input})
    if (std::error_code none; std::filesystem::equivalent(input, options.out, none))
      throw UserError(fmt::format("--out {}: is the file that is read as {}; choose another name", options.out, input));
  const auto network = network::load_network(options.network);
  const auto config = chosen_config(options.config, network::shape_of(network));
  check_fits(network, config);
  const auto pruning = chosen_pruning(options.pruning, network.pruning, network.levels);
  const network::SceneFile scenes(options.input, network);
  harness::catch_interrupts();
  Progress progress;
  const auto scales = calibrate(network, pruning, scenes, config, [&](const std::string& what) {
    harness::check_interrupt();
    progress.show(what);
  });
  quantise(network, scales, config);  // tells now what does not fit N2
  harness::write_atomically(options.out, scales_text(scales, config));
  progress.show("");
  fmt::print("{}: {} scales of {} from {} scenes\n", options.out, scales.unit.size(), options.network, scenes.scenes());
  return 0;
}

}  // namespace

void add_calibrate(const Command& app, int& exit_status) {
  const auto command = app.add_subcommand("calibrate", "find the scales of a network on a set of scenes");
  const auto options = std::make_shared<CalibrateOptions>();
  add_config_options(command, options->config);
  add_fit_option(command, options->config);
  command.add_option("--network", options->network, "a whole detector (safetensors)").required();
  command.add_option("--input", options->input, "scenes to find scales on (safetensors); not those of a test")
      .required();
  command.add_option("--out", options->out, "file to write the scales to (JSON)").required();
  add_pruning_options(command, options->pruning);
  add_examples(command, {"calibrate --preset detector --network " + example("tiny_detector.safetensors") + " --input " +
                         example("tiny_detector_calibration.safetensors") + " --out scales.json"});
  command.callback([options, &exit_status] { exit_status = run_calibrate(*options); });
}

}  // namespace quillgen::cli
