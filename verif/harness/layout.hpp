// The tensors of a job as bytes in memory, and its descriptor, as laid down in generator/accel/README.md.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "harness/stall.hpp"
#include "model/layer.hpp"

namespace quillgen::harness {

using Bytes = std::vector<std::uint8_t>;

/// Packs fields into a bit vector, first field in the lowest bits.
class BitWriter {
 public:
  /// Appends the low `bits` bits of `value`, 0..64.
  void add(std::uint64_t value, int bits);
  /// Zeros up to the next multiple of `bytes` bytes.
  void pad_to(int bytes);
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  std::uint64_t bits_ = 0;
};

/// Query rows [Lq][C], each row zero-padded to whole beats; what lies between a row's end and the next row is noise.
Bytes pack_query_rows(const model::QuantisedLayer& layer, const Config& config, int stride, Chance& noise);

/// References [Lq][L][x, y], 32 bits each.
Bytes pack_references(const model::QuantisedLayer& layer);

/// The value map [level][by][bx][head][pixel][D] of `value` [S, C]; the padding of a line to a power of two is noise.
Bytes pack_value_map(const model::QuantisedLayer& layer, std::span<const std::int32_t> value, const Config& config,
                     Chance& noise);

/// The five tables of the parameter image, entries padded to whole beats with zeros.
Bytes pack_parameters(const model::QuantisedLayer& layer, const Config& config);

/// Where a job finds its tensors.
struct JobAddresses {
  std::uint64_t queries = 0, references = 0, value_map = 0, parameters = 0, outputs = 0;
  int query_stride = 0, output_stride = 0;  ///< bytes from row to row
};

inline constexpr int descriptor_words = 32;
using Descriptor = std::array<std::uint32_t, descriptor_words>;

Descriptor make_descriptor(const model::QuantisedLayer& layer, const JobAddresses& addresses, std::uint32_t job_id);

/// Little-endian bytes of a descriptor.
Bytes to_bytes(const Descriptor& descriptor);

/// One element of a row: 1 or 2 little-endian bytes, sign-extended.
std::int32_t read_element(const std::uint8_t* bytes, int element_bytes);

}  // namespace quillgen::harness
