// quillgen generate: the Verilog of a configuration.
#include "accel/generate.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"

namespace quillgen::cli {

void add_generate(CLI::App& app, int&) {
  struct Options {
    ConfigOptions config;
    std::string out;
    bool force = false;
  };
  auto* command =
      app.add_subcommand("generate", "write the Verilog of a configuration: one module a file, files.f, manifest.json");
  const auto options = std::make_shared<Options>();
  add_config_options(*command, options->config);
  command->add_option("--out", options->out, "folder to write")->required();
  command->add_flag("--force", options->force, "replace a folder that quillgen wrote");
  command->callback([options] {
    const Config config = chosen_config(options->config);
    generate(config, options->out, options->force);
    fmt::print("{}: Verilog of {} in {}\n", config.name, top_name, options->out);
  });
}

}  // namespace quillgen::cli
