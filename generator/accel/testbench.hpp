// The bench that every output folder has in tb/: plain Verilog that runs a packed job (verif/pack/README.md) and checks
// it.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"
#include "emit/design_files.hpp"

namespace quillgen::accel {

/// Its files, named tb/..., for the design of `manifest`. Their modules have the prefix of its top.
emit::Files testbench(const Config& config, const nlohmann::ordered_json& manifest);

}  // namespace quillgen::accel
