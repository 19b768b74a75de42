// Look-up of the policy `region`: which lines of a sample lie in the window of its group.
//
// That depends on the windows alone. A line inside has its place in the half of the group, whether it is there already
// or not: the sample waits for the half at the head of the run-ahead queue. A line outside is asked for at once, and
// goes into the place of its bank beside the halves. With region_ranges there is none outside.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/region.hpp"
#include "accel/cache/sample_lines.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A sample split by parity, with region_ranges.
struct Places {
  std::array<UInt, 2> column, row;  // torus_place() of the line with that column (row) parity
  std::array<UInt, banks> weight;   // by pixel parity
  UInt needed;                      // by line parity
  UInt line_x, line_y;              // as in QueueEntry
  UInt half;
  Bool last_of_region;
  SampleTag tag;
  QUILLGEN_FIELDS(column, row, weight, needed, line_x, line_y, half, last_of_region, tag)
};

// A sample split by parity: which lines it needs, where they are, and the weights of its pixels.
struct Lines {
  std::array<UInt, 2> bx, by;      // block column (row) of the line with that column (row) parity
  UInt columns, rows;              // bit p: that column (row) lies in the window
  std::array<UInt, banks> weight;  // by pixel parity
  UInt needed;                     // by line parity
  UInt line_x, line_y;             // as in QueueEntry
  UInt half;
  Bool last_of_region;
  SampleTag tag;
  QUILLGEN_FIELDS(bx, by, columns, rows, weight, needed, line_x, line_y, half, last_of_region, tag)
};

// Bit p: the line of parity p lies in the window.
UInt inside_window(const Axis& axis, const UInt& first, const UInt& last, const std::string& name) {
  std::vector<Signal> inside;
  for (const UInt& line : axis.line) inside.push_back((line >= first) & (line <= last));
  return lib::join(inside).named(name);
}

// The window of a level; one without has none of the blocks.
LevelWindow window_of(const Shapes& s, const LevelWindows& windows, const UInt& level) {
  const auto levels = static_cast<std::size_t>(s.a.levels);
  Module& m = level.module();
  const UInt lowest = UInt::constant(m, 0, s.block_bits()), highest = ~lowest;
  std::vector<UInt> left(levels, highest), right(levels, lowest), top = left, bottom = right;
  for (std::size_t l = 0; l < levels; ++l)
    if (const auto& w = windows.level[l])
      left[l] = w->left, right[l] = w->right, top[l] = w->top, bottom[l] = w->bottom;
  LevelWindow window{select(level, left), select(level, right), select(level, top), select(level, bottom)};
  if (!s.has_ranged_regions()) return window;
  std::vector<UInt> column_origins, row_origins;
  for (const auto& w : windows.level)
    column_origins.push_back(*w->column_origin), row_origins.push_back(*w->row_origin);
  window.column_origin = select(level, column_origins), window.row_origin = select(level, row_origins);
  return window;
}

// What is known of a sample beside its lines.
QueueEntry entry_of(const Shapes& s, const auto& at) {
  QueueEntry entry(s);
  entry.weight = at.weight;
  entry.line_x = at.line_x, entry.line_y = at.line_y;
  entry.last_of_head = at.tag.last_of_head, entry.last_of_query = at.tag.last_of_query;
  entry.last_of_region = at.last_of_region;
  return entry;
}

// All lines lie inside: their places in the torus.
void place_lines(Module& m, const Shapes& s, const Stream<Corners>& in, const SampleLines& split,
                 const LevelWindow& window, const UInt& half, const Bool& last_of_region) {
  const UInt& level = in.data.tag.level;
  UInt columns = inside_window(split.x, window.left, window.right, "column_inside"),
       rows = inside_window(split.y, window.top, window.bottom, "row_inside");
  Bool outside = Bool::constant(m, false);
  for (int p = 0; p < banks; ++p) outside = outside | (split.needed.bit(p) & ~(rows.bit(p / 2) & columns.bit(p % 2)));
  m.add_assertion("no line that a sample reads lies outside of its window", (~in.valid | ~outside).id());
  discard(outside);
  Places places{split.x.line,    split.y.line, split.weight,   split.needed, *split.x.parity,
                *split.y.parity, half,         last_of_region, in.data.tag};
  for (std::size_t p = 0; p < 2; ++p) {
    const auto parity = std::to_string(p);
    places.column[p] =
        torus_place(s, Side::column, level, split.x.line[p], *window.column_origin).named("column_place_" + parity);
    places.row[p] = torus_place(s, Side::row, level, split.y.line[p], *window.row_origin).named("row_place_" + parity);
  }
  lib::Pipeline pipe(m, "lookup", in);
  auto at = pipe.stage("line", places);
  QueueEntry entry = entry_of(s, at);
  for (std::size_t y = 0; y < 2; ++y) {
    UInt start = torus_row(s, at.tag.level, at.row[y]).named("row_start_" + std::to_string(y));
    for (std::size_t x = 0; x < 2; ++x)
      entry.place[2 * y + x] = torus_line(s, at.half, start, at.column[x], at.tag.head);
  }
  if (s.a.levels == 1) discard(at.tag.level);
  if (s.region_head_bits() == 0) discard(at.tag.head);
  Stream<QueueEntry> sample = pipe.finish(entry);
  m.note("Lines that were read, counted in the cycle after the sample left.");
  std::vector<Signal> found;
  for (int p = 0; p < banks; ++p) found.push_back(at.needed.bit(p));
  count_lines(m, "hits", sample.fire(), found);
  output(m, "misses", UInt::constant(m, 0, 3));
  output_stream(m, "entry", sample);
}

}  // namespace

const Module& build_region_lookup(Design& d, const Shapes& s) {
  return d.module("region_lookup", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(s.has_demand()
                   ? "Finds the lines of a sample in the window of its group of queries. Lines inside have their place "
                     "in the half of the group; lines outside are asked for at once and have one beside the halves. "
                     "The sample goes to the run-ahead queue."
                   : "Finds the lines of a sample in the window of its group of queries, which holds all of them: "
                     "their places in the half of the group. The sample goes to the run-ahead queue.");
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
    Bool last_of_region = (c.tag.last_of_query & (queries_with == group.data.queries)).named("last_of_region");
    Bool ends_query = (accept & c.tag.last_of_query).named("ends_query");
    Bool ends_group = (accept & last_of_region).named("ends_group");
    queries.when(ends_group, 0).when(ends_query, queries_with);
    half.when(ends_group, ~half);
    group.ready.drive(ends_group);

    m.note("Sort pixels and lines by parity.");
    const SampleLines split = split_sample(m, s, c);
    m.note(s.has_demand() ? "Which of the columns and rows lie in the window?" : "Where they lie in the torus.");
    const LevelWindow window = named(window_of(s, group.data.windows, c.tag.level), "window");
    if (!s.has_demand()) return place_lines(m, s, in, split, window, half, last_of_region);
    const Lines lines{split.x.line,
                      split.y.line,
                      inside_window(split.x, window.left, window.right, "column_inside"),
                      inside_window(split.y, window.top, window.bottom, "row_inside"),
                      split.weight,
                      split.needed,
                      *split.x.parity,
                      *split.y.parity,
                      half,
                      last_of_region,
                      c.tag};

    lib::Pipeline pipe(m, "lookup", in);
    auto at = pipe.stage("line", lines);

    m.note("Places of the lines, by parity.");
    QueueEntry entry = entry_of(s, at);
    FoundLines found{{}, {}, at.tag.level, at.tag.head, at.by, at.bx};
    for (int p = 0; p < banks; ++p) {
      const auto i = static_cast<std::size_t>(p);
      const auto parity = fmt::format("{}{}", p / 2, p % 2);
      Bool inside = (at.rows.bit(p / 2) & at.columns.bit(p % 2)).named("inside_" + parity);
      UInt place = region_place(s, at.half, at.tag.level, at.by[i / 2], at.bx[i % 2], at.tag.head);
      entry.place[i] = concat({~inside, mux(inside, place, UInt::constant(m, 0, place.width()))});
      found.missing.push_back((at.needed.bit(p) & ~inside).named("missing_" + parity));
      found.found.push_back((at.needed.bit(p) & inside).named("found_" + parity));
    }

    send_sample(m, s, pipe, entry, found);
  });
}

}  // namespace quillgen::accel
