// --fit: a configuration takes the dimensions of the layer it is to run.
#pragma once
#include "cli/config_options.hpp"
#include "config/config.hpp"
#include "reference/workload.hpp"

namespace quillgen::cli {

/// Adds --fit to a command that takes a workload.
void add_fit_option(const Command& command, ConfigOptions& options);

/// What --fit does to a configuration. Throws UserError when another parameter does not go with the new dimensions.
/// `workload` must live as long.
Adjustment fitting(const Workload& workload);

/// The configuration chosen. With --fit, embed_dim, heads, levels and points are the workload's, and max_width,
/// max_height and max_queries are raised where it needs more; a line on stdout says what was changed. Throws UserError
/// (config/load.hpp), also when another parameter does not go with the new ones.
Config chosen_config(const ConfigOptions& options, const Workload& workload);

}  // namespace quillgen::cli
