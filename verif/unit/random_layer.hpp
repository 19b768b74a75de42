// Layers of random integers for tests of the model.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

#include "config/fields.hpp"
#include "model/layer.hpp"

namespace quillgen::test {

inline constexpr const char* numerics_names[] = {"int8", "mixed", "int12"};

struct Random {
  std::mt19937_64 engine;
  explicit Random(unsigned seed) : engine(seed) {}
  std::int64_t in(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine);
  }
  /// A signed number of `bits` bits.
  std::int32_t number(int bits) {
    const std::int64_t limit = std::int64_t{1} << (bits - 1);
    return static_cast<std::int32_t>(in(-limit, limit - 1));
  }
};

/// A random layer of small odd dimensions with every number anywhere in its format.
inline model::QuantisedLayer random_layer(Random& random) {
  model::QuantisedLayer layer;
  layer.numerics = numerics_preset(numerics_names[random.in(0, 2)]);
  const auto& n = layer.numerics;
  auto& a = layer.attention;
  a.heads = static_cast<int>(random.in(1, 3));
  a.embed_dim = a.heads * 2 * static_cast<int>(random.in(1, 3));
  a.levels = static_cast<int>(random.in(1, 3));
  a.points = static_cast<int>(random.in(1, 3));
  layer.queries = static_cast<int>(random.in(1, 5));
  for (int l = 0; l < a.levels; ++l)
    layer.levels.push_back({static_cast<int>(random.in(1, 7)), static_cast<int>(random.in(1, 7))});
  const auto fill = [&](std::vector<std::int32_t>& t, int count, int bits) {
    for (int i = 0; i < count; ++i) t.push_back(random.number(bits));
  };
  const auto requants = [&](std::vector<model::Requant>& t, int count, int shift, bool bias) {
    for (int i = 0; i < count; ++i)
      t.push_back({bias ? random.number(8) : 0, static_cast<std::uint32_t>(random.in(32768, 65535)),
                   static_cast<std::uint32_t>(shift)});
  };
  const int c = a.embed_dim, samples = a.samples_per_query();
  fill(layer.query, layer.queries * c, n.query_bits);
  for (int i = 0; i < layer.queries * a.levels * 2; ++i)  // mostly inside the levels
    layer.reference.push_back(static_cast<std::int32_t>(random.in(-10000, 75000)));
  fill(layer.source, layer.tokens() * c, n.feature_bits);
  fill(layer.value_weight, c * c, n.feature_weight_bits);
  fill(layer.offset_weight, samples * 2 * c, n.query_weight_bits);
  fill(layer.logit_weight, samples * c, n.query_weight_bits);
  fill(layer.output_weight, c * c, n.output_weight_bits);
  requants(layer.value_requant, c, 15 + n.feature_weight_bits, true);
  requants(layer.offset_requant, samples * 2, 23 + n.query_weight_bits, true);
  requants(layer.logit_requant, samples, 18 + n.query_weight_bits, true);
  requants(layer.head_requant, c, 15 + n.corner_bits + n.feature_bits - n.head_bits, false);
  requants(layer.output_requant, c, 15 + n.output_weight_bits, true);
  return layer;
}

}  // namespace quillgen::test
