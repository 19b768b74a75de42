#include "accel/array/row_resize.hpp"

#include <fmt/core.h>

#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Widths {
  int in_bits, out_bits, length_bits;
  bool operator==(const Widths&) const = default;
};

// Wide words cut into narrow ones.
void build_narrow(Module& m, const Bool& restart, const UInt& last_word, Stream<UInt> in, int out_bits) {
  const int ratio = in.data.width() / out_bits;
  auto word = reg(m, "word", UInt(last_word.width()), 0);
  auto part = reg(m, "part", UInt(index_bits(static_cast<std::uint64_t>(ratio))), 0);
  auto out_ready = ready_wire(m, "cut_ready");
  Bool step = (in.valid & out_ready).named("step");
  Bool last_of_row = (word == last_word).named("last_of_row");
  Bool last = (last_of_row | lib::is_last(part, ratio)).named("last_part");
  word.when(restart | (step & last_of_row), 0).when(step, lib::increment(word));
  part.when(restart | (step & last), 0).when(step, lib::increment(part));
  std::vector<UInt> parts;
  for (int i = 0; i < ratio; ++i) parts.push_back(in.data.bits(i * out_bits, out_bits));
  in.ready.drive(out_ready & last);
  output_stream(m, "word_out", Stream<UInt>{select(part, parts), in.valid, out_ready});
}

// Narrow words collected into wide ones.
void build_wide(Module& m, const Bool& restart, const UInt& last_word, Stream<UInt> in, int out_bits) {
  const int ratio = out_bits / in.data.width();
  auto word = reg(m, "word", UInt(last_word.width()), 0);
  auto part = reg(m, "part", UInt(index_bits(static_cast<std::uint64_t>(ratio))), 0);
  Bool last_of_row = (word == last_word).named("last_of_row");
  Bool complete = (last_of_row | lib::is_last(part, ratio)).named("complete");
  auto out_ready = ready_wire(m, "collected_ready");
  in.ready.drive((~complete) | out_ready);
  Bool step = in.fire().named("step");
  word.when(restart | (step & last_of_row), 0).when(step, lib::increment(word));
  part.when(restart | (step & last_of_row), 0).when(step, lib::next_index(part, ratio));
  std::vector<UInt> whole;
  const UInt zero = UInt::constant(m, 0, 1).extend(in.data.width());
  for (int i = 0; i < ratio; ++i) {
    UInt later = mux(part == i, in.data, zero);
    if (i + 1 == ratio) {
      whole.push_back(later);
      continue;
    }
    auto kept = reg(m, fmt::format("part_{}", i), UInt(in.data.width()));
    kept.when(step & (part == i), in.data);
    whole.push_back(mux(part > i, kept, later));
  }
  output_stream(m, "word_out", Stream<UInt>{lib::join(whole), in.valid & complete, out_ready});
}

}  // namespace

const Module& build_row_resize(Design& d, int in_bits, int out_bits, int length_bits) {
  const auto name = fmt::format("row_resize_{}_to_{}_of_{}", in_bits, out_bits, length_bits);
  return d.module(name, Widths{in_bits, out_bits, length_bits}, [](Design&, Module& m, const Widths& w) {
    const auto [in_bits, out_bits, length_bits] = w;
    m.describe(fmt::format(
        "Rows of words of {} bits become rows of words of {} bits, the first lowest. last_word is the number of the "
        "last {} a row.",
        in_bits, out_bits, in_bits > out_bits ? "word that goes out of" : "word that comes in of"));
    auto restart = input(m, "restart", Bool());
    auto last_word = input(m, "last_word", UInt(length_bits));
    auto in = input_stream(m, "word_in", UInt(in_bits));
    if (in_bits > out_bits) build_narrow(m, restart, last_word, in, out_bits);
    else build_wide(m, restart, last_word, in, out_bits);
  });
}

Stream<UInt> resize_rows(Design& d, Module& m, const std::string& name, const Stream<UInt>& in, int out_bits,
                         const RowLength& length, const Bool& restart, SourceLine at) {
  const int in_bits = in.data.width();
  if (in_bits == out_bits) return in;
  UInt last = in_bits > out_bits ? length.last_out_word : lib::decrement(length.in_words);
  Instance u(m, name, build_row_resize(d, in_bits, out_bits, last.width()), at);
  u.in("restart", restart, at);
  u.in("last_word", last, at);
  u.in_stream("word_in", in, at);
  return u.out_stream("word_out", UInt(out_bits), at);
}

Stream<UInt> resize_rows(Design& d, Module& m, const std::string& name, const Stream<UInt>& in, int in_words,
                         int out_bits, int out_words, const Bool& restart, SourceLine at) {
  const auto constant = [&](int value) {
    return UInt::constant(m, static_cast<std::uint64_t>(value), value_bits(static_cast<std::uint64_t>(value)), at);
  };
  return resize_rows(d, m, name, in, out_bits, {constant(in_words), constant(out_words - 1)}, restart, at);
}

}  // namespace quillgen::accel
