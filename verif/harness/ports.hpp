// The ports of a Verilated top module, read from the header that Verilator writes.
#pragma once
#include <string>

namespace quillgen::harness {

/// Text of ports.hpp, which shim.cpp includes: the name of the top and a function that lists its ports.
std::string port_table(const std::string& top, const std::string& header);

}  // namespace quillgen::harness
