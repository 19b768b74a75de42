#include "reference/shape_hint.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quillgen {
namespace {

TensorShape without_ones(TensorShape shape) {
  std::erase(shape, 1);
  return shape;
}

}  // namespace

std::string shape_hint(const TensorShape& shape, const TensorShape& expected) {
  const bool references = expected.size() == 3;
  if (shape.size() == expected.size() + 1) {
    if (std::equal(expected.begin(), expected.end(), shape.begin() + 1))
      return "; export one image, without the batch dimension, as x[0]";
    if (without_ones(shape) == without_ones(expected))
      return "; export one image, without the batch dimension, as x.squeeze(1)";
  }
  if (references) {
    const TensorShape same_for_all = {expected[0], expected[2]};
    const auto rest = without_ones(shape);
    if (rest == without_ones(same_for_all))
      return fmt::format(
          "; give each of the {} levels its own, as x.reshape(-1, 1, {}).repeat(1, {}, 1); they may all be the same",
          expected[1], expected[2], expected[1]);
  }
  if (expected.size() == 2 && shape == TensorShape{expected[1], expected[0]})
    return "; it is transposed: torch.nn.Linear has [outputs, inputs]";
  return "";
}

}  // namespace quillgen
