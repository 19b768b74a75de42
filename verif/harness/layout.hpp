// The tensors of a job as bytes in memory, and its descriptor, as laid down in generator/accel/README.md.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "config/config.hpp"
#include "harness/bit_writer.hpp"
#include "harness/stall.hpp"
#include "harness/work.hpp"
#include "model/dense.hpp"
#include "model/layer.hpp"

namespace quillgen::harness {

inline constexpr int base_alignment = 64;  ///< bytes, of the addresses in a descriptor

/// Rows [R][elements] of `bits` bits, `stride` bytes apart; what lies between a row's end and the next row is noise.
Bytes pack_rows(std::span<const std::int32_t> values, int elements, int bits, int stride, Chance& noise);

/// References [Lq][L][x, y], 32 bits each, packed or by their stride.
Bytes pack_references(const model::QuantisedLayer& layer, Chance& noise);

/// Rows of boxes: noise where references will be, the logits behind them.
Bytes pack_boxes(std::span<const std::int32_t> logits, const Config& config, int stride, Chance& noise);

/// An index list, 32 bits an entry.
Bytes pack_list(const std::vector<int>& list);

/// What rows of boxes have, [R, 4 * levels + 4]: references on each level, then logits.
std::vector<std::int32_t> read_boxes(const Bytes& bytes, int rows, int stride, const Config& config);

/// The mask, a byte a token: 0 for a live one, anything else for a padded one.
Bytes pack_mask(std::span<const std::uint8_t> mask, Chance& noise);

/// Bytes of the value map [level][by][bx][head][pixel][D].
std::size_t value_map_bytes(const model::QuantisedLayer& layer, const Config& config);

/// The value map of `value` [S, C], as the hardware writes it: the padding of a line to a power of two is zero.
Bytes pack_value_map(const model::QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config);

/// The same with noise in the padding, as it may be given.
Bytes pack_value_map(const model::QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config,
                     Chance& noise);

/// The other way round: [S, C].
std::vector<std::int32_t> read_value_map(const model::QuantisedLayer& layer, const Bytes& map, const Config& config);

/// Where a job finds its tensors. Those of a dense job are queries (its rows), parameters (its panels) and outputs;
/// references and value map are not used.
struct JobAddresses {
  std::uint64_t queries = 0, references = 0, value_map = 0, parameters = 0, outputs = 0, sources = 0, mask = 0,
                list = 0;
  int query_stride = 0, output_stride = 0, source_stride = 0;  ///< bytes from row to row
  std::uint64_t self_values = 0;                               ///< of self-attention, whose keys are sources
  int self_value_stride = 0;
  std::uint64_t positions = 0, residual = 0;  ///< with an epilogue; rows as far apart as queries and as outputs
  std::uint64_t pixel_mask = 0, padding = 0;  ///< with counts of pixels: the mask that is written, padding of the image
};

/// With an epilogue all words are there, otherwise the first descriptor_words(config).
using Descriptor = std::array<std::uint32_t, 64>;

/// Of an attention layer. When its value map is given, sources and mask are not used.
Descriptor make_descriptor(const AttentionWork& work, const Config& config, const JobAddresses& addresses,
                           std::uint32_t job_id);

/// Of a dense layer, in panels of panel_tiles() tiles.
Descriptor make_descriptor(const model::DenseLayer& layer, const Config& config, const JobAddresses& addresses,
                           std::uint32_t job_id);

/// Of self-attention.
Descriptor make_descriptor(const SelfAttentionWork& work, const Config& config, const JobAddresses& addresses,
                           std::uint32_t job_id);

/// Its little-endian bytes in memory.
Bytes to_bytes(const Descriptor& descriptor, const Config& config);

/// One element of a row: 1 or 2 little-endian bytes, sign-extended.
std::int32_t read_element(const std::uint8_t* bytes, int element_bytes);

}  // namespace quillgen::harness
