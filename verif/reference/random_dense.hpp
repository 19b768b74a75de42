// A dense layer of random integers.
#pragma once
#include <cstdint>

#include "model/dense.hpp"

namespace quillgen {

/// Rows, length of a row, outputs.
struct DenseShape {
  int rows = 0, inner = 0, outputs = 0;
};

/// Inputs and weights over their whole range; scales for which most outputs use their format and a few saturate;
/// biases of the size of the sums, here and there the largest. The same on every machine for the same seed.
model::DenseLayer random_dense(const Numerics& numerics, const DenseShape& shape, bool relu, std::uint64_t seed);

}  // namespace quillgen
