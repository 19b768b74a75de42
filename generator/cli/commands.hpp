// The subcommands, one file each. An add function declares its command and what it does when chosen; the callback sets
// `exit_status` when that is not 0, and throws UserError for mistakes of the user.
#pragma once
#include "command_line/command.hpp"

namespace quillgen::cli {

using command_line::Command;
using command_line::Option;

void add_generate(const Command& app, int& exit_status);
void add_simulate(const Command& app, int& exit_status);
void add_lint(const Command& app, int& exit_status);
void add_model(const Command& app, int& exit_status);
void add_calibrate(const Command& app, int& exit_status);
void add_estimate(const Command& app, int& exit_status);
void add_workload(const Command& app, int& exit_status);
void add_trace(const Command& app, int& exit_status);
void add_pack(const Command& app, int& exit_status);
void add_explore(const Command& app, int& exit_status);
void add_presets(const Command& app, int& exit_status);
void add_schema(const Command& app, int& exit_status);

}  // namespace quillgen::cli
