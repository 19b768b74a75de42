// The PE array: rows x columns x depth products a cycle, output stationary (NUMERICS.md N3, N11).
//
// A group of rows is multiplied by a matrix in the weight memories, tile by tile. A tile is `rows` rows times `columns`
// outputs; it takes a cycle for each word of a row. Its accumulators are then copied out and requantised, drain_width
// outputs of a row a cycle, while the next tile is computed. Outputs of a query are offset x, offset y and logit of its
// samples, the lanes taking turns.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/gemm.hpp"
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

}  // namespace

const Module& build_gemm_engine(Design& d, const Shapes& s) {
  return d.module("gemm_engine", s, [](Design& d, Module& m, const Shapes& s) {
    const int rows = s.rows(), columns = s.config.gemm.columns, depth = s.config.gemm.depth, lanes = s.lanes(),
              width = drain_width(s.config), drains = drains_of_tile(s.config);
    const Shapes lane = s.lane();
    const int samples = lane.a.samples_per_query(), row_bits = Shapes::bits(rows), step_bits = s.step_bits();
    m.describe(
        "PE array (NUMERICS.md N3, N11). A group of rows rows is computed while the next one is loaded; a tile of "
        "columns outputs is drained and requantised while the next one is computed.");
    m.parameter("rows", rows);
    m.parameter("columns", columns);
    m.parameter("depth", depth);
    m.parameter("drain_width", width);
    auto start = input(m, "start", Bool());
    auto run = input(m, "run", GemmRun(s));
    auto weight_write = input(
        m, "weights",
        TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(s.weight_address_bits()), UInt(depth * s.weight_bits())});
    auto table_write =
        input(m, "requant",
              TableWrite{Bool(), UInt(1), UInt(s.requant_address_bits()), UInt(width * lib::requant_entry_bits)});
    discard(table_write.bank), discard(run.dense);
    auto freed = input(m, "freed", Bool());
    auto word = input_stream(m, "word", RowWord(s));

    m.note("Load: words of a row, row after row; two groups of rows fit.");
    auto load_step = reg(m, "load_step", UInt(step_bits), 0);
    auto load_row = reg(m, "load_row", UInt(row_bits), 0);
    auto load_half = reg(m, "load_half", Bool(), 0);
    Bool load = word.fire().named("load");
    Bool end_of_row = (load_step == run.last_step).named("end_of_row");
    Bool end_of_group = (end_of_row & word.data.last_of_group).named("end_of_group");
    load_step.when(load & end_of_row, 0).when(load, lib::increment(load_step));
    load_row.when(load & end_of_group, 0).when(load & end_of_row, lib::increment(load_row));
    load_half.when(load & end_of_group, ~load_half);
    auto loaded = stream(m, "loaded", word.valid & end_of_group, (load_row + 1).wrap(s.rows_bits()));
    auto group = lib::fifo(d, m, "groups", loaded, 2);
    // The second group may be loaded while the first is in the array, a third not.
    word.ready.drive(loaded.ready);

    m.note("Compute: tile by tile, step by step, as long as there is room for the results of the group.");
    auto advance = wire(m, "advance", Bool());
    auto held = reg(m, "held", UInt(Shapes::holds(s.result_groups())), 0);  // groups whose results are still needed
    auto step = reg(m, "step", UInt(step_bits), 0);
    auto tile = reg(m, "tile", UInt(s.tile_bits()), 0);
    auto weight_word = reg(m, "weight_word", UInt(s.weight_address_bits()), 0);
    auto place = reg(m, "place", UInt(s.place_bits()), 0);
    auto half = reg(m, "half", Bool(), 0);  // of the row memories
    auto query_group = reg(m, "query_group", UInt(s.group_bits()), 0);
    auto result_group = reg(m, "result_group", UInt(Shapes::bits(s.result_groups())), 0);
    auto most_held = mux(run.query, UInt::constant(m, group_buffers, held.width()),
                         UInt::constant(m, static_cast<std::uint64_t>(s.result_groups()), held.width()));
    Bool room = (held != most_held).named("room");
    Bool issue = (group.valid & room).named("issue");
    Bool move = (issue & advance).named("move");
    Bool last_step = (step == run.last_step).named("last_step");
    Bool last_tile = (tile == run.last_tile).named("last_tile");
    Bool end = (last_step & last_tile).named("last_of_group");
    Bool group_ends = (move & end).named("group_ends");
    group.ready.drive(group_ends);
    step.when(move & last_step, 0).when(move, lib::increment(step));
    tile.when(group_ends, 0).when(move & last_step, lib::increment(tile));
    weight_word.when(start | group_ends, run.first_weight).when(move, lib::increment(weight_word));
    place.when(group_ends, 0).when(move & last_step, (place + drains).wrap(s.place_bits()));
    half.when(group_ends, ~half);
    query_group.when(group_ends & run.query, lib::next_index(query_group, group_buffers));
    result_group.when(start, 0).when(group_ends & ~run.query, lib::next_index(result_group, s.result_groups()));
    held.when(group_ends & ~freed, lib::increment(held)).when(freed & ~group_ends, lib::decrement(held));
    output(m, "busy", move);
    output(m, "waits_for_room", group.valid & ~move);

    std::vector<UInt> row_words, weight_words_now;
    for (int r = 0; r < rows; ++r) {
      Ram memory(m, fmt::format("row_{}", r), 2 << step_bits, depth * s.operand_bits(), 1);
      memory.write(load & (load_row == r), concat({load_half, load_step}), word.data.operands);
      Bool in_group = r == 0 ? move : (move & (group.data > r)).named(fmt::format("read_row_{}", r));
      row_words.push_back(memory.read(concat({half, step}), in_group));
    }
    for (int c = 0; c < columns; ++c) {
      Ram memory(m, fmt::format("weight_{}", c), weight_words(s.config), depth * s.weight_bits(), 1);
      memory.write(weight_write.enable & (weight_write.bank == c), weight_write.address, weight_write.data);
      weight_words_now.push_back(memory.read(weight_word, move));
    }

    m.note("Marks travel beside memory read, products and sums.");
    Bool valid = issue;
    Tile mark(s);
    mark.place = place, mark.rows = group.data, mark.first = step == 0, mark.last = last_step,
    mark.last_tile = last_tile;
    mark.group = mux(run.query, query_group.extend(mark.group.width()), result_group.extend(mark.group.width()));
    for (int i = 1; i <= 2 + tree_stages(s); ++i) {
      auto v = reg(m, fmt::format("mark_{}_valid", i), Bool(), 0);
      auto t = reg(m, fmt::format("mark_{}", i), Tile(s));
      v.when(advance, valid), t.when(advance, mark);
      valid = v, mark = t;
    }
    Bool accumulate = (valid & advance).named("accumulate");
    std::vector<std::vector<UInt>> result(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) {
        Instance pe(m, fmt::format("pe_{}_{}", r, c), build_pe(d, s));
        pe.in("advance", advance);
        pe.in("accumulate", accumulate);
        pe.in("first", mark.first), pe.in("last", mark.last);
        pe.in("operands", row_words[static_cast<std::size_t>(r)]);
        pe.in("weights", weight_words_now[static_cast<std::size_t>(c)]);
        result[static_cast<std::size_t>(r)].push_back(pe.out("result", UInt(s.gemm_acc_bits())));
      }

    m.note(
        "Drain: the results of a tile, drain_width outputs of a row a cycle, all rows of these outputs, then the "
        "next.");
    auto draining = reg(m, "draining", Bool(), 0);
    auto drain_row = reg(m, "drain_row", UInt(row_bits), 0);
    auto drain_word = reg(m, "drain_word", UInt(Shapes::bits(drains)), 0);
    auto drain_place = reg(m, "drain_place", UInt(s.place_bits()));
    auto drain_entry = reg(m, "drain_entry", UInt(s.requant_address_bits()));
    auto drained_tile = reg(m, "drain_tile", Tile(s));
    Bool last_row = lib::is_last(drain_row, rows).named("last_row");
    Bool drained = (draining & last_row & lib::is_last(drain_word, drains)).named("drained");
    Bool finished = (valid & mark.last).named("tile_done");
    advance.drive(~(finished & draining & ~drained));
    Bool take = (finished & advance).named("take");
    Bool next_word = (draining & last_row).named("next_word");
    draining.when(take, true).when(drained, false);
    drain_row.when(draining, lib::next_index(drain_row, rows));
    drain_word.when(next_word, lib::next_index(drain_word, drains));
    drain_place.when(take, mark.place).when(next_word, lib::increment(drain_place));
    drain_entry.when(take, (run.first_entry + mark.place).wrap(s.requant_address_bits()))
        .when(next_word, lib::increment(drain_entry));
    drained_tile.when(take, mark);
    discard(drained_tile.place), discard(drained_tile.first), discard(drained_tile.last);

    m.note("Requantise.");
    const Bool always = Bool::constant(m, true);
    Ram table(m, "requant_table", requant_words(s.config), width * lib::requant_entry_bits, 1);
    table.write(table_write.enable, table_write.address, table_write.data);
    UInt entries = table.read(drain_entry, draining);
    std::vector<SInt> values;
    for (int i = 0; i < width; ++i) {
      std::vector<UInt> by_word;
      for (int w = 0; w < drains; ++w) {
        std::vector<UInt> by_row;
        for (int r = 0; r < rows; ++r)
          by_row.push_back(result[static_cast<std::size_t>(r)][static_cast<std::size_t>(w * width + i)]);
        by_word.push_back(select(drain_row, by_row));
      }
      auto acc = reg(m, fmt::format("drained_{}", i), UInt(s.gemm_acc_bits()));
      acc.next(select(drain_word, by_word));
      auto entry = unpack(entries.bits(i * lib::requant_entry_bits, lib::requant_entry_bits), lib::RequantEntry{});
      Instance unit(m, fmt::format("requantise_{}", i),
                    lib::build_requantise(d, s.gemm_acc_bits(), s.result_bits(), true));
      unit.in("enable", always);
      unit.in("acc", acc);
      unit.in("bias", entry.bias), unit.in("mult", entry.mult), unit.in("shift", entry.shift);
      values.push_back(unit.out("value", UInt(s.result_bits())).as_sint());
    }

    Drain now(s);
    now.group = drained_tile.group, now.row = drain_row, now.place = drain_place, now.rows = drained_tile.rows;
    Bool write = (draining & (drain_row < drained_tile.rows)).named("drain_write"),
         group_done = (drained & drained_tile.last_tile).named("drain_ends_group");
    for (int i = 1; i <= 1 + lib::requantise_latency; ++i) {
      auto w = reg(m, fmt::format("drain_{}_write", i), Bool(), 0),
           e = reg(m, fmt::format("drain_{}_end", i), Bool(), 0);
      auto r = reg(m, fmt::format("drain_{}", i), Drain(s));
      w.next(write), e.next(group_done), r.next(now);
      write = w, group_done = e, now = r;
    }
    const auto slot = [&](int group_bits) {
      UInt g = now.group.resize(group_bits);
      return rows == 1 ? g : concat({g, now.row});
    };

    m.note(
        "Samples of queries: offset x, offset y and logit of one for each lane. What fills the last tile is dropped.");
    Bool sample = (write & run.query & (now.place < samples)).named("sample_valid_now");
    output(m, "sample_valid", sample);
    output(m, "sample_slot", slot(s.group_bits()));
    UInt number = now.place.resize(lane.sample_bits());
    output(m, "sample_number", number);
    for (int l = 0; l < lanes; ++l) {
      const auto at = static_cast<std::size_t>(3 * l);
      SInt x = values[at].saturate(s.n.offset_bits()).named(fmt::format("sample_x_{}", l)),
           y = values[at + 1].saturate(s.n.offset_bits()).named(fmt::format("sample_y_{}", l)),
           logit = values[at + 2].saturate(s.n.logit_bits()).named(fmt::format("sample_logit_{}", l));
      output(m, fmt::format("offset_x_{}", l), x.as_uint());
      output(m, fmt::format("offset_y_{}", l), y.as_uint());
      output(m, fmt::format("logit_{}", l), logit.as_uint());
      tap(m, "projection", Stream<Projected>{{now.row, number, x, y, logit}, sample, Wire<Bool>(sample)});
    }

    m.note("Results for memory.");
    Results results(s);
    results.valid = (write & ~run.query).named("result_valid_now");
    results.slot = slot(Shapes::bits(s.result_groups()));
    results.place = now.place;
    results.value = values;
    output(m, "result", results);

    m.note("Groups whose results are complete; there is room, since no more than its depth are held.");
    auto done = stream(m, "done", group_done, now.rows);
    m.add_assertion("a finished group has its place", (~group_done | done.ready).id());
    output_stream(m, "finished", lib::fifo(d, m, "finished_groups", done, s.result_groups()));
  });
}

}  // namespace quillgen::accel
