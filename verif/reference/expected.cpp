#include "reference/expected.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/variants.hpp"

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

/// What the file may have left unsaid: how the layer is then, if it can be so, and what to do.
struct Unsaid {
  bool (*assume)(Workload&);
  const char* cause;
};

bool invert_mask(Workload& w) {
  for (auto& padded : w.padding) padded = !padded;
  return !w.padding.empty();
}

/// References of levels as those of points, the same on each level.
bool measure_by_point(Workload& w) {
  if (w.anchors > 1 || w.levels == 1 || w.levels > w.points) return false;
  std::vector<double> references;
  const auto row = static_cast<std::size_t>(w.levels * (w.boxes ? 4 : 2));
  for (std::size_t first = 0; first < w.reference_points.size(); first += row)
    for (int level = 0; level < w.levels; ++level)
      references.insert(references.end(), w.reference_points.begin() + static_cast<std::ptrdiff_t>(first),
                        w.reference_points.begin() + static_cast<std::ptrdiff_t>(first + row));
  w.reference_points = std::move(references), w.anchors = w.levels;
  return true;
}

bool scale_by_pixels(Workload& w) {
  LayerMetadata metadata;
  metadata.offsets_in_pixels = true;
  scale_offsets(w, metadata);
  return w.boxes;
}

bool scale_by_box(Workload& w) {
  LayerMetadata metadata;
  metadata.offset_scale = 1;
  scale_offsets(w, metadata);
  return w.boxes;
}

constexpr Unsaid unsaid[] = {
    {invert_mask,
     "they agree with input_padding_mask inverted: true is a padded token, store ~mask, or say mask_polarity = valid "
     "in "
     "the metadata"},
    {measure_by_point,
     "they agree if the references are of points and not of levels: say references_per = point in the "
     "metadata"},
    {scale_by_pixels, "they agree with offsets in pixels: say use_4D_normalizer = true in the metadata"},
    {scale_by_box, "they agree with offsets of twice the size: say offset_scale = 1 in the metadata"}};

std::string cause_of(const Workload& w) {
  for (const auto& assumption : unsaid) {
    auto other = w;
    if (assumption.assume(other) && compare(other, run_reference(other).output).agrees()) return assumption.cause;
  }
  return "";
}

}  // namespace

std::optional<Agreement> compare_expected(const Workload& w, const ReferenceStages& reference) {
  if (w.expected_output.empty()) return std::nullopt;
  auto a = compare(w, reference.output);
  if (!a.agrees()) a.cause = cause_of(w);
  return a;
}

}  // namespace quillgen
