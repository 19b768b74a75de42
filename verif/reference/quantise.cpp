#include "reference/quantise.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include "config/error.hpp"

namespace quillgen {
namespace {

using Integers = std::vector<std::int32_t>;

/// Magnitudes below this count as zero: far below anything F32 holds, and safe to multiply and divide by.
constexpr double tiny = 1e-100;

double largest(std::span<const double> values) {
  double m = 0;
  for (const double x : values) m = std::max(m, std::abs(x));
  return m;
}

/// Real value of one unit; 1 for a tensor of zeros.
double usable_scale(double scale) { return scale < tiny ? 1 : scale; }

/// N1, one scale for the tensor.
double tensor_scale(std::span<const double> values, int bits) {
  return usable_scale(largest(values) / ((1 << (bits - 1)) - 1));
}

std::int32_t round_to(double x, double low, double high) {
  return static_cast<std::int32_t>(std::clamp(std::floor(x + 0.5), low, high));
}

std::int32_t quantised(double x, double scale, int bits) {
  const double limit = std::ldexp(1, bits - 1);
  return round_to(x / scale, -limit, limit - 1);
}

constexpr double int32_min = std::numeric_limits<std::int32_t>::min();
constexpr double int32_max = std::numeric_limits<std::int32_t>::max();

/// Its message starts with `name`, where the ratio comes from.
model::Requant named(const std::string& name, double ratio) {
  try {
    return requant_of(ratio);
  } catch (const UserError& e) {
    throw UserError(fmt::format("{}: {}", name, e.what()));
  }
}

}  // namespace

model::Requant requant_of(double ratio) {
  if (!(ratio >= 0 && ratio < 32768))
    throw UserError(
        fmt::format("requantisation ratio {} must be below 32768; the layer's numbers are out of proportion: "
                    "rescale its inputs or weights",
                    ratio));
  const auto multiplier = [&](int shift) { return std::floor(std::ldexp(ratio, shift) + 0.5); };
  int shift = 47;
  while (shift > 1 && multiplier(shift) >= 65536) --shift;
  // A ratio just under 2^15 may round up to 2^16 at shift 1; the largest multiplier is then the nearest.
  return {0, static_cast<std::uint32_t>(std::min(multiplier(shift), 65535.0)), static_cast<std::uint32_t>(shift)};
}

Integers quantised(std::span<const double> values, double scale, int bits) {
  Integers result;
  result.reserve(values.size());
  for (const double x : values) result.push_back(quantised(x, scale, bits));
  return result;
}

Integers quantised_references(std::span<const double> numbers, bool boxes) {
  Integers result;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool is_size = boxes && i % 4 >= 2;
    result.push_back(round_to(numbers[i] * 65536, is_size ? 0 : int32_min, is_size ? (1 << 17) - 1 : int32_max));
  }
  return result;
}

QuantisedLinear quantise_linear(const std::string& name, std::span<const double> weight, std::span<const double> bias,
                                double input, double per_unit, int bits) {
  QuantisedLinear result;
  const std::size_t length = weight.size() / bias.size();
  for (std::size_t n = 0; n < bias.size(); ++n) {
    const auto row = weight.subspan(n * length, length);
    const double by_weight = largest(row) / ((1 << (bits - 1)) - 1);
    const double by_bias = std::abs(bias[n]) / (input * std::ldexp(1, 30));
    const double scale = usable_scale(std::max(by_weight, by_bias));
    const auto q = quantised(row, scale, bits);
    result.weight.insert(result.weight.end(), q.begin(), q.end());
    auto requant = named(fmt::format("{}.weight, channel {}", name, n), input * scale * per_unit);
    requant.bias = round_to(bias[n] / (input * scale), int32_min, int32_max);
    result.requant.push_back(requant);
  }
  return result;
}

model::QuantisedLayer quantise(const Workload& w, const ReferenceStages& reference, const Config& config,
                               const Pruning& pruning) {
  check_fits(w, config);
  const auto& n = config.numerics;
  model::QuantisedLayer layer;
  layer.attention = config.attention;
  layer.numerics = n;
  layer.queries = w.queries;
  layer.levels = w.level_shapes;
  layer.boxes = w.boxes;
  layer.reference = quantised_references(w.reference_points, w.boxes);
  layer.padding = w.padding;
  layer.pruning = quantised_pruning(pruning, n, config.pruning.count_bits);
  if (layer.pruning.share > 0) layer.image_padding = w.padding;
  layer.index_list = w.index_list;
  layer.value_scale = tensor_scale(reference.value, n.feature_bits);
  layer.head_scale = tensor_scale(reference.core_output, n.head_bits);
  layer.output_scale = tensor_scale(reference.output, n.output_bits);
  const double query_scale = tensor_scale(w.query, n.query_bits);
  const double source_scale = tensor_scale(w.source, n.feature_bits);
  layer.query = quantised(w.query, query_scale, n.query_bits);
  layer.source = quantised(w.source, source_scale, n.feature_bits);

  const auto name = [&](const char* tensor) { return fmt::format("{}: tensor {}", w.file, tensor); };
  const auto install = [](QuantisedLinear&& p, Integers& weight, std::vector<model::Requant>& requant) {
    weight = std::move(p.weight);
    requant = std::move(p.requant);
  };
  if (w.source_is_map) {
    const auto channels = static_cast<std::size_t>(w.embed_dim);
    layer.map = quantised(w.source, layer.value_scale, n.feature_bits);
    layer.value_weight.assign(channels * channels, 0), layer.value_requant.assign(channels, requant_of(0));
  } else {
    install(quantise_linear(name("value_proj"), w.value_weight, w.value_bias, source_scale, 1 / layer.value_scale,
                            n.feature_weight_bits),
            layer.value_weight, layer.value_requant);
  }
  install(quantise_linear(name("sampling_offsets"), w.offset_weight, w.offset_bias, query_scale,
                          std::ldexp(1, n.offset_frac_bits), n.query_weight_bits),
          layer.offset_weight, layer.offset_requant);
  install(quantise_linear(name("attention_weights"), w.logit_weight, w.logit_bias, query_scale,
                          std::numbers::log2e * std::ldexp(1, n.logit_frac_bits), n.query_weight_bits),
          layer.logit_weight, layer.logit_requant);
  install(quantise_linear(name("output_proj"), w.output_weight, w.output_bias, layer.head_scale, 1 / layer.output_scale,
                          n.output_weight_bits),
          layer.output_weight, layer.output_requant);
  const auto head = named(fmt::format("{}: value map against those of the heads, all channels", w.file),
                          std::ldexp(layer.value_scale, -n.corner_bits) / layer.head_scale);
  layer.head_requant.assign(static_cast<std::size_t>(w.embed_dim), head);
  return layer;
}

}  // namespace quillgen
