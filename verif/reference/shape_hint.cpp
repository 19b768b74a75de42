#include "reference/shape_hint.hpp"

#include <algorithm>

namespace quillgen {
namespace {

TensorShape without_ones(TensorShape shape) {
  std::erase(shape, 1);
  return shape;
}

}  // namespace

std::string shape_hint(const TensorShape& shape, const TensorShape& expected) {
  if (shape.size() == expected.size() + 1) {
    if (std::equal(expected.begin(), expected.end(), shape.begin() + 1))
      return "; export one image, without the batch dimension, as x[0]";
    if (without_ones(shape) == without_ones(expected))
      return "; export one image, without the batch dimension, as x.squeeze(1)";
  }
  if (expected.size() == 2 && shape == TensorShape{expected[1], expected[0]})
    return "; it is transposed: torch.nn.Linear has [outputs, inputs]";
  return "";
}

}  // namespace quillgen
