// Texts that are compiled into the program: abi.hpp, fst_files.hpp and shim.cpp of this folder, for building simulators
// wherever quillgen runs; and the memories of examples/memory.
#pragma once
#include <span>
#include <string_view>

namespace quillgen::harness {

extern const std::string_view abi_text;
extern const std::string_view fst_files_text;
extern const std::string_view shim_text;

struct EmbeddedMemory {
  std::string_view name, json;
};
std::span<const EmbeddedMemory> embedded_memories();

}  // namespace quillgen::harness
