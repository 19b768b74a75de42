#include "accel/row_resize.hpp"

#include <fmt/format.h>

#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Wide words cut into narrow ones.
void build_narrow(Module& m, const Bool& restart, Stream<UInt> in, int out_bits, int out_words) {
  const int ratio = in.data.width() / out_bits;
  auto word = reg(m, "word", UInt(index_bits(static_cast<std::uint64_t>(out_words))), 0);
  auto part = reg(m, "part", UInt(index_bits(static_cast<std::uint64_t>(ratio))), 0);
  auto out_ready = ready_wire(m, "cut_ready");
  Bool step = (in.valid & out_ready).named("step");
  Bool last_of_row = lib::is_last(word, out_words).named("last_of_row");
  Bool last = (last_of_row | lib::is_last(part, ratio)).named("last_part");
  word.when(restart, 0).when(step, lib::next_index(word, out_words));
  part.when(restart, 0).when(step & last, 0).when(step, lib::increment(part));
  std::vector<UInt> parts;
  for (int i = 0; i < ratio; ++i) parts.push_back(in.data.bits(i * out_bits, out_bits));
  in.ready.drive(out_ready & last);
  output_stream(m, "out", Stream<UInt>{select(part, parts), in.valid, out_ready});
}

// Narrow words collected into wide ones.
void build_wide(Module& m, const Bool& restart, Stream<UInt> in, int in_words, int out_bits) {
  const int ratio = out_bits / in.data.width();
  auto word = reg(m, "word", UInt(index_bits(static_cast<std::uint64_t>(in_words))), 0);
  auto part = reg(m, "part", UInt(index_bits(static_cast<std::uint64_t>(ratio))), 0);
  Bool last_of_row = lib::is_last(word, in_words).named("last_of_row");
  Bool complete = (last_of_row | lib::is_last(part, ratio)).named("complete");
  auto out_ready = ready_wire(m, "collected_ready");
  in.ready.drive((~complete) | out_ready);
  Bool step = in.fire().named("step");
  word.when(restart, 0).when(step, lib::next_index(word, in_words));
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
  output_stream(m, "out", Stream<UInt>{lib::join(whole), in.valid & complete, out_ready});
}

}  // namespace

const Module& build_row_resize(Design& d, int in_bits, int in_words, int out_bits, int out_words) {
  return d.module(fmt::format("row_resize_{}x{}_to_{}x{}", in_bits, in_words, out_bits, out_words), [&](Module& m) {
    m.describe(fmt::format("A row of {} words of {} bits becomes {} words of {} bits, the first lowest.", in_words,
                           in_bits, out_words, out_bits));
    auto restart = input(m, "restart", Bool());
    auto in = input_stream(m, "in", UInt(in_bits));
    if (in_bits > out_bits) build_narrow(m, restart, in, out_bits, out_words);
    else build_wide(m, restart, in, in_words, out_bits);
  });
}

Stream<UInt> resize_rows(Design& d, Module& m, const std::string& name, const Stream<UInt>& in, int in_words,
                         int out_bits, int out_words, const Bool& restart, SourceLine at) {
  const int in_bits = in.data.width();
  if (in_bits == out_bits) return in;
  Instance u(m, name, build_row_resize(d, in_bits, in_words, out_bits, out_words), at);
  u.in("restart", restart, at);
  u.in_stream("in", in, at);
  return u.out_stream("out", UInt(out_bits), at);
}

}  // namespace quillgen::accel
