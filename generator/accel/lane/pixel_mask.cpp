// The mask of the pixels that were seldom read (NUMERICS.md N20), written behind the outputs of the job that counted.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/host/job.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// The block in the order of its file. Members are what more than one of its sections reads.
struct PixelMask {
  Design& d;
  Module& m;
  const Shapes& s;
  // States: rows of the job are awaited (wait), its mask is announced to the writer (ask); of each level the threshold
  // is found (sum, find), pixels are read (walk) and have all been taken (settle); the last beat is filled up (fill).
  static constexpr int idle = 0, wait = 1, ask = 2, sum = 3, find = 4, walk = 5, settle = 6, fill = 7;

  const int in_beat = s.data_bytes(), beat_words = mask_beats(s.config, s.a.max_tokens);

  Bool start = {};
  PixelFields job = PixelFields(s);
  LevelShapes levels = LevelShapes(s);
  std::vector<PixelCounts> counts = {};  // by lane of the heads

  Reg<UInt> state = {};
  Bool is_wait = {}, is_ask = {}, is_sum = {}, is_find = {}, is_walk = {}, is_settle = {}, is_fill = {};
  Bool asked = {};  // the writer has taken the request
  Bool go = {};     // what is on its way moves: the beat before has its place
  Reg<Bool> beat_held = {};
  Wire<Bool> beat_taken = {};
  Reg<UInt> level = {}, threshold = {};
  Bool last_level = {}, level_walked = {}, threshold_found = {};

  // Pixels on their way: read, and compared.
  Reg<Bool> read_now = {}, read_two = {}, packed_now = {}, packed_two = {};
  std::vector<UInt> dropped = {};  // left, right
  Reg<UInt> filled = {};           // bytes of the beat

  void ports();
  void states();
  void find_threshold();
  void walk_pixels();
  void compare();
  void pack_beats();
};

void PixelMask::ports() {
  start = input(m, "start", Bool());
  job = input(m, "job", PixelFields(s));
  levels = input(m, "levels", LevelShapes(s));
  for (int l = 0; l < s.head_lanes(); ++l) counts.push_back(input(m, fmt::format("counts_{}", l), PixelCounts(s)));
}

void PixelMask::states() {
  m.note("When only the mask is left to write, it is announced; then level after level.");
  auto runs_left = input(m, "runs_left", UInt(s.written_rows_bits()));
  state = reg(m, "state", UInt(3), idle).values({"idle", "wait", "ask", "sum", "find", "walk", "settle", "fill"});
  auto is = [&](int which, const char* name) { return (state == which).named(name); };
  is_wait = is(wait, "is_wait"), is_ask = is(ask, "is_ask"), is_sum = is(sum, "is_sum"), is_find = is(find, "is_find"),
  is_walk = is(walk, "is_walk"), is_settle = is(settle, "is_settle"), is_fill = is(fill, "is_fill");
  beat_held = reg(m, "beat_held", Bool(), 0);
  beat_taken = ready_wire(m, "beat_taken");
  go = (~beat_held | beat_taken).named("go");
  WriteRequest request(s);
  request.address = job.mask_address;
  const int shift = std::countr_zero(static_cast<unsigned>(in_beat));
  request.beats = ((job.tokens + (in_beat - 1)) >> shift).resize(request.beats.width());
  auto out = stream(m, "request_out", is_ask, request);
  asked = out.fire().named("asked");
  output_stream(m, "request", out);
  level = reg(m, "level", UInt(s.level_bits()), 0);
  last_level = lib::is_last(level, s.a.levels).named("last_level");
  state.when(start & job.places.counts, wait).when(is_wait & (runs_left == 1), ask).when(asked, sum);
  output(m, "writing", ~((state == idle) | is_wait));
}

void PixelMask::find_threshold() {
  m.note("Threshold of the level, from the reads of all lanes.");
  Instance u(m, "threshold", build_pixel_threshold(d, s));
  u.in("share", job.share);
  UInt reads = counts[0].reads;
  for (std::size_t l = 1; l < counts.size(); ++l) reads = (reads + counts[l].reads).wrap(read_sum_bits);
  LevelReads of_level(s);
  of_level.reads = reads;
  of_level.pixels = (select(level, levels.width) * select(level, levels.height)).resize(s.token_bits());
  auto given = stream(m, "of_level", is_sum, of_level);
  Bool sum_taken = given.fire().named("sum_taken");
  u.in_stream("level", given);
  auto found = u.out_stream<UInt>("threshold");
  found.ready.drive(is_find);
  threshold_found = found.fire().named("threshold_found");
  threshold = reg(m, "least_count", UInt(s.count_bits()));
  threshold.when(threshold_found, found.data);
  state.when(sum_taken, find).when(threshold_found, walk);
}

void PixelMask::walk_pixels() {
  m.note("Pixels of the level, row after row: two of a block a cycle.");
  auto x = reg(m, "x", UInt(s.block_bits() + 1), 0);  // of the block
  auto y = reg(m, "y", UInt(s.side_bits()), 0);       // of the pixels
  auto row = reg(m, "row_block", UInt(s.count_address_bits()));
  const UInt width = select(level, levels.width).named("width"), height = select(level, levels.height).named("height");
  const UInt across = ((width + 1) >> 1).named("across");
  Bool last_x = (x + 1 == across).named("last_of_row"), last_y = (y + 1 == height).named("last_row");
  Bool step = (is_walk & go).named("step"), end_of_row = (step & last_x).named("end_of_row");
  level_walked = (end_of_row & last_y).named("level_walked");
  x.when(is_find | end_of_row, 0).when(step, lib::increment(x));
  y.when(is_find, 0).when(end_of_row, lib::increment(y));
  row.when(is_find, select(level, job.places.first_block))
      .when(end_of_row & y.bit(0), (row + across).wrap(row.width()));
  CountRead read(s);
  read.enable = step, read.lower = y.bit(0), read.address = (row + x).wrap(s.count_address_bits()), read.level = level;
  output(m, "read", read);
  read_now = reg(m, "read_now", Bool(), 0), read_two = reg(m, "read_two", Bool());
  read_now.when(go, is_walk), read_two.when(go, ~(last_x & width.bit(0)));
}

void PixelMask::compare() {
  m.note("Counts of all lanes together, held to what one can be; the smaller ones are dropped.");
  packed_now = reg(m, "packed_now", Bool(), 0), packed_two = reg(m, "packed_two", Bool());
  packed_now.when(go, read_now), packed_two.when(go, read_two);
  for (const bool right : {false, true}) {
    UInt total = right ? counts[0].right : counts[0].left;
    for (std::size_t l = 1; l < counts.size(); ++l) total = total + (right ? counts[l].right : counts[l].left);
    total = total.saturate(s.count_bits()).named(right ? "right_count" : "left_count");
    auto drop = reg(m, right ? "right_dropped" : "left_dropped", UInt(1));
    drop.when(go, (total < threshold).as_uint());
    dropped.push_back(drop);
  }
  Bool settled = (is_settle & ~read_now & ~packed_now).named("settled");
  level.when(asked, 0).when(settled & ~last_level, lib::increment(level));
  state.when(level_walked, settle)
      .when(settled, mux(last_level, UInt::constant(m, fill, 3), UInt::constant(m, sum, 3)));
}

void PixelMask::pack_beats() {
  m.note("Padded tokens of the image, a bit a token; they come before the start, a byte a token.");
  auto padding_clear = input(m, "padding_start", Bool());
  auto padding_valid = input(m, "padding_valid", Bool());
  auto padding_beat = input(m, "padding_beat", UInt(s.data_bits()));
  std::vector<Signal> padded;
  for (int i = in_beat - 1; i >= 0; --i) padded.push_back(padding_beat.bits(8 * i, 8).any());
  Ram padding(m, "padding", beat_words, in_beat, 1);
  auto padding_word = reg(m, "padding_word", UInt(Shapes::bits(beat_words)), 0);
  padding_word.when(padding_clear, 0).when(padding_valid, lib::increment(padding_word));
  padding.write(padding_valid, padding_word, concat(padded));

  m.note("One or two bits a cycle, from the top; the second may be the first of the next beat.");
  auto bits = reg(m, "beat_bits", UInt(in_beat));
  filled = reg(m, "filled", UInt(Shapes::bits(in_beat)), 0);
  Bool pack = ((packed_now | (is_fill & (filled != 0))) & go).named("pack"), two = (is_fill | packed_two).named("two");
  const UInt none = UInt::constant(m, 0, 1);
  const UInt left = mux(is_fill, none, dropped[0]), right = mux(is_fill, none, dropped[1]);
  UInt one_more = concat({left, bits.bits(1, in_beat - 1)}).named("one_more"),
       two_more = concat({right, left, bits.bits(2, in_beat - 2)}).named("two_more");
  UInt total = (filled + 1 + two.as_uint()).named("total");
  Bool full = (pack & (total >= in_beat)).named("full");
  bits.when(pack, mux(two, two_more, one_more));
  filled.when(start | (is_fill & full), 0).when(pack, total.wrap(filled.width()));

  m.note("The beat, with the padded tokens; the last one may have some that there are not.");
  auto tail = reg(m, "tail", UInt(filled.width()));
  tail.when(is_settle, filled);
  auto beat_number = reg(m, "beat_number", UInt(Shapes::bits(beat_words)), 0);
  UInt next_number = lib::next_index(beat_number, beat_words);
  beat_number.when(start, 0).when(full, next_number);
  // Read once for each beat that there is: on its way from one bit to four it has two or three.
  UInt word = padding.read(beat_number, pack & ((filled >> 1) == 1) & job.padded);
  UInt complete = mux(two & (total == in_beat), two_more, one_more);
  std::vector<Signal> bytes;
  for (int i = in_beat - 1; i >= 0; --i) {
    Bool exists = ~is_fill | (tail > i);
    bytes.push_back(UInt::constant(m, 0, 7));
    bytes.push_back(complete.bit(i) | (word.bit(i) & job.padded & exists));
  }
  auto beat = reg(m, "beat_value", UInt(s.data_bits()));
  beat_held.when(full, true).when(beat_taken, false);
  beat.when(full, concat(bytes));
  Stream<UInt> out{beat, beat_held, beat_taken};
  output_stream(m, "beat", out);
  state.when(is_fill & (filled == 0) & ~beat_held, idle);
}

}  // namespace

const Module& build_pixel_mask(Design& d, const Shapes& s) {
  return d.module("pixel_mask", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Mask of the pixels that a job has seldom read, or that are padded (NUMERICS.md N20), a byte a token: written "
        "when the rows of the job are.");
    PixelMask mask{d, m, s};
    mask.ports();
    mask.states();
    mask.find_threshold();
    mask.walk_pixels();
    mask.compare();
    mask.pack_beats();
  });
}

}  // namespace quillgen::accel
