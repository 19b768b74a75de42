// The options that shape a synthetic layer, the same in every command: --image, --scale, --queries, --seed.
#pragma once
#include <CLI/CLI.hpp>

#include "synthetic/models.hpp"

namespace quillgen::cli {

/// Adds them to `command`; they need `model`, its option --model. `options` must live as long as the command.
void add_model_options(CLI::App& command, synthetic::ModelOptions& options, CLI::Option& model);

}  // namespace quillgen::cli
