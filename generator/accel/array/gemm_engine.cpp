// The PE array: rows x columns x depth products a cycle, output stationary (NUMERICS.md N3, N11).
//
// A group of rows is multiplied by a matrix in the weight memories, tile by tile. A tile is `rows` rows times `columns`
// outputs; it takes a cycle for each word of a row. Its accumulators are then copied out and requantised, drain_width
// outputs of a row a cycle, while the next tile is computed. Outputs of a query are offset x, offset y and logit of its
// samples, the lanes taking turns.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

int tree_stages(const Shapes& s) { return lib::sum_tree_stages(s.config.gemm.depth, s.config.gemm.tree_levels); }

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
  UInt place;  // of its first outputs
  UInt rows;   // in the group
  UInt group;  // where the results go
  Bool first, last, last_tile;
  explicit Tile(const Shapes& s)
      : place(s.place_bits()), rows(s.rows_bits()), group(std::max(s.group_bits(), Shapes::bits(s.result_groups()))) {}
  QUILLGEN_FIELDS(place, rows, group, first, last, last_tile)
};
struct Drain {  // outputs of a row on their way through requantisation
  UInt group, row, place, rows;
  explicit Drain(const Shapes& s)
      : group(Tile(s).group), row(Shapes::bits(s.rows())), place(s.place_bits()), rows(s.rows_bits()) {}
  QUILLGEN_FIELDS(group, row, place, rows)
};
struct Projected {
  UInt row, sample;
  SInt offset_x, offset_y, logit;
  QUILLGEN_FIELDS(row, sample, offset_x, offset_y, logit)
};

// The engine in the order of the data: rows are loaded, tiles computed, results drained. Members are what more than one
// of these parts reads.
struct Engine {
  Design& d;
  Module& m;
  const Shapes& s;
  const int rows = s.rows(), columns = s.config.gemm.columns, depth = s.config.gemm.depth,
            width = drain_width(s.config), drains = drains_of_tile(s.config);

  Bool start = {}, freed = {};
  GemmRun run = GemmRun(s);
  TableWrite weights = {}, entries = {};  // writes of the weight memories and of the requantisation table
  Stream<RowWord> word = {RowWord(s), {}, {}};

  Bool load_half = {};  // of the row memories: where the next group of rows goes
  UInt load_row = {}, load_step = {};
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
  UInt drain_row = {}, drain_word = {}, drain_entry = {};
  Bool write = {}, group_done = {};  // a row's outputs leave requantisation; .. the last ones of a group
  Drain drain = Drain(s);
  std::vector<SInt> values = {};  // these outputs

  void ports();
  void load_rows();
  void compute();
  void memories();
  void array();
  void drain_tiles();
  void requantise();
  void follow_drain(const Tile& tile, const Bool& drained);
  void samples();
  void results();
  UInt slot(int group_bits) const {
    UInt g = drain.group.resize(group_bits);
    return rows == 1 ? g : concat({g, drain.row});
  }
};

void Engine::ports() {
  m.parameter("rows", rows);
  m.parameter("columns", columns);
  m.parameter("depth", depth);
  m.parameter("drain_width", width);
  start = input(m, "start", Bool());
  run = input(m, "run", GemmRun(s));
  weights = input(
      m, "weights",
      TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(s.weight_address_bits()), UInt(depth * s.weight_bits())});
  entries = input(m, "requant",
                  TableWrite{Bool(), UInt(1), UInt(s.requant_address_bits()), UInt(width * lib::requant_entry_bits)});
  discard(entries.bank), discard(run.dense);
  freed = input(m, "freed", Bool());
  word = input_stream(m, "word", RowWord(s));
}

void Engine::load_rows() {
  m.note("Load: words of a row, row after row; two groups of rows fit.");
  auto at_step = reg(m, "load_step", UInt(s.step_bits()), 0);
  auto at_row = reg(m, "load_row", UInt(Shapes::bits(rows)), 0);
  auto at_half = reg(m, "load_half", Bool(), 0);
  load_step = at_step, load_row = at_row, load_half = at_half;
  Bool load = word.fire().named("load");
  Bool end_of_row = (load_step == run.last_step).named("end_of_row");
  Bool end_of_group = (end_of_row & word.data.last_of_group).named("end_of_group");
  at_step.when(load & end_of_row, 0).when(load, lib::increment(load_step));
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
  auto place = reg(m, "place", UInt(s.place_bits()), 0);
  auto read_half = reg(m, "half", Bool(), 0);  // of the row memories
  auto query_group = reg(m, "query_group", UInt(s.group_bits()), 0);
  auto result_group = reg(m, "result_group", UInt(Shapes::bits(s.result_groups())), 0);
  auto most_held = mux(run.query, UInt::constant(m, group_buffers, held.width()),
                       UInt::constant(m, static_cast<std::uint64_t>(s.result_groups()), held.width()));
  Bool room = (held != most_held).named("room");
  valid = (group.valid & room).named("issue");
  move = (valid & advance).named("move");
  Bool last_step = (now == run.last_step).named("last_step");
  Bool last_tile = (tile == run.last_tile).named("last_tile");
  Bool end = (last_step & last_tile).named("last_of_group");
  Bool group_ends = (move & end).named("group_ends");
  group.ready.drive(group_ends);
  now.when(move & last_step, 0).when(move, lib::increment(now));
  tile.when(group_ends, 0).when(move & last_step, lib::increment(tile));
  weight.when(start | group_ends, run.first_weight).when(move, lib::increment(weight));
  place.when(group_ends, 0).when(move & last_step, (place + drains).wrap(s.place_bits()));
  read_half.when(group_ends, ~read_half);
  query_group.when(group_ends & run.query, lib::next_index(query_group, group_buffers));
  result_group.when(start, 0).when(group_ends & ~run.query, lib::next_index(result_group, s.result_groups()));
  held.when(group_ends & ~freed, lib::increment(held)).when(freed & ~group_ends, lib::decrement(held));
  output(m, "busy", move);
  output(m, "waits_for_room", group.valid & ~move);

  step = now, weight_word = weight, half = read_half;
  memories();

  m.note("Marks travel beside memory read, products and sums.");
  mark.place = place, mark.rows = group.data, mark.first = now == 0, mark.last = last_step, mark.last_tile = last_tile;
  mark.group = mux(run.query, query_group.extend(mark.group.width()), result_group.extend(mark.group.width()));
  for (int i = 1; i <= 2 + tree_stages(s); ++i) {
    auto v = reg(m, fmt::format("mark_{}_valid", i), Bool(), 0);
    auto t = reg(m, fmt::format("mark_{}", i), Tile(s));
    v.when(advance, valid), t.when(advance, mark);
    valid = v, mark = t;
  }
}

void Engine::memories() {
  const Bool load = word.fire();
  for (int r = 0; r < rows; ++r) {
    Ram memory(m, fmt::format("row_{}", r), 2 << s.step_bits(), depth * s.operand_bits(), 1);
    memory.write(load & (load_row == r), concat({load_half, load_step}), word.data.operands);
    Bool in_group = r == 0 ? move : (move & (group.data > r)).named(fmt::format("read_row_{}", r));
    row_words.push_back(memory.read(concat({half, step}), in_group));
  }
  for (int c = 0; c < columns; ++c) {
    Ram memory(m, fmt::format("weight_{}", c), weight_words(s.config), depth * s.weight_bits(), 1);
    memory.write(weights.enable & (weights.bank == c), weights.address, weights.data);
    column_words.push_back(memory.read(weight_word, move));
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
  m.note(
      "Drain: the results of a tile, drain_width outputs of a row a cycle, all rows of these outputs, then the "
      "next.");
  auto busy = reg(m, "draining", Bool(), 0);
  auto row = reg(m, "drain_row", UInt(Shapes::bits(rows)), 0);
  auto part = reg(m, "drain_word", UInt(Shapes::bits(drains)), 0);
  auto place = reg(m, "drain_place", UInt(s.place_bits()));
  auto entry = reg(m, "drain_entry", UInt(s.requant_address_bits()));
  auto tile = reg(m, "drain_tile", Tile(s));
  Bool last_row = lib::is_last(row, rows).named("last_row");
  Bool drained = (busy & last_row & lib::is_last(part, drains)).named("drained");
  Bool finished = (valid & mark.last).named("tile_done");
  advance.drive(~(finished & busy & ~drained));
  Bool take = (finished & advance).named("take");
  Bool next_word = (busy & last_row).named("next_word");
  busy.when(take, true).when(drained, false);
  row.when(busy, lib::next_index(row, rows));
  part.when(next_word, lib::next_index(part, drains));
  place.when(take, mark.place).when(next_word, lib::increment(place));
  entry.when(take, (run.first_entry + mark.place).wrap(s.requant_address_bits()))
      .when(next_word, lib::increment(entry));
  tile.when(take, mark);
  discard(tile.place), discard(tile.first), discard(tile.last);

  draining = busy, drain_row = row, drain_word = part, drain_entry = entry;
  requantise();
  drain.group = tile.group, drain.row = row, drain.place = place, drain.rows = tile.rows;
  follow_drain(tile, drained);
}

void Engine::requantise() {
  m.note("Requantise.");
  const Bool always = Bool::constant(m, true);
  Ram table(m, "requant_table", requant_words(s.config), width * lib::requant_entry_bits, 1);
  table.write(entries.enable, entries.address, entries.data);
  UInt words = table.read(drain_entry, draining);
  for (int i = 0; i < width; ++i) {
    std::vector<UInt> by_word;
    for (int w = 0; w < drains; ++w) {
      std::vector<UInt> by_row;
      for (const auto& of_row : result) by_row.push_back(of_row[static_cast<std::size_t>(w * width + i)]);
      by_word.push_back(select(drain_row, by_row));
    }
    auto acc = reg(m, fmt::format("drained_{}", i), UInt(s.gemm_acc_bits()));
    acc.next(select(drain_word, by_word));
    auto entry = unpack(words.bits(i * lib::requant_entry_bits, lib::requant_entry_bits), lib::RequantEntry{});
    Instance unit(m, fmt::format("requantise_{}", i),
                  lib::build_requantise(d, s.gemm_acc_bits(), s.result_bits(), true));
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
  for (int i = 1; i <= 1 + lib::requantise_latency; ++i) {
    auto w = reg(m, fmt::format("drain_{}_write", i), Bool(), 0), e = reg(m, fmt::format("drain_{}_end", i), Bool(), 0);
    auto r = reg(m, fmt::format("drain_{}", i), Drain(s));
    w.next(write), e.next(group_done), r.next(drain);
    write = w, group_done = e, drain = r;
  }
}

void Engine::samples() {
  m.note("Samples of queries: offset x, offset y and logit of one for each lane. What fills the last tile is dropped.");
  const Shapes lane = s.lane();
  Bool sample = (write & run.query & (drain.place < lane.a.samples_per_query())).named("sample_valid_now");
  output(m, "sample_valid", sample);
  output(m, "sample_slot", slot(s.group_bits()));
  UInt number = drain.place.resize(lane.sample_bits());
  output(m, "sample_number", number);
  for (int l = 0; l < s.lanes(); ++l) {
    const auto at = static_cast<std::size_t>(3 * l);
    SInt x = values[at].saturate(s.n.offset_bits()).named(fmt::format("sample_x_{}", l)),
         y = values[at + 1].saturate(s.n.offset_bits()).named(fmt::format("sample_y_{}", l)),
         logit = values[at + 2].saturate(s.n.logit_bits()).named(fmt::format("sample_logit_{}", l));
    output(m, fmt::format("offset_x_{}", l), x.as_uint());
    output(m, fmt::format("offset_y_{}", l), y.as_uint());
    output(m, fmt::format("logit_{}", l), logit.as_uint());
    tap(m, "projection", Stream<Projected>{{drain.row, number, x, y, logit}, sample, Wire<Bool>(sample)});
  }
}

void Engine::results() {
  m.note("Results for memory.");
  Results to_memory(s);
  to_memory.valid = (write & ~run.query).named("result_valid_now");
  to_memory.slot = slot(Shapes::bits(s.result_groups()));
  to_memory.place = drain.place;
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
        "columns outputs is drained and requantised while the next one is computed.");
    Engine engine{d, m, s};
    engine.ports();
    engine.load_rows();
    engine.compute();
    engine.array();
    engine.drain_tiles();
    engine.samples();
    engine.results();
  });
}

}  // namespace quillgen::accel
