#include "model/dense.hpp"

#include <algorithm>
#include <array>

#include "model/boxes.hpp"
#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {

void validate(const DenseLayer& layer) {
  const auto& n = layer.numerics;
  check(layer.rows > 0 && layer.inner > 0 && layer.outputs > 0, "dense layer: dimensions");
  check(has_shape(layer.input, layer.rows, layer.inner) && all_fit(layer.input, n.query_bits), "dense layer: input");
  check(has_shape(layer.weight, layer.outputs, layer.inner) && all_fit(layer.weight, n.query_weight_bits),
        "dense layer: weight");
  check(has_shape(layer.requant, layer.outputs, 1) && all_legal(layer.requant), "dense layer: requant");
  check(layer.index_list.empty() || has_shape(layer.index_list, layer.rows, 1), "dense layer: index list");
  check(std::ranges::all_of(layer.index_list, [&](int i) { return i >= 0 && i < layer.list_rows; }),
        "dense layer: an index of the list");
  const auto& s = layer.stream;
  check(!s.query || form_operands(s.queries, s.positions, *s.query, n.query_bits) == layer.input,
        "dense layer: operands");
  check(!s.norm || (layer.product_bits() == s.bits + 2 && has_shape(s.residual, layer.rows, layer.outputs) &&
                    all_fit(s.residual, s.bits)),
        "dense layer: residual");
  check(!by_pieces(layer.activation.function) ||
            (all_legal({layer.activation.scale}) && layer.activation.scale.bias == 0 && !s.norm && layer.boxes.empty()),
        "dense layer: activation");
  check(layer.boxes.empty() ||
            (has_shape(layer.boxes, layer.rows, 4) && layer.outputs == 4 && layer.product_bits() == box_delta_bits),
        "dense layer: boxes");
}

std::vector<std::int32_t> run_dense(const DenseLayer& layer) {
  validate(layer);
  auto result =
      linear(layer.input, layer.weight, layer.requant, static_cast<std::size_t>(layer.inner), layer.sum_bits());
  for (auto& y : result) y = activate(layer.activation, y, layer.product_bits());
  if (!layer.boxes.empty()) {
    std::vector<std::int32_t> rows;
    for (std::size_t box = 0; box < layer.boxes.size(); box += 4) {
      std::array<std::int32_t, 4> logits{};
      for (std::size_t i = 0; i < 4; ++i) logits[i] = refine(layer.boxes[box + i], result[box + i]);
      for (int level = 0; level < layer.box_levels; ++level)
        for (const auto logit : logits) rows.push_back(box_reference(logit));
      rows.insert(rows.end(), logits.begin(), logits.end());
    }
    return rows;
  }
  const auto& s = layer.stream;
  return s.norm ? add_and_norm(s.residual, result, *s.norm, s.bits) : result;
}

}  // namespace quillgen::model
