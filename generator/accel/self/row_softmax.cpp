// Softmax of whole rows of scores (NUMERICS.md N16). The rows of a head come from the array tile by tile; their largest
// is found on the way, and when all are there they are read again, made into exponentials and summed up. A divider
// takes the sums. While this goes on with a head, the scores of the next one may come.
#include <fmt/core.h>

#include <cmath>

#include "accel/self/self_attention.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// T[i] = (2^bits - 1) * 2^(-i / 64)
std::vector<std::uint64_t> score_table(int bits) {
  const int entries = 1 << score_fraction;
  std::vector<std::uint64_t> table;
  for (int i = 0; i < entries; ++i)
    table.push_back(static_cast<std::uint64_t>(
        std::floor((std::exp2(bits) - 1) * std::exp2(-static_cast<double>(i) / entries) + 0.5)));
  return table;
}

struct HeadRows {  // rows of a head whose scores are there
  UInt rows;
  Bool parity;
  explicit HeadRows(const Shapes& s) : rows(s.rows_bits()) {}
  QUILLGEN_FIELDS(rows, parity)
};

struct WordTag {  // of a word of scores
  UInt row, word;
  Bool first, last, last_row;
  explicit WordTag(const Shapes& s) : row(Shapes::bits(s.rows())), word(s.exponential_word_bits()) {}
  QUILLGEN_FIELDS(row, word, first, last, last_row)
};

struct RowSum {
  UInt sum, row;
  Bool last_row;
  explicit RowSum(const Shapes& s) : sum(s.exponential_sum_bits()), row(Shapes::bits(s.rows())) {}
  QUILLGEN_FIELDS(sum, row, last_row)
};

struct Softmax {
  Design& d;
  Module& m;
  const Shapes& s;
  const int rows = s.rows(), columns = s.config.gemm.columns, units = exponential_units(s.config),
            slices = key_slices(s.config), row_bits = Shapes::bits(rows);

  UInt last_column = {}, gain = {};
  Scores in = Scores(s);
  std::vector<UInt> held = {};  // of a word of scores that is read
  Wire<Bool> reading = {};
  Wire<UInt> read_address = {};
  std::vector<Reg<SInt>> maxima = {};  // {parity, row}
  Stream<HeadRows> head = {HeadRows(s), {}, {}};
  Bool parity = {};  // of the head in work
  Stream<RowSum> sum = {RowSum(s), {}, {}};
  Wire<Bool> head_done = {};

  UInt index(const Bool& parity, const UInt& row) const { return rows == 1 ? parity.as_uint() : concat({parity, row}); }
  UInt row_of(const std::optional<UInt>& row) const { return row ? *row : UInt::constant(m, 0, 1); }
  void ports();
  void store();
  void find_maxima();
  void exponentials();
  void sum_up(const WordTag& tag, const Bool& valid, const std::vector<UInt>& value);
  void divide();
};

void Softmax::ports() {
  m.parameter("rows", rows);
  m.parameter("columns", columns);
  m.parameter("units", units);
  in = input(m, "score", Scores(s));
  last_column = input(m, "last_column", UInt(s.column_bits()));
  gain = input(m, "gain", UInt(3));
}

void Softmax::store() {
  m.note("Scores as they come, for each column; those beyond the last key are the lowest.");
  auto now = reg(m, "stored", Scores(s));
  auto valid = reg(m, "store", Bool(), 0);
  Scores masked = in;
  for (std::size_t c = 1; c < masked.value.size(); ++c) {
    Bool beyond = in.last_keys & (last_column < c);
    masked.value[c] = mux(beyond, SInt::constant(m, -(1 << (score_bits - 1)), score_bits), masked.value[c]);
  }
  discard(in.valid);
  now.next(masked), valid.next(in.valid);
  discard(now.valid);
  reading = wire(m, "reading", Bool());
  read_address = wire(m, "read_address", UInt(1 + (rows == 1 ? 0 : row_bits) + s.key_tile_bits()));
  Ram memory(m, "scores", 1 << read_address.width(), columns * score_bits, 1);
  memory.write(valid, concat({index(now.parity, row_of(now.row)), now.keys}), lib::join(now.value));
  UInt word = memory.read(read_address, reading);
  for (int c = 0; c < columns; ++c) held.push_back(word.bits(c * score_bits, score_bits));
  in = now;
  in.valid = valid;
}

void Softmax::find_maxima() {
  m.note("The largest of a word, then of the row.");
  std::vector<SInt> largest = in.value;
  Bool valid = in.valid, first = (in.keys == 0), last = in.last_keys, of_parity = in.parity;
  UInt row = row_of(in.row), rows_now = in.rows;
  for (int stage = 1; stage == 1 || largest.size() > 1; ++stage) {
    for (int level = 0; level < s.config.gemm.tree_levels; ++level) {
      std::vector<SInt> next;
      for (std::size_t i = 0; i + 1 < largest.size(); i += 2) next.push_back(max(largest[i], largest[i + 1]));
      if (largest.size() % 2 != 0) next.push_back(largest.back());
      largest = std::move(next);
    }
    const auto kept = [&](const char* name, auto value, auto shape) {
      auto r = reg(m, fmt::format("{}_{}", name, stage), shape);
      r.next(value);
      return r;
    };
    for (std::size_t i = 0; i < largest.size(); ++i)
      largest[i] = kept(fmt::format("largest_{}", i).c_str(), largest[i], SInt(score_bits));
    auto v = reg(m, fmt::format("largest_valid_{}", stage), Bool(), 0);
    v.next(valid);
    valid = v, first = kept("first_word", first, Bool()), last = kept("last_word", last, Bool());
    of_parity = kept("parity", of_parity, Bool()), row = kept("row", row, UInt(row.width()));
    rows_now = kept("rows", rows_now, UInt(rows_now.width()));
  }
  UInt place = index(of_parity, row);
  for (int i = 0; i < 2 * rows; ++i) {
    const int at = rows == 1 ? i : (i / rows) << row_bits | i % rows;
    auto r = reg(m, fmt::format("maximum_{}", at), SInt(score_bits));
    Bool mine = (valid & (place == at)).named(fmt::format("is_row_{}", at));
    r.when(mine & first, largest[0]).when(mine, max(r, largest[0]));
    maxima.push_back(r);
  }
  if (rows == 1) discard(row);
  HeadRows complete(s);
  complete.rows = rows_now, complete.parity = of_parity;
  Bool ends = (valid & last & (row + 1 == rows_now)).named("head_ends");
  auto heads = stream(m, "scored", ends, complete);
  m.add_assertion("no more heads have scores than there is room for", (~ends | heads.ready).id());
  head = lib::fifo(d, m, "heads", heads, 2);
}

void Softmax::exponentials() {
  m.note("A head whose scores are there: words of them, row after row.");
  head_done = wire(m, "head_done", Bool());
  auto busy = reg(m, "busy", Bool(), 0);    // a head is in work, until its last sum is divided
  auto moves = reg(m, "moves", Bool(), 0);  // .. and words of it are read
  auto rows_now = reg(m, "head_rows", UInt(s.rows_bits()));
  auto of_head = reg(m, "head_parity", Bool());
  auto last_tile = input(m, "last_tile", UInt(s.key_tile_bits()));
  auto now = reg(m, "at", WordTag(s));
  auto keys = reg(m, "keys", UInt(s.key_tile_bits()));
  auto slice = reg(m, "slice", UInt(Shapes::bits(slices)));  // of the scores with a tile of keys
  Bool begin = (head.valid & ~busy).named("begin_head");
  head.ready.drive(~busy);
  Bool last_slice = lib::is_last(slice, slices), last_keys = (keys == last_tile);
  Bool end_of_row = (last_slice & last_keys).named("end_of_row"),
       last_row = (now.row + 1 == rows_now).named("is_last_row");
  Bool end = (moves & end_of_row & last_row).named("end_of_words");
  discard(now.first), discard(now.last), discard(now.last_row);
  busy.when(begin, true).when(head_done, false);
  moves.when(begin, true).when(end, false);
  rows_now.when(begin, head.data.rows), of_head.when(begin, head.data.parity);
  parity = of_head;
  const auto start = [](const UInt& x) { return UInt::constant(x.module(), 0, x.width()); };
  slice.when(begin, 0).when(moves, lib::next_index(slice, slices));
  keys.when(begin | (moves & end_of_row), 0).when(moves & last_slice, lib::increment(keys));
  WordTag next = now, none = now;
  next.row = mux(end_of_row, lib::increment(now.row), now.row);
  next.word = mux(end_of_row, start(now.word), lib::increment(now.word));
  none.row = start(now.row), none.word = start(now.word);
  now.when(begin, none).when(moves, next);
  reading.drive(moves & (slice == 0));
  read_address.drive(concat({index(of_head, now.row), keys}));
  WordTag tag = now;
  tag.first = now.word == 0, tag.last = end_of_row, tag.last_row = last_row;
  Bool valid = moves;
  const auto follow = [&](const char* stage) {
    auto t = reg(m, fmt::format("tag_{}", stage), WordTag(s));
    auto v = reg(m, fmt::format("valid_{}", stage), Bool(), 0);
    t.next(tag), v.next(valid);
    tag = t, valid = v;
  };

  m.note("Distances from the largest score of the row.");
  std::vector<UInt> list(std::size_t{2} << (rows == 1 ? 0 : row_bits));
  for (int i = 0; i < 2 * rows; ++i)
    list[static_cast<std::size_t>(rows == 1 ? i : (i / rows) << row_bits | i % rows)] =
        maxima[static_cast<std::size_t>(i)].as_uint();
  for (auto& entry : list)
    if (entry.is_shape()) entry = maxima[0].as_uint();
  auto largest = reg(m, "largest", SInt(score_bits));
  largest.next(select(index(of_head, now.row), list).as_sint());
  follow("read");
  auto slice_read = reg(m, "slice_read", UInt(slice.width()));
  auto last_keys_read = reg(m, "last_keys_read", Bool());
  slice_read.next(slice), last_keys_read.next(last_keys);
  if (slices == 1) discard(slice_read);
  std::vector<UInt> distance;
  std::vector<Bool> live;
  for (int i = 0; i < units; ++i) {
    std::vector<UInt> by_slice;
    Bool beyond = Bool::constant(m, false);
    for (int j = 0; j < slices; ++j) {
      by_slice.push_back(held[static_cast<std::size_t>(j * units + i)]);
      if (j + i > 0)
        beyond = beyond | ((slices == 1 ? Bool::constant(m, true) : slice_read == j) & (last_column < j * units + i));
    }
    UInt score = slices == 1 ? by_slice[0] : select(slice_read, by_slice);
    auto u = reg(m, fmt::format("distance_{}", i), UInt(score_bits));
    u.next((largest - score.as_sint()).as_uint().wrap(score_bits));
    auto l = reg(m, fmt::format("live_{}", i), Bool());
    l.next(~(last_keys_read & beyond));
    distance.push_back(u), live.push_back(l);
  }
  follow("distance");

  m.note("e = 2^-distance by table and shift, rounded half up.");
  const int bits = s.exponential_bits();
  std::vector<UInt> value;
  std::vector<UInt> mantissa, exponent;
  for (int i = 0; i < units; ++i) {
    const auto at = static_cast<std::size_t>(i);
    auto t = reg(m, fmt::format("mantissa_{}", i), UInt(bits));
    auto e = reg(m, fmt::format("exponent_{}", i), UInt(score_bits - score_fraction));
    t.next(mux(live[at], rom(distance[at].wrap(score_fraction), score_table(bits), bits), UInt::constant(m, 0, bits)));
    e.next(distance[at] >> score_fraction);
    mantissa.push_back(t), exponent.push_back(e);
  }
  follow("power");
  for (int i = 0; i < units; ++i) {
    const auto at = static_cast<std::size_t>(i);
    auto shifted = shift_right(mantissa[at] << 1, exponent[at]);
    auto v = reg(m, fmt::format("exponential_{}", i), UInt(bits));
    v.next(((shifted + 1) >> 1).wrap(bits));
    value.push_back(v);
  }
  follow("value");
  Exponentials out(s);
  out.enable = valid, out.parity = parity, out.word = tag.word, out.value = value;
  if (out.row) out.row = tag.row;
  output(m, "exponentials", out);
  sum_up(tag, valid, value);
}

void Softmax::sum_up(const WordTag& tag, const Bool& valid, const std::vector<UInt>& value) {
  m.note("Sums of the rows.");
  std::vector<SInt> terms;
  for (const UInt& v : value) terms.push_back(v.to_signed());
  const int levels = s.config.gemm.tree_levels;
  UInt of_word = lib::registered_sum_tree(m, "word_sum", terms, levels, Bool::constant(m, true)).as_uint();
  of_word = of_word.wrap(of_word.width() - 1);  // not negative
  UInt row = tag.row;
  Bool first = tag.first, last = tag.last, last_row = tag.last_row, now = valid;
  for (int i = 1; i <= lib::sum_tree_stages(units, levels); ++i) {
    const auto kept = [&](const char* name, auto value, auto shape, std::optional<std::uint64_t> reset = std::nullopt) {
      auto r = reg(m, fmt::format("sum_{}_{}", name, i), shape, reset);
      r.next(value);
      return r;
    };
    row = kept("row", row, UInt(row.width())), first = kept("first", first, Bool());
    last = kept("last", last, Bool()), last_row = kept("last_row", last_row, Bool());
    now = kept("valid", now, Bool(), 0);
  }
  const int bits = s.exponential_sum_bits();
  of_word = of_word.width() > bits ? of_word.wrap(bits) : of_word.extend(bits);
  auto total = reg(m, "row_sum", UInt(bits));
  UInt next = mux(first, of_word, (total + of_word).wrap(bits)).named("next_sum");
  total.when(now, next);
  RowSum complete(s);
  complete.sum = next, complete.row = row, complete.last_row = last_row;
  Bool ends = (now & last).named("sum_ends");
  auto sums = stream(m, "row_summed", ends, complete);
  m.add_assertion("a sum has its place", (~ends | sums.ready).id());
  sum = lib::fifo(d, m, "row_sums", sums, rows);
}

void Softmax::divide() {
  m.note("R = 2^(n + 15) / E, n the bits of E: E is moved up to its highest bit, then a bit a cycle.");
  const int bits = s.exponential_sum_bits(), count_bits = Shapes::holds(16);
  auto dividing = reg(m, "dividing", Bool(), 0);
  auto number = reg(m, "quotient_bit", UInt(count_bits));
  auto divisor = reg(m, "divisor", UInt(bits));
  auto length = reg(m, "length", UInt(Shapes::holds(bits)));
  auto rest = reg(m, "rest", UInt(bits + 1));
  auto quotient = reg(m, "quotient", UInt(17));
  auto row = reg(m, "divided_row", UInt(row_bits));
  auto last_row = reg(m, "divided_last_row", Bool());
  UInt moved = sum.data.sum, by = UInt::constant(m, 0, 1);
  std::vector<Signal> amount;
  for (int step = std::bit_ceil(static_cast<unsigned>(bits)) / 2; step >= 1; step /= 2) {
    Bool zeros = ~moved.bits(bits - step, step).any();
    moved = mux(zeros, (moved << step).wrap(bits), moved).named(fmt::format("moved_by_{}", step));
    amount.push_back(zeros);
  }
  by = concat(amount).named("moved_by");
  Bool take = (sum.valid & ~dividing).named("take_sum"), end = (dividing & (number == 16)).named("divided");
  sum.ready.drive(~dividing);
  dividing.when(take, true).when(end, false);
  number.when(take, 0).when(dividing, lib::increment(number));
  divisor.when(take, moved), row.when(take, sum.data.row), last_row.when(take, sum.data.last_row);
  length.when(
      take, (UInt::constant(m, static_cast<std::uint64_t>(bits), length.width()) - by).as_uint().wrap(length.width()));
  Bool fits = (rest >= divisor).named("fits");
  UInt left = mux(fits, (rest - divisor).as_uint().wrap(bits + 1), rest);
  rest.when(take, std::uint64_t{1} << (bits - 1)).when(dividing, (left << 1).wrap(bits + 1));
  UInt next = concat({quotient.bits(0, 16), fits}).named("next_quotient");
  quotient.when(take, 0).when(dividing, next);
  discard(quotient.bits(16, 1));

  m.note("2^16 is half of it with a shift that is one less.");
  auto scale_parity = input(m, "scale_parity", Bool());
  UInt read_index = index(scale_parity, rows == 1 ? UInt() : input(m, "scale_row", UInt(row_bits)));
  UInt mult = mux(next.bit(16), UInt::constant(m, 1 << 15, 16), next.bits(0, 16)).named("mult");
  UInt shift = (((length + 15) - gain).as_uint().wrap(6) - next.bits(16, 1)).as_uint().wrap(6).named("shift");
  UInt place = index(parity, row);
  if (rows == 1) discard(row);
  std::vector<UInt> mults(std::size_t{2} << (rows == 1 ? 0 : row_bits)), shifts = mults;
  for (int i = 0; i < 2 * rows; ++i) {
    const int at = rows == 1 ? i : (i / rows) << row_bits | i % rows;
    Bool mine = (end & (place == at)).named(fmt::format("is_scale_{}", at));
    auto r = reg(m, fmt::format("mult_{}", at), UInt(16));
    auto t = reg(m, fmt::format("shift_{}", at), UInt(6));
    r.when(mine, mult), t.when(mine, shift);
    mults[static_cast<std::size_t>(at)] = r, shifts[static_cast<std::size_t>(at)] = t;
  }
  for (std::size_t i = 0; i < mults.size(); ++i)
    if (mults[i].is_shape()) mults[i] = mults[0], shifts[i] = shifts[0];
  output(m, "scale_mult", select(read_index, mults));
  output(m, "scale_shift", select(read_index, shifts));

  m.note("Heads that are ready.");
  head_done.drive(end & last_row);
  auto taken = input(m, "taken", Bool());
  auto ready = reg(m, "ready_heads", UInt(2), 0);
  ready.when(head_done & ~taken, lib::increment(ready)).when(taken & ~head_done, lib::decrement(ready));
  output(m, "ready", ready != 0);
}

}  // namespace

const Module& build_row_softmax(Design& d, const Shapes& s) {
  return d.module("row_softmax", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Softmax of rows of scores (NUMERICS.md N16): the largest of a row, exponentials for the array, and the "
        "reciprocals of their sums.");
    Softmax softmax{d, m, s};
    softmax.ports();
    softmax.store();
    softmax.find_maxima();
    softmax.exponentials();
    softmax.divide();
  });
}

}  // namespace quillgen::accel
