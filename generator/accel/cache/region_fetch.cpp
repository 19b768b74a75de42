// Brings the windows of group after group into the half of the buffer that is free.
//
// A window is read row by row. Blocks that lie side by side in memory are one run: a whole row of a window when the
// lane has all heads, else the heads of the lane in one block. Of a row that the window before has too, with overlap =
// copy, the blocks that both hold are copied from half to half, where they have the same place.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Blocks of a row that are fetched, or copied, together.
struct Segment {
  UInt level, by, first, end;  // columns first .. end
  UInt half;
  Bool last;  // of the group
  std::optional<Bool> copied;
  std::optional<UInt> row_start, column_place;  // with region_ranges: torus_row() of by, torus_place() of first
  explicit Segment(const Shapes& s)
      : level(s.level_bits()), by(s.block_bits()), first(s.block_bits()), end(s.block_bits()), half(1) {
    if (s.has_copies()) copied.emplace();
    if (s.has_ranged_regions()) row_start.emplace(s.torus_row_bits()), column_place.emplace(s.torus_bits());
  }
  QUILLGEN_FIELDS(level, by, first, end, half, last, copied, row_start, column_place)
};

struct RunRow {  // first block of the row, times the blocks of a row
  UInt row, first, blocks, level;
  QUILLGEN_FIELDS(row, first, blocks, level)
};
struct RunLine {  // number of the first line in its level
  UInt number, blocks, level;
  QUILLGEN_FIELDS(number, blocks, level)
};

// The line's beats, one after the other, as one word.
Stream<UInt> assemble(const Shapes& s, Module& m, const Stream<UInt>& beat) {
  const int beats = line_beats(s.config);
  if (beats == 1) return {beat.data.wrap(s.line_bits()), beat.valid, beat.ready};
  auto number = reg(m, "beat", UInt(Shapes::bits(beats)), 0);
  Bool last = lib::is_last(number, beats).named("last_beat");
  std::vector<UInt> parts;
  for (int i = 0; i + 1 < beats && i * s.data_bits() < s.line_bits(); ++i) {  // beats of padding are not kept
    auto part = reg(m, fmt::format("part_{}", i), UInt(s.data_bits()));
    part.when(beat.valid & (number == i), beat.data);
    parts.push_back(part);
  }
  if (static_cast<int>(parts.size()) * s.data_bits() < s.line_bits()) parts.push_back(beat.data);
  auto line =
      stream(m, "assembled", (beat.valid & last).named("assembled_valid"), lib::join(parts).wrap(s.line_bits()));
  Wire<Bool> ready = beat.ready;
  ready.drive(~last | line.ready);
  number.when(beat.valid & (~last | line.ready), lib::next_index(number, beats));
  return line;
}

// The block in the order of its file. Members are what more than one of its sections reads.
struct Fetch {
  Design& d;
  Module& m;
  const Shapes& s;
  const int all_heads = s.config.attention.heads, beats = line_beats(s.config),
            run_beats = s.a.heads * beats;  // of a block
  const bool all_in_lane = s.lanes() == 1, copies = s.has_copies();
  const std::vector<RegionLevel> shares = region_levels(s.config);

  Bool clear = {}, freed = {}, map_complete = {};
  LevelShapes levels = LevelShapes(s);
  std::vector<UInt> starts = {};
  UInt first_head = {};
  Stream<RegionGroup> group = {RegionGroup(s), {}, {}};

  Reg<UInt> free_halves = {}, half = {};
  Reg<Bool> walking = {}, opened = {};
  std::vector<UInt> level_numbers = {};  // of those that have a window
  int windows = 0;                       // so many have one
  Reg<UInt> counted = {};
  UInt number = {};  // of the window in work
  Bool open = {};
  LevelWindow window = LevelWindow(s);
  Reg<UInt> left = {}, right = {}, bottom = {}, row = {}, column = {}, column_origin = {}, row_origin = {};
  Wire<Bool> leaves_group = {};
  Segment segment = Segment(s);  // the next blocks of a row
  Bool ends_row = {}, ends_window = {};
  Stream<Segment> to_ask = {segment, {}, {}}, list = {segment, {}, {}};
  Instance reader = {};

  void ports();
  void halves();
  LevelWindow pick(const LevelWindows& all) const;
  void walk_windows();
  void next_segment();
  void split_copies(const UInt& run_end);
  void list_segment();
  void ask_memory();
  void give_lines();
};

void Fetch::ports() {
  clear = input(m, "clear", Bool());
  if (!copies) discard(clear);
  freed = input(m, "freed", Bool());
  map_complete = input(m, "map_complete", Bool());
  levels = input(m, "levels", LevelShapes(s));
  for (const UInt& h : levels.height) discard(h);
  for (int l = 0; l < s.a.levels; ++l) starts.push_back(input(m, fmt::format("start_{}", l), UInt(s.address_bits())));
  for (std::size_t l = 0; l < shares.size(); ++l)
    if (!shares[l].has_window()) discard(levels.width[l]), discard(starts[l]);
  first_head = input(m, "first_head", UInt(Shapes::bits(all_heads)));
  group = input_stream(m, "group", RegionGroup(s));
}

void Fetch::halves() {
  m.note("Halves that may be overwritten.");
  free_halves = reg(m, "free_halves", UInt(2), 2);
  half = reg(m, "half", UInt(1), 0);
  walking = reg(m, "walking", Bool(), 0);  // a window is taken apart
  opened = reg(m, "opened", Bool(), 0);    // .. and its level's registers hold it
}

// The window in work, of all.
LevelWindow Fetch::pick(const LevelWindows& all) const {
  std::vector<UInt> side[4];
  for (const auto& w : all.level)
    if (w)
      side[0].push_back(w->left), side[1].push_back(w->right), side[2].push_back(w->top), side[3].push_back(w->bottom);
  LevelWindow picked{select(number, side[0]), select(number, side[1]), select(number, side[2]),
                     select(number, side[3])};
  if (!all.level.front() || !all.level.front()->column_origin) return picked;
  std::vector<UInt> column_origins, row_origins;
  for (const auto& w : all.level) column_origins.push_back(*w->column_origin), row_origins.push_back(*w->row_origin);
  picked.column_origin = select(number, column_origins), picked.row_origin = select(number, row_origins);
  return picked;
}

// Without their origins: what lies in both halves lies at the same place.
LevelWindows sides_of(LevelWindows all) {
  for (auto& w : all.level)
    if (w) w->column_origin.reset(), w->row_origin.reset();
  return all;
}

void Fetch::walk_windows() {
  m.note("Windows of the group, level after level; with copies, those of the group before too.");
  for (std::size_t l = 0; l < shares.size(); ++l)
    if (shares[l].has_window()) level_numbers.push_back(UInt::constant(m, l, s.level_bits()));
  windows = static_cast<int>(level_numbers.size());
  number = UInt::constant(m, 0, 1);  // of the window in work
  if (windows > 1) number = counted = reg(m, "number", UInt(Shapes::bits(windows)), 0);
  open = (walking & ~opened).named("open");
  left = reg(m, "left", UInt(s.block_bits())), right = reg(m, "right", UInt(s.block_bits())),
  bottom = reg(m, "bottom", UInt(s.block_bits()));
  window = named(pick(group.data.windows), "window");
  left.when(open, window.left), right.when(open, window.right), bottom.when(open, window.bottom);
  if (!window.column_origin) return;
  column_origin = reg(m, "column_origin", UInt(s.torus_bits())),
  row_origin = reg(m, "row_origin", UInt(s.torus_bits()));
  column_origin.when(open, *window.column_origin), row_origin.when(open, *window.row_origin);
}

void Fetch::next_segment() {
  m.note("The next blocks of a row: up to its end, or to where copied ones begin or end.");
  row = reg(m, "row", UInt(s.block_bits())), column = reg(m, "column", UInt(s.block_bits()));
  segment.level = select(number, level_numbers), segment.by = row, segment.first = column, segment.half = half;
  if (segment.row_start) {
    UInt row_place = torus_place(s, Side::row, segment.level, row, row_origin).named("row_place");
    segment.row_start = torus_row(s, segment.level, row_place).named("row_start");
    segment.column_place = torus_place(s, Side::column, segment.level, column, column_origin).named("column_place");
  }
  const UInt run_end = all_in_lane ? right : column;
  segment.end = run_end;
  leaves_group = wire(m, "group_done", Bool());
  if (copies) split_copies(run_end);
  ends_row = (segment.end == right).named("ends_row"), ends_window = (ends_row & (row == bottom)).named("ends_window");
  segment.last =
      (ends_window & (windows == 1 ? Bool::constant(m, true) : lib::is_last(number, windows))).named("ends_group");
}

// With copies: a segment ends where blocks of the group before, which are copied, begin or end.
void Fetch::split_copies(const UInt& run_end) {
  auto before = reg(m, "before", sides_of(LevelWindows(s)));
  auto has_before = reg(m, "has_before", Bool(), 0);
  before.when(leaves_group, sides_of(group.data.windows));
  has_before.when(clear, false).when(leaves_group, true);
  LevelWindow sides(s);
  sides.column_origin.reset(), sides.row_origin.reset();
  auto old = reg(m, "old", sides);
  auto has_old = reg(m, "has_old", Bool(), 0);
  old.when(open, pick(before));
  has_old.when(open, has_before);
  Bool row_shared = (has_old & (row >= old.top) & (row <= old.bottom)).named("row_shared");
  Bool in_old = (row_shared & (column >= old.left) & (column <= old.right)).named("in_old");
  Bool left_of_old = (row_shared & (column < old.left)).named("left_of_old");
  segment.copied = in_old;
  UInt copy_end = min(right, old.right).named("copy_end");
  UInt fetch_end = all_in_lane ? mux(left_of_old, min(right, lib::decrement(old.left)), run_end) : run_end;
  if (!all_in_lane) discard(left_of_old);
  segment.end = mux(in_old, copy_end, fetch_end).named("segment_end");
}

void Fetch::list_segment() {
  m.note("Each is asked for, and goes to the list of what is to be written.");
  const int listed = std::max(4, power_of_two(region_buffer_beats(s.config) / run_beats));
  auto list_ready = ready_wire(m, "list_ready"), ask_ready = ready_wire(m, "ask_ready");
  Bool offered = (walking & opened).named("offered");
  Bool fetches = copies ? ~*segment.copied : Bool::constant(m, true);
  Bool go = (offered & list_ready & (ask_ready | ~fetches)).named("go");
  leaves_group.drive(go & segment.last);
  Stream<Segment> to_list{segment, offered & (ask_ready | ~fetches), list_ready};
  to_ask = {segment, offered & fetches & list_ready, ask_ready};
  list = listed > 16 ? lib::sram_fifo(d, m, "list", to_list, listed) : lib::fifo(d, m, "list", to_list, listed);
  row.when(open, window.top).when(go & ends_row, lib::increment(row));
  column.when(open, window.left).when(go & ends_row, left).when(go, lib::increment(segment.end));
  opened.when(go & ends_window, false).when(open, true);
  if (windows > 1) counted.when(go & ends_window, lib::next_index(number, windows));
  auto begun = stream(m, "begun_group", (~walking & group.valid & map_complete & (free_halves != 0)).named("may_begin"),
                      group.data);
  Bool begin = begun.fire().named("starts");
  output_stream(m, "begun", begun);
  walking.when(begin, true).when(leaves_group, false);
  half.when(leaves_group, ~half);
  free_halves.when(begin & ~freed, lib::decrement(free_halves)).when(freed & ~begin, lib::increment(free_halves));
  group.ready.drive(leaves_group);
}

void Fetch::ask_memory() {
  const int line_shift = std::countr_zero(static_cast<unsigned>(line_bytes(s.config)));
  m.note("First line of a run in its level: (by * blocks of a row + bx) * heads + head.");
  lib::Pipeline ask(m, "address", to_ask);
  const int beat_bits = Shapes::holds((std::int64_t{1} << s.block_bits()) * run_beats);
  std::vector<UInt> row_blocks;
  for (const UInt& w : levels.width) row_blocks.push_back((w + 1) >> 1);
  UInt across = select(segment.level, row_blocks).named("across");
  UInt many = (segment.end - segment.first).as_uint().wrap(s.block_bits());
  auto in_row = ask.stage("run_row", RunRow{segment.by * across, segment.first, many + 1, segment.level});
  UInt block = in_row.row + in_row.first;
  UInt line = (all_heads == 1 ? block : block * all_heads + first_head).resize(s.address_bits() - line_shift);
  if (all_heads == 1) discard(first_head);
  auto in_level = ask.stage("run_line", RunLine{line, in_row.blocks, in_row.level});
  if (s.a.levels == 1) discard(in_level.level);
  ReadRequest run(s, beat_bits);
  run.address = lib::move_address(select(in_level.level, starts), in_level.number << line_shift);
  run.beats = all_in_lane ? (in_level.blocks * run_beats).resize(beat_bits)
                          : UInt::constant(m, static_cast<std::uint64_t>(run_beats), beat_bits);
  if (!all_in_lane) discard(in_level.blocks);
  auto request = ask.stage("run", run);
  reader = Instance(m, "reader", build_burst_reader(d, s, "region", beat_bits, region_buffer_beats(s.config)));
  reader.in_stream("request", ask.finish(request));
  reader.pass({"data", "data_valid"}), reader.pass("burst", "request");
}

void Fetch::give_lines() {
  m.note("Lines in the same order, block after block, head after head.");
  auto fetched = assemble(s, m, reader.out_stream("beat", UInt(s.data_bits())));
  auto steps = reg(m, "steps", UInt(s.block_bits()), 0);
  auto head = reg(m, "head", UInt(s.head_bits()), 0);
  UInt bx = (list.data.first + steps).wrap(s.block_bits()).named("bx");
  Bool last_head = lib::is_last(head, s.a.heads).named("last_head");
  Bool last_line = (last_head & (bx == list.data.end)).named("last_line");
  if (s.a.levels == 1) discard(list.data.level);
  UInt place;
  if (s.has_ranged_regions()) {
    UInt pairs = ((list.data.first.bits(0, 1) + steps) >> 1).named("pairs");
    UInt column_place =
        torus_move(s, Side::column, list.data.level, *list.data.column_place, pairs.resize(s.torus_bits()));
    discard(list.data.by);  // but for its parity
    place = torus_line(s, list.data.half, *list.data.row_start, column_place, head);
  } else {
    place = region_place(s, list.data.half, list.data.level, list.data.by, bx, head);
  }
  RegionLine filled(s);
  filled.address = concat({list.data.by.bit(0), bx.bit(0), place});
  filled.last = list.data.last & last_line;
  filled.data = fetched.data;
  filled.copied = list.data.copied;
  Bool is_copy = copies ? *list.data.copied : Bool::constant(m, false);
  auto next = stream(m, "next", (list.valid & (is_copy | fetched.valid)).named("next_valid"), filled);
  lib::Pipeline fill(m, "fill", next);
  Bool step = next.fire().named("step");
  fetched.ready.drive(list.valid & next.ready & ~is_copy);
  list.ready.drive(step & last_line);
  head.when(step, lib::next_index(head, s.a.heads));
  steps.when(step & last_line, 0).when(step & last_head, lib::increment(steps));
  auto out = fill.stage("out", filled);
  output_stream(m, "line", fill.finish(out));
}

}  // namespace

const Module& build_region_fetch(Design& d, const Shapes& s) {
  return d.module("region_fetch", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Fetches the windows of the groups of queries, one after the other, each into the half of the buffer that is "
        "free. Runs of blocks are read in bursts; every beat has its place reserved. first_head: that of the lane.");
    Fetch fetch{d, m, s};
    m.parameter("line_beats", fetch.beats);
    m.parameter("copies", fetch.copies ? 1 : 0);
    fetch.ports();
    fetch.halves();
    fetch.walk_windows();
    fetch.next_segment();
    fetch.list_segment();
    fetch.ask_memory();
    fetch.give_lines();
  });
}

}  // namespace quillgen::accel
