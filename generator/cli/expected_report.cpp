#include "cli/expected_report.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace quillgen::cli {

std::string expected_text(const Agreement& a) {
  if (a.agrees())
    return fmt::format(
        "expected_output: agrees with the float reference in {} rows, the largest difference {:.1e} of its largest "
        "value",
        a.rows, a.difference);
  return fmt::format(
      "expected_output differs from the float reference, most in query {}, channel {}: expected {:g}, computed {:g} "
      "({:.2g} of its largest value, allowed {:g}); {}",
      a.query, a.channel, a.expected, a.computed, a.difference, expected_tolerance,
      a.cause.empty() ? "the layer that made it computes something else: compare its names and conventions" : a.cause);
}

nlohmann::ordered_json expected_json(const Agreement& a) {
  return {
      {"agrees", a.agrees()}, {"rows", a.rows},       {"difference", a.difference}, {"tolerance", expected_tolerance},
      {"query", a.query},     {"channel", a.channel}, {"expected", a.expected},     {"computed", a.computed}};
}

void say_differs(const std::string& workload, const Agreement& a) {
  std::fflush(stdout);  // the line is not to land in a table
  fmt::print(stderr, "quillgen: {}: {}\n", workload, expected_text(a));
}

}  // namespace quillgen::cli
