// Look-up of the policy `region`: which lines of a sample lie in the window of its group.
//
// That depends on the windows alone. A line inside has its place in the half of the group, whether it is there already
// or not: the sample waits for the half at the head of the run-ahead queue. A line outside is asked for at once, and
// goes into the place of its bank beside the halves.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "accel/region.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A sample split by parity: which lines it needs, where they are, and the weights of its pixels.
struct Lines {
  std::array<UInt, 2> bx, by;      // block column (row) of the line with that column (row) parity
  UInt columns, rows;              // bit p: that column (row) lies in the window
  std::array<UInt, banks> weight;  // by pixel parity
  UInt needed;                     // by line parity
  UInt line_x, line_y;             // as in QueueEntry
  UInt head, level, half;
  Bool last_of_head, last_of_query, last_of_region;
  template <class F>
  void each(F&& f) {
    f("bx_0", bx[0]), f("bx_1", bx[1]), f("by_0", by[0]), f("by_1", by[1]), f("columns", columns), f("rows", rows);
    for (int p = 0; p < banks; ++p) f(("weight_" + std::to_string(p)).c_str(), weight[static_cast<std::size_t>(p)]);
    f("needed", needed), f("line_x", line_x), f("line_y", line_y), f("head", head), f("level", level);
    f("half", half), f("last_of_head", last_of_head), f("last_of_query", last_of_query);
    f("last_of_region", last_of_region);
  }
};

// One axis: pixels x0 and x0 + 1, one even and one odd.
struct Axis {
  Bool odd;                   // x0 is odd
  std::array<UInt, 2> block;  // of the line with even, odd block number
  UInt parity;                // bit c: parity of the block of the pixel with parity c
  UInt inside;                // bit c: the line with that parity lies in the window
};

Axis split(const SInt& x0, int block_bits, const UInt& first_inside, const UInt& last_inside, const std::string& name) {
  UInt first = x0.bits(1, block_bits).named(name + "_first");  // block of x0
  Bool odd = x0.bits(0, 1).bit(0).named(name + "_odd");
  UInt second = mux(odd, lib::increment(first), first).named(name + "_second");  // block of x0 + 1
  UInt even_pixel = mux(odd, second, first).named(name + "_even_pixel");  // the odd pixel lies in `first` either way
  std::array<UInt, 2> block{mux(first.bit(0), second, first).named(name + "_even_block"),
                            mux(first.bit(0), first, second).named(name + "_odd_block")};
  std::vector<Signal> inside;
  for (const UInt& b : block) inside.push_back((b >= first_inside) & (b <= last_inside));
  return {odd, block, concat({first.bit(0), even_pixel.bit(0)}).named(name + "_parity"),
          lib::join(inside).named(name + "_inside")};
}

// The window of a level; one without has none of the blocks.
LevelWindow window_of(const Shapes& s, const LevelWindows& windows, const UInt& level) {
  const auto levels = static_cast<std::size_t>(s.a.levels);
  Module& m = level.module();
  const UInt lowest = UInt::constant(m, 0, s.block_bits()), highest = ~lowest;
  std::vector<UInt> left(levels, highest), right(levels, lowest), top = left, bottom = right;
  for (std::size_t i = 0; i < windows.level.size(); ++i) {
    const auto l = static_cast<std::size_t>(windows.level[i]);
    const auto& w = windows.window[i];
    left[l] = w.left, right[l] = w.right, top[l] = w.top, bottom[l] = w.bottom;
  }
  return {select(level, left), select(level, right), select(level, top), select(level, bottom)};
}

}  // namespace

const Module& build_region_lookup(Design& d, const Shapes& s) {
  return d.module("region_lookup", [&](Module& m) {
    m.describe(
        "Finds the lines of a sample in the window of its group of queries. Lines inside have their place in the half "
        "of the group; lines outside are asked for at once and have one beside the halves. The sample goes to the "
        "run-ahead queue.");
    m.parameter("lines_of_half", banks * region_lines(s.config));
    auto corners = input_stream(m, "corners", Corners(s));
    auto group = input_stream(m, "group", RegionGroup(s));

    m.note("A sample waits until the windows of its group are known; the last one of the group takes them away.");
    auto in = stream(m, "sample", (corners.valid & group.valid).named("sample_valid"), corners.data);
    corners.ready.drive(in.ready & group.valid);
    Bool accept = in.fire().named("accept");
    const Corners& c = in.data;
    auto queries =
        reg(m, "queries", UInt(group.data.queries.width()), 0);  // of the group, looked up to the last sample
    auto half = reg(m, "half", UInt(1), 0);
    UInt queries_with = lib::increment(queries);
    Bool last_of_region = (c.last_of_query & (queries_with == group.data.queries)).named("last_of_region");
    Bool ends_query = (accept & c.last_of_query).named("ends_query");
    Bool ends_group = (accept & last_of_region).named("ends_group");
    queries.when(ends_group, 0).when(ends_query, queries_with);
    half.when(ends_group, ~half);
    group.ready.drive(ends_group);

    m.note("Sort pixels and lines by parity; which of the columns and rows lie in the window?");
    const LevelWindow window = named(window_of(s, group.data.windows, c.level), "window");
    Axis x = split(c.x0, s.block_bits(), window.left, window.right, "column"),
         y = split(c.y0, s.block_bits(), window.top, window.bottom, "row");
    UInt upper_even = mux(x.odd, c.w01, c.w00).named("upper_even"),
         upper_odd = mux(x.odd, c.w00, c.w01).named("upper_odd");
    UInt lower_even = mux(x.odd, c.w11, c.w10).named("lower_even"),
         lower_odd = mux(x.odd, c.w10, c.w11).named("lower_odd");
    Lines lines;
    lines.bx = x.block, lines.by = y.block, lines.columns = x.inside, lines.rows = y.inside;
    lines.weight = {
        mux(y.odd, lower_even, upper_even).named("weight_00"), mux(y.odd, lower_odd, upper_odd).named("weight_01"),
        mux(y.odd, upper_even, lower_even).named("weight_10"), mux(y.odd, upper_odd, lower_odd).named("weight_11")};
    lines.line_x = x.parity, lines.line_y = y.parity;
    lines.head = c.head, lines.level = c.level, lines.half = half;
    lines.last_of_head = c.last_of_head, lines.last_of_query = c.last_of_query, lines.last_of_region = last_of_region;
    m.note("A line is needed if a pixel with a weight lies in it.");
    std::vector<Bool> reads;
    for (int p = 0; p < banks; ++p)
      reads.push_back(lines.weight[static_cast<std::size_t>(p)].any().named(fmt::format("reads_{}{}", p / 2, p % 2)));
    std::vector<Signal> needed;
    for (int line = 0; line < banks; ++line) {
      Bool any = Bool::constant(m, false);
      for (int pixel = 0; pixel < banks; ++pixel) {
        Bool row_fits = y.parity.bit(pixel / 2) == Bool::constant(m, line / 2 == 1);
        Bool column_fits = x.parity.bit(pixel % 2) == Bool::constant(m, line % 2 == 1);
        any = any | (row_fits & column_fits & reads[static_cast<std::size_t>(pixel)]);
      }
      needed.push_back(any.named(fmt::format("needs_{}{}", line / 2, line % 2)));
    }
    lines.needed = lib::join(needed).named("needed");

    lib::Pipeline pipe(m, "lookup", in);
    auto at = pipe.stage("line", lines);

    m.note("Places of the lines, by parity.");
    QueueEntry entry(s);
    std::vector<Signal> missing_list, found_list;
    for (int p = 0; p < banks; ++p) {
      const auto i = static_cast<std::size_t>(p);
      const auto parity = fmt::format("{}{}", p / 2, p % 2);
      Bool inside = (at.rows.bit(p / 2) & at.columns.bit(p % 2)).named("inside_" + parity);
      UInt place = region_place(s, at.half, at.level, at.by[i / 2], at.bx[i % 2], at.head);
      entry.place[i] = concat({~inside, mux(inside, place, UInt::constant(m, 0, place.width()))});
      missing_list.push_back((at.needed.bit(p) & ~inside).named("missing_" + parity));
      found_list.push_back((at.needed.bit(p) & inside).named("found_" + parity));
    }

    m.note("Ask for the missing lines, one a cycle, lowest parity first.");
    UInt missing = lib::join(missing_list).named("missing");
    auto asked = reg(m, "asked", UInt(banks), 0);
    UInt open = (missing & ~asked).named("open");
    UInt lowest = (open & (~open + 1).wrap(banks)).named("lowest");
    Bool one_left = (open == lowest).named("one_left");
    LineName name(s);
    name.level = at.level, name.head = at.head;
    name.row = mux(open.bits(0, 2).any(), at.by[0], at.by[1]);
    name.column = mux(lowest.bit(0) | lowest.bit(2), at.bx[0], at.bx[1]);
    Stream<Lines> done = pipe.finish(static_cast<const Lines&>(at));
    Stream<LineName> miss = stream(m, "miss_out", done.valid & open.any(), name);
    Bool requests_done = (open.is_zero() | (one_left & miss.ready)).named("requests_done");

    // The entry need not wait for its requests, nor they for it: the sample goes when both are through.
    auto queued = reg(m, "queued", Bool(), 0);
    entry.weight = at.weight;
    entry.fill = missing;
    entry.line_x = at.line_x, entry.line_y = at.line_y;
    entry.last_of_head = at.last_of_head, entry.last_of_query = at.last_of_query;
    entry.last_of_region = at.last_of_region;
    Stream<QueueEntry> queue = stream(m, "entry_out", done.valid & ~queued, entry);
    Bool entry_done = (queued | queue.ready).named("entry_done");
    done.ready.drive(requests_done & entry_done);
    Bool leave = done.fire().named("leave");
    asked.when(leave, 0).when(miss.fire(), asked | lowest);
    queued.when(leave, false).when(queue.fire(), true);

    m.note("Lines found and missing, counted in the cycle after the sample left.");
    auto count = [&](const std::string& port, const std::vector<Signal>& list) {
      UInt sum = UInt(m, list[0].id());
      for (std::size_t i = 1; i < list.size(); ++i) sum = sum + UInt(m, list[i].id());
      auto number = reg(m, port + "_left", UInt(3), 0);
      number.next(mux(leave, sum.resize(3), UInt::constant(m, 0, 3)));
      output(m, port, static_cast<UInt>(number));
    };
    count("hits", found_list);
    count("misses", missing_list);
    output_stream(m, "miss", miss);
    output_stream(m, "entry", queue);
  });
}

}  // namespace quillgen::accel
