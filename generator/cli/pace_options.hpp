// --clock, --layers, --library and --sram, the same in every command that tells time and area.
#pragma once
#include <string>

#include "cli/commands.hpp"
#include "estimate/rate.hpp"

namespace quillgen::cli {

/// Adds them to `command`. `pace` must live as long as the command.
void add_pace_options(const Command& command, estimate::Pace& pace);

/// --memory, a DRAM, which excludes the option --latency of the same command.
void add_memory_option(const Command& command, std::string& memory);
/// --library and --sram, of mm2. Both must live as long as the command; `sram_um2` is 0 unless given.
void add_library_options(const Command& command, std::string& library, double& sram_um2);
/// Throws UserError: an unknown library, a density without one.
void check_library(const std::string& library, double sram_um2);

/// Throws UserError: layers without a clock, layers of a network.
void check_pace(const estimate::Pace& pace, bool network);

}  // namespace quillgen::cli
