// What `explore` counts in the netlist of a configuration.
#pragma once
#include "config/config.hpp"
#include "explore/run.hpp"

namespace quillgen::cli {

/// Builds the netlist of a valid configuration and counts what it holds.
explore::NetlistBits netlist_bits(const Config& config);

}  // namespace quillgen::cli
