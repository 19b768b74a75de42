// Descriptions of memories as JSON: those of examples/memory are built in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dram/dram.hpp"

namespace quillgen::harness {

/// Names of the built-in ones.
std::vector<std::string> dram_names();

/// A built-in memory by its name, or the file of that name. Throws UserError (one line, with the file and the field).
DramTiming load_dram(const std::string& name);

/// As load_dram, of the text of a file.
DramTiming parse_dram(const std::string& name, std::string_view text);

}  // namespace quillgen::harness
