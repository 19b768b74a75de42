// What Verilator complains of when it reads Verilog. Later versions (5.020 and up) end with lines that report sizes and
// times, `- Verilator: Walltime ..`: these are no complaints.
#pragma once
#include <string>
#include <vector>

#include "harness/process.hpp"

namespace quillgen::harness {

/// The lines of a run of `verilator --lint-only` that speak of the Verilog; none when it is sound. A run that failed
/// without a word gives a line with its exit status.
std::vector<std::string> verilator_complaints(const ProcessResult& result);

}  // namespace quillgen::harness
