// Texts that are compiled into the program: abi.hpp and shim.cpp of this folder, for building simulators wherever
// quillgen runs.
#pragma once
#include <string_view>

namespace quillgen::harness {

extern const std::string_view abi_text;
extern const std::string_view shim_text;

}  // namespace quillgen::harness
