#include "harness/parameters.hpp"

#include <algorithm>
#include <functional>

#include "config/derived.hpp"

namespace quillgen::harness {
namespace {

using model::QuantisedLayer;
using model::Requant;

constexpr int requant_bits = 32 + 16 + 6;  // bias, mult, shift

void add_scale(BitWriter& out, const Requant& r) {
  out.add(r.mult, 16);
  out.add(r.shift, 6);
}

void add_requant(BitWriter& out, const Requant& r) {
  out.add(static_cast<std::uint32_t>(r.bias), 32);
  add_scale(out, r);
}

/// A matrix as the PE array computes it: its outputs in the order of the columns, tile after tile.
struct Matrix {
  int inner, outputs;
  std::function<Requant(int output)> requant;
  std::function<std::int32_t(int output, int channel)> weight;
};

/// `tiles` tiles from `first`: requantisation entries, then weights by tile, step, column; of several columns
/// together. Zeros beyond the ends of the matrix.
void add_tiles(BitWriter& out, const Matrix& matrix, int first, int tiles, const Config& config) {
  const int columns = config.gemm.columns, depth = config.gemm.depth;
  const int bits = std::max(config.numerics.query_weight_bits, config.numerics.feature_weight_bits);
  const int entries = columns_together(config, requant_bits), words = columns_together(config, depth * bits);
  for (int output = first * columns; output < (first + tiles) * columns; ++output) {
    add_requant(out, output < matrix.outputs ? matrix.requant(output) : Requant{0, 0, 0});
    if (output % entries == entries - 1) out.pad_to(beat_bytes(config.memory));
  }
  for (int tile = first; tile < first + tiles; ++tile)
    for (int step = 0; step < gemm_steps(config, matrix.inner); ++step)
      for (int column = 0; column < columns; ++column) {
        const int output = tile * columns + column;
        for (int channel = step * depth; channel < (step + 1) * depth; ++channel) {
          const bool inside = output < matrix.outputs && channel < matrix.inner;
          out.add(inside ? static_cast<std::uint64_t>(matrix.weight(output, channel)) : 0, bits);
        }
        if (column % words == words - 1) out.pad_to(beat_bytes(config.memory));
      }
}

Matrix value_matrix(const QuantisedLayer& layer, const Config& config) {
  const int channels = config.attention.embed_dim;
  return {channels, channels, [&](int output) { return layer.value_requant[output]; },
          [&layer, channels](int output, int channel) { return layer.value_weight[output * channels + channel]; }};
}

/// Logits of the samples, then offset x and offset y of each, both filled up to whole tiles; the lanes take turns,
/// those of the first head lane first.
Matrix query_matrix(const QuantisedLayer& layer, const Config& config) {
  const int channels = config.attention.embed_dim, samples = config.attention.samples_per_query(),
            lanes = config.core.lanes(), first_offset = logit_tiles(config) * config.gemm.columns;
  /// Row of the matrices of the layer that an output is; -1: of none.
  const auto row_of = [=](int output) {
    const bool logit = output < first_offset;
    const int place = logit ? output : (output - first_offset) / 2;
    if (place >= samples) return -1;
    const int sample = lane_sample(config, place % lanes, place / lanes);
    return logit ? sample : sample * 2 + (output - first_offset) % 2;
  };
  const auto requant = [&layer, row_of, first_offset](int output) {
    const int row = row_of(output);
    if (row < 0) return Requant{0, 0, 0};
    return output < first_offset ? layer.logit_requant[row] : layer.offset_requant[row];
  };
  const auto weight = [&layer, row_of, first_offset, channels](int output, int channel) {
    const int row = row_of(output);
    if (row < 0) return 0;
    return (output < first_offset ? layer.logit_weight : layer.offset_weight)[row * channels + channel];
  };
  return {channels, query_tiles(config) * config.gemm.columns, requant, weight};
}

Matrix dense_matrix(const model::DenseLayer& layer) {
  return {layer.inner, layer.outputs, [&](int output) { return layer.requant[output]; },
          [&layer](int output, int channel) {
            return layer.weight[static_cast<std::size_t>(output) * layer.inner + channel];
          }};
}

void add_head_requants(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const int units = head_requant_units(config), lanes = config.core.head_lanes;
  const int channels = config.attention.embed_dim / lanes;  // of a lane
  for (int i = 0; i < channels / units; ++i)
    for (int lane = 0; lane < lanes; ++lane) {
      for (int u = 0; u < units; ++u) add_scale(out, layer.head_requant[lane * channels + i * units + u]);
      out.pad_to(beat_bytes(config.memory));
    }
}

void add_output_weights(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const auto& a = config.attention;
  const int columns = config.core.projection_columns, lanes = config.core.head_lanes, heads = a.heads / lanes;
  for (int of_lane = 0; of_lane < heads; ++of_lane)
    for (int group = 0; group < divide_up(a.embed_dim, columns); ++group)
      for (int bank = 0; bank < lanes * columns; ++bank) {
        const int output = group * columns + bank % columns, head = bank / columns * heads + of_lane;
        for (int d = 0; d < a.head_dim(); ++d) {
          const auto at = static_cast<std::size_t>(output) * a.embed_dim + head * a.head_dim() + d;
          out.add(output < a.embed_dim ? static_cast<std::uint64_t>(layer.output_weight[at]) : 0,
                  config.numerics.output_weight_bits);
        }
        out.pad_to(beat_bytes(config.memory));
      }
}

void add_output_requants(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const int columns = config.core.projection_columns;
  for (int output = 0; output < divide_up(config.attention.embed_dim, columns) * columns; ++output) {
    if (output < config.attention.embed_dim) add_requant(out, layer.output_requant[output]);
    else add_requant(out, {0, 0, 0});
    out.pad_to(beat_bytes(config.memory));
  }
}

/// gamma and beta of the channels of a beat of results together.
void add_norm(BitWriter& out, const model::Norm& norm, const Config& config) {
  const auto together = static_cast<std::size_t>(beat_bytes(config.memory) / element_bytes(result_width(config)));
  for (std::size_t channel = 0; channel < norm.gamma.size(); ++channel) {
    out.add(static_cast<std::uint64_t>(norm.gamma[channel]), 16);
    out.add(static_cast<std::uint32_t>(norm.beta[channel]), 32);
    if (channel % together == together - 1) out.pad_to(beat_bytes(config.memory));
  }
}

}  // namespace

Bytes pack_parameters(const QuantisedLayer& layer, const Config& config) {
  BitWriter out;
  add_tiles(out, value_matrix(layer, config), 0, value_tiles(config), config);
  add_tiles(out, query_matrix(layer, config), 0, query_tiles(config), config);
  add_head_requants(out, layer, config);
  add_output_weights(out, layer, config);
  add_output_requants(out, layer, config);
  if (layer.stream.norm) add_norm(out, *layer.stream.norm, config);
  return out.bytes();
}

int panel_tiles(const Config& config, int inner, int outputs) {
  const int tiles = divide_up(outputs, config.gemm.columns), steps = gemm_steps(config, inner);
  const int most = most_panel_tiles(config), aligned = aligned_tiles(config);
  const bool fits = tiles <= most && tiles * steps <= weight_words(config) && tiles <= requant_words(config);
  if (fits) return tiles;
  const int largest = std::min(most, weight_words(config) / 2 / steps) / aligned * aligned;
  return divide_up(divide_up(tiles, divide_up(tiles, largest)), aligned) * aligned;
}

Bytes pack_panels(const model::DenseLayer& layer, const Config& config) {
  const int tiles = divide_up(layer.outputs, config.gemm.columns);
  const int of_panel = panel_tiles(config, layer.inner, layer.outputs);
  const auto matrix = dense_matrix(layer);
  BitWriter out;
  for (int first = 0; first < tiles; first += of_panel)
    add_tiles(out, matrix, first, std::min(of_panel, tiles - first), config);
  if (layer.stream.norm) add_norm(out, *layer.stream.norm, config);
  return out.bytes();
}

}  // namespace quillgen::harness
