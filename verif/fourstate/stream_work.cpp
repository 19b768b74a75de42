#include "fourstate/stream_work.hpp"

#include <algorithm>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "harness/stall.hpp"

namespace quillgen {
namespace {

using Numbers = std::vector<std::int32_t>;
using harness::Chance;

Numbers numbers(std::size_t count, int bits, Chance& chance) {
  Numbers all(count);
  for (auto& x : all)
    x = static_cast<std::int32_t>(static_cast<std::int64_t>(chance.below(std::uint64_t{1} << bits)) -
                                  (std::int64_t{1} << (bits - 1)));
  return all;
}

/// Operands of `bits` bits, in place of those that there are.
void form(Numbers& operands, std::optional<model::Requant>& scale, Numbers& rows, Numbers* positions, int stream_bits,
          int bits, Chance& chance) {
  scale = model::Requant{0, static_cast<std::uint32_t>((1 << 15) + chance.below(1 << 15)),
                         static_cast<std::uint32_t>(16 + stream_bits - bits > 1 ? 16 + stream_bits - bits : 1)};
  rows = numbers(operands.size(), stream_bits, chance);
  if (positions != nullptr) *positions = numbers(operands.size(), stream_bits, chance);
  operands = model::form_operands(rows, positions != nullptr ? *positions : Numbers(), *scale, bits);
}

/// Results have the bits of what is added to the stream: so many more than they had.
void widen(std::vector<model::Requant>& requants, int more) {
  for (auto& r : requants) r.shift = static_cast<std::uint32_t>(std::clamp(static_cast<int>(r.shift) - more, 1, 47));
}

void add_norm(model::Stream& stream, int rows, int channels, Chance& chance) {
  const auto count = static_cast<std::size_t>(channels);
  stream.norm = model::Norm{numbers(count, 15, chance), numbers(count, 24, chance), 12, 100};
  stream.residual = numbers(static_cast<std::size_t>(rows) * count, stream.bits, chance);
}

}  // namespace

void add_stream(model::QuantisedLayer& layer, const Config& config, StreamParts parts, std::uint64_t seed) {
  Chance chance(seed);
  auto& s = layer.stream;
  s.bits = config.network.stream_bits;
  if (parts.formed) {
    form(layer.query, s.query, s.queries, &s.positions, s.bits, config.numerics.query_bits, chance);
    form(layer.source, s.source, s.sources, nullptr, s.bits, config.numerics.feature_bits, chance);
  }
  if (!parts.norm) return;
  add_norm(s, layer.queries, config.attention.embed_dim, chance);
  widen(layer.output_requant, branch_bits(config) - layer.numerics.output_bits);
  layer.numerics.output_bits = branch_bits(config);
}

void add_stream(model::DenseLayer& layer, const Config& config, StreamParts parts, std::uint64_t seed) {
  if (parts.norm && layer.outputs != config.attention.embed_dim)
    throw UserError("a dense job with a norm has as many outputs as the layer has channels");
  Chance chance(seed);
  auto& s = layer.stream;
  s.bits = config.network.stream_bits;
  if (parts.formed) form(layer.input, s.query, s.queries, &s.positions, s.bits, config.numerics.query_bits, chance);
  // Without a norm: rows of the stream.
  layer.result_bits = parts.norm ? branch_bits(config) : s.bits;
  widen(layer.requant, layer.result_bits - layer.numerics.output_bits);
  if (parts.norm) add_norm(s, layer.rows, layer.outputs, chance);
}

void add_activation(model::DenseLayer& layer, model::Function function) {
  const int bits = layer.product_bits();
  widen(layer.requant, model::activation_bits - bits);
  const int whole = function == model::Function::sigmoid ? 28 : 32;  // a result of 1, or of 16, and 16 bits of scale
  layer.activation = {function, {0, 50000, static_cast<std::uint32_t>(whole - bits)}};
}

}  // namespace quillgen
