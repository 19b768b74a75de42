#include "accel/cache/sample_lines.hpp"

#include <fmt/core.h>

#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A line is `length` pixels long, 1 or 2.
Axis split(const SInt& x0, int length, int line_bits, const std::string& name) {
  UInt first = x0.bits(length - 1, line_bits).named(name + "_first");  // line of x0
  Bool odd = x0.bits(0, 1).bit(0).named(name + "_odd");
  if (length == 1) {
    UInt second = lib::increment(first).named(name + "_second");
    return {odd,
            {mux(odd, second, first).named(name + "_even_line"), mux(odd, first, second).named(name + "_odd_line")},
            std::nullopt};
  }
  UInt second = mux(odd, lib::increment(first), first).named(name + "_second");  // block of x0 + 1
  UInt even_pixel =
      mux(odd, second, first)
          .named(name + "_even_pixel");  // block of the even pixel; the odd pixel is in `first` either way
  Bool first_odd = first.bit(0);
  return {odd,
          {mux(first_odd, second, first).named(name + "_even_block"),
           mux(first_odd, first, second).named(name + "_odd_block")},
          concat({first.bit(0), even_pixel.bit(0)}).named(name + "_parity")};
}

}  // namespace

SampleLines split_sample(Module& m, const Shapes& s, const Corners& c) {
  Axis x = split(c.x0, s.line_width(), s.line_column_bits(), "column"),
       y = split(c.y0, s.line_height(), s.line_row_bits(), "row");
  UInt upper_even = mux(x.odd, c.w01, c.w00).named("upper_even"),
       upper_odd = mux(x.odd, c.w00, c.w01).named("upper_odd");
  UInt lower_even = mux(x.odd, c.w11, c.w10).named("lower_even"),
       lower_odd = mux(x.odd, c.w10, c.w11).named("lower_odd");
  SampleLines lines{
      x,
      y,
      {mux(y.odd, lower_even, upper_even).named("weight_00"), mux(y.odd, lower_odd, upper_odd).named("weight_01"),
       mux(y.odd, upper_even, lower_even).named("weight_10"), mux(y.odd, upper_odd, lower_odd).named("weight_11")},
      UInt()};
  m.note("A line is needed if a pixel with a weight lies in it.");
  std::vector<Bool> reads;
  for (int p = 0; p < banks; ++p)
    reads.push_back(lines.weight[static_cast<std::size_t>(p)].any().named(fmt::format("reads_{}{}", p / 2, p % 2)));
  std::vector<Signal> needed;
  for (int line = 0; line < banks; ++line) {
    Bool any = Bool::constant(m, false);
    for (int pixel = 0; pixel < banks; ++pixel) {
      Bool row_fits = line_parity(m, y.parity, pixel / 2) == Bool::constant(m, line / 2 == 1);
      Bool column_fits = line_parity(m, x.parity, pixel % 2) == Bool::constant(m, line % 2 == 1);
      any = any | (row_fits & column_fits & reads[static_cast<std::size_t>(pixel)]);
    }
    needed.push_back(any.named(fmt::format("needs_{}{}", line / 2, line % 2)));
  }
  lines.needed = lib::join(needed).named("needed");
  return lines;
}

void count_lines(Module& m, const std::string& port, const Bool& leave, const std::vector<Signal>& list) {
  UInt sum = UInt(m, list[0].id());
  for (std::size_t i = 1; i < list.size(); ++i) sum = sum + UInt(m, list[i].id());
  auto number = reg(m, port + "_left", UInt(3), 0);
  number.next(mux(leave, sum.resize(3), UInt::constant(m, 0, 3)));
  output(m, port, number);
}

namespace {

// The missing lines of a sample, by parity.
struct MissedLines {
  UInt lines, level, head;
  std::array<UInt, 2> row, column;
  QUILLGEN_FIELDS(lines, level, head, row, column)
};

void count_found(Module& m, const Bool& leave, const FoundLines& lines) {
  m.note("Lines found and missing, counted in the cycle after the sample left.");
  count_lines(m, "hits", leave, lines.found);
  count_lines(m, "misses", leave, lines.missing);
}

}  // namespace

Bool queue_sample(Design& d, Module& m, const Shapes& s, lib::Pipeline& pipe, QueueEntry entry,
                  const FoundLines& lines) {
  m.note("The sample goes to its queue, and what it misses to another; it leaves when both are through.");
  UInt missing = lib::join(lines.missing).named("missing");
  *entry.fill = missing;
  Stream<QueueEntry> sample = pipe.finish(entry);
  auto asked = reg(m, "asked", Bool(), 0), queued = reg(m, "queued", Bool(), 0);
  Stream<MissedLines> missed = stream(m, "missed", sample.valid & missing.any() & ~asked,
                                      MissedLines{missing, lines.level, lines.head, lines.row, lines.column});
  Stream<QueueEntry> queue = stream(m, "entry_out", sample.valid & ~queued, sample.data);
  Bool requests_done = (missing.is_zero() | asked | missed.ready).named("requests_done");
  Bool entry_done = (queued | queue.ready).named("entry_done");
  sample.ready.drive(requests_done & entry_done);
  Bool leave = sample.fire().named("leave");
  asked.when(leave, false).when(missed.fire(), true);
  queued.when(leave, false).when(queue.fire(), true);

  auto ask = lib::fifo(d, m, "missed_lines", missed, missed_samples);
  m.note("Ask for the missing lines, one a cycle, in the order in which they will be written.");
  auto sent = reg(m, "sent", UInt(banks), 0);
  UInt open = (in_turn(s, ask.data.lines) & ~sent).named("open");
  UInt lowest = (open & (~open + 1).wrap(banks)).named("lowest");
  LineName name(s);
  name.level = ask.data.level, name.head = ask.data.head;
  const LineParity parity = parity_in_turn(s, lowest);
  name.row = mux(parity.row, ask.data.row[1], ask.data.row[0]);
  name.column = mux(parity.column, ask.data.column[1], ask.data.column[0]);
  Stream<LineName> miss = stream(m, "miss_out", ask.valid, name);
  ask.ready.drive(miss.ready & (open == lowest));
  sent.when(ask.fire(), 0).when(miss.fire(), sent | lowest);

  count_found(m, leave, lines);
  output_stream(m, "miss", miss);
  output_stream(m, "entry", queue);
  return leave;
}

Bool send_sample(Module& m, const Shapes& s, lib::Pipeline& pipe, QueueEntry entry, const FoundLines& lines) {
  m.note("Ask for the missing lines, one a cycle, lowest parity first.");
  UInt missing = lib::join(lines.missing).named("missing");
  *entry.fill = missing;
  auto asked = reg(m, "asked", UInt(banks), 0);
  UInt open = (missing & ~asked).named("open");
  UInt lowest = (open & (~open + 1).wrap(banks)).named("lowest");
  Bool one_left = (open == lowest).named("one_left");
  LineName name(s);
  name.level = lines.level, name.head = lines.head;
  name.row = mux(open.bits(0, 2).any(), lines.row[0], lines.row[1]);
  name.column = mux(lowest.bit(0) | lowest.bit(2), lines.column[0], lines.column[1]);
  Stream<QueueEntry> sample = pipe.finish(entry);
  Stream<LineName> miss = stream(m, "miss_out", sample.valid & open.any(), name);
  Bool requests_done = (open.is_zero() | (one_left & miss.ready)).named("requests_done");

  // The entry need not wait for its requests, nor they for it: the sample goes when both are through.
  auto queued = reg(m, "queued", Bool(), 0);
  Stream<QueueEntry> queue = stream(m, "entry_out", sample.valid & ~queued, sample.data);
  Bool entry_done = (queued | queue.ready).named("entry_done");
  sample.ready.drive(requests_done & entry_done);
  Bool leave = sample.fire().named("leave");
  asked.when(leave, 0).when(miss.fire(), asked | lowest);
  queued.when(leave, false).when(queue.fire(), true);

  count_found(m, leave, lines);
  output_stream(m, "miss", miss);
  output_stream(m, "entry", queue);
  return leave;
}

}  // namespace quillgen::accel
