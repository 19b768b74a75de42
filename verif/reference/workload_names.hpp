// Which tensors and metadata a workload may have (README.md).
#pragma once
#include <map>
#include <string>
#include <vector>

namespace quillgen {

/// What is wrong with the first key that is unknown, or that says that the layer computes something else than the
/// hardware does; empty when there is none.
std::string metadata_problem(const std::map<std::string, std::string>& metadata);

/// The same of the first tensor that is unknown.
std::string tensor_problem(const std::vector<std::string>& names);

/// A key that is written for people: its value is read by nobody.
bool is_free_text(const std::string& key);

}  // namespace quillgen
