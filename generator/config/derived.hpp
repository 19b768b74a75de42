// Numbers that follow from a configuration. The RTL and the harness both take them from here, so they cannot disagree.
// Unless stated otherwise the configuration must be valid (load.hpp).
#pragma once
#include <bit>

#include "config/config.hpp"

namespace quillgen {

constexpr int divide_up(int a, int b) { return (a + b - 1) / b; }

/// Bytes of one beat of the memory port.
constexpr int beat_bytes(const Memory& memory) { return memory.data_bits / 8; }

/// Bytes of one line of the value map: the 2x2 pixels x D channels of one head, padded to a power of two of at least
/// one beat.
constexpr int line_bytes(const Config& c) {
  const int elements = 4 * c.attention.head_dim();
  const int bytes = elements * element_bytes(c.numerics.feature_bits);
  const int padded = static_cast<int>(std::bit_ceil(static_cast<unsigned>(bytes)));
  return padded < beat_bytes(c.memory) ? beat_bytes(c.memory) : padded;
}

/// Beats of one line: the length of the burst that fetches it, a power of two up to 16.
constexpr int line_beats(const Config& c) { return line_bytes(c) / beat_bytes(c.memory); }

/// Lines the feature cache of a lane holds, all banks and ways together.
constexpr int cache_lines(const Config& c) { return c.feature_cache.kilobytes * 1024 / line_bytes(c) / c.core.lanes; }

/// Tag banks: one for each parity of a line's block row and column, so that the lines of a sample are looked up
/// together.
inline constexpr int tag_banks = 4;

/// Sets of one tag bank, a power of two of at least 2.
constexpr int cache_sets(const Config& c) { return cache_lines(c) / tag_banks / c.feature_cache.ways; }

/// Beats of a row of `elements` numbers of `bits` bits, padded to whole beats.
constexpr int row_beats(int elements, int bits, const Memory& memory) {
  return divide_up(elements * element_bytes(bits), beat_bytes(memory));
}

/// Beats of a query row (C elements of query_bits).
constexpr int query_row_beats(const Config& c) {
  return row_beats(c.attention.embed_dim, c.numerics.query_bits, c.memory);
}

/// Beats of an output row (C elements of output_bits).
constexpr int output_row_beats(const Config& c) {
  return row_beats(c.attention.embed_dim, c.numerics.output_bits, c.memory);
}

/// Bytes of the references of one query: x and y for each level, and of a box width and height, 32 bits each. Rows
/// follow each other without padding.
constexpr int reference_row_bytes(const Config& c, bool boxes) { return c.attention.levels * (boxes ? 4 : 2) * 4; }

/// Channels of a head requantised a cycle: the smallest divisor of D that is at least D / (L*K), so that a head is done
/// before the samples of the next have been aggregated.
constexpr int head_requant_units(const Attention& a) {
  int units = divide_up(a.head_dim(), a.samples_per_head());
  while (a.head_dim() % units != 0) ++units;
  return units;
}

}  // namespace quillgen
