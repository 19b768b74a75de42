// The options of a command that runs a network: --network, --scales, --input, --scenes.
#pragma once
#include <string>

#include "cli/commands.hpp"
#include "network/network.hpp"

namespace quillgen::cli {

/// Must live as long as the command it was added to.
struct NetworkOptions {
  std::string network, scales, input, scenes;
};

/// Adds --network to `subject`, of whose options one is to be given, and the others to `command`. They need each
/// other, unless the command can do without scenes.
void add_network_options(const Command& command, const Command& subject, NetworkOptions& options,
                         bool with_scenes = true, const std::string& scenes_by_default = "all");

/// Scenes first .. last - 1.
struct SceneRange {
  int first = 0, last = 0;
};

/// What --scenes names, all by default. Throws UserError unless `file` has these scenes.
SceneRange chosen_scenes(const NetworkOptions& options, const network::SceneFile& file);

}  // namespace quillgen::cli
