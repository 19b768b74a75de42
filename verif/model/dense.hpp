// A quantised dense layer, C = act(A B + bias), and its result: what a dense job of the hardware is held against.
#pragma once
#include <cstdint>
#include <vector>

#include "model/activation.hpp"
#include "model/layer.hpp"

namespace quillgen::model {

/// Everything the hardware is given; formats as in NUMERICS.md, N11.
struct DenseLayer {
  Numerics numerics;
  int rows = 0, inner = 0, outputs = 0;  ///< M, K, N
  std::vector<std::int32_t> input;       ///< A, [M, K], query_bits
  std::vector<std::int32_t> weight;      ///< B transposed, [N, K], query_weight_bits
  std::vector<Requant> requant;          ///< [N]
  Activation activation = {};
  Stream stream = {};                ///< of a layer of a network; `input` is its operands
  int result_bits = 0;               ///< of the products: with a norm bs + 2; 0: output_bits
  std::vector<int> index_list = {};  ///< [M] or empty, different rows of `list_rows` in memory ..
  int list_rows = 0;
  std::vector<std::int32_t> boxes = {};    ///< [M, 4] logits that the results, of box_delta_bits, move (N17), or empty
  int box_levels = 0;                      ///< levels that their references are written for
  bool gathers = false, scatters = false;  ///< .. where inputs come from; where residuals and outputs lie

  int product_bits() const { return result_bits == 0 ? numerics.output_bits : result_bits; }
  /// Of the products before an activation.
  int sum_bits() const { return by_pieces(activation.function) ? activation_bits : product_bits(); }
};

/// Throws std::logic_error unless every tensor has the size and every number the format that the layer states.
void validate(const DenseLayer& layer);

/// N11: the outputs [M, N], product_bits(), or behind a norm (N13, N14) of the stream; of boxes (N17) [M, 4 * levels +
/// 4], their references on each level and their logits. The layer is validated first.
std::vector<std::int32_t> run_dense(const DenseLayer& layer);

}  // namespace quillgen::model
