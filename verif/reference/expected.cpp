#include "reference/expected.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quillgen {
namespace {

Agreement compare(const Workload& w, const std::vector<double>& computed) {
  const auto rows = w.wanted();
  Agreement a;
  a.rows = static_cast<int>(rows.size());
  double largest = 0, most = -1;
  for (const int row : rows)
    for (int channel = 0; channel < w.embed_dim; ++channel) {
      const auto i =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(w.embed_dim) + static_cast<std::size_t>(channel);
      const double difference = std::abs(w.expected_output[i] - computed[i]);
      largest = std::max(largest, std::abs(w.expected_output[i]));
      if (difference <= most) continue;
      most = difference;
      a.query = row, a.channel = channel;
      a.expected = w.expected_output[i], a.computed = computed[i];
    }
  if (most > 0) a.difference = largest > 0 ? most / largest : std::numeric_limits<double>::infinity();
  return a;
}

bool agrees_with_mask_inverted(Workload w) {
  for (auto& padded : w.padding) padded = !padded;
  return compare(w, run_reference(w).output).agrees();
}

}  // namespace

std::optional<Agreement> compare_expected(const Workload& w, const ReferenceStages& reference) {
  if (w.expected_output.empty()) return std::nullopt;
  auto a = compare(w, reference.output);
  if (!a.agrees() && !w.padding.empty() && agrees_with_mask_inverted(w))
    a.cause = "they agree with input_padding_mask inverted: true is a padded token, store ~mask";
  return a;
}

}  // namespace quillgen
