// The PE array: rows x columns x depth products a cycle, output stationary (NUMERICS.md N3, N11).
//
// A group of rows is multiplied by a matrix in the weight memories, tile by tile. A tile is `rows` rows times `columns`
// outputs; it takes a cycle for each word of a row. Its accumulators are then copied out and requantised, a row a
// cycle, while the next tile is computed. Outputs of a query are the logits of its samples and then their offsets, x
// and y, the lanes taking turns.
#include "accel/array/gemm_engine.hpp"

#include <fmt/core.h>

#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

int tree_stages(const Shapes& s) { return lib::sum_tree_stages(s.config.gemm.depth, s.config.gemm.tree_levels); }

// Cycles from a step to its operands and weights: a word of several steps has its operands chosen and registered.
// So are those of self-attention, which are chosen from rows and exponentials.
bool chooses_operands(const Shapes& s) { return s.part_bits() > 0 || s.has_self(); }
int memory_stages(const Shapes& s) { return chooses_operands(s) ? 2 : 1; }

}  // namespace

void GemmEngine::ports() {
  m.parameter("rows", rows);
  m.parameter("columns", columns);
  m.parameter("depth", depth);
  start = input(m, "start", Bool());
  run = input(m, "run", GemmRun(s));
  weights = input(m, "weights",
                  TableWrite{Bool(), UInt(Shapes::bits(s.weight_banks())), UInt(s.weight_address_bits()),
                             UInt(weight_columns * depth * s.weight_bits())});
  entries = input(m, "requant",
                  TableWrite{Bool(), UInt(Shapes::bits(s.requant_banks())), UInt(s.requant_address_bits()),
                             UInt(requant_columns * lib::requant_entry_bits)});
  discard(run.dense);
  if (run.gathers) discard(*run.gathers);
  if (s.has_self()) attends = input(m, "attends", SelfRun(s));
  freed = input(m, "freed", Bool());
  word = input_stream(m, "word", RowWord(s));
}

void GemmEngine::load_rows() {
  m.note("Load: words of a row, row after row; two groups of rows fit.");
  auto at_word = reg(m, "load_word", UInt(s.row_words_bits()), 0);
  auto at_row = reg(m, "load_row", UInt(Shapes::bits(rows)), 0);
  auto at_half = reg(m, "load_half", Bool(), 0);
  load_word = at_word, load_row = at_row, load_half = at_half;
  Bool load = word.fire().named("load");
  UInt last_word = word_of_step(s, run.last_step);
  Bool end_of_row = (load_word == last_word).named("end_of_row");
  Bool end_of_group = (end_of_row & word.data.last_of_group).named("end_of_group");
  at_word.when(load & end_of_row, 0).when(load, lib::increment(load_word));
  at_row.when(load & end_of_group, 0).when(load & end_of_row, lib::increment(load_row));
  at_half.when(load & end_of_group, ~load_half);
  auto loaded = stream(m, "loaded", word.valid & end_of_group, (load_row + 1).wrap(s.rows_bits()));
  group = lib::fifo(d, m, "groups", loaded, 2);
  // The second group may be loaded while the first is in the array, a third not.
  word.ready.drive(loaded.ready);
}

void GemmEngine::compute() {
  m.note("Compute: tile by tile, step by step, as long as there is room for the results of the group.");
  advance = wire(m, "advance", Bool());
  auto held = reg(m, "held", UInt(Shapes::holds(s.result_groups())), 0);  // groups whose results are still needed
  auto now = reg(m, "step", UInt(s.step_bits()), 0);
  auto tile = reg(m, "tile", UInt(s.tile_bits()), 0);
  auto weight = reg(m, "weight_word", UInt(s.weight_address_bits()), 0);
  auto read_half = reg(m, "half", Bool(), 0);  // of the row memories
  auto query_group = reg(m, "query_group", UInt(s.group_bits()), 0);
  auto result_group = reg(m, "result_group", UInt(Shapes::bits(s.result_groups())), 0);
  auto most_held = mux(run.query, UInt::constant(m, group_buffers, held.width()),
                       UInt::constant(m, static_cast<std::uint64_t>(s.result_groups()), held.width()));
  Bool room = (held != most_held).named("room");
  Bool may_issue = group.valid & room;
  if (s.has_self()) may_issue = may_issue & ~attends->active;
  valid = may_issue.named("issue");
  move = (valid & advance).named("move");
  Bool last_step = (now == run.last_step).named("last_step");
  Bool last_tile = (tile == run.last_tile).named("last_tile");
  Bool end = (last_step & last_tile).named("last_of_group");
  Bool group_ends = (move & end).named("group_ends");
  if (!s.has_self()) group.ready.drive(group_ends);
  now.when(move & last_step, 0).when(move, lib::increment(now));
  tile.when(group_ends, 0).when(move & last_step, lib::increment(tile));
  weight.when(start | group_ends, run.first_weight).when(move, lib::increment(weight));
  Bool rows_end = group_ends;  // the rows of the group are not read any more
  std::optional<Passes> passes;
  if (s.has_self()) {
    passes = attend(room);
    valid = (valid | passes->issue).named("issue_any"), move = (valid & advance).named("move_any");
    group_ends = (group_ends | passes->ends_group).named("any_group_ends");
    rows_end = (rows_end | passes->ends_rows).named("rows_end");
  }
  if (s.has_self()) group.ready.drive(rows_end);
  read_half.when(rows_end, ~read_half);
  query_group.when(group_ends & run.query, lib::next_index(query_group, group_buffers));
  result_group.when(start, 0).when(group_ends & ~run.query, lib::next_index(result_group, s.result_groups()));
  held.when(group_ends & ~freed, lib::increment(held)).when(freed & ~group_ends, lib::decrement(held));
  output(m, "busy", move);
  output(m, "waits_for_room", group.valid & ~move);

  step = now, weight_word = weight, half = read_half;
  if (passes) {
    step = mux(attends->active, self_step.step, step).named("any_step");
    weight_word = mux(attends->active, self_step.weight, weight_word).named("any_weight_word");
  }
  memories();

  m.note("Marks travel beside memory read, products and sums.");
  mark.number = tile, mark.rows = group.data, mark.first = now == 0, mark.last = last_step, mark.last_tile = last_tile;
  mark.group = mux(run.query, query_group.extend(mark.group.width()), result_group.extend(mark.group.width()));
  if (passes) {
    const auto either = [&](const auto& pass, const auto& other) { return mux(attends->active, pass, other); };
    mark.number = either(passes->channels, mark.number), mark.rows = either(self_step.rows, mark.rows);
    mark.first = either(self_step.first, mark.first), mark.last = either(self_step.last, mark.last);
    mark.last_tile = either(passes->last_of_group, mark.last_tile);
    mark.self = passes->tile;
  }
  for (int i = 1; i <= memory_stages(s) + 1 + tree_stages(s); ++i) {
    auto v = reg(m, fmt::format("mark_{}_valid", i), Bool(), 0);
    auto t = reg(m, fmt::format("mark_{}", i), Tile(s));
    v.when(advance, valid), t.when(advance, mark);
    valid = v, mark = t;
  }
}

Bool is_bank(const UInt& bank, int number, int banks) {
  if (banks > 1) return bank == number;
  discard(bank);
  return Bool::constant(bank.module(), true);
}

void GemmEngine::memories() {
  const Bool load = word.fire();
  const int part_bits = s.part_bits(), step_operands = depth * s.operand_bits();
  UInt read_word = word_of_step(s, step);
  Bool read = move;
  UInt part;  // of the word that was read
  std::vector<UInt> of_exponentials;
  if (s.has_self()) {
    // A head begins anywhere in a word of the row memories.
    Bool begins =
        (part_bits == 0 ? Bool::constant(m, true) : step.bits(0, part_bits) == 0) | (attends->active & self_step.first);
    read = (move & begins & ~(attends->active & self_step.of_exponentials)).named("read_rows");
    of_exponentials = exponential_operands();
  }
  if (part_bits > 0) {
    m.note("A word of a row memory holds the operands of several steps; it is read for the first of them.");
    UInt now = step.bits(0, part_bits);
    if (!s.has_self()) read = (move & (now == 0)).named("read_rows");
    auto kept = reg(m, "part", UInt(part_bits));
    kept.when(move, now);
    part = kept;
  }
  for (int r = 0; r < rows; ++r) {
    Ram memory(m, fmt::format("row_{}", r), 2 << s.row_words_bits(), s.row_word() * s.operand_bits(), 1);
    memory.write(load & (load_row == r), concat({load_half, load_word}), word.data.operands);
    Bool in_group = r == 0 ? read : (read & (group.data > r)).named(fmt::format("read_row_{}", r));
    UInt held = memory.read(concat({half, read_word}), in_group);
    std::vector<UInt> parts;
    for (int i = 0; i < 1 << part_bits; ++i) parts.push_back(held.bits(i * step_operands, step_operands));
    if (!chooses_operands(s)) {
      row_words.push_back(held);
      continue;
    }
    auto operands = reg(m, fmt::format("operands_{}", r), UInt(step_operands));
    UInt chosen = part_bits == 0 ? held : select(part, parts);
    if (s.has_self()) chosen = mux(takes_exponentials, of_exponentials[static_cast<std::size_t>(r)], chosen);
    operands.when(advance, chosen);
    row_words.push_back(operands);
  }
  UInt weight_address = weight_word;
  Bool read_weights = move;
  if (chooses_operands(s)) {
    m.note("Weights are read a cycle later, when the operands of the step are chosen.");
    auto later = reg(m, "weights_due", Bool(), 0);
    later.when(advance, valid);
    auto address = reg(m, "weight_address", UInt(s.weight_address_bits()));
    address.when(move, weight_word);
    weight_address = address, read_weights = (later & advance).named("read_weights");
  }
  const int column_bits = depth * s.weight_bits();
  for (int bank = 0; bank < s.weight_banks(); ++bank) {
    Ram memory(m, fmt::format("weight_{}", bank), weight_words(s.config), weight_columns * column_bits, 1);
    memory.write(weights.enable & is_bank(weights.bank, bank, s.weight_banks()), weights.address, weights.data);
    UInt word = memory.read(weight_address, read_weights);
    for (int c = 0; c < weight_columns; ++c) column_words.push_back(word.bits(c * column_bits, column_bits));
  }
}

void GemmEngine::array() {
  Bool accumulate = (valid & advance).named("accumulate");
  for (int r = 0; r < rows; ++r) {
    auto& of_row = result.emplace_back();
    for (int c = 0; c < columns; ++c) {
      Instance pe(m, fmt::format("pe_{}_{}", r, c), build_pe(d, s));
      pe.in("advance", advance);
      pe.in("accumulate", accumulate);
      pe.in("first", mark.first), pe.in("last", mark.last);
      pe.in("operands", row_words[static_cast<std::size_t>(r)]);
      pe.in("weights", column_words[static_cast<std::size_t>(c)]);
      of_row.push_back(pe.out<UInt>("result"));
    }
  }
}

const Module& build_gemm_engine(Design& d, const Shapes& s) {
  return d.module("gemm_engine", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "PE array (NUMERICS.md N3, N11). A group of rows rows is computed while the next one is loaded; a tile of "
        "columns outputs is drained and requantised, a row a cycle, while the next one is computed.");
    GemmEngine engine{d, m, s};
    engine.ports();
    engine.load_rows();
    engine.compute();
    engine.array();
    engine.drain_tiles();
    engine.samples();
    engine.results();
    if (s.has_self()) engine.give_scores();
  });
}

}  // namespace quillgen::accel
