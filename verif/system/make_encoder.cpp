// An encoder layer of a Deformable DETR as a workload file: made up, but with the statistics of such a layer.
//   make_encoder FILE SEED EMBED_DIM HEADS POINTS HEIGHTxWIDTH...
// Every token is a query, its reference the centre of its pixel. Features are normal, as after a layer norm, and
// queries are features plus a position. Point k of head m lies k + 1 pixels from the reference in direction m, as the
// module is initialised, and is moved by about half a pixel from query to query, as training makes it.
#include <cmath>
#include <cstdio>
#include <numbers>

#include "system/layer_file.hpp"

using namespace quillgen;

namespace {

using Floats = std::vector<float>;

Floats normal(test::Random& random, std::int64_t count, float deviation) {
  Floats all(static_cast<std::size_t>(count));
  for (auto& x : all) x = random.normal(deviation);
  return all;
}

/// Centres of all pixels, the same on every level: [S, L, 2].
Floats references(const test::Levels& levels) {
  Floats all;
  for (std::size_t l = 0; l < levels.sides.size(); l += 2) {
    const auto height = levels.sides[l], width = levels.sides[l + 1];
    for (std::int64_t i = 0; i < height * width; ++i)
      for (std::int64_t n = 0; n < levels.count(); ++n) {
        all.push_back((static_cast<float>(i % width) + 0.5F) / static_cast<float>(width));
        all.push_back((static_cast<float>(i / width) + 0.5F) / static_cast<float>(height));
      }
  }
  return all;
}

/// Features plus sines of the token's number: [S, C].
Floats queries(const Floats& source, std::int64_t channels) {
  auto all = source;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto token = i / static_cast<std::size_t>(channels), channel = i % static_cast<std::size_t>(channels);
    all[i] += std::sin(static_cast<float>(token) /
                       std::pow(100.0F, static_cast<float>(channel) / static_cast<float>(channels)));
  }
  return all;
}

/// Rings of points: [M, L, K, 2], pixels.
Floats rings(std::int64_t heads, std::int64_t levels, std::int64_t points) {
  Floats all;
  for (std::int64_t m = 0; m < heads; ++m) {
    const float angle = 2 * std::numbers::pi_v<float> * static_cast<float>(m) / static_cast<float>(heads);
    const float x = std::cos(angle), y = std::sin(angle), longer = std::max(std::abs(x), std::abs(y));
    for (std::int64_t i = 0; i < levels * points; ++i) {
      const auto distance = static_cast<float>(i % points + 1);
      all.push_back(distance * x / longer), all.push_back(distance * y / longer);
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fputs("usage: make_encoder FILE SEED EMBED_DIM HEADS POINTS HEIGHTxWIDTH...\n", stderr);
    return 2;
  }
  test::Random random(static_cast<std::uint32_t>(std::stoul(argv[2])));
  const test::Levels levels({argv + 6, argv + argc});
  const std::int64_t c = std::stol(argv[3]), heads = std::stol(argv[4]), points = std::stol(argv[5]),
                     samples = heads * levels.count() * points;
  // Queries are of length sqrt(1.5 C), so that a row of such weights makes numbers of deviation 1.
  const float unit = 1 / std::sqrt(1.5F * static_cast<float>(c)), even = 1 / std::sqrt(static_cast<float>(c));

  auto file = test::layer_file(c, heads, points, levels);
  const auto add = [&](const char* name, const std::vector<std::int64_t>& shape, const Floats& numbers) {
    file.add(name, "F32", shape, test::bytes_of(numbers));
  };
  const auto source = normal(random, levels.tokens * c, 1);
  add("input_flatten", {levels.tokens, c}, source);
  add("query", {levels.tokens, c}, queries(source, c));
  add("reference_points", {levels.tokens, levels.count(), 2}, references(levels));
  add("sampling_offsets.weight", {samples * 2, c}, normal(random, samples * 2 * c, 0.5F * unit));
  add("sampling_offsets.bias", {samples * 2}, rings(heads, levels.count(), points));
  add("attention_weights.weight", {samples, c}, normal(random, samples * c, unit));
  add("attention_weights.bias", {samples}, normal(random, samples, 0.5F));
  add("value_proj.weight", {c, c}, normal(random, c * c, even));
  add("value_proj.bias", {c}, normal(random, c, 0.1F));
  add("output_proj.weight", {c, c}, normal(random, c * c, even));
  add("output_proj.bias", {c}, normal(random, c, 0.1F));
  return test::write_file(file, argv[1]);
}
