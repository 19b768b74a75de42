#include "harness/layout.hpp"

#include <quillgen_regs.h>

#include <cassert>

#include "config/derived.hpp"

namespace quillgen::harness {
namespace {

using model::QuantisedLayer;
using model::Requant;

void write_element(std::uint8_t* bytes, std::int32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void add_bias(BitWriter& out, const Requant& r) { out.add(static_cast<std::uint32_t>(r.bias), 32); }

void add_scale(BitWriter& out, const Requant& r) {
  out.add(r.mult, 16);
  out.add(r.shift, 6);
}

void add_requant(BitWriter& out, const Requant& r) {
  add_bias(out, r);
  add_scale(out, r);
}

/// The number of the sample at a place of the query tables: the lanes take turns.
int sample_at(const Config& config, int place) {
  const int lanes = config.core.lanes;
  return place % lanes * (config.attention.samples_per_query() / lanes) + place / lanes;
}

/// Weights of the offset and logit projection, as the PE array consumes them: group, step, column.
void add_query_weights(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const int samples = config.attention.samples_per_query(), channels = config.attention.embed_dim;
  const int group_samples = config.gemm.columns / 3, depth = config.gemm.depth;
  const auto weight = [&](int place, int kind, int channel) {
    if (place >= samples || channel >= channels) return 0;
    const int sample = sample_at(config, place);
    return kind < 2 ? layer.offset_weight[static_cast<std::size_t>(sample * 2 + kind) * channels + channel]
                    : layer.logit_weight[static_cast<std::size_t>(sample) * channels + channel];
  };
  for (int group = 0; group < divide_up(samples, group_samples); ++group)
    for (int step = 0; step < divide_up(channels, depth); ++step)
      for (int column = 0; column < config.gemm.columns; ++column) {
        for (int i = 0; i < depth; ++i)
          out.add(static_cast<std::uint64_t>(weight(group * group_samples + column / 3, column % 3, step * depth + i)),
                  config.numerics.query_weight_bits);
        out.pad_to(beat_bytes(config.memory));
      }
}

void add_query_requants(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  for (int i = 0; i < config.attention.samples_per_query(); ++i) {
    const int n = sample_at(config, i);
    add_requant(out, layer.offset_requant[n * 2]);
    add_requant(out, layer.offset_requant[n * 2 + 1]);
    add_requant(out, layer.logit_requant[n]);
    out.pad_to(beat_bytes(config.memory));
  }
}

void add_head_requants(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const int units = head_requant_units(config.attention), lanes = config.core.lanes;
  const int channels = config.attention.embed_dim / lanes;  // of a lane
  for (int i = 0; i < channels / units; ++i)
    for (int lane = 0; lane < lanes; ++lane) {
      for (int u = 0; u < units; ++u) add_scale(out, layer.head_requant[lane * channels + i * units + u]);
      out.pad_to(beat_bytes(config.memory));
    }
}

void add_output_weights(BitWriter& out, const QuantisedLayer& layer, const Config& config) {
  const auto& a = config.attention;
  const int columns = config.core.projection_columns, lanes = config.core.lanes, heads = a.heads / lanes;
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

}  // namespace

void BitWriter::add(std::uint64_t value, int bits) {
  for (int i = 0; i < bits; ++i, ++bits_) {
    if (bits_ % 8 == 0) bytes_.push_back(0);
    bytes_.back() |= static_cast<std::uint8_t>((value >> i & 1) << (bits_ % 8));
  }
}

void BitWriter::pad_to(int bytes) {
  while (bytes_.size() % bytes != 0) bytes_.push_back(0);
  bits_ = bytes_.size() * 8;
}

Bytes pack_query_rows(const QuantisedLayer& layer, const Config& config, int stride, Chance& noise) {
  const int channels = config.attention.embed_dim, size = element_bytes(config.numerics.query_bits);
  const int row_bytes = query_row_beats(config) * beat_bytes(config.memory);
  Bytes bytes(static_cast<std::size_t>(layer.queries) * stride);
  for (int q = 0; q < layer.queries; ++q) {
    auto* row = bytes.data() + static_cast<std::size_t>(q) * stride;
    for (int c = 0; c < channels; ++c)
      write_element(row + c * size, layer.query[static_cast<std::size_t>(q) * channels + c], size);
    for (int i = row_bytes; i < stride; ++i) row[i] = static_cast<std::uint8_t>(noise.bits());
  }
  return bytes;
}

Bytes pack_references(const QuantisedLayer& layer) {
  Bytes bytes(layer.reference.size() * 4);
  for (std::size_t i = 0; i < layer.reference.size(); ++i) write_element(bytes.data() + i * 4, layer.reference[i], 4);
  return bytes;
}

Bytes pack_value_map(const QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config,
                     Chance& noise) {
  const auto& a = config.attention;
  const int size = element_bytes(config.numerics.feature_bits), line = line_bytes(config);
  Bytes bytes;
  std::size_t first_token = 0;
  for (const auto& level : layer.levels) {
    for (int by = 0; by < divide_up(level.height, 2); ++by)
      for (int bx = 0; bx < divide_up(level.width, 2); ++bx)
        for (int head = 0; head < a.heads; ++head) {
          const auto start = bytes.size();
          bytes.resize(start + line);
          auto* element = bytes.data() + start;
          for (int pixel = 0; pixel < 4; ++pixel)
            for (int d = 0; d < a.head_dim(); ++d, element += size) {
              const int y = by * 2 + pixel / 2, x = bx * 2 + pixel % 2;
              const bool inside = y < level.height && x < level.width;
              const auto token = first_token + static_cast<std::size_t>(y) * level.width + x;
              write_element(element, inside ? value[token * a.embed_dim + head * a.head_dim() + d] : 0, size);
            }
          while (element != bytes.data() + bytes.size()) *element++ = static_cast<std::uint8_t>(noise.bits());
        }
    first_token += static_cast<std::size_t>(level.height) * level.width;
  }
  assert(value.size() == first_token * a.embed_dim);
  return bytes;
}

Bytes pack_parameters(const QuantisedLayer& layer, const Config& config) {
  BitWriter out;
  add_query_weights(out, layer, config);
  add_query_requants(out, layer, config);
  add_head_requants(out, layer, config);
  add_output_weights(out, layer, config);
  add_output_requants(out, layer, config);
  return out.bytes();
}

Descriptor make_descriptor(const QuantisedLayer& layer, const JobAddresses& a, std::uint32_t job_id) {
  Descriptor d{};
  const auto put = [&](int word, std::uint64_t address) {
    d[word] = static_cast<std::uint32_t>(address);
    d[word + 1] = static_cast<std::uint32_t>(address >> 32);
  };
  d[QUILLGEN_DESCRIPTOR_WORD_KIND] = QUILLGEN_DESCRIPTOR_KIND_VALUE;
  d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] = layer.boxes ? QUILLGEN_DESCRIPTOR_FLAG_BOXES : 0;
  d[QUILLGEN_DESCRIPTOR_WORD_JOB_ID] = job_id;
  d[QUILLGEN_DESCRIPTOR_WORD_QUERIES] = static_cast<std::uint32_t>(layer.queries);
  put(QUILLGEN_DESCRIPTOR_WORD_QUERY_ADDRESS, a.queries);
  put(QUILLGEN_DESCRIPTOR_WORD_REFERENCE_ADDRESS, a.references);
  put(QUILLGEN_DESCRIPTOR_WORD_VALUE_ADDRESS, a.value_map);
  put(QUILLGEN_DESCRIPTOR_WORD_PARAMETER_ADDRESS, a.parameters);
  put(QUILLGEN_DESCRIPTOR_WORD_OUTPUT_ADDRESS, a.outputs);
  d[QUILLGEN_DESCRIPTOR_WORD_QUERY_STRIDE] = static_cast<std::uint32_t>(a.query_stride);
  d[QUILLGEN_DESCRIPTOR_WORD_OUTPUT_STRIDE] = static_cast<std::uint32_t>(a.output_stride);
  for (std::size_t l = 0; l < layer.levels.size(); ++l)
    d[QUILLGEN_DESCRIPTOR_WORD_LEVELS + l] =
        static_cast<std::uint32_t>(layer.levels[l].width | layer.levels[l].height << 16);
  return d;
}

Bytes to_bytes(const Descriptor& descriptor) {
  Bytes bytes(descriptor.size() * 4);
  for (std::size_t i = 0; i < descriptor.size(); ++i)
    write_element(bytes.data() + i * 4, static_cast<std::int32_t>(descriptor[i]), 4);
  return bytes;
}

std::int32_t read_element(const std::uint8_t* bytes, int element_bytes) {
  if (element_bytes == 1) return static_cast<std::int8_t>(bytes[0]);
  return static_cast<std::int16_t>(bytes[0] | bytes[1] << 8);
}

}  // namespace quillgen::harness
