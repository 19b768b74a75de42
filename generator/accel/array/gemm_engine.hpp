// The parts of gemm_engine, which share a netlist: gemm_engine.cpp has rows, tiles and the array, gemm_drain.cpp what
// becomes of the sums, ../self/self_engine.cpp what self-attention adds to both.
#pragma once
#include <optional>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/self/self_attention.hpp"
#include "lib/requantise.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

/// What travels along the array.
struct Tile {
  hdl::UInt number;
  hdl::UInt rows;   // in the group
  hdl::UInt group;  // where the results go
  hdl::Bool first, last, last_tile;
  std::optional<SelfTile> self;
  explicit Tile(const Shapes& s)
      : number(s.tile_bits()), rows(s.rows_bits()), group(std::max(s.group_bits(), Shapes::bits(s.result_groups()))) {
    if (s.has_self()) self.emplace(s);
  }
  QUILLGEN_FIELDS(number, rows, group, first, last, last_tile, self)
};

/// Outputs of a row on their way through requantisation.
struct Drain {
  hdl::UInt group, tile, rows;
  std::optional<hdl::UInt> row;  // only with several
  std::optional<SelfTile> self;
  explicit Drain(const Shapes& s) : group(Tile(s).group), tile(s.tile_bits()), rows(s.rows_bits()) {
    if (s.rows() > 1) row.emplace(Shapes::bits(s.rows()));
    if (s.has_self()) self.emplace(s);
  }
  QUILLGEN_FIELDS(group, tile, rows, row, self)
};

/// What the order of the passes of self-attention tells the engine.
struct Passes {
  hdl::Bool issue, ends_rows, ends_group, last_of_group;
  SelfTile tile;
  hdl::UInt channels;
};

/// The engine in the order of the data: rows are loaded, tiles computed, results drained. Members are what more than
/// one of these parts reads.
struct GemmEngine {
  hdl::Design& d;
  hdl::Module& m;
  const Shapes& s;
  const int rows = s.rows(), columns = s.config.gemm.columns, depth = s.config.gemm.depth,
            weight_columns = s.weight_columns(), requant_columns = s.requant_columns();

  hdl::Bool start = {}, freed = {};
  GemmRun run = GemmRun(s);
  TableWrite weights = {}, entries = {};  // writes of the weight memories and of the requantisation table
  hdl::Stream<RowWord> word = {RowWord(s), {}, {}};
  std::optional<SelfRun> attends = {};  // with self-attention
  hdl::Instance softmax = {};
  SelfStep self_step = SelfStep(s);
  Exponentials exponentials = Exponentials(s);
  hdl::Bool takes_exponentials = {};  // the operands that are chosen

  hdl::Bool load_half = {};  // of the row memories: where the next group of rows goes
  hdl::UInt load_row = {}, load_word = {};
  hdl::Stream<hdl::UInt> group = {};  // rows of a group that is loaded

  hdl::Wire<hdl::Bool> advance = {};  // the pipeline from the row memories to the sums moves
  hdl::Bool move = {};                // .. and takes a step of a tile
  hdl::UInt step = {}, weight_word = {};
  hdl::Bool half = {};
  std::vector<hdl::UInt> row_words = {}, column_words = {};  // operands of a row, weights of a column

  hdl::Bool valid = {};  // a step of this tile reaches the sums
  Tile mark = Tile(s);
  std::vector<std::vector<hdl::UInt>> result = {};  // [row][column]

  hdl::Bool draining = {};
  hdl::UInt drain_row = {}, drain_entry = {};
  hdl::Bool write = {}, group_done = {};  // a row's outputs leave requantisation; .. the last ones of a group
  Drain drain = Drain(s);
  std::vector<hdl::SInt> values = {};  // these outputs

  void ports();
  void load_rows();
  void compute();
  void memories();
  void array();

  // What becomes of the sums.
  void drain_tiles();
  hdl::UInt drained(int column);
  void requantise(const Tile& tile);
  void follow_drain(const Tile& tile, const hdl::Bool& drained);
  void samples();
  void results();

  // With self-attention.
  Passes attend(const hdl::Bool& room);
  std::vector<hdl::UInt> exponential_operands();
  void combine(const Tile& tile, std::vector<hdl::UInt>& sums, std::vector<hdl::UInt>& column_entries);
  void give_scores();

  hdl::UInt slot(int group_bits) const {
    hdl::UInt g = drain.group.resize(group_bits);
    return drain.row ? hdl::concat({g, *drain.row}) : g;
  }
};

/// Whether what is written goes to bank `number` of `banks`; one bank takes everything.
hdl::Bool is_bank(const hdl::UInt& bank, int number, int banks);

}  // namespace quillgen::accel
