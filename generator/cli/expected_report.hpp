// What is said of the results that came with a workload.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "reference/expected.hpp"

namespace quillgen::cli {

/// "expected_output: agrees with the float reference ..", or how it differs, in one line.
std::string expected_text(const Agreement& agreement);

nlohmann::ordered_json expected_json(const Agreement& agreement);

/// One line on stderr, when they differ.
void say_differs(const std::string& workload, const Agreement& agreement);

}  // namespace quillgen::cli
