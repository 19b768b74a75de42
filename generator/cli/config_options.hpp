// The options that choose a configuration, the same in every command: --config FILE | --preset NAME, and --set
// path=value.
#pragma once
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "config/load.hpp"

namespace quillgen::cli {

/// Must live as long as the command it was added to.
struct ConfigOptions {
  std::string file;
  std::string preset;
  std::vector<std::string> overrides;
  bool fit = false;  ///< of the commands that take a workload (cli/fit.hpp)
};

/// Adds the options to `command`; exactly one of --config and --preset must be given.
void add_config_options(const Command& command, ConfigOptions& options);

/// The configuration chosen. Throws UserError (config/load.hpp).
Config chosen_config(const ConfigOptions& options, const Adjustment& adjust = nullptr);

}  // namespace quillgen::cli
