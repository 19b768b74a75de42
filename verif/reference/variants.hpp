// Variants of the operation that published modules have, said in the one form that is computed (README.md): offsets in
// pixels or in halves of a box divided by the most points of a level, references of each level and anchor, maps with a
// height, an output projection. Each of these steps is exact, but for roundings of double precision.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "reference/layer_metadata.hpp"
#include "reference/shape_hint.hpp"
#include "reference/workload.hpp"

namespace quillgen {

/// How the references of a file are laid out.
struct ReferenceShape {
  int levels = 1;   ///< L, or 1: all levels share them
  int anchors = 1;  ///< Z, references of a level
  int numbers = 2;  ///< of a reference: 2 or 4, and of one-dimensional maps 1 or 2
};

/// Of a tensor [Lq, n], [Lq, L or 1, n], [Lq, L or 1, Z, n] or, of points, [Lq, Z, n]; nothing else is legal. False if
/// it is none. `line`: the maps are one-dimensional.
bool reference_shape(const TensorShape& shape, int queries, int levels, bool of_points, bool line, ReferenceShape& as);

/// References as they stand in a file -> [Lq, L, Z, 2|4]. A place on a line lies in the middle of its height, a stretch
/// of it becomes a box as high as the level.
std::vector<double> spread_references(std::span<const double> numbers, const ReferenceShape& as, int levels, bool line);

/// Rows of offsets along a line, [R, row], as those of x with others of y, all 0, between them: [2R, row].
std::vector<double> with_rows_of_y(std::span<const double> rows, std::size_t row);

/// Offsets of a layer with boxes, in units of N5: its weights and biases are multiplied.
void scale_offsets(Workload& w, const LayerMetadata& metadata);

/// The matrix that changes nothing.
void project_by_identity(std::vector<double>& weight, std::vector<double>& bias, int channels);

/// In words, what of the layer is not the plain operation; for reports.
std::vector<std::string> variants_of(const LayerMetadata& metadata, const ReferenceShape& references, const Workload& w,
                                     bool line, bool output_proj);

}  // namespace quillgen
