// From the sums of a tile of the PE array to results: a row a cycle they are copied out and requantised (NUMERICS.md
// N2), for the lanes or for memory.
#include <fmt/core.h>

#include "accel/array/gemm_engine.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Cycles from the accumulators of a row to its outputs.
int drain_stages(const Shapes& s) { return (s.has_self() ? 2 : 1) + lib::requantise_latency; }

}  // namespace

void GemmEngine::drain_tiles() {
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
UInt GemmEngine::drained(int column) {
  std::vector<UInt> by_row;
  for (const auto& of_row : result) by_row.push_back(of_row[static_cast<std::size_t>(column)]);
  auto acc = reg(m, fmt::format("drained_{}", column), UInt(s.gemm_acc_bits()));
  acc.next(select(drain_row, by_row));
  return acc;
}

void GemmEngine::requantise(const Tile& tile) {
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
void GemmEngine::follow_drain(const Tile& tile, const Bool& drained) {
  write = (draining & (drain_row < tile.rows)).named("drain_write");
  group_done = (drained & tile.last_tile).named("drain_ends_group");
  for (int i = 1; i <= drain_stages(s); ++i) {
    auto w = reg(m, fmt::format("drain_{}_write", i), Bool(), 0), e = reg(m, fmt::format("drain_{}_end", i), Bool(), 0);
    auto r = reg(m, fmt::format("drain_{}", i), Drain(s));
    w.next(write), e.next(group_done), r.next(drain);
    write = w, group_done = e, drain = r;
  }
}

void GemmEngine::samples() {
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

void GemmEngine::results() {
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

}  // namespace quillgen::accel
