// Offsets and logits of a group of queries (NUMERICS.md N3) on a PE array of rows x columns x depth.
//
// The array is output stationary: a tile is `rows` queries times `columns` outputs, i.e. offset x, offset y and logit
// of columns / 3 samples, the same number for each lane. It takes `steps` cycles; its accumulators are then copied out
// and requantised, a sample a cycle for each lane, while the next tile is computed.
#include <fmt/format.h>

#include <array>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

const Module& build_pe(Design& d, const Shapes& s) {
  return d.module("pe", [&](Module& m) {
    const int depth = s.config.gemm.depth;
    m.describe(
        "Processing element: dot product of depth query channels and weights a cycle, accumulated over the channels of "
        "a query. accumulate, first and last "
        "belong to the sum of products; result holds a finished tile.");
    m.parameter("depth", depth);
    m.parameter("query_bits", s.n.query_bits);
    m.parameter("weight_bits", s.n.query_weight_bits);
    auto advance = input(m, "advance", Bool());
    auto accumulate = input(m, "accumulate", Bool());
    auto first = input(m, "first", Bool());
    auto last = input(m, "last", Bool());
    auto query = lib::elements(input(m, "query", UInt(depth * s.n.query_bits)), depth, s.n.query_bits);
    auto weight = lib::elements(input(m, "weight", UInt(depth * s.n.query_weight_bits)), depth, s.n.query_weight_bits);
    std::vector<SInt> products;
    for (std::size_t i = 0; i < query.size(); ++i) {
      auto product = reg(m, fmt::format("product_{}", i), SInt(s.n.query_bits + s.n.query_weight_bits));
      product.when(advance, query[i] * weight[i]);
      products.push_back(product);
    }
    SInt total = lib::sum_tree(products);
    auto sum = reg(m, "sum", SInt(total.width()));
    sum.when(advance, total);
    const int wide = std::max(total.width(), s.gemm_acc_bits());
    auto acc = reg(m, "acc", SInt(s.gemm_acc_bits()));
    auto next = mux(first, sum.extend(wide), (acc + sum).wrap(wide)).wrap(s.gemm_acc_bits()).named("next_acc");
    acc.when(accumulate, next);
    auto result = reg(m, "result", SInt(s.gemm_acc_bits()));
    result.when(accumulate & last, next);
    output(m, "result", static_cast<SInt>(result));
  });
}

struct Step {   // what travels along the array
  UInt sample;  // first sample of the tile in each lane
  UInt rows;    // queries in the group
  UInt group;   // buffer of the group
  Bool first, last, last_tile;
  template <class F>
  void each(F&& f) {
    f("sample", sample), f("rows", rows), f("group", group), f("first", first), f("last", last),
        f("last_tile", last_tile);
  }
};
struct Drain {  // a sample on its way through requantisation
  UInt slot, row, sample, rows;
  Bool write, end_of_group;
  template <class F>
  void each(F&& f) {
    f("slot", slot), f("row", row), f("sample", sample), f("rows", rows), f("write", write),
        f("end_of_group", end_of_group);
  }
};
struct Projected {
  UInt row, sample;
  SInt offset_x, offset_y, logit;
  template <class F>
  void each(F&& f) {
    f("row", row), f("sample", sample), f("offset_x", offset_x), f("offset_y", offset_y), f("logit", logit);
  }
};

template <class T>
T delayed(Module& m, const std::string& name, const T& value, const T& shape, const Bool& enable) {
  auto r = reg(m, name, shape);
  r.when(enable, value);
  return r;
}

}  // namespace

const Module& build_query_projection(Design& d, const Shapes& s) {
  return d.module("query_projection", [&](Module& m) {
    const int rows = s.rows(), columns = s.config.gemm.columns, depth = s.config.gemm.depth, steps = s.steps(),
              tiles = s.tiles(), lanes = s.lanes(), per_tile = s.samples_per_tile() / lanes;
    const Shapes lane = s.lane();
    const int samples = lane.a.samples_per_query(), column_bits = depth * s.n.query_weight_bits,
              wide_sample = Shapes::holds(tiles * per_tile);
    const int row_bits = Shapes::bits(rows), step_bits = Shapes::bits(steps);
    m.describe(
        "PE array of the offset and logit projection (NUMERICS.md N3). A group of rows queries is computed while the "
        "next one is loaded.");
    m.parameter("rows", rows);
    m.parameter("columns", columns);
    m.parameter("depth", depth);
    m.parameter("steps", steps);
    m.parameter("tiles", tiles);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto weight_write =
        input(m, "weights",
              TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(Shapes::bits(tiles * steps)), UInt(column_bits)});
    auto table_write = input(
        m, "table",
        TableWrite{Bool(), UInt(Shapes::bits(lanes)), UInt(Shapes::bits(samples)), UInt(3 * lib::requant_entry_bits)});
    if (lanes == 1) discard(table_write.bank);
    auto freed = input(m, "freed", Bool());
    auto word = input_stream(m, "word", UInt(depth * s.n.query_bits));

    m.note("Load: words of a query row, row after row; two groups of rows fit.");
    auto remaining = reg(m, "remaining", UInt(s.query_bits()));
    auto load_step = reg(m, "load_step", UInt(step_bits), 0);
    auto load_row = reg(m, "load_row", UInt(row_bits), 0);
    auto load_half = reg(m, "load_half", Bool(), 0);
    Bool load = word.fire().named("load");
    Bool end_of_row = lib::is_last(load_step, steps).named("end_of_row");
    Bool end_of_group = (end_of_row & ((remaining == 1) | lib::is_last(load_row, rows))).named("end_of_group");
    load_step.when(load, lib::next_index(load_step, steps));
    load_row.when(load & end_of_group, 0).when(load & end_of_row, lib::increment(load_row));
    load_half.when(load & end_of_group, ~load_half);
    remaining.when(start, queries).when(load & end_of_row, lib::decrement(remaining));
    auto loaded = stream(m, "loaded", word.valid & end_of_group, (load_row + 1).wrap(s.rows_bits()));
    auto group = lib::fifo(d, m, "groups", loaded, 2);
    // The second group may be loaded while the first is in the array, a third not.
    word.ready.drive(loaded.ready);

    m.note("Compute: tile by tile, step by step, as long as the sample buffers have room for the group.");
    auto advance = wire(m, "advance", Bool());
    auto held = reg(m, "held", UInt(2), 0);  // groups in the sample buffers
    auto step = reg(m, "step", UInt(step_bits), 0);
    auto weight_word = reg(m, "weight_word", UInt(Shapes::bits(tiles * steps)), 0);
    auto tile_sample = reg(m, "tile_sample", UInt(wide_sample), 0);
    auto half = reg(m, "half", Bool(), 0);  // of the query memories
    auto buffer = reg(m, "buffer", UInt(s.group_bits()), 0);
    Bool issue = (group.valid & (held != group_buffers)).named("issue");
    Bool move = (issue & advance).named("move");
    Bool last_step = lib::is_last(step, steps).named("last_step");
    Bool last_tile = (tile_sample == (tiles - 1) * per_tile).named("last_tile");
    Bool end = (last_step & last_tile).named("last_of_group");
    group.ready.drive(move & end);
    step.when(move, lib::next_index(step, steps));
    weight_word.when(move, lib::next_index(weight_word, tiles * steps));
    tile_sample.when(move & end, 0).when(move & last_step, (tile_sample + per_tile).wrap(wide_sample));
    half.when(move & end, ~half);
    buffer.when(move & end, lib::next_index(buffer, group_buffers));
    held.when(move & end & ~freed, lib::increment(held)).when(freed & ~(move & end), lib::decrement(held));

    std::vector<UInt> query_words, weight_words;
    for (int r = 0; r < rows; ++r) {
      Ram memory(m, fmt::format("query_{}", r), 2 << step_bits, depth * s.n.query_bits, 1);
      memory.write(load & (load_row == r), concat({load_half, load_step}), word.data);
      query_words.push_back(memory.read(concat({half, step}), move));
    }
    for (int c = 0; c < columns; ++c) {
      Ram memory(m, fmt::format("weight_{}", c), tiles * steps, column_bits, 1);
      memory.write(weight_write.enable & (weight_write.bank == c), weight_write.address, weight_write.data);
      weight_words.push_back(memory.read(weight_word, move));
    }

    m.note("Marks travel beside memory read, products and sum.");
    Bool valid = issue;
    Step mark{tile_sample, group.data, buffer, step == 0, last_step, last_tile};
    for (int i = 1; i <= 3; ++i) {
      auto v = reg(m, fmt::format("mark_{}_valid", i), Bool(), 0);
      v.when(advance, valid);
      valid = v;
      mark =
          delayed(m, fmt::format("mark_{}", i), mark,
                  Step{UInt(wide_sample), UInt(s.rows_bits()), UInt(s.group_bits()), Bool(), Bool(), Bool()}, advance);
    }
    Bool accumulate = (valid & advance).named("accumulate");
    std::vector<std::vector<UInt>> result(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) {
        Instance pe(m, fmt::format("pe_{}_{}", r, c), build_pe(d, s));
        pe.in("advance", static_cast<Bool>(advance));
        pe.in("accumulate", accumulate);
        pe.in("first", mark.first), pe.in("last", mark.last);
        pe.in("query", query_words[static_cast<std::size_t>(r)]);
        pe.in("weight", weight_words[static_cast<std::size_t>(c)]);
        result[static_cast<std::size_t>(r)].push_back(pe.out("result", UInt(s.gemm_acc_bits())));
      }

    m.note("Drain: the results of a tile, a sample a cycle for each lane, sample by sample and row by row.");
    auto draining = reg(m, "draining", Bool(), 0);
    auto drain_row = reg(m, "drain_row", UInt(row_bits), 0);
    auto drain_column = reg(m, "drain_column", UInt(Shapes::bits(per_tile)), 0);
    auto drain_sample = reg(m, "drain_sample", UInt(wide_sample));
    auto tile = reg(m, "drain_tile",
                    Step{UInt(wide_sample), UInt(s.rows_bits()), UInt(s.group_bits()), Bool(), Bool(), Bool()});
    Bool last_row = lib::is_last(drain_row, rows).named("last_row");
    Bool drained = (draining & last_row & lib::is_last(drain_column, per_tile)).named("drained");
    Bool finished = (valid & mark.last).named("finished");
    advance.drive(~(finished & draining & ~drained));
    Bool take = (finished & advance).named("take");
    draining.when(take, true).when(drained, false);
    drain_row.when(draining, lib::next_index(drain_row, rows));
    drain_column.when(draining & last_row, lib::next_index(drain_column, per_tile));
    drain_sample.when(take, mark.sample).when(draining & last_row, lib::increment(drain_sample));
    tile.when(take, mark);
    discard(tile.sample), discard(tile.first), discard(tile.last);

    m.note("Requantise offset x, offset y and logit of the sample of each lane.");
    const Bool always = Bool::constant(m, true);
    UInt sample = drain_sample.resize(lane.sample_bits());
    static const char* const names[] = {"offset_x", "offset_y", "logit"};
    std::vector<std::array<UInt, 3>> values;
    for (int l = 0; l < lanes; ++l) {
      Ram table(m, fmt::format("table_{}", l), samples, 3 * lib::requant_entry_bits, 1);
      Bool mine = lanes == 1 ? table_write.enable : table_write.enable & (table_write.bank == l);
      table.write(mine, table_write.address, table_write.data);
      UInt entries = table.read(sample, draining);
      auto& lane_values = values.emplace_back();
      for (int part = 0; part < 3; ++part) {
        std::vector<UInt> by_column;
        for (int c = 0; c < per_tile; ++c) {
          std::vector<UInt> by_row;
          for (int r = 0; r < rows; ++r)
            by_row.push_back(result[static_cast<std::size_t>(r)][static_cast<std::size_t>(3 * (c * lanes + l) + part)]);
          by_column.push_back(select(drain_row, by_row));
        }
        auto acc = reg(m, fmt::format("{}_acc_{}", names[part], l), UInt(s.gemm_acc_bits()));
        acc.next(select(drain_column, by_column));
        auto entry = unpack(entries.bits(part * lib::requant_entry_bits, lib::requant_entry_bits), lib::RequantEntry{});
        const int bits = part == 2 ? s.n.logit_bits() : s.n.offset_bits();
        Instance unit(m, fmt::format("requantise_{}_{}", names[part], l),
                      lib::build_requantise(d, s.gemm_acc_bits(), bits, true));
        unit.in("enable", always);
        unit.in("acc", static_cast<UInt>(acc));
        unit.in("bias", entry.bias), unit.in("mult", entry.mult), unit.in("shift", entry.shift);
        lane_values[static_cast<std::size_t>(part)] = unit.out("value", UInt(bits));
      }
    }

    UInt slot = rows == 1 ? tile.group : concat({tile.group, drain_row});
    Bool exists = (drain_row < tile.rows) & (drain_sample < samples);
    Drain now{slot,
              drain_row,
              sample,
              tile.rows,
              (draining & exists).named("drain_write"),
              (drained & tile.last_tile).named("drain_ends_group")};
    Bool write = now.write, group_done = now.end_of_group;
    for (int i = 1; i <= 1 + lib::requantise_latency; ++i) {
      auto w = reg(m, fmt::format("drain_{}_write", i), Bool(), 0),
           e = reg(m, fmt::format("drain_{}_end", i), Bool(), 0);
      w.next(write), e.next(group_done);
      write = w, group_done = e;
      now.slot = delayed(m, fmt::format("drain_{}_slot", i), now.slot, UInt(s.slot_bits()), always);
      now.sample = delayed(m, fmt::format("drain_{}_sample", i), now.sample, UInt(lane.sample_bits()), always);
      now.rows = delayed(m, fmt::format("drain_{}_rows", i), now.rows, UInt(s.rows_bits()), always);
    }
    output(m, "sample_valid", write);
    output(m, "sample_slot", now.slot);
    output(m, "sample_number", now.sample);
    // With one row drain_row stays 0; a constant has no net that a simulator could show.
    UInt out_row = rows == 1 ? static_cast<UInt>(drain_row) : now.slot.wrap(row_bits);
    for (int l = 0; l < lanes; ++l) {
      const auto& v = values[static_cast<std::size_t>(l)];
      for (std::size_t part = 0; part < 3; ++part) output(m, fmt::format("{}_{}", names[part], l), v[part]);
      tap(m, "projection",
          Stream<Projected>{
              {out_row, now.sample, v[0].as_sint(), v[1].as_sint(), v[2].as_sint()}, write, Wire<Bool>(write)});
    }

    m.note("Groups that are complete in the sample buffers; there is room, since no more than its depth are held.");
    auto done = stream(m, "done", group_done, now.rows);
    m.add_assertion("a finished group has its place", (~group_done | done.ready).id());
    output_stream(m, "projected", lib::fifo(d, m, "finished_groups", done, group_buffers));
  });
}

}  // namespace quillgen::accel
