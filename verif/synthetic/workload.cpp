#include "synthetic/workload.hpp"

#include <fmt/core.h>

#include <bit>
#include <cmath>

#include "reference/safetensors_writer.hpp"

namespace quillgen::synthetic {
namespace {

using Floats = std::vector<float>;

/// The last two channels of a query for every head and level are its tail: mostly 0, now and then `tail_value` times
/// normal, and then they move the points of that head and level far. Large numbers meet weights that are not, so that
/// neither takes the other channels' bits when they are quantised.
constexpr double tail_value = 3;

int tail_channels(const Workload& shape) { return 2 * shape.heads * shape.levels; }

Floats normal(Random& random, std::int64_t count, double deviation, double mean = 0) {
  Floats all(static_cast<std::size_t>(count));
  for (auto& x : all) x = static_cast<float>(mean + deviation * random.scatter());
  return all;
}

/// [Lq, C].
Floats queries(const Workload& shape, Random& random) {
  const auto channels = static_cast<std::size_t>(shape.embed_dim),
             plain = channels - static_cast<std::size_t>(tail_channels(shape));
  Floats all(static_cast<std::size_t>(shape.queries) * channels);
  for (std::size_t row = 0; row < all.size(); row += channels) {
    for (std::size_t c = 0; c < plain; ++c) all[row + c] = static_cast<float>(random.scatter());
    for (std::size_t c = plain; c < channels; c += 2)
      if (random.uniform() < tail_share)
        for (const auto i : {c, c + 1}) all[row + i] = static_cast<float>(tail_value * random.scatter());
  }
  return all;
}

/// [M*L*K*2, C]. Of the plain channels as much as scatters point k by spread(k); of the two of the tail a rotation, a
/// different one for each point.
Floats offset_weight(const Workload& shape, Random& random) {
  const int channels = shape.embed_dim, plain = channels - tail_channels(shape);
  Floats all;
  for (int group = 0; group < shape.heads * shape.levels; ++group)
    for (int point = 0; point < shape.points; ++point) {
      const auto turn = direction(point * 8 / shape.points);
      for (const auto& tail : {Direction{turn.x, -turn.y}, Direction{turn.y, turn.x}}) {  // of x, of y
        const auto row = normal(random, plain, spread(point) / std::sqrt(plain));
        all.insert(all.end(), row.begin(), row.end());
        all.resize(all.size() + static_cast<std::size_t>(channels - plain));
        auto* weights = &all[all.size() - static_cast<std::size_t>(channels - plain - 2 * group)];
        weights[0] = static_cast<float>(tail.x * (tail_pixels / tail_value));
        weights[1] = static_cast<float>(tail.y * (tail_pixels / tail_value));
      }
    }
  return all;
}

/// [M*L*K*2], pixels.
Floats rings(const Workload& shape) {
  Floats all;
  for (int head = 0; head < shape.heads; ++head)
    for (int i = 0; i < shape.levels * shape.points; ++i) {
      const int step = i % shape.points + 1;
      all.push_back(static_cast<float>(step * direction(head).x));
      all.push_back(static_cast<float>(step * direction(head).y));
    }
  return all;
}

/// [M*L*K, C]: the tail has no say.
Floats logit_weight(const Workload& shape, Random& random) {
  const int channels = shape.embed_dim, plain = channels - tail_channels(shape);
  Floats all;
  for (int sample = 0; sample < shape.heads * shape.levels * shape.points; ++sample) {
    const auto row = normal(random, plain, 0.7 / std::sqrt(plain));
    all.insert(all.end(), row.begin(), row.end());
    all.resize(all.size() + static_cast<std::size_t>(channels - plain));
  }
  return all;
}

/// [Lq, L, 2|4].
Floats references(const Layer& layer) {
  Floats all;
  for (const auto& r : layer.references)
    for (int level = 0; level < layer.shape.levels; ++level) {
      all.push_back(static_cast<float>(r.x)), all.push_back(static_cast<float>(r.y));
      if (layer.shape.boxes) all.push_back(static_cast<float>(r.width)), all.push_back(static_cast<float>(r.height));
    }
  return all;
}

/// The upper halves of the numbers, rounded to nearest, to even in the middle.
std::vector<std::uint16_t> to_bf16(const Floats& numbers) {
  std::vector<std::uint16_t> all;
  all.reserve(numbers.size());
  for (const float x : numbers) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    all.push_back(static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16));
  }
  return all;
}

}  // namespace

WorkloadFile workload_file(const std::string& model, const ModelOptions& options,
                           const std::function<void(std::string_view)>& progress) {
  Random random(options.seed);
  const auto layer = draw_layer(model, options, random);
  const auto& w = layer.shape;
  const std::int64_t c = w.embed_dim, samples = std::int64_t{w.heads} * w.levels * w.points;
  const double even = 1 / std::sqrt(static_cast<double>(c));

  SafetensorsWriter file;
  const auto say = [&](const char* name) {
    if (progress) progress(fmt::format("{}: {}", model, name));
  };
  const auto add = [&](const char* name, const std::vector<std::int64_t>& shape, const Floats& numbers) {
    say(name);
    file.add(name, "F32", shape, numbers);
  };
  // The two large tensors, in half the space: 8 bits of precision are those of the features.
  const auto add_half = [&](const char* name, const std::vector<std::int64_t>& shape, const Floats& numbers) {
    say(name);
    file.add(name, "BF16", shape, to_bf16(numbers));
  };
  for (const auto& [key, value] :
       {std::pair{"d_model", w.embed_dim}, {"n_heads", w.heads}, {"n_levels", w.levels}, {"n_points", w.points}})
    file.metadata(key, std::to_string(value));
  const auto given = [](const char* name, const std::string& value) {
    return value.empty() ? "" : fmt::format(" {} {}", name, value);
  };
  file.metadata(
      "made_by",
      fmt::format("quillgen workload --model {}{} --scale {}{}{} --seed {}", model, given("--image", options.image),
                  options.scale, given("--queries", options.queries), given("--masked", options.masked), options.seed));
  std::vector<std::int64_t> sides;
  for (const auto& level : w.level_shapes) sides.insert(sides.end(), {level.height, level.width});
  file.add("spatial_shapes", "I64", {w.levels, 2}, sides);
  if (!w.index_list.empty())
    file.add("query_indices", "I32", {static_cast<std::int64_t>(w.index_list.size())}, w.index_list);
  if (!w.padding.empty()) file.add("input_padding_mask", "BOOL", {w.tokens}, w.padding);
  add("reference_points", {w.queries, w.levels, w.boxes ? 4 : 2}, references(layer));
  add("sampling_offsets.weight", {samples * 2, c}, offset_weight(w, random));
  add("sampling_offsets.bias", {samples * 2}, rings(w));
  add("attention_weights.weight", {samples, c}, logit_weight(w, random));
  add("attention_weights.bias", {samples}, normal(random, samples, 0.5));
  add("value_proj.weight", {c, c}, normal(random, c * c, even));
  add("value_proj.bias", {c}, normal(random, c, 0.1));
  add("output_proj.weight", {c, c}, normal(random, c * c, even));
  add("output_proj.bias", {c}, normal(random, c, 0.1));
  add_half("query", {w.queries, c}, queries(w, random));
  add_half("input_flatten", {w.tokens, c}, normal(random, std::int64_t{w.tokens} * c, 1));
  return {w, file.bytes()};
}

}  // namespace quillgen::synthetic
