// Self-attention on the PE array (NUMERICS.md N16): what its blocks exchange.
#pragma once
#include "accel/array/gemm.hpp"

namespace quillgen::accel {

/// A job of it, held while it lasts.
struct SelfJob {
  hdl::Bool active;                   ///< the run is one
  hdl::UInt score_shift{6}, gain{3};  ///< of scores, and of outputs
  hdl::UInt value_address, value_stride;
  explicit SelfJob(const Shapes& s) : value_address(s.address_bits()), value_stride(32) {}
  QUILLGEN_FIELDS(active, score_shift, gain, value_address, value_stride)
};

/// What the engine must know of the keys and values that are loaded.
struct SelfRun {
  hdl::Bool active;
  hdl::UInt score_shift{6}, gain{3};
  hdl::UInt rows;             ///< of the job
  hdl::UInt last_tile;        ///< of its keys
  hdl::UInt last_column;      ///< of that tile: the last key
  hdl::UInt last_value_step;  ///< of a product with values
  explicit SelfRun(const Shapes& s)
      : rows(s.self_rows_bits()),
        last_tile(s.key_tile_bits()),
        last_column(s.column_bits()),
        last_value_step(s.value_step_bits()) {}
  QUILLGEN_FIELDS(active, score_shift, gain, rows, last_tile, last_column, last_value_step)
};

/// A step of the array: a pass computes the scores of a group of rows of a head, a tile of keys after the other, or the
/// products of their exponentials with the values, a part of the exponentials after the other.
struct SelfStep {
  hdl::UInt step;    ///< of the row memories
  hdl::UInt weight;  ///< address in the weight memories
  hdl::Bool of_exponentials;
  hdl::UInt word, place;  ///< of exponentials: word of them, and step in it
  hdl::UInt part;         ///< .. 0 has the highest bits
  hdl::Bool parity;       ///< of the head: where its numbers lie
  hdl::Bool first, last;  ///< of a tile
  hdl::UInt rows;         ///< of the group
  explicit SelfStep(const Shapes& s)
      : step(s.step_bits()),
        weight(s.weight_address_bits()),
        word(s.exponential_word_bits()),
        place(Shapes::bits(exponential_units(s.config) / s.config.gemm.depth)),
        part(Shapes::bits(exponential_parts(s.config))),
        rows(s.rows_bits()) {}
  QUILLGEN_FIELDS(step, weight, of_exponentials, word, place, part, parity, first, last, rows)
};

/// What goes with a tile through the array, beside what a tile of other runs has.
struct SelfTile {
  hdl::Bool scores;  ///< or products with values
  hdl::Bool parity;
  hdl::UInt keys;                   ///< tile of keys
  hdl::Bool last_keys;              ///< .. the last one
  hdl::Bool first_part, last_part;  ///< of products with values
  std::optional<hdl::UInt> head;    ///< .. which of the heads of its tile of channels
  explicit SelfTile(const Shapes& s) : keys(s.key_tile_bits()) {
    if (s.heads_of_tile() > 1) head.emplace(Shapes::bits(s.heads_of_tile()));
  }
  QUILLGEN_FIELDS(scores, parity, keys, last_keys, first_part, last_part, head)
};

/// Scores of a row with a tile of keys.
struct Scores {
  hdl::Bool valid, parity;
  std::optional<hdl::UInt> row;  ///< of the group, with several
  hdl::UInt keys;                ///< tile of keys
  hdl::Bool last_keys;           ///< .. the last one
  hdl::UInt rows;                ///< of the group
  std::vector<hdl::SInt> value;
  explicit Scores(const Shapes& s)
      : keys(s.key_tile_bits()),
        rows(s.rows_bits()),
        value(static_cast<std::size_t>(s.config.gemm.columns), hdl::SInt(score_bits)) {
    if (s.rows() > 1) row.emplace(Shapes::bits(s.rows()));
  }
  QUILLGEN_FIELDS(valid, parity, row, keys, last_keys, rows, value)
};

/// A word of exponentials on its way into the memory of its row.
struct Exponentials {
  hdl::Bool enable, parity;
  std::optional<hdl::UInt> row;
  hdl::UInt word;
  std::vector<hdl::UInt> value;
  explicit Exponentials(const Shapes& s)
      : word(s.exponential_word_bits()),
        value(static_cast<std::size_t>(exponential_units(s.config)), hdl::UInt(s.exponential_bits())) {
    if (s.rows() > 1) row.emplace(Shapes::bits(s.rows()));
  }
  QUILLGEN_FIELDS(enable, parity, row, word, value)
};

/// Fetches rows k, v and q, one after the other, and writes k and v into the weight memories. Streams: word in (of
/// row_fetch), row out (q, for the engine). Ports: start, rows; fetch (start of row_fetch), of_keys, of_values;
/// weights; last_tile, last_column, last_value_step.
const hdl::Module& build_key_loader(hdl::Design& d, const Shapes& s);

/// The order of the passes. Stream: loaded (rows of a group) in. Ports: start, run; advance, room, exponentials_ready;
/// issue, step; tile, number (of a tile of channels); ends_rows, ends_group, exponentials_taken.
const hdl::Module& build_self_steps(hdl::Design& d, const Shapes& s);

/// Rows of scores to exponentials and the reciprocals of their sums. Ports: score, last_column, gain; exponentials;
/// scale_parity, scale_row in, scale_mult and scale_shift out; ready, taken.
const hdl::Module& build_row_softmax(hdl::Design& d, const Shapes& s);

}  // namespace quillgen::accel
