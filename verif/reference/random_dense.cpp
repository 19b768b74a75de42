#include "reference/random_dense.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <random>

namespace quillgen {
namespace {

class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : random_(seed) {}

  /// low .. high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  std::vector<std::int32_t> tensor(int rows, int columns, int bits) {
    std::vector<std::int32_t> all(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    const std::int64_t limit = std::int64_t{1} << (bits - 1);
    for (auto& x : all) x = static_cast<std::int32_t>(between(-limit, limit - 1));
    return all;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

model::DenseLayer random_dense(const Numerics& n, const DenseShape& shape, bool relu, std::uint64_t seed) {
  Numbers numbers(seed);
  model::DenseLayer layer{n, shape.rows, shape.inner, shape.outputs, {}, {}, {}, model::relu_if(relu)};
  layer.input = numbers.tensor(shape.rows, shape.inner, n.query_bits);
  layer.weight = numbers.tensor(shape.outputs, shape.inner, n.query_weight_bits);
  // A sum of `inner` products of such numbers is of about 2^this.
  const int inner_bits = std::bit_width(static_cast<unsigned>(shape.inner) - 1);
  const int sum_bits = n.query_bits + n.query_weight_bits - 3 + inner_bits / 2;
  for (int output = 0; output < shape.outputs; ++output) {
    model::Requant r;
    r.mult = static_cast<std::uint32_t>(numbers.between(1 << 15, (1 << 16) - 1));
    const auto shift = 16 + sum_bits - (n.output_bits - 1 + numbers.between(-1, 1));
    r.shift = static_cast<std::uint32_t>(std::clamp<std::int64_t>(shift, 1, 47));
    const std::int64_t limit = std::int64_t{1} << std::clamp(sum_bits, 0, 30);
    r.bias = static_cast<std::int32_t>(numbers.between(-limit, limit));
    using Limits = std::numeric_limits<std::int32_t>;
    if (numbers.between(0, 15) == 0) r.bias = numbers.between(0, 1) == 0 ? Limits::min() : Limits::max();
    layer.requant.push_back(r);
  }
  return layer;
}

}  // namespace quillgen
