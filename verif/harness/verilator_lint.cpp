#include "harness/verilator_lint.hpp"

#include <fmt/core.h>

#include <sstream>

namespace quillgen::harness {

std::vector<std::string> verilator_complaints(const ProcessResult& result) {
  std::vector<std::string> found;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) {
    const bool report = line.starts_with("- Verilator:") || line.starts_with("- V e r i l a t i o n   R e p o r t:");
    if (!line.empty() && !report) found.push_back(line);
  }
  if (found.empty() && result.status != 0) found.push_back(fmt::format("exit status {}", result.status));
  return found;
}

}  // namespace quillgen::harness
