// One attention layer and its inputs, as a user exports them from PyTorch.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/layer.hpp"
#include "reference/layer_metadata.hpp"
#include "reference/safetensors.hpp"

namespace quillgen {

/// All tensors dense, row-major, in double precision, and of the one form that is computed, whatever variant the file
/// holds (variants.hpp). C = embed_dim, M = heads, L = levels, P = points of a head, those of all its levels.
struct Workload {
  std::string file;
  int embed_dim = 0, heads = 0, levels = 0;
  int points = 0;                                  ///< K, the most of a level
  std::vector<int> level_points;                   ///< [L], points of each level; or empty, all have K
  int anchors = 1;                                 ///< Z: point k of a level is measured from its reference k mod Z
  int queries = 0;                                 ///< Lq
  int tokens = 0;                                  ///< S, pixels of all levels
  std::vector<model::LevelShape> level_shapes;     ///< [L]
  std::vector<double> query;                       ///< [Lq, C]
  bool boxes = false;                              ///< references are boxes, not points
  std::vector<double> reference_points;            ///< [Lq, L, Z, 2|4] as (x, y[, width, height]), 1 = a level's side
  bool masked = false;                             ///< there is a mask
  bool source_is_map = false;                      ///< there is no value projection; its weights and biases are empty
  std::vector<std::string> variants;               ///< in words, what of the file is not the plain operation
  std::vector<std::uint8_t> padding;               ///< [S], 1 = padded token; or empty, none is
  std::vector<int> index_list;                     ///< queries that are wanted, in this order; or empty, all are
  std::vector<double> source;                      ///< [S, C], level after level
  std::vector<double> value_weight, value_bias;    ///< [C, C], [C]
  std::vector<double> offset_weight, offset_bias;  ///< [2MP, C], [2MP]; rows (head, level, point, x|y)
  std::vector<double> logit_weight, logit_bias;    ///< [MP, C], [MP]
  std::vector<double> output_weight, output_bias;  ///< [C, C], [C]
  std::vector<double> expected_output;             ///< [Lq, C], results of the exporter; or empty

  /// Of a level.
  int points_of(std::size_t level) const { return level_points.empty() ? points : level_points[level]; }
  int samples_per_head() const;     ///< P
  int level_of(int n) const;        ///< .. of point n of a head
  std::vector<int> wanted() const;  ///< the queries that are to be computed, in this order
};

/// A safetensors file with a layer; README.md has its rules. Its numbers are read only when they are asked for, so that
/// a large layer that does not fit is refused at once. Both functions throw UserError (one line, naming file and
/// tensor) for a file that breaks a rule.
class WorkloadFile {
 public:
  /// Reads and checks names, metadata and shapes.
  explicit WorkloadFile(const std::string& file);

  /// Dimensions, level shapes, boxes and index list; the other tensors are empty.
  const Workload& shape() const { return shape_; }
  /// All of it, every number checked.
  Workload load() const;

 private:
  Safetensors file_;
  LayerMetadata metadata_;
  bool lines_ = false;  ///< the maps are one-dimensional
  Workload shape_;
};

/// The whole file.
inline Workload load_workload(const std::string& file) { return WorkloadFile(file).load(); }

/// Throws UserError unless `config` was made for a layer of these dimensions and is large enough for it.
void check_fits(const Workload& workload, const Config& config);

}  // namespace quillgen
