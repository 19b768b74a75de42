// Residual addition and LayerNorm (NUMERICS.md N13, N14). A row is added and summed up while it goes into one of
// norm_rows slots; it leaves its slot, normalised, when the scale of its sums is known.
#include "accel/epilogue/row_norm.hpp"

#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/pipeline.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Stages of the second half, each with what the later ones still need of the word.
struct NormRead {
  SInt sum;
  UInt rho, shift, word;
  QUILLGEN_FIELDS(sum, rho, shift, word)
};
struct NormDeviation {
  std::vector<SInt> value;
  UInt rho, shift, word;
  QUILLGEN_FIELDS(value, rho, shift, word)
};
struct NormProduct {
  std::vector<SInt> value;
  UInt shift, word;
  QUILLGEN_FIELDS(value, shift, word)
};
struct NormShifted {
  std::vector<SInt> value;
  QUILLGEN_FIELDS(value)
};
struct NormT {
  std::vector<SInt> value;
  UInt entries;  // of the table: gamma and beta
  QUILLGEN_FIELDS(value, entries)
};
struct NormGained {
  std::vector<SInt> value, beta;
  QUILLGEN_FIELDS(value, beta)
};
struct NormValues {
  std::vector<SInt> value;
  QUILLGEN_FIELDS(value)
};

// sat(rnd(x, shift), bits) in two stages: the shift, by one less than asked for and at least 1, keeps the bit that
// rounds; what is beyond twice the range of `bits` is clamped to it, and is beyond the range when it has been rounded.
SInt shift_for_rounding(const SInt& x, const UInt& shift, int bits) {
  return shift_right(x, (shift - 1).as_uint().wrap(shift.width())).saturate(bits + 1);
}
SInt round_last_bit(const SInt& shifted, int bits) { return ((shifted + 1) >> 1).saturate(bits); }

struct RowNorm {
  Design& d;
  Module& m;
  const Shapes& s;
  const int channels = s.config.attention.embed_dim, unit = s.row_unit(), words = channels / unit,
            word_bits = Shapes::bits(words), z_bits = s.branch_bits();

  TableWrite table_write = {};
  UInt epsilon = {}, gain_shift = {};
  Stream<UInt> branch = {}, residual = {};

  Wire<Bool> slot_freed = {};    // the last word of a row has been read from its slot
  std::optional<Ram> rows = {};  // z, word by word
  Stream<RowSums> sums = {RowSums(s), {}, {}};

  void ports();
  void add_rows();
  void sum_up(std::vector<SInt> z, Bool valid, Bool last, UInt slot);
  void normalise_rows();
  UInt row_address(const UInt& slot, const UInt& word) const { return words == 1 ? slot : concat({word, slot}); }
};

void RowNorm::ports() {
  m.parameter("channels", channels);
  m.parameter("unit", unit);
  table_write = input(m, "table", TableWrite{Bool(), UInt(1), UInt(word_bits), UInt(unit * norm_entry_bits)});
  discard(table_write.bank);
  epsilon = input(m, "epsilon", UInt(norm_epsilon_bits));
  gain_shift = input(m, "gain_shift", UInt(norm_gain_bits));
  branch = input_stream(m, "branch", UInt(unit * z_bits));
  residual = input_stream(m, "residual", UInt(unit * s.stream_bits()));
}

void RowNorm::add_rows() {
  m.note("z = residual + branch, a word a cycle. A row begins when a slot is free for it, and then is not held up.");
  slot_freed = wire(m, "slot_freed", Bool());
  auto held = reg(m, "rows_held", UInt(Shapes::holds(norm_rows)), 0);
  auto slot = reg(m, "slot", UInt(norm_row_bits), 0);
  auto word = reg(m, "word", UInt(word_bits), 0);
  Bool first = (word == 0).named("first_word"), last = lib::is_last(word, words).named("last_word");
  Bool room = ((held != norm_rows) | ~first).named("room");
  branch.ready.drive(room & residual.valid);
  residual.ready.drive(room & branch.valid);
  Bool take = (room & residual.valid & branch.valid).named("take_word");
  word.when(take, lib::next_index(word, words));
  slot.when(take & last, lib::next_index(slot, norm_rows));
  Bool begin = (take & first).named("row_begins");
  held.when(begin & ~slot_freed, lib::increment(held)).when(slot_freed & ~begin, lib::decrement(held));

  const auto branch_numbers = lib::elements(branch.data, unit, z_bits);
  const auto stream_numbers = lib::elements(residual.data, unit, s.stream_bits());
  std::vector<SInt> z;
  for (int e = 0; e < unit; ++e) {
    const auto i = static_cast<std::size_t>(e);
    auto sum = reg(m, fmt::format("z_{}", e), SInt(z_bits));
    sum.when(take, (branch_numbers[i] + stream_numbers[i]).saturate(z_bits));
    z.push_back(sum);
  }
  auto valid = reg(m, "z_valid", Bool(), 0), z_last = reg(m, "z_last", Bool());
  auto z_slot = reg(m, "z_slot", UInt(norm_row_bits));
  UInt address = row_address(slot, word);
  auto z_address = reg(m, "z_address", UInt(address.width()));
  valid.next(take);
  z_last.when(take, last), z_slot.when(take, slot), z_address.when(take, address);
  rows.emplace(m, "rows", norm_rows * words, unit * z_bits, 1);
  rows->write(valid, z_address, lib::join(z));
  sum_up(z, valid, z_last, z_slot);
}

void RowNorm::sum_up(std::vector<SInt> z, Bool valid, Bool last, UInt slot) {
  m.note("Squares, then trees of both sums. Nothing holds them up, since there is room for the sums of all rows held.");
  std::vector<SInt> squares;
  for (int e = 0; e < unit; ++e) {
    auto& number = z[static_cast<std::size_t>(e)];
    auto kept = reg(m, fmt::format("kept_{}", e), SInt(z_bits));
    auto square = reg(m, fmt::format("square_{}", e), SInt(2 * z_bits));
    kept.when(valid, number), square.when(valid, number * number);
    number = kept;
    squares.push_back(square);
  }
  const Bool always = Bool::constant(m, true);
  const int levels = s.config.gemm.tree_levels;
  SInt part = lib::registered_sum_tree(m, "part", z, levels, always);
  SInt squares_part = lib::registered_sum_tree(m, "squares_part", squares, levels, always);
  for (int i = 1; i <= 1 + lib::sum_tree_stages(unit, levels); ++i) {
    auto v = reg(m, fmt::format("sum_{}_valid", i), Bool(), 0), l = reg(m, fmt::format("sum_{}_last", i), Bool());
    auto at = reg(m, fmt::format("sum_{}_slot", i), UInt(norm_row_bits));
    v.next(valid), l.next(last), at.next(slot);
    valid = v, last = l, slot = at;
  }

  m.note("Sums of the row so far; they are complete in the cycle after its last word.");
  auto begins = reg(m, "sums_begin", Bool(), 1);
  auto total = reg(m, "sums", RowSums(s));
  auto complete = reg(m, "sums_complete", Bool(), 0);
  begins.when(valid, last);
  complete.next(valid & last);
  const int sum_bits = total.sum.width(), square_bits = total.squares.width();
  RowSums next(s);
  next.sum = mux(begins, SInt::constant(m, 0, sum_bits), total.sum);
  next.sum = (next.sum + part).wrap(sum_bits);
  next.squares = mux(begins, UInt::constant(m, 0, square_bits), total.squares);
  next.squares = (next.squares + squares_part.as_uint().resize(square_bits)).wrap(square_bits);
  next.slot = slot;
  total.when(valid, next);
  RowSums now(s);
  now.sum = total.sum, now.squares = total.squares, now.slot = total.slot;
  auto done = stream(m, "row_sums", complete, now);
  m.add_assertion("the sums of a row have their place", (~done.valid | done.ready).id());
  sums = lib::fifo(d, m, "rows_summed", done, norm_rows);
}

void RowNorm::normalise_rows() {
  Instance unit_of_scale(m, "row_scale", build_row_scale(d, s));
  unit_of_scale.in("epsilon", epsilon);
  unit_of_scale.in_stream("sums", sums);
  auto scale = lib::fifo(d, m, "rows_scaled", unit_of_scale.out_stream("scale", RowScale(s)), 2);

  m.note("Words of a row whose scale is known.");
  auto word = reg(m, "norm_word", UInt(word_bits), 0);
  Bool last = lib::is_last(word, words).named("norm_last_word");
  auto in = stream(m, "norm_in", scale.valid, NormRead{scale.data.sum, scale.data.rho, scale.data.shift, word});
  Bool step = in.fire().named("norm_step");
  word.when(step, lib::next_index(word, words));
  scale.ready.drive(in.ready & last);
  slot_freed.drive(step & last);
  lib::Pipeline pipe(m, "norm", in);
  UInt z_word = rows->read(row_address(scale.data.slot, word), step);
  auto read = pipe.stage("read", in.data);

  m.note("C times the distance from the mean: a sum of C - 1 differences of two numbers.");
  const int deviation_bits = z_bits + Shapes::bits(channels) + 1;
  NormDeviation deviation{{}, read.rho, read.shift, read.word};
  for (const SInt& z : lib::elements(z_word, unit, z_bits))
    deviation.value.push_back((z * channels - read.sum).wrap(deviation_bits));
  deviation = pipe.stage("deviation", deviation);
  NormProduct product{{}, deviation.shift, deviation.word};
  for (const SInt& v : deviation.value) product.value.push_back(v * deviation.rho.to_signed());
  product = pipe.stage("product", product);

  m.note("t: shifted by one less than asked for, then the last bit is rounded half up.");
  Ram table(m, "table_memory", words, unit * norm_entry_bits, 1);
  table.write(table_write.enable, table_write.address, table_write.data);
  UInt entries = table.read(product.word, (pipe.valid() & pipe.advance()).named("read_table"));
  NormShifted shifted;
  for (const SInt& v : product.value) shifted.value.push_back(shift_for_rounding(v, product.shift, normalised_bits));
  shifted = pipe.stage("shifted", shifted);
  NormT t{{}, entries};
  for (const SInt& v : shifted.value) t.value.push_back(round_last_bit(v, normalised_bits));
  t = pipe.stage("t", t);

  m.note("t * gamma + beta, shifted and rounded in the same way.");
  NormGained gained;
  for (int e = 0; e < unit; ++e) {
    UInt entry = t.entries.bits(e * norm_entry_bits, norm_entry_bits);
    gained.value.push_back(t.value[static_cast<std::size_t>(e)] * entry.wrap(norm_gamma_bits).as_sint());
    gained.beta.push_back(entry.bits(norm_gamma_bits, norm_beta_bits).as_sint());
  }
  gained = pipe.stage("gained", gained);
  NormValues biased;
  for (std::size_t e = 0; e < gained.value.size(); ++e) biased.value.push_back(gained.value[e] + gained.beta[e]);
  biased = pipe.stage("biased", biased);
  NormValues small;
  for (const SInt& v : biased.value) small.value.push_back(shift_for_rounding(v, gain_shift, s.stream_bits()));
  small = pipe.stage("small", small);
  NormValues result;
  for (const SInt& v : small.value) result.value.push_back(round_last_bit(v, s.stream_bits()));
  result = pipe.stage("result", result);
  output_stream(m, "normed", pipe.finish(lib::join(result.value)));
}

}  // namespace

const Module& build_row_norm(Design& d, const Shapes& s) {
  return d.module("row_norm", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Adds a residual row and applies LayerNorm (NUMERICS.md N13, N14), unit elements a cycle. One row is summed up "
        "while the scale of another is computed and a third is normalised.");
    RowNorm norm{d, m, s};
    norm.ports();
    norm.add_rows();
    norm.normalise_rows();
  });
}

}  // namespace quillgen::accel
