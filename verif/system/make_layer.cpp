// A layer with random weights and inputs, as a workload file.
//   make_layer FILE SEED EMBED_DIM HEADS POINTS QUERIES[boxes|sharp|masked|hidden|blank|listed] HEIGHTxWIDTH...
// Sharp: a head looks at a single point, most of them exactly on a pixel, so that weights of exactly 1 occur.
// Masked: tokens are padded, those right of three quarters of a level, as where an image is smaller than others of its
// batch, and some more. Hidden: nearly all tokens are padded, so that none of many blocks in a row is left. Blank: all
// of them. Otherwise references lie in and a little around the map, offsets reach a few pixels, so every case at the
// border occurs.
#include <cmath>
#include <cstdio>

#include "system/layer_file.hpp"

using namespace quillgen;

int main(int argc, char** argv) {
  if (argc < 8) {
    std::fputs(
        "usage: make_layer FILE SEED EMBED_DIM HEADS POINTS QUERIES[boxes|sharp|masked|hidden|blank|listed] "
        "HEIGHTxWIDTH...\n",
        stderr);
    return 2;
  }
  test::Random random(static_cast<std::uint32_t>(std::stoul(argv[2])));
  const test::Levels shapes({argv + 7, argv + argc});
  const std::int64_t c = std::stol(argv[3]), heads = std::stol(argv[4]), points = std::stol(argv[5]),
                     queries = std::stol(argv[6]), levels = shapes.count(), tokens = shapes.tokens,
                     samples = heads * levels * points;
  auto file = test::layer_file(c, heads, points, shapes);
  const std::string kind = argv[6];
  const bool boxes = kind.ends_with("boxes"), sharp = kind.ends_with("sharp"), masked = kind.ends_with("masked"),
             hidden = kind.ends_with("hidden"), blank = kind.ends_with("blank"), listed = kind.ends_with("listed");
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape, float low, float high) {
    std::int64_t count = 1;
    for (const auto side : shape) count *= side;
    std::vector<float> numbers;
    for (std::int64_t i = 0; i < count; ++i) numbers.push_back(random.between(low, high));
    file.add(name, "F32", shape, test::bytes_of(numbers));
  };
  add("query", {queries, c}, -1, 1);
  if (sharp) {
    std::vector<float> centres;
    for (std::int64_t i = 0; i < queries * levels * 2; ++i) {
      const auto side = static_cast<float>(shapes.sides[static_cast<std::size_t>(i % (levels * 2)) ^ 1U]);  // x first
      centres.push_back((std::floor(random.between(0, side)) + 0.5F) / side);
    }
    file.add("reference_points", "F32", {queries, levels, 2}, test::bytes_of(centres));
  } else {
    add("reference_points", {queries, levels, boxes ? 4 : 2}, boxes ? 0.0F : -0.15F, boxes ? 1.0F : 1.15F);
  }
  add("input_flatten", {tokens, c}, -1, 1);
  const float reach = sharp ? 0.0002F : 1;  // pixels: rounded to none
  add("sampling_offsets.weight", {samples * 2, c}, -reach, reach);
  add("sampling_offsets.bias", {samples * 2}, -2 * reach, 2 * reach);
  add("attention_weights.weight", {samples, c}, -1, 1);
  add("attention_weights.bias", {samples}, sharp ? -40.0F : -1.0F, sharp ? 40.0F : 1.0F);
  add("value_proj.weight", {c, c}, -1, 1);
  add("value_proj.bias", {c}, -1, 1);
  add("output_proj.weight", {c, c}, -1, 1);
  add("output_proj.bias", {c}, -1, 1);
  if (masked || hidden || blank) {
    std::vector<std::uint8_t> mask;
    for (std::size_t l = 0; l < shapes.sides.size(); l += 2) {
      const auto height = shapes.sides[l], width = shapes.sides[l + 1];
      for (std::int64_t i = 0; i < height * width; ++i)
        mask.push_back(blank    ? true
                       : hidden ? random.between(0, 1) < 0.98F
                                : 4 * (i % width) >= 3 * width || random.between(0, 1) < 0.15F);
    }
    file.add("input_padding_mask", "BOOL", {tokens}, test::bytes_of(mask));
  }
  if (listed) {  // two in three, scattered, and one of them twice
    std::vector<std::int32_t> list;
    for (std::int64_t i = 0; i < queries; ++i)
      if (i % 3 != 1) list.push_back(static_cast<std::int32_t>(i * 7 % queries));
    list.push_back(list.front());
    file.add("query_indices", "I32", {static_cast<std::int64_t>(list.size())}, test::bytes_of(list));
  }
  return test::write_file(file, argv[1]);
}
