// What the blocks around the PE array exchange.
#pragma once
#include "accel/bundles.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

/// What turns numbers of the stream into operands (N12).
struct Scale {
  hdl::UInt mult{lib::mult_bits}, shift{lib::shift_bits};
  QUILLGEN_FIELDS(mult, shift)
};
/// Formats of the results of a dense job without a norm: output_bits, operands, rows of the stream, deltas of boxes.
enum class ResultFormat : unsigned { output = 0, operand = 1, stream = 2, boxes = 3 };
inline constexpr int result_format_bits = 2;
/// What results of a dense job pass by linear pieces (N15); ReLU is a flag of its own.
enum class Activation : unsigned { none = 0, gelu = 1, silu = 2, sigmoid = 3 };
inline constexpr int activation_code_bits = 2;
/// Cycles from a result of the array to what such an activation makes of it.
inline constexpr int activation_latency = 3 + lib::requantise_latency;

/// A run of the array, held while it lasts: rows times a matrix that lies in the weight memories.
struct GemmRun {
  hdl::Bool query;                   ///< results are offsets and logits of queries; otherwise they go to memory
  hdl::Bool dense;                   ///< .. as rows of a dense job; otherwise as the value map
  std::optional<hdl::Bool> gathers;  ///< .. whose rows come with their address; with an epilogue
  hdl::UInt last_step;               ///< of a tile
  hdl::UInt last_tile;               ///< tiles, minus 1
  hdl::UInt first_weight;            ///< where its weights and requantisation entries begin
  hdl::UInt first_entry;
  explicit GemmRun(const Shapes& s)
      : last_step(s.step_bits()),
        last_tile(s.tile_bits()),
        first_weight(s.weight_address_bits()),
        first_entry(s.requant_address_bits()) {
    if (s.has_epilogue()) gathers.emplace();
  }
  QUILLGEN_FIELDS(query, dense, gathers, last_step, last_tile, first_weight, first_entry)
};

/// A word of a row: the operands of several steps.
struct RowWord {
  hdl::UInt operands;
  hdl::Bool last_of_group;  ///< the row, with all its words, is the last of its group
  explicit RowWord(const Shapes& s) : operands(s.row_word() * s.operand_bits()) {}
  QUILLGEN_FIELDS(operands, last_of_group)
};

/// The word of the row memories that has the operands of a step.
inline hdl::UInt word_of_step(const Shapes& s, const hdl::UInt& step) {
  if (step.width() <= s.part_bits()) return hdl::UInt::constant(step.module(), 0, s.row_words_bits());
  return (step >> s.part_bits()).resize(s.row_words_bits());
}

/// Where to read a row.
struct RowAddress {
  hdl::UInt address;
  hdl::Bool last_of_group;
  explicit RowAddress(const Shapes& s) : address(s.address_bits()) {}
  QUILLGEN_FIELDS(address, last_of_group)
};

/// Requantised results of a row, those of a tile, on their way to memory.
struct Results {
  hdl::Bool valid;
  hdl::UInt slot;  ///< {group of results, row}
  hdl::UInt tile;
  std::vector<hdl::SInt> value;
  std::optional<std::vector<hdl::Bool>> heads;  ///< with self-attention: heads of the tile that the values are of
  explicit Results(const Shapes& s)
      : slot(s.result_slot_bits()),
        tile(s.tile_bits()),
        value(static_cast<std::size_t>(s.config.gemm.columns), hdl::SInt(s.result_bits())) {
    if (s.has_self() && s.heads_of_tile() > 1) heads.emplace(static_cast<std::size_t>(s.heads_of_tile()));
  }
  QUILLGEN_FIELDS(valid, slot, tile, value, heads)
};

/// A 2x2 block of the value map: which pixels have a value, and where the result buffer has it.
struct Block {
  std::vector<hdl::Bool> live;  ///< pixels (0,0), (0,1), (1,0), (1,1) as (y, x); the others are zero
  std::vector<hdl::UInt> slot;
  hdl::UInt waits;  ///< groups that must be complete before the block is, beyond those of the blocks before it
  hdl::UInt frees;  ///< groups of which nothing is left to write after it
  explicit Block(const Shapes& s) : live(4), slot(4, hdl::UInt(s.result_slot_bits())), waits(3), frees(3) {}
  QUILLGEN_FIELDS(live, slot, waits, frees)
};

/// Geometry of the result buffer: `banks` banks of one element a word; output n of a row lies in bank n mod banks.
struct ResultLayout {
  int banks, words;  ///< words of a bank that a row has
  int map_unit;      ///< channels of a pixel that are read at a time for the value map
  int dense_unit;    ///< outputs that are read at a time for a dense job: those of a beat
  explicit ResultLayout(const Shapes& s) : map_unit(1), dense_unit(s.row_unit()) {
    const int in_beat = s.data_bytes() / element_bytes(s.n.feature_bits), depth = s.config.attention.head_dim();
    while (map_unit < in_beat && depth % (2 * map_unit) == 0) map_unit *= 2;
    banks = std::max({power_of_two(s.config.gemm.columns), in_beat, dense_unit});
    words = std::max(1, result_elements(s.config) / banks);
  }
  int word_bits() const { return words == 1 ? 0 : Shapes::bits(words); }
  int smallest_unit() const { return std::min(map_unit, dense_unit); }
  int part_bits() const {  ///< of {word, part} in smallest units
    return banks == smallest_unit() ? 0 : Shapes::bits(banks / smallest_unit());
  }
  int live_bits() const { return Shapes::holds(dense_unit); }
  int unit_bits() const { return std::max(1, word_bits() + part_bits()); }
};

/// Number of an output in a beat of a dense job.
inline int tail_bits(const Shapes& s) { return Shapes::bits(ResultLayout(s).dense_unit); }

/// A read of the result buffer.
struct ResultRead {
  hdl::UInt slot;
  hdl::UInt unit;  ///< in smallest units
  hdl::UInt live;  ///< so many elements of it, from the first on; the others are zeros
  explicit ResultRead(const Shapes& s)
      : slot(s.result_slot_bits()), unit(ResultLayout(s).unit_bits()), live(ResultLayout(s).live_bits()) {}
  QUILLGEN_FIELDS(slot, unit, live)
};

/// A run of beats to write.
struct WriteRequest {
  hdl::UInt address, beats;
  explicit WriteRequest(const Shapes& s) : address(s.address_bits()), beats(longest(s)) {}
  static int longest(const Shapes& s) {
    const int boxes = s.has_epilogue() ? box_row_beats(s.config) : 0;
    const int mask = s.has_pixel_counts() ? mask_beats(s.config, s.a.max_tokens) : 0;
    return Shapes::holds(
        std::max({output_row_beats(s.config), boxes, mask, s.config.attention.heads * block_beats(s.config),
                  divide_up(result_elements(s.config), s.row_unit())}));
  }
  QUILLGEN_FIELDS(address, beats)
};

}  // namespace quillgen::accel
