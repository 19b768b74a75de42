// The ports of the top that are AXI, channel by channel.
#pragma once
#include <vector>

#include "emit/verilog.hpp"

namespace quillgen::accel {

/// Host and memory port, the channels in the order of the AXI specification: AW, W, B, AR, R.
std::vector<emit::PortGroup> axi_channels();

}  // namespace quillgen::accel
