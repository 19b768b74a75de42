// --clock and --layers, the same in every command that tells time.
#pragma once
#include "cli/commands.hpp"
#include "estimate/rate.hpp"

namespace quillgen::cli {

/// Adds them to `command`. `pace` must live as long as the command.
void add_pace_options(const Command& command, estimate::Pace& pace);

/// Throws UserError: layers without a clock, layers of a network.
void check_pace(const estimate::Pace& pace, bool network);

}  // namespace quillgen::cli
