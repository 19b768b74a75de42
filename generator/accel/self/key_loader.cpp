// Rows of self-attention: k and v become weights of the PE array, q go to it as they are.
//
// The array wants words that lie across rows: of the keys those of the columns of an entry, each with `depth` of its
// elements; of the values those of `depth` keys, each with the channels of an entry. So rows are collected in a buffer
// of two halves, a memory for each row of one; a half that is full is written into the weight memories.
#include <fmt/core.h>

#include <cassert>

#include "accel/self/self_attention.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct EntryRead {
  UInt part, bank, address, last_live;  // part of a word; the last row that the half has
  Bool of_keys;
  Bool beyond;  // the last key, or the channels of a value
  QUILLGEN_FIELDS(part, bank, address, last_live, of_keys, beyond)
};

struct Loader {
  Design& d;
  Module& m;
  const Shapes& s;
  const Config& c = s.config;
  const int columns = c.gemm.columns, depth = c.gemm.depth, together = s.weight_columns(), banks = s.weight_banks(),
            bits = s.n.query_bits, channels = c.attention.embed_dim;
  const int lanes = std::max(together, depth);  // rows of a half
  // A word of the buffer: of the row memories, or the channels of an entry if these are more.
  const int row_word = s.row_word(), wide = std::max(row_word, together), parts = wide / row_word,
            row_words = divide_up(channels, row_word), words = divide_up(row_words, parts);
  const int lane_bits = Shapes::bits(lanes), word_bits = Shapes::bits(words);

  Bool start = {}, of_keys = {}, of_values = {}, loading = {};
  Wire<Bool> loaded = {}, fetched = {};  // the phase is over
  Stream<RowWord> in = {RowWord(s), {}, {}};
  UInt rows = {};
  Bool fill = {}, fill_half = {}, last_key = {};
  UInt fill_word = {}, fill_lane = {}, column = {};
  std::vector<UInt> live = {};  // rows in a half, minus 1
  UInt halves = {};             // that are full
  Bool all_taken = {};          // all rows of the phase have come, and their halves were written
  Wire<Bool> freed = {};

  void phases();
  void collect();
  void write();
};

void Loader::phases() {
  m.parameter("lanes", lanes);
  m.parameter("words", words);
  m.note("Keys, values, queries.");
  start = input(m, "start", Bool());
  rows = input(m, "rows", UInt(s.self_rows_bits()));
  constexpr int idle = 0, keys = 1, values = 2, queries = 3;
  auto phase = reg(m, "phase", UInt(2), idle).values({"idle", "keys", "values", "queries"});
  of_keys = (phase == keys).named("is_keys"), of_values = (phase == values).named("is_values");
  loading = (of_keys | of_values).named("loading");
  Bool of_queries = (phase == queries).named("is_queries");
  loaded = wire(m, "loaded", Bool());
  phase.when(start, keys).when(loaded & of_keys, values).when(loaded & of_values, queries);
  auto fetch = reg(m, "fetch", Bool(), 0);
  fetch.next(start | loaded);
  output(m, "fetch", fetch);
  output(m, "of_keys", of_keys), output(m, "of_values", of_values);
  in = input_stream(m, "word", RowWord(s));
  fetched = ready_wire(m, "fetched");
  auto row = stream(m, "row_out", in.valid & of_queries, in.data);
  in.ready.drive(mux(of_queries, row.ready, fetched));
  output_stream(m, "row", row);
}

void Loader::collect() {
  m.note("Rows go into a half, a memory after the other.");
  auto word = reg(m, "fill_word", UInt(Shapes::bits(row_words)), 0);
  auto lane = reg(m, "fill_lane", UInt(lane_bits), 0);
  auto half = reg(m, "fill_half", Bool(), 0);
  auto left = reg(m, "rows_left", UInt(s.self_rows_bits()), 0);
  auto full = reg(m, "full_halves", UInt(2), 0);
  auto at_column = reg(m, "column", UInt(s.column_bits()), 0);
  Bool room = (full != 2).named("room");
  auto begins = reg(m, "begins", Bool(), 0);
  begins.next(start | loaded);
  fetched.drive(room & loading & ~begins & (left != 0));
  fill = (in.valid & fetched).named("fill");
  Bool end_of_row = (fill & lib::is_last(word, row_words)).named("end_of_row");
  last_key = (left == 1).named("is_last_row");
  Bool last_lane = mux(of_keys, lib::is_last(lane, together), lib::is_last(lane, depth));
  Bool end_of_half = (end_of_row & (last_lane | last_key)).named("end_of_half");
  discard(in.data.last_of_group);
  word.when(end_of_row, 0).when(fill, lib::increment(word));
  lane.when(end_of_half, 0).when(end_of_row, lib::increment(lane));
  half.when(end_of_half, ~half);
  left.when(begins, rows).when(end_of_row, lib::decrement(left));
  at_column.when(begins, 0).when(end_of_row, lib::next_index(at_column, columns));
  freed = wire(m, "freed", Bool());
  full.when(end_of_half & ~freed, lib::increment(full)).when(freed & ~end_of_half, lib::decrement(full));
  for (int i = 0; i < 2; ++i) {
    auto l = reg(m, fmt::format("rows_of_half_{}", i), UInt(lane_bits));
    l.when(end_of_half & (half == (i == 1)), lane);
    live.push_back(l);
  }
  fill_word = word, fill_lane = lane, fill_half = half, halves = full, column = at_column;
  all_taken = (loading & ~begins & (left == 0) & (full == 0)).named("all_taken");
}

void Loader::write() {
  m.note("A half goes into the weight memories: of keys their steps, of values the entries of a step.");
  // Of values the entries of whole tiles: what lies beyond the channels is zeros.
  const int key_steps = s.steps(), entries = value_tiles(c) * banks, used = divide_up(channels, together),
            tile_words = value_words(c), address_bits = s.weight_address_bits();
  const int count_bits = Shapes::bits(std::max(key_steps, entries));
  auto half = reg(m, "write_half", Bool(), 0);
  auto at = reg(m, "entry", UInt(count_bits), 0);
  auto bank = reg(m, "bank", UInt(Shapes::bits(banks)), 0);
  auto tile = reg(m, "key_tile", UInt(s.key_tile_bits()), 0);
  auto base = reg(m, "key_base", UInt(address_bits), 0);  // of the tile of keys
  auto step = reg(m, "value_step", UInt(s.value_step_bits()), 0);
  auto address = reg(m, "address", UInt(address_bits), 0);  // of values, of the tile of channels
  // Entries of the last tile of keys that have none are zeros.
  Bool fills_up = (all_taken & of_keys & (bank != 0)).named("fills_up");
  loaded.drive(all_taken & ~fills_up);
  Bool reads = (halves != 0).named("reads_half"), moves = (reads | fills_up).named("moves");
  Bool end = (moves & mux(of_keys, at == key_steps - 1, at == entries - 1)).named("half_ends");
  Bool end_of_half = (end & ~fills_up).named("frees_half");
  freed.drive(end_of_half);
  half.when(end_of_half, ~half);
  at.when(end, 0).when(moves, lib::increment(at));
  Bool last_bank = lib::is_last(bank, banks);
  // The bank of keys stays for a half, that of values goes on with the entries.
  Bool next_bank = (mux(of_keys, end, moves)).named("next_bank");
  bank.when(loaded, 0).when(of_values & end, 0).when(next_bank, lib::next_index(bank, banks));
  Bool end_of_tile = (of_keys & end & last_bank).named("end_of_key_tile");
  base.when(loaded, 0).when(end_of_tile, (base + key_steps).wrap(address_bits));
  tile.when(loaded, 0).when(end_of_tile, lib::increment(tile));
  step.when(loaded, 0).when(of_values & end, lib::increment(step));
  UInt value_base = UInt::constant(m, static_cast<std::uint64_t>(key_words(c)), address_bits);
  address.when(loaded, value_base)
      .when(of_values & end, (value_base + lib::increment(step)).wrap(address_bits))
      .when(of_values & moves & last_bank, (address + tile_words).wrap(address_bits));

  m.note("What is read: all rows of the half at once.");
  const int entry_parts = wide / depth, value_parts = wide / together;
  const auto word_of = [&](int in_word) {  // of the entry, so many in a word
    const int low = std::countr_zero(static_cast<unsigned>(in_word));
    return (at.width() > low ? at >> low : UInt::constant(m, 0, 1)).resize(word_bits);
  };
  const auto part_of = [&](int in_word) -> UInt {
    const int low = std::countr_zero(static_cast<unsigned>(in_word));
    if (low == 0) return UInt::constant(m, 0, 1);
    return at.width() >= low ? at.bits(0, low) : at.extend(low);
  };
  UInt read_word = mux(of_keys, word_of(entry_parts), word_of(value_parts)).named("read_word");
  const int part_bits = std::max(Shapes::bits(entry_parts), Shapes::bits(value_parts));
  Bool beyond_channels = (of_values & (at >= used)).named("beyond_channels");
  UInt last_live = mux(half, live[1], live[0]).named("last_live");
  EntryRead now{mux(of_keys, part_of(entry_parts).resize(part_bits), part_of(value_parts).resize(part_bits)),
                bank,
                mux(of_keys, (base + at).wrap(address_bits), address),
                last_live,
                of_keys,
                fills_up | beyond_channels};
  auto valid = reg(m, "read_valid", Bool(), 0);
  auto read = reg(m, "read",
                  EntryRead{UInt(part_bits), UInt(bank.width()), UInt(address_bits), UInt(lane_bits), Bool(), Bool()});
  valid.next(moves), read.next(now);
  std::vector<std::vector<UInt>> of_lane;  // [lane][part of a word]
  for (int l = 0; l < lanes; ++l) {
    auto& held = of_lane.emplace_back();
    Bool is_live = reads & ~beyond_channels;
    if (l > 0) is_live = is_live & (last_live >= l);
    is_live = is_live.named(fmt::format("reads_{}", l));
    for (int p = 0; p < parts; ++p) {
      Ram memory(m, parts == 1 ? fmt::format("row_{}", l) : fmt::format("row_{}_{}", l, p), 2 << word_bits,
                 row_word * bits, 1);
      Bool mine = fill & (fill_lane == l);
      UInt at_word = fill_word;
      if (parts > 1) {
        const int low = std::countr_zero(static_cast<unsigned>(parts));
        UInt place = fill_word.width() > low ? fill_word : fill_word.extend(low + 1);
        mine = mine & (place.bits(0, low) == p);
        at_word = place >> low;
      }
      std::vector<SInt> elements;
      for (const SInt& v : lib::elements(in.data.operands, row_word, s.operand_bits()))
        elements.push_back(v.wrap(bits));
      memory.write(mine, concat({fill_half, at_word.resize(word_bits)}), lib::join(elements));
      UInt word = memory.read(concat({half, read_word}), is_live);
      for (int i = 0; i < row_word; ++i) held.push_back(word.bits(i * bits, bits));
    }
  }

  m.note("An entry; rows that the half does not have are zeros.");
  const auto number = [&](const std::vector<UInt>& list, const UInt& part, int each, int i) {
    std::vector<UInt> choice;
    for (int p = 0; p < wide / each; ++p) choice.push_back(list[static_cast<std::size_t>(p * each + i)]);
    return choice.size() == 1 ? choice[0] : select(part.resize(Shapes::bits(wide / each)), choice);
  };
  if (entry_parts == 1 && value_parts == 1) discard(read.part);
  std::vector<SInt> weights;
  for (int column_of_entry = 0; column_of_entry < together; ++column_of_entry)
    for (int i = 0; i < depth; ++i) {
      const UInt key = number(of_lane[static_cast<std::size_t>(column_of_entry)], read.part, depth, i);
      const UInt value = number(of_lane[static_cast<std::size_t>(i)], read.part, together, column_of_entry);
      const auto live_of = [&](int lane, const UInt& v) {
        return lane == 0 ? v : mux(read.last_live >= lane, v, UInt::constant(m, 0, bits));
      };
      UInt weight = mux(read.of_keys, live_of(column_of_entry, key), live_of(i, value));
      weight = mux(read.beyond, UInt::constant(m, 0, bits), weight);
      weights.push_back(weight.as_sint().extend(s.weight_bits()));
    }
  TableWrite out{Bool(), UInt(bank.width()), UInt(address_bits), UInt(together * depth * s.weight_bits())};
  auto written = reg(m, "written", Bool(), 0);
  written.next(valid);
  auto entry = reg(m, "weights_now", out);
  out.enable = valid, out.bank = read.bank, out.address = read.address, out.data = lib::join(weights);
  entry.next(out);
  discard(entry.enable);
  out = entry;
  out.enable = written;
  output(m, "weights", out);

  m.note("How many there are.");
  auto last_tile = reg(m, "last_tile", UInt(tile.width()));
  auto last_column = reg(m, "last_column", UInt(s.column_bits()));
  auto last_step = reg(m, "last_value_step", UInt(step.width()));
  last_tile.when(of_keys & moves, tile);
  last_column.when(of_keys & fill, column);
  last_step.when(of_values & moves, step);
  output(m, "last_tile", last_tile), output(m, "last_column", last_column), output(m, "last_value_step", last_step);
}

}  // namespace

const Module& build_key_loader(Design& d, const Shapes& s) {
  return d.module("key_loader", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Rows k, v and q of self-attention (NUMERICS.md N16): fetched one after the other. Keys become the columns of "
        "tiles in the weight memories, values their inner dimension; q goes on to the array.");
    Loader loader{d, m, s};
    loader.phases();
    loader.collect();
    loader.write();
  });
}

}  // namespace quillgen::accel
