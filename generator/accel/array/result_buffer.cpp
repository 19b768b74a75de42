// Results of the PE array between the order in which they are computed and that of memory.
#include <fmt/core.h>

#include <tuple>

#include "accel/array/gemm.hpp"
#include "accel/array/row_resize.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Buffer {
  Design& d;
  Module& m;
  const Shapes& s;
  const ResultLayout layout = ResultLayout(s);
  const int banks = layout.banks, bank_bits = Shapes::bits(banks), part_bits = layout.part_bits(),
            columns = s.config.gemm.columns, element = std::max(s.n.feature_bits, dense_bits());
  // Columns that are a power of two have their banks: the first output of a tile lies at a multiple of them.
  const bool aligned = columns == power_of_two(columns);
  const int shift = aligned ? std::countr_zero(static_cast<unsigned>(columns)) : 0;

  Bool dense = {}, relu = {}, restart = {};
  UInt format = {};  // ResultFormat, with an epilogue
  Bool norm = {};    // .. and whether results are added to the stream
  Results in = Results(s);
  Bool write = {};
  UInt slot = {}, word = {};  // row of what is written; word of the banks that its first output belongs to
  UInt start = {};            // .. and bank, in units of 2^shift banks
  Bool in_row = {};           // that word is one of the row
  std::vector<UInt> values = {};
  std::vector<Bool> of_head = {};  // with self-attention: whether values of a head of the tile are written
  Stream<ResultRead> read = {ResultRead(s), {}, {}};
  Wire<Bool> advance = {};      // what was read goes on
  std::vector<UInt> data = {};  // of the banks

  int dense_bits() const { return s.has_epilogue() ? s.result_element_bits() : s.n.output_bits; }
  void ports();
  SInt of_dense(const SInt& value) const;
  void take_format();
  void store();
  std::tuple<Bool, UInt, UInt> written(int b) const;
  UInt unit(int size, int bits, int room, const UInt* live, const UInt& part) const;
  void send();
};

void Buffer::ports() {
  m.parameter("banks", banks);
  m.parameter("words", layout.words);
  m.parameter("map_unit", layout.map_unit);
  m.parameter("dense_unit", layout.dense_unit);
  dense = input(m, "dense", Bool());
  relu = input(m, "relu", Bool());
  if (s.has_epilogue()) {
    format = input(m, "format", UInt(result_format_bits)), norm = input(m, "norm", Bool());
    if (s.n.output_bits == s.n.query_bits && s.n.output_bits == s.stream_bits()) discard(format);  // all are the same
  }
  restart = input(m, "restart", Bool());
  in = input(m, "result", Results(s));
}

// A result of a dense job, in its format.
SInt Buffer::of_dense(const SInt& value) const {
  const auto as = [&](int bits) { return value.saturate(bits).extend(dense_bits()); };
  if (!s.has_epilogue()) return as(s.n.output_bits);
  const auto is = [&](ResultFormat f) { return format == static_cast<std::uint64_t>(f); };
  SInt plain = mux(is(ResultFormat::boxes), as(box_delta_bits),
                   mux(is(ResultFormat::stream), as(s.stream_bits()),
                       mux(is(ResultFormat::operand), as(s.n.query_bits), as(s.n.output_bits))));
  return mux(norm, as(s.branch_bits()), plain);
}

void Buffer::take_format() {
  m.note("In its format: saturated, and not negative where that is asked for.");
  auto valid = reg(m, "write", Bool(), 0);
  auto slot_now = reg(m, "write_slot", UInt(s.result_slot_bits()));
  valid.next(in.valid), slot_now.next(in.slot);
  write = valid, slot = slot_now;
  UInt first = aligned ? in.tile : (in.tile * columns).named("first_output");  // in units of 2^shift outputs
  const int unit_bits = bank_bits - shift;
  first = first.extend(std::max(first.width(), unit_bits + 1));
  auto word_now = reg(m, "first_word", UInt(first.width() - unit_bits));
  word_now.next(first >> unit_bits);
  word = word_now;
  if (unit_bits > 0) {
    auto bank = reg(m, "first_bank", UInt(unit_bits));
    bank.next(first.bits(0, unit_bits));
    start = bank;
  }
  if (aligned) in_row = (word < layout.words).named("in_row");
  if (in.heads)
    for (std::size_t h = 0; h < in.heads->size(); ++h) {
      auto kept = reg(m, fmt::format("head_{}", h), Bool());
      kept.next((*in.heads)[h]);
      of_head.push_back(kept);
    }
  for (int i = 0; i < columns; ++i) {
    const SInt& value = in.value[static_cast<std::size_t>(i)];
    SInt result = of_dense(value).extend(element);
    result = mux(relu & value.sign(), SInt::constant(m, 0, element), result);
    auto kept = reg(m, fmt::format("value_{}", i), SInt(element));
    kept.next(mux(dense, result, value.saturate(s.n.feature_bits).extend(element)));
    values.push_back(kept.as_uint());
  }
}

void Buffer::store() {
  m.note("Each bank takes the output that is its own, if there is one; outputs beyond the row are dropped.");
  read = input_stream(m, "read", ResultRead(s));
  advance = wire(m, "advance", Bool());
  Bool fetch = (read.valid & advance & (read.data.live != 0)).named("fetch");
  read.ready.drive(advance);
  const auto address = [&](const UInt& row_slot, const UInt& word) {
    return layout.words == 1 ? row_slot : concat({row_slot, word.resize(layout.word_bits())});
  };
  UInt read_word = layout.words == 1 ? UInt::constant(m, 0, 1) : read.data.unit.bits(part_bits, layout.word_bits());
  if (layout.words == 1 && part_bits == 0) discard(read.data.unit);  // a row is one word, a word one unit
  m.note("Only banks that have what is asked for are read: the others may never have been written.");
  const auto unit_of_bank = [&](int b, int size) {  // is it the one that is read?
    const int low = std::countr_zero(static_cast<unsigned>(size / layout.smallest_unit()));
    return size == banks ? Bool::constant(m, true)
                         : read.data.unit.bits(low, part_bits - low) == static_cast<unsigned>(b / size);
  };
  for (int b = 0; b < banks; ++b) {
    const auto name = [&](const char* what) { return fmt::format("bank_{}_{}", b, what); };
    auto [mine, row_word, value] = written(b);
    mine = (write & mine).named(name("write"));
    Ram memory(m, fmt::format("bank_{}", b), s.result_slots() << layout.word_bits(), element, 1);
    memory.write(mine, address(slot, row_word), value);
    Bool of_dense = unit_of_bank(b, layout.dense_unit) & (read.data.live > b % layout.dense_unit);
    Bool asked = (fetch & mux(dense, of_dense, unit_of_bank(b, layout.map_unit))).named(name("read"));
    data.push_back(memory.read(address(read.data.slot, read_word), asked));
  }
}

// Whether bank b takes a result of the tile; into which word, and which result.
std::tuple<Bool, UInt, UInt> Buffer::written(int b) const {
  if (aligned) {
    Bool mine = shift == bank_bits ? in_row : in_row & (start == static_cast<std::uint64_t>(b / columns));
    if (!of_head.empty()) mine = mine & of_head[static_cast<std::size_t>(b % columns / s.a.head_dim())];
    return {mine, word, values[static_cast<std::size_t>(b % columns)]};
  }
  const auto name = [&](const char* what) { return fmt::format("bank_{}_{}", b, what); };
  UInt which = (UInt::constant(m, static_cast<std::uint64_t>(b), bank_bits) - start)
                   .as_uint()
                   .wrap(bank_bits)
                   .named(name("which"));
  UInt row_word = (word + (start > b).as_uint()).named(name("word"));
  Bool live = Bool::constant(m, true);
  if (!of_head.empty()) {
    std::vector<UInt> of_column;
    for (int c = 0; c < columns; ++c)
      of_column.push_back(of_head[static_cast<std::size_t>(c / s.a.head_dim())].as_uint());
    live = select(which.resize(Shapes::bits(columns)), of_column).bit(0);
  }
  Bool mine = (which < columns) & (row_word < layout.words);
  if (!of_head.empty()) mine = mine & live;
  return {mine, row_word, select(which.resize(Shapes::bits(columns)), values)};
}

// What was read: `size` elements of `bits` bits, each extended to `room` bits; with `live` only so many of them.
UInt Buffer::unit(int size, int bits, int room, const UInt* live, const UInt& part) const {
  const int low = std::countr_zero(static_cast<unsigned>(size / layout.smallest_unit()));
  std::vector<UInt> parts;
  for (int p = 0; p < banks / size; ++p) {
    std::vector<SInt> elements;
    for (int i = 0; i < size; ++i) {
      UInt value = data[static_cast<std::size_t>(p * size + i)].bits(0, bits);
      if (live != nullptr) value = mux(*live > i, value, UInt::constant(m, 0, bits));
      elements.push_back(value.as_sint().extend(room));
    }
    parts.push_back(lib::join(elements));
  }
  return parts.size() == 1 ? parts[0] : select(part.bits(low, part_bits - low), parts);
}

void Buffer::send() {
  m.note("What is read goes out as whole bytes, a unit of the map or a beat of a row of a dense job.");
  auto valid = reg(m, "unit_valid", Bool(), 0);
  UInt part;
  if (part_bits > 0) {
    auto kept = reg(m, "unit_part", UInt(part_bits));
    kept.when(advance, read.data.unit.bits(0, part_bits));
    part = kept;
  }
  auto live = reg(m, "unit_live", UInt(layout.live_bits()));
  valid.when(advance, read.valid), live.when(advance, read.data.live);
  UInt of_map = unit(layout.map_unit, s.n.feature_bits, 8 * element_bytes(s.n.feature_bits), nullptr, part);
  UInt of_dense =
      unit(layout.dense_unit, dense_bits(), s.has_epilogue() ? dense_bits() : s.row_element_bits(), &live, part);
  auto map_ready = ready_wire(m, "map_ready"), dense_ready = ready_wire(m, "dense_ready");
  Stream<UInt> units{mux(live != 0, of_map, UInt::constant(m, 0, 1).extend(of_map.width())), valid & ~dense, map_ready};
  const int block_units = block_bytes(s.config) * 8 / of_map.width();
  auto map_beats = resize_rows(d, m, "collect", units, block_units, s.data_bits(), block_beats(s.config), restart);
  if (of_map.width() == s.data_bits()) discard(restart);  // no line is ever half collected
  if (s.has_epilogue()) {
    advance.drive(~valid | mux(dense, dense_ready, map_ready));
    output_stream(m, "beat", map_beats);
    output_stream(m, "word", Stream<UInt>{of_dense, valid & dense, dense_ready});
    return;
  }
  auto beat = stream(m, "beat_out", mux(dense, valid, map_beats.valid), mux(dense, of_dense, map_beats.data));
  map_beats.ready.drive(beat.ready & ~dense), dense_ready.drive(beat.ready);
  advance.drive(~valid | mux(dense, dense_ready, map_ready));
  output_stream(m, "beat", beat);
}

}  // namespace

const Module& build_result_buffer(Design& d, const Shapes& s) {
  return d.module("result_buffer", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Results of rows of the PE array, output n of a row in bank n mod banks, so that adjacent outputs are written "
        "together and read together as they lie in memory.");
    Buffer buffer{d, m, s};
    buffer.ports();
    buffer.take_format();
    buffer.store();
    buffer.send();
  });
}

}  // namespace quillgen::accel
