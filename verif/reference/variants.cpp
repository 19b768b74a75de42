#include "reference/variants.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace quillgen {

bool reference_shape(const TensorShape& shape, int queries, int levels, bool of_points, bool line, ReferenceShape& as) {
  const auto rank = shape.size();
  if (rank < 2 || rank > 4 || shape.front() != queries) return false;
  const auto numbers = shape.back();
  if (line ? numbers != 1 && numbers != 2 : numbers != 2 && numbers != 4) return false;
  as = {1, 1, static_cast<int>(numbers)};
  if (rank == 2) return true;
  const bool anchors_only = rank == 3 && of_points;
  const std::int64_t of_levels = anchors_only ? 1 : shape[1], anchors = rank == 4      ? shape[2]
                                                                        : anchors_only ? shape[1]
                                                                                       : 1;
  if ((of_levels != 1 && of_levels != levels) || anchors < 1 || anchors > 1 << 10) return false;
  as.levels = static_cast<int>(of_levels), as.anchors = static_cast<int>(anchors);
  return true;
}

std::vector<double> spread_references(std::span<const double> numbers, const ReferenceShape& as, int levels,
                                      bool line) {
  const auto row = static_cast<std::size_t>(as.anchors) * static_cast<std::size_t>(as.numbers);
  std::vector<double> result;
  result.reserve(numbers.size() * static_cast<std::size_t>(as.levels == 1 ? levels : 1) * (line ? 2 : 1));
  const auto of_level = [&](std::span<const double> references) {
    if (!line) result.insert(result.end(), references.begin(), references.end());
    for (std::size_t i = 0; line && i < row; i += static_cast<std::size_t>(as.numbers)) {
      result.push_back(references[i]), result.push_back(0.5);
      if (as.numbers == 2) result.push_back(references[i + 1]), result.push_back(1);
    }
  };
  for (std::size_t first = 0; first < numbers.size(); first += row)
    for (int copy = 0; copy < (as.levels == 1 ? levels : 1); ++copy) of_level(numbers.subspan(first, row));
  return result;
}

std::vector<double> with_rows_of_y(std::span<const double> rows, std::size_t row) {
  std::vector<double> result(2 * rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) result[i / row * 2 * row + i % row] = rows[i];
  return result;
}

void scale_offsets(Workload& w, const LayerMetadata& metadata) {
  if (!w.boxes) return;
  const auto row = static_cast<std::size_t>(w.embed_dim);
  std::size_t output = 0;
  for (int head = 0; head < w.heads; ++head)
    for (std::size_t level = 0; level < w.level_shapes.size(); ++level)
      for (int number = 0; number < 2 * w.points_of(level); ++number, ++output) {
        const auto& shape = w.level_shapes[level];
        const double parts =
            metadata.offsets_in_pixels ? (number % 2 == 0 ? shape.width : shape.height) : w.points_of(level);
        const double factor = metadata.offset_scale / 0.5 * w.points / parts;
        if (factor == 1) continue;
        for (std::size_t k = 0; k < row; ++k) w.offset_weight[output * row + k] *= factor;
        w.offset_bias[output] *= factor;
      }
}

void project_by_identity(std::vector<double>& weight, std::vector<double>& bias, int channels) {
  const auto c = static_cast<std::size_t>(channels);
  weight.assign(c * c, 0), bias.assign(c, 0);
  for (std::size_t i = 0; i < c; ++i) weight[i * c + i] = 1;
}

std::vector<std::string> variants_of(const LayerMetadata& m, const ReferenceShape& references, const Workload& w,
                                     bool line, bool output_proj) {
  std::vector<std::string> found;
  if (!w.level_points.empty()) found.push_back(fmt::format("points by level {}", fmt::join(w.level_points, ", ")));
  if (w.boxes && m.offsets_in_pixels) found.emplace_back("offsets in pixels times the box");
  if (w.boxes && m.offset_scale != 0.5) found.push_back(fmt::format("offset scale {:g}", m.offset_scale));
  if (references.anchors > 1) found.push_back(fmt::format("{} references for the points in turn", references.anchors));
  if (references.levels == 1 && w.levels > 1) found.emplace_back("references shared by the levels");
  if (m.mask_of_valid && w.masked) found.emplace_back("mask of valid tokens");
  if (line) found.emplace_back("one-dimensional maps");
  if (w.source_is_map) found.emplace_back("no value projection");
  if (!output_proj) found.emplace_back("no output projection");
  return found;
}

}  // namespace quillgen
