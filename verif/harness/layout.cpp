#include "harness/layout.hpp"

#include <quillgen_regs.h>

#include <cassert>

#include "config/derived.hpp"
#include "harness/parameters.hpp"

namespace quillgen::harness {
namespace {

using model::QuantisedLayer;

void write_element(std::uint8_t* bytes, std::int32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

int blocks_of(const QuantisedLayer& layer) {
  int blocks = 0;
  for (const auto& level : layer.levels) blocks += divide_up(level.height, 2) * divide_up(level.width, 2);
  return blocks;
}

/// Calls visit(byte, element) for every element of the value map that is a pixel of a level: its place in the map, and
/// its number in [S, C].
template <typename Visit>
void for_each_element(const QuantisedLayer& layer, const Config& config, const Visit& visit) {
  const auto& a = config.attention;
  const int size = element_bytes(config.numerics.feature_bits), block = block_bytes(config);
  std::size_t first_token = 0, start = 0;
  for (const auto& level : layer.levels) {
    for (int by = 0; by < divide_up(level.height, 2); ++by)
      for (int bx = 0; bx < divide_up(level.width, 2); ++bx)
        for (int head = 0; head < a.heads; ++head, start += block)
          for (int pixel = 0; pixel < 4; ++pixel) {
            const int y = by * 2 + pixel / 2, x = bx * 2 + pixel % 2;
            if (y >= level.height || x >= level.width) continue;
            const auto token = first_token + static_cast<std::size_t>(y) * level.width + x;
            for (int d = 0; d < a.head_dim(); ++d)
              visit(start + (pixel * a.head_dim() + d) * size, token * a.embed_dim + head * a.head_dim() + d);
          }
    first_token += static_cast<std::size_t>(level.height) * level.width;
  }
}

void put_address(Descriptor& d, int word, std::uint64_t address) {
  d[word] = static_cast<std::uint32_t>(address);
  d[word + 1] = static_cast<std::uint32_t>(address >> 32);
}

/// What both kinds have.
Descriptor common_words(std::uint32_t kind, std::uint32_t flags, std::uint32_t job_id, int rows,
                        const JobAddresses& a) {
  Descriptor d{};
  d[QUILLGEN_DESCRIPTOR_WORD_KIND] = kind;
  d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] = flags;
  d[QUILLGEN_DESCRIPTOR_WORD_JOB_ID] = job_id;
  d[QUILLGEN_DESCRIPTOR_WORD_QUERIES] = static_cast<std::uint32_t>(rows);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_QUERY_ADDRESS, a.queries);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_REFERENCE_ADDRESS, a.references);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_VALUE_ADDRESS, a.value_map);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_PARAMETER_ADDRESS, a.parameters);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_OUTPUT_ADDRESS, a.outputs);
  d[QUILLGEN_DESCRIPTOR_WORD_QUERY_STRIDE] = static_cast<std::uint32_t>(a.query_stride);
  d[QUILLGEN_DESCRIPTOR_WORD_OUTPUT_STRIDE] = static_cast<std::uint32_t>(a.output_stride);
  return d;
}

/// Operands of a network, and what becomes of results; with them the flags.
void add_stream(Descriptor& d, const model::Stream& s, unsigned result_format, const JobAddresses& a) {
  const auto operand = [&](int word, int flag, const std::optional<model::Requant>& r) {
    if (!r) return;
    d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= static_cast<std::uint32_t>(flag);
    d[word] = r->mult << QUILLGEN_DESCRIPTOR_OPERAND_MULT_SHIFT | r->shift << QUILLGEN_DESCRIPTOR_OPERAND_SHIFT_SHIFT;
  };
  operand(QUILLGEN_DESCRIPTOR_WORD_QUERY_OPERAND, QUILLGEN_DESCRIPTOR_FLAG_STREAM_QUERIES, s.query);
  operand(QUILLGEN_DESCRIPTOR_WORD_SOURCE_OPERAND, QUILLGEN_DESCRIPTOR_FLAG_STREAM_SOURCES, s.source);
  if (!s.positions.empty()) d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_POSITION;
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_POSITION_ADDRESS, a.positions);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_RESIDUAL_ADDRESS, a.residual);
  d[QUILLGEN_DESCRIPTOR_WORD_EPILOGUE] = result_format << QUILLGEN_DESCRIPTOR_RESULT_FORMAT_SHIFT;
  if (!s.norm) return;
  d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_NORM;
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_EPSILON, static_cast<std::uint64_t>(s.norm->epsilon));
  d[QUILLGEN_DESCRIPTOR_WORD_EPILOGUE] |= static_cast<std::uint32_t>(s.norm->shift)
                                          << QUILLGEN_DESCRIPTOR_NORM_SHIFT_SHIFT;
}

/// One by linear pieces.
void add_activation(Descriptor& d, const model::Activation& a) {
  if (!model::by_pieces(a.function)) return;
  const auto code = static_cast<std::uint32_t>(a.function) - static_cast<std::uint32_t>(model::Function::gelu) + 1;
  d[QUILLGEN_DESCRIPTOR_WORD_EPILOGUE] |= code << QUILLGEN_DESCRIPTOR_ACTIVATION_SHIFT;
  d[QUILLGEN_DESCRIPTOR_WORD_ACTIVATION_SCALE] = a.scale.mult << QUILLGEN_DESCRIPTOR_ACTIVATION_MULT_SHIFT |
                                                 a.scale.shift << QUILLGEN_DESCRIPTOR_ACTIVATION_SHIFT_SHIFT;
}

/// The format of a dense layer that has `bits` bits and no norm.
unsigned format_of(int bits, const Config& c) {
  if (bits == c.numerics.output_bits) return 0;
  return bits == c.numerics.query_bits ? 1 : 2;
}

}  // namespace

Bytes pack_rows(std::span<const std::int32_t> values, int elements, int bits, int stride, Chance& noise) {
  const int size = element_bytes(bits);
  const std::size_t rows = values.size() / elements;
  Bytes bytes(rows * stride);
  for (std::size_t r = 0; r < rows; ++r) {
    auto* row = bytes.data() + r * stride;
    for (int i = 0; i < elements; ++i) write_element(row + i * size, values[r * elements + i], size);
    for (int i = elements * size; i < stride; ++i) row[i] = static_cast<std::uint8_t>(noise.bits());
  }
  return bytes;
}

Bytes pack_references(const QuantisedLayer& layer, Chance& noise) {
  const std::size_t numbers = layer.reference.size() / static_cast<std::size_t>(layer.queries);
  const auto stride =
      layer.stream.reference_stride == 0 ? numbers * 4 : static_cast<std::size_t>(layer.stream.reference_stride);
  Bytes bytes(static_cast<std::size_t>(layer.queries) * stride);
  if (stride > numbers * 4)
    for (auto& b : bytes) b = static_cast<std::uint8_t>(noise.bits());
  for (std::size_t i = 0; i < layer.reference.size(); ++i)
    write_element(&bytes[i / numbers * stride + i % numbers * 4], layer.reference[i], 4);
  return bytes;
}

Bytes pack_boxes(std::span<const std::int32_t> logits, const Config& config, int stride, Chance& noise) {
  Bytes bytes(logits.size() / 4 * static_cast<std::size_t>(stride));
  for (auto& b : bytes) b = static_cast<std::uint8_t>(noise.bits());
  for (std::size_t i = 0; i < logits.size(); ++i)
    write_element(&bytes[i / 4 * static_cast<std::size_t>(stride) +
                         static_cast<std::size_t>(box_logits_offset(config)) + i % 4 * 2],
                  logits[i], 2);
  return bytes;
}

std::vector<std::int32_t> read_boxes(const Bytes& bytes, int rows, int stride, const Config& config) {
  std::vector<std::int32_t> values;
  const auto references = static_cast<std::size_t>(box_logits_offset(config));
  for (int r = 0; r < rows; ++r) {
    const auto* row = bytes.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(stride);
    for (std::size_t i = 0; i < references; i += 4)
      values.push_back(static_cast<std::int32_t>(row[i] | row[i + 1] << 8 | row[i + 2] << 16 |
                                                 static_cast<std::uint32_t>(row[i + 3]) << 24));
    for (std::size_t i = 0; i < 4; ++i) values.push_back(read_element(row + references + 2 * i, 2));
  }
  return values;
}

Bytes pack_list(const std::vector<int>& list) {
  Bytes bytes(list.size() * 4);
  for (std::size_t i = 0; i < list.size(); ++i) write_element(bytes.data() + i * 4, list[i], 4);
  return bytes;
}

Bytes pack_mask(std::span<const std::uint8_t> mask, Chance& noise) {
  Bytes bytes;
  for (const auto padded : mask)
    bytes.push_back(padded ? static_cast<std::uint8_t>(1 + noise.below(255)) : std::uint8_t{0});
  return bytes;
}

std::size_t value_map_bytes(const QuantisedLayer& layer, const Config& config) {
  return static_cast<std::size_t>(blocks_of(layer)) * config.attention.heads * block_bytes(config);
}

Bytes pack_value_map(const QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config) {
  assert(value.size() == static_cast<std::size_t>(layer.tokens()) * config.attention.embed_dim);
  const int size = element_bytes(config.numerics.feature_bits);
  Bytes bytes(value_map_bytes(layer, config));
  for_each_element(layer, config,
                   [&](std::size_t at, std::size_t number) { write_element(&bytes[at], value[number], size); });
  return bytes;
}

Bytes pack_value_map(const QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config,
                     Chance& noise) {
  auto bytes = pack_value_map(layer, value, config);
  const int block = block_bytes(config),
            used = 4 * config.attention.head_dim() * element_bytes(config.numerics.feature_bits);
  for (std::size_t start = 0; start < bytes.size(); start += block)
    for (int i = used; i < block; ++i) bytes[start + i] = static_cast<std::uint8_t>(noise.bits());
  return bytes;
}

std::vector<std::int32_t> read_value_map(const QuantisedLayer& layer, const Bytes& map, const Config& config) {
  const int size = element_bytes(config.numerics.feature_bits);
  std::vector<std::int32_t> value(static_cast<std::size_t>(layer.tokens()) * config.attention.embed_dim);
  for_each_element(layer, config,
                   [&](std::size_t at, std::size_t number) { value[number] = read_element(&map[at], size); });
  return value;
}

Descriptor make_descriptor(const AttentionWork& work, const Config& config, const JobAddresses& a,
                           std::uint32_t job_id) {
  const auto& layer = work.layer;
  const bool masked = !work.map_given && !layer.padding.empty(), listed = !layer.index_list.empty();
  std::uint32_t flags = 0;
  for (const auto& [set, flag] : {std::pair(layer.boxes, QUILLGEN_DESCRIPTOR_FLAG_BOXES),
                                  {masked, QUILLGEN_DESCRIPTOR_FLAG_MASKED},
                                  {work.map_given, QUILLGEN_DESCRIPTOR_FLAG_MAP_GIVEN},
                                  {listed, QUILLGEN_DESCRIPTOR_FLAG_LISTED},
                                  {work.order_kept, QUILLGEN_DESCRIPTOR_FLAG_ORDER_KEPT}})
    if (set) flags |= flag;
  auto d = common_words(QUILLGEN_DESCRIPTOR_KIND_ATTENTION, flags, job_id, static_cast<int>(layer.wanted().size()), a);
  d[QUILLGEN_DESCRIPTOR_WORD_ROWS] = static_cast<std::uint32_t>(layer.queries);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_LIST_ADDRESS, a.list);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_SOURCE_ADDRESS, a.sources);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_MASK_ADDRESS, a.mask);
  d[QUILLGEN_DESCRIPTOR_WORD_SOURCE_STRIDE] = static_cast<std::uint32_t>(a.source_stride);
  for (std::size_t l = 0; l < layer.levels.size(); ++l)
    d[QUILLGEN_DESCRIPTOR_WORD_LEVELS + l] =
        static_cast<std::uint32_t>(layer.levels[l].width << QUILLGEN_DESCRIPTOR_WIDTH_SHIFT |
                                   layer.levels[l].height << QUILLGEN_DESCRIPTOR_HEIGHT_SHIFT);
  const auto& left_out = layer.pruning;
  d[QUILLGEN_DESCRIPTOR_WORD_POINT_THRESHOLD] = static_cast<std::uint32_t>(left_out.threshold);
  if (!left_out.range.empty()) d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_RANGED;
  for (std::size_t l = 0; l < left_out.range.size(); ++l)
    d[QUILLGEN_DESCRIPTOR_WORD_RANGES + l] = static_cast<std::uint32_t>(left_out.range[l]);
  if (config.pruning.count_bits > 0) {
    d[QUILLGEN_DESCRIPTOR_WORD_PIXEL_SHARE] = static_cast<std::uint32_t>(left_out.share);
    put_address(d, QUILLGEN_DESCRIPTOR_WORD_PIXEL_MASK_ADDRESS, a.pixel_mask);
    put_address(d, QUILLGEN_DESCRIPTOR_WORD_PADDING_ADDRESS, a.padding);
  }
  if (config.network.epilogue == 0) return d;
  add_stream(d, layer.stream, 0, a);
  d[QUILLGEN_DESCRIPTOR_WORD_REFERENCE_STRIDE] = static_cast<std::uint32_t>(layer.stream.reference_stride);
  return d;
}

Descriptor make_descriptor(const model::DenseLayer& layer, const Config& config, const JobAddresses& a,
                           std::uint32_t job_id) {
  auto d = common_words(QUILLGEN_DESCRIPTOR_KIND_DENSE,
                        layer.activation.function == model::Function::relu ? QUILLGEN_DESCRIPTOR_FLAG_RELU : 0, job_id,
                        layer.rows, a);
  d[QUILLGEN_DESCRIPTOR_WORD_DENSE_SHAPE] = static_cast<std::uint32_t>(layer.inner) << QUILLGEN_DESCRIPTOR_INNER_SHIFT |
                                            static_cast<std::uint32_t>(layer.outputs)
                                                << QUILLGEN_DESCRIPTOR_OUTPUTS_SHIFT;
  d[QUILLGEN_DESCRIPTOR_WORD_DENSE_PANEL] = static_cast<std::uint32_t>(panel_tiles(config, layer.inner, layer.outputs))
                                                << QUILLGEN_DESCRIPTOR_PANEL_TILES_SHIFT |
                                            static_cast<std::uint32_t>(divide_up(layer.outputs, config.gemm.columns))
                                                << QUILLGEN_DESCRIPTOR_TILES_SHIFT;
  if (layer.gathers) d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_LISTED;
  if (layer.scatters) d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_SCATTERED;
  if (!layer.index_list.empty()) {
    d[QUILLGEN_DESCRIPTOR_WORD_ROWS] = static_cast<std::uint32_t>(layer.list_rows);
    put_address(d, QUILLGEN_DESCRIPTOR_WORD_LIST_ADDRESS, a.list);
  }
  if (config.network.epilogue == 0) return d;
  const bool adds = layer.stream.norm || !layer.boxes.empty();
  add_stream(d, layer.stream, !layer.boxes.empty() ? 3 : adds ? 0 : format_of(layer.product_bits(), config), a);
  add_activation(d, layer.activation);
  return d;
}

Descriptor make_descriptor(const SelfAttentionWork& work, const Config& config, const JobAddresses& a,
                           std::uint32_t job_id) {
  const auto rows = static_cast<int>(work.query.size()) / config.attention.embed_dim;
  auto d = common_words(QUILLGEN_DESCRIPTOR_KIND_SELF_ATTENTION, 0, job_id, rows, a);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_SOURCE_ADDRESS, a.sources);
  d[QUILLGEN_DESCRIPTOR_WORD_SOURCE_STRIDE] = static_cast<std::uint32_t>(a.source_stride);
  put_address(d, QUILLGEN_DESCRIPTOR_WORD_SELF_VALUE_ADDRESS, a.self_values);
  d[QUILLGEN_DESCRIPTOR_WORD_SELF_VALUE_STRIDE] = static_cast<std::uint32_t>(a.self_value_stride);
  d[QUILLGEN_DESCRIPTOR_WORD_SELF_SCALE] =
      static_cast<std::uint32_t>(work.scales.score_shift << QUILLGEN_DESCRIPTOR_SCORE_SHIFT_SHIFT |
                                 work.scales.gain << QUILLGEN_DESCRIPTOR_SELF_GAIN_SHIFT);
  return d;
}

Bytes to_bytes(const Descriptor& descriptor, const Config& config) {
  const auto words = static_cast<std::size_t>(descriptor_words(config));
  Bytes bytes(words * 4);
  for (std::size_t i = 0; i < words; ++i)
    write_element(bytes.data() + i * 4, static_cast<std::int32_t>(descriptor[i]), 4);
  return bytes;
}

std::int32_t read_element(const std::uint8_t* bytes, int element_bytes) {
  if (element_bytes == 1) return static_cast<std::int8_t>(bytes[0]);
  return static_cast<std::int16_t>(bytes[0] | bytes[1] << 8);
}

}  // namespace quillgen::harness
