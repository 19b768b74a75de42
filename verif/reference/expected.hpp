// The results that came with a workload against the float reference: whether the file means what it was read as.
#pragma once
#include <optional>
#include <string>

#include "reference/reference.hpp"

namespace quillgen {

/// The output of the reference must be as near to expected_output as this share of its largest magnitude (60 dB), in
/// every element: results in half precision are, those of another layer are not.
inline constexpr double expected_tolerance = 1e-3;

struct Agreement {
  int rows = 0;  ///< compared: those of the queries that are wanted; the others may hold anything
  /// Where they differ most, in units of the largest magnitude of those rows.
  double difference = 0;
  int query = 0, channel = 0;
  double expected = 0, computed = 0;
  std::string cause;  ///< what is likely to be wrong; empty when nothing comes to mind

  bool agrees() const { return difference <= expected_tolerance; }
};

/// Nothing when the workload has no expected_output.
std::optional<Agreement> compare_expected(const Workload& workload, const ReferenceStages& reference);

}  // namespace quillgen
