// The options that shape a synthetic layer, the same in every command: --image, --scale, --queries, --masked, --seed.
#pragma once
#include "cli/commands.hpp"
#include "synthetic/models.hpp"

namespace quillgen::cli {

/// Adds them to `command`; they need `model`, its option --model. `options` must live as long as the command.
void add_model_options(const Command& command, synthetic::ModelOptions& options, Option model);

}  // namespace quillgen::cli
