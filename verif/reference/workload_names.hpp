// Which tensors a workload may have (README.md).
#pragma once
#include <string>
#include <vector>

namespace quillgen {

/// What is wrong with the first tensor that is unknown; empty when there is none.
std::string tensor_problem(const std::vector<std::string>& names);

}  // namespace quillgen
