// The PE array: rows x columns x depth products a cycle, output stationary (NUMERICS.md N3, N11).
//
// A group of rows is multiplied by a matrix in the weight memories, tile by tile. A tile is `rows` rows times `columns`
// outputs; it takes a cycle for each word of a row. Its accumulators are then copied out and requantised, a row a
// cycle, while the next tile is computed. Outputs of a query are the logits of its samples and then their offsets, x
// and y, the lanes taking turns.
#include <fmt/core.h>

#include <optional>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/self/self_attention.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

int tree_stages(const Shapes& s) { return lib::sum_tree_stages(s.config.gemm.depth, s.config.gemm.tree_levels); }

// Cycles from a step to its operands and weights: a word of several steps has its operands chosen and registered.
// So are those of self-attention, which are chosen from rows and exponentials.
bool chooses_operands(const Shapes& s) { return s.part_bits() > 0 || s.has_self(); }
int memory_stages(const Shapes& s) { return chooses_operands(s) ? 2 : 1; }

// Cycles from the accumulators of a row to its outputs.
int drain_stages(const Shapes& s) { return (s.has_self() ? 2 : 1) + lib::requantise_latency; }

const Module& build_pe(Design& d, const Shapes& s) {
  return d.module("pe", s, [](Design&, Module& m, const Shapes& s) {
    const int depth = s.config.gemm.depth;
    m.describe(
        "Processing element: dot product of depth operands and weights a cycle, accumulated over the words of a row. "
        "accumulate, first and last belong to the sum of products; result holds a finished tile.");
    m.parameter("depth", depth);
    m.parameter("operand_bits", s.operand_bits());
    m.parameter("weight_bits", s.weight_bits());
    auto advance = input(m, "advance", Bool());
    auto accumulate = input(m, "accumulate", Bool());
    auto first = input(m, "first", Bool());
    auto last = input(m, "last", Bool());
    auto operand = lib::elements(input(m, "operands", UInt(depth * s.operand_bits())), depth, s.operand_bits());
    auto weight = lib::elements(input(m, "weights", UInt(depth * s.weight_bits())), depth, s.weight_bits());
    std::vector<SInt> products;
    for (std::size_t i = 0; i < operand.size(); ++i) {
      auto product = reg(m, fmt::format("product_{}", i), SInt(s.operand_bits() + s.weight_bits()));
      product.when(advance, operand[i] * weight[i]);
      products.push_back(product);
    }
    SInt sum = lib::registered_sum_tree(m, "sum", products, s.config.gemm.tree_levels, advance);
    const int wide = std::max(sum.width(), s.gemm_acc_bits());
    auto acc = reg(m, "acc", SInt(s.gemm_acc_bits()));
    auto next = mux(first, sum.extend(wide), (acc + sum).wrap(wide)).wrap(s.gemm_acc_bits()).named("next_acc");
    acc.when(accumulate, next);
    auto result = reg(m, "result", SInt(s.gemm_acc_bits()));
    result.when(accumulate & last, next);
    output(m, "result", result);
  });
}

struct Tile {  // what travels along the array
  UInt number;
  UInt rows;   // in the group
  UInt group;  // where the results go
  Bool first, last, last_tile;
  std::optional<SelfTile> self;
  explicit Tile(const Shapes& s)
      : number(s.tile_bits()), rows(s.rows_bits()), group(std::max(s.group_bits(), Shapes::bits(s.result_groups()))) {
    if (s.has_self()) self.emplace(s);
  }
  QUILLGEN_FIELDS(number, rows, group, first, last, last_tile, self)
};
struct Drain {  // outputs of a row on their way through requantisation
  UInt group, tile, rows;
  std::optional<UInt> row;  // only with several
  std::optional<SelfTile> self;
  explicit Drain(const Shapes& s) : group(Tile(s).group), tile(s.tile_bits()), rows(s.rows_bits()) {
    if (s.rows() > 1) row.emplace(Shapes::bits(s.rows()));
    if (s.has_self()) self.emplace(s);
  }
  QUILLGEN_FIELDS(group, tile, rows, row, self)
};

// What the order of the passes of self-attention tells the engine.
struct Passes {
  Bool issue, ends_rows, ends_group, last_of_group;
  SelfTile tile;
  UInt channels;
};

// The engine in the order of the data: rows are loaded, tiles computed, results drained. Members are what more than one
// of these parts reads.
struct Engine {
  Design& d;
  Module& m;
  const Shapes& s;
  const int rows = s.rows(), columns = s.config.gemm.columns, depth = s.config.gemm.depth,
            weight_columns = s.weight_columns(), requant_columns = s.requant_columns();

  Bool start = {}, freed = {};
  GemmRun run = GemmRun(s);
  TableWrite weights = {}, entries = {};  // writes of the weight memories and of the requantisation table
  Stream<RowWord> word = {RowWord(s), {}, {}};
  std::optional<SelfRun> attends = {};  // with self-attention
  Instance softmax = {};
  SelfStep self_step = SelfStep(s);
  Exponentials exponentials = Exponentials(s);
  Bool takes_exponentials = {};  // the operands that are chosen

  Bool load_half = {};  // of the row memories: where the next group of rows goes
  UInt load_row = {}, load_word = {};
  Stream<UInt> group = {};  // rows of a group that is loaded

  Wire<Bool> advance = {};  // the pipeline from the row memories to the sums moves
  Bool move = {};           // .. and takes a step of a tile
  UInt step = {}, weight_word = {};
  Bool half = {};
  std::vector<UInt> row_words = {}, column_words = {};  // operands of a row, weights of a column

  Bool valid = {};  // a step of this tile reaches the sums
  Tile mark = Tile(s);
  std::vector<std::vector<UInt>> result = {};  // [row][column]

  Bool draining = {};
  UInt drain_row = {}, drain_entry = {};
  Bool write = {}, group_done = {};  // a row's outputs leave requantisation; .. the last ones of a group
  Drain drain = Drain(s);
  std::vector<SInt> values = {};  // these outputs

  void ports();
  void load_rows();
  Passes attend(const Bool& room);
  std::vector<UInt> exponential_operands();
  UInt drained(int column);
  void combine(const Tile& tile, std::vector<UInt>& sums, std::vector<UInt>& column_entries);
  void give_scores();
  void compute();
  void memories();
  void array();
  void drain_tiles();
  void requantise(const Tile& tile);
  void follow_drain(const Tile& tile, const Bool& drained);
  void samples();
  void results();
  UInt slot(int group_bits) const {
    UInt g = drain.group.resize(group_bits);
    return drain.row ? concat({g, *drain.row}) : g;
  }
};

void Engine::ports() {
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

void Engine::load_rows() {
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

void Engine::compute() {
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

// Self-attention: passes in the place of tiles.
Passes Engine::attend(const Bool& room) {
  m.note("Self-attention: passes of scores and of products with the values in turn.");
  softmax = Instance(m, "row_softmax", build_row_softmax(d, s));
  softmax.in("last_column", attends->last_column), softmax.in("last_tile", attends->last_tile);
  softmax.in("gain", attends->gain);
  exponentials = softmax.out("exponentials", exponentials);
  Instance steps(m, "self_steps", build_self_steps(d, s));
  steps.in("start", start), steps.in("run", *attends), steps.in("advance", advance), steps.in("room", room);
  steps.connect("exponentials_ready", softmax, "ready");
  softmax.connect("taken", steps, "exponentials_taken");
  auto taken = ready_wire(m, "pass_takes_group");
  steps.in_stream("loaded", Stream<UInt>{group.data, group.valid, taken});
  self_step = steps.out("step", self_step);
  Passes p{steps.out<Bool>("issue"),         steps.out<Bool>("ends_rows"),   steps.out<Bool>("ends_group"),
           steps.out<Bool>("last_of_group"), steps.out("tile", SelfTile(s)), steps.out<UInt>("channels")};
  discard(taken);
  return p;
}

// Exponentials of the rows in the place of their operands: a memory for each row, of which a part of a word is taken.
std::vector<UInt> Engine::exponential_operands() {
  m.note("Exponentials of two heads.");
  const int units = exponential_units(s.config), bits = s.exponential_bits(), word_steps = units / depth,
            parts = exponential_parts(s.config), part_bits = s.n.query_bits - 1;
  auto takes = reg(m, "takes_exponentials", Bool());
  takes.when(move, attends->active & self_step.of_exponentials);
  takes_exponentials = takes;
  auto place = reg(m, "exponential_place", UInt(self_step.place.width()));
  place.when(move, self_step.place);
  auto part = reg(m, "exponential_part", UInt(self_step.part.width()));
  part.when(move, self_step.part);
  if (word_steps == 1) discard(place);
  if (parts == 1) discard(part);
  Bool read = (move & self_step.of_exponentials & attends->active & (self_step.place == 0)).named("read_exponentials");
  std::vector<UInt> list;
  for (int r = 0; r < rows; ++r) {
    Ram memory(m, fmt::format("exponentials_{}", r), 2 << s.exponential_word_bits(), units * bits, 1);
    Bool mine = exponentials.enable;
    if (exponentials.row) mine = mine & (*exponentials.row == r);
    memory.write(mine, concat({exponentials.parity, exponentials.word}), lib::join(exponentials.value));
    Bool in_group = r == 0 ? read : (read & (self_step.rows > r)).named(fmt::format("read_exponentials_{}", r));
    UInt word = memory.read(concat({self_step.parity, self_step.word}), in_group);
    std::vector<UInt> operands;
    for (int i = 0; i < depth; ++i) {
      std::vector<UInt> by_place;
      for (int p = 0; p < word_steps; ++p) by_place.push_back(word.bits((p * depth + i) * bits, bits));
      UInt whole = word_steps == 1 ? by_place[0] : select(place, by_place);
      std::vector<UInt> by_part;  // the first one is the highest
      for (int p = 0; p < parts; ++p) {
        const int low = (parts - 1 - p) * part_bits;
        by_part.push_back(whole.bits(low, std::min(part_bits, bits - low)).extend(s.operand_bits()));
      }
      operands.push_back(parts == 1 ? by_part[0] : select(part, by_part));
    }
    list.push_back(lib::join(operands));
  }
  return list;
}

// With self-attention a stage more: the parts of a sum are added up, and the scale is that of the run or of the row.
void Engine::combine(const Tile& tile, std::vector<UInt>& sums, std::vector<UInt>& column_entries) {
  m.note("Parts of exponentials are added up, the first one is the highest; the last sum is scaled by the row's.");
  const int bits = s.drained_bits(), parts = exponential_parts(s.config), row_bits = rows == 1 ? 1 : Shapes::bits(rows);
  const SelfTile& self = *tile.self;
  auto multiplies = reg(m, "drained_products", Bool()), scores = reg(m, "drained_scores", Bool()),
       first = reg(m, "drained_first_part", Bool()), parity = reg(m, "drained_parity", Bool());
  multiplies.next(attends->active & ~self.scores), scores.next(attends->active & self.scores);
  first.next(self.first_part), parity.next(self.parity);
  auto row = reg(m, "drained_row", UInt(row_bits));
  row.next(drain_row);
  softmax.in("scale_parity", parity);
  if (rows > 1) softmax.in("scale_row", row);
  else discard(row);
  lib::RequantEntry of_scores, of_row;
  of_scores.bias = SInt::constant(m, 0, lib::bias_bits), of_row.bias = of_scores.bias;
  of_scores.mult = UInt::constant(m, 1, lib::mult_bits), of_scores.shift = attends->score_shift;
  of_row.mult = softmax.out<UInt>("scale_mult"), of_row.shift = softmax.out<UInt>("scale_shift");
  UInt whole;
  std::optional<Ram> kept;
  if (parts > 1) {
    kept.emplace(m, "parts", rows == 1 ? 2 : 1 << row_bits, columns * bits, 1);
    whole = kept->read(rows == 1 ? UInt::constant(m, 0, 1) : drain_row,
                       draining & (drain_row < tile.rows) & attends->active & ~self.scores & ~self.first_part);
  } else {
    discard(first);
  }
  std::vector<UInt> all;
  for (int c = 0; c < columns; ++c) {
    const auto column = static_cast<std::size_t>(c);
    SInt sum = sums[column].as_sint().extend(bits);
    if (parts > 1) {
      SInt higher = (whole.bits(c * bits, bits).as_sint() << (s.n.query_bits - 1)).wrap(bits);
      SInt none = SInt::constant(m, 0, bits);
      sum = (sum + mux(multiplies & ~first, higher, none)).wrap(bits);
    }
    auto combined = reg(m, fmt::format("combined_{}", c), SInt(bits));
    combined.next(sum);
    sums[column] = combined.as_uint(), all.push_back(combined.as_uint());
    auto entry = reg(m, fmt::format("entry_{}", c), lib::RequantEntry{});
    entry.next(mux(multiplies, of_row, mux(scores, of_scores, unpack(column_entries[column], lib::RequantEntry{}))));
    column_entries[column] = pack(entry);
  }
  if (parts == 1) return;
  auto write_row = reg(m, "combined_row", UInt(row_bits));
  write_row.next(row);
  auto valid = reg(m, "drained_valid", Bool(), 0), write_now = reg(m, "combined_valid", Bool(), 0);
  valid.next(draining & (drain_row < tile.rows) & attends->active & ~self.scores), write_now.next(valid);
  kept->write(write_now, rows == 1 ? UInt::constant(m, 0, 1) : write_row, lib::join(all));
  if (rows == 1) discard(write_row);
}

void Engine::give_scores() {
  m.note("Scores of self-attention.");
  Scores out(s);
  const SelfTile& self = *drain.self;
  out.valid = (write & attends->active & self.scores).named("scores_valid");
  out.parity = self.parity, out.keys = self.keys, out.last_keys = self.last_keys, out.rows = drain.rows;
  if (out.row) out.row = drain.row;
  for (std::size_t c = 0; c < values.size(); ++c) out.value[c] = values[c].saturate(score_bits);
  softmax.in("score", out);
  discard(self.first_part);
}

// One bank takes everything that is written.
Bool is_bank(const UInt& bank, int number, int banks) {
  if (banks > 1) return bank == number;
  discard(bank);
  return Bool::constant(bank.module(), true);
}

void Engine::memories() {
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

void Engine::array() {
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

void Engine::drain_tiles() {
  m.note("Drain: the results of a tile, a row a cycle.");
  auto busy = reg(m, "draining", Bool(), 0);
  auto row = reg(m, "drain_row", UInt(Shapes::bits(rows)), 0);
  auto entry = reg(m, "drain_entry", UInt(s.requant_address_bits()));
  auto tile = reg(m, "drain_tile", Tile(s));
  Bool drained = (busy & lib::is_last(row, rows)).named("drained");
  Bool finished = (valid & mark.last).named("tile_done");
  advance.drive(~(finished & busy & ~drained));
  Bool take = (finished & advance).named("take");
  busy.when(take, true).when(drained, false);
  row.when(busy, lib::next_index(row, rows));
  entry.when(take, (run.first_entry + mark.number).wrap(s.requant_address_bits()));
  tile.when(take, mark);
  discard(tile.first), discard(tile.last);

  draining = busy, drain_row = row, drain_entry = entry;
  requantise(tile);
  drain.group = tile.group, drain.tile = tile.number, drain.rows = tile.rows;
  if (drain.row) drain.row = row;
  drain.self = tile.self;
  follow_drain(tile, drained);
}

// The accumulator of a column of the row that is drained.
UInt Engine::drained(int column) {
  std::vector<UInt> by_row;
  for (const auto& of_row : result) by_row.push_back(of_row[static_cast<std::size_t>(column)]);
  auto acc = reg(m, fmt::format("drained_{}", column), UInt(s.gemm_acc_bits()));
  acc.next(select(drain_row, by_row));
  return acc;
}

void Engine::requantise(const Tile& tile) {
  m.note("Requantise.");
  const Bool always = Bool::constant(m, true);
  std::vector<UInt> column_entries;
  for (int bank = 0; bank < s.requant_banks(); ++bank) {
    Ram table(m, fmt::format("requant_table_{}", bank), requant_words(s.config),
              requant_columns * lib::requant_entry_bits, 1);
    table.write(entries.enable & is_bank(entries.bank, bank, s.requant_banks()), entries.address, entries.data);
    UInt word = table.read(drain_entry, s.has_self() ? draining & ~attends->active : draining);
    for (int c = 0; c < requant_columns; ++c)
      column_entries.push_back(word.bits(c * lib::requant_entry_bits, lib::requant_entry_bits));
  }
  std::vector<UInt> sums;
  if (s.has_self()) {
    for (int c = 0; c < columns; ++c) sums.push_back(drained(c));
    combine(tile, sums, column_entries);
  }
  for (int c = 0; c < columns; ++c) {
    const auto column = static_cast<std::size_t>(c);
    UInt acc = s.has_self() ? sums[column] : drained(c);
    auto entry = unpack(column_entries[column], lib::RequantEntry{});
    Instance unit(m, fmt::format("requantise_{}", c),
                  lib::build_requantise(d, s.drained_bits(), s.result_bits(), true));
    unit.in("enable", always);
    unit.in("acc", acc);
    unit.in("bias", entry.bias), unit.in("mult", entry.mult), unit.in("shift", entry.shift);
    values.push_back(unit.out<UInt>("value").as_sint());
  }
}

// What is told about a row's outputs goes along with them through requantisation.
void Engine::follow_drain(const Tile& tile, const Bool& drained) {
  write = (draining & (drain_row < tile.rows)).named("drain_write");
  group_done = (drained & tile.last_tile).named("drain_ends_group");
  for (int i = 1; i <= drain_stages(s); ++i) {
    auto w = reg(m, fmt::format("drain_{}_write", i), Bool(), 0), e = reg(m, fmt::format("drain_{}_end", i), Bool(), 0);
    auto r = reg(m, fmt::format("drain_{}", i), Drain(s));
    w.next(write), e.next(group_done), r.next(drain);
    write = w, group_done = e, drain = r;
  }
}

void Engine::samples() {
  m.note(
      "Of queries: logits of their samples, then offsets, for each lane its own. What fills a tile is of no sample.");
  const auto first_offsets = static_cast<std::uint64_t>(logit_tiles(s.config));
  Bool of_query = (write & run.query).named("query_result"),
       of_offsets = (drain.tile >= first_offsets).named("offsets");
  output(m, "logits_valid", of_query & ~of_offsets);
  output(m, "offsets_valid", of_query & of_offsets);
  output(m, "sample_slot", slot(s.group_bits()));
  output(m, "logits_word", drain.tile.resize(s.lane().logit_word_bits()));
  output(m, "offsets_word", (drain.tile - first_offsets).as_uint().resize(s.lane().offset_word_bits()));
  const auto value = [&](int column, int bits) { return values[static_cast<std::size_t>(column)].saturate(bits); };
  for (int l = 0; l < s.lanes(); ++l) {
    std::vector<SInt> logits, offsets;
    for (int i = 0; i < lane_logits(s.config); ++i) logits.push_back(value(i * s.lanes() + l, s.n.logit_bits()));
    for (int i = 0; i < lane_points(s.config); ++i)
      for (int axis = 0; axis < 2; ++axis) offsets.push_back(value(2 * (i * s.lanes() + l) + axis, s.n.offset_bits()));
    output(m, fmt::format("logits_{}", l), lib::join(logits));
    output(m, fmt::format("offsets_{}", l), lib::join(offsets));
  }
}

void Engine::results() {
  m.note("Results for memory.");
  Results to_memory(s);
  Bool for_memory = write & ~run.query;
  if (s.has_self()) for_memory = for_memory & ~(attends->active & (drain.self->scores | ~drain.self->last_part));
  to_memory.valid = for_memory.named("result_valid_now");
  if (to_memory.heads) {
    std::vector<Bool> mine;
    for (int h = 0; h < s.heads_of_tile(); ++h) mine.push_back(~attends->active | (*drain.self->head == h));
    to_memory.heads = mine;
  }
  to_memory.slot = slot(Shapes::bits(s.result_groups()));
  to_memory.tile = drain.tile;
  to_memory.value = values;
  output(m, "result", to_memory);

  m.note("Groups whose results are complete; there is room, since no more than its depth are held.");
  auto done = stream(m, "done", group_done, drain.rows);
  m.add_assertion("a finished group has its place", (~group_done | done.ready).id());
  output_stream(m, "finished", lib::fifo(d, m, "finished_groups", done, s.result_groups()));
}

}  // namespace

const Module& build_gemm_engine(Design& d, const Shapes& s) {
  return d.module("gemm_engine", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "PE array (NUMERICS.md N3, N11). A group of rows rows is computed while the next one is loaded; a tile of "
        "columns outputs is drained and requantised, a row a cycle, while the next one is computed.");
    Engine engine{d, m, s};
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
