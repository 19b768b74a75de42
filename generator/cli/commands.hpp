// The subcommands, one file each. An add function declares its command and what it does when chosen; the callback sets
// `exit_status` when that is not 0, and throws UserError for mistakes of the user.
#pragma once
#include <CLI/CLI.hpp>

namespace quillgen::cli {

void add_generate(CLI::App& app, int& exit_status);
void add_simulate(CLI::App& app, int& exit_status);
void add_lint(CLI::App& app, int& exit_status);
void add_model(CLI::App& app, int& exit_status);
void add_estimate(CLI::App& app, int& exit_status);
void add_workload(CLI::App& app, int& exit_status);
void add_trace(CLI::App& app, int& exit_status);
void add_explore(CLI::App& app, int& exit_status);
void add_presets(CLI::App& app, int& exit_status);
void add_schema(CLI::App& app, int& exit_status);

}  // namespace quillgen::cli
