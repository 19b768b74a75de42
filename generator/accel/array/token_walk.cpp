// The order of tokens in the value projection: 2x2 block after 2x2 block, as the value map lies in memory, and in a
// block the pixels (0,0), (0,1), (1,0), (1,1) as (y, x). Pixels outside the level and masked tokens are left out; the
// others fill groups of rows of the PE array.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A group is closed, though rows are left, when that many blocks have passed since its first token. So the blocks that
// wait for it always fit the queue, which holds two times as many, and blocks without tokens do not keep it open.
constexpr int most_blocks_of_group = 16;

// States of the walk.
constexpr int idle = 0, enter = 1, place = 2, look = 3, decide = 4, end_block = 5;

// The block in the order of its file. Members are what more than one of its sections reads.
struct Walk {
  Design& d;
  Module& m;
  const Shapes& s;
  const int mask_words = divide_up(s.config.attention.max_tokens, s.data_bytes());  // a beat a word

  Bool start = {}, masked = {};
  UInt base = {}, stride = {};
  LevelShapes levels = LevelShapes(s);

  Reg<UInt> state = {};
  Bool is_enter = {}, is_place = {}, is_look = {}, is_decide = {}, is_end_block = {};
  Reg<UInt> level = {}, x = {}, y = {}, pixel = {};  // x, y: of the block
  Reg<UInt> row_token = {}, row_address = {};        // first token of the upper row, and its address
  Reg<UInt> token = {};                              // first of the block
  Reg<UInt> upper = {}, lower = {};                  // address of the next pixel of the row
  Reg<UInt> row_bytes = {};
  UInt width = {}, height = {};  // of the level
  Bool right = {}, below = {};   // where the pixel lies in its block
  Bool last_pixel = {}, last_x = {}, last_y = {}, last_block = {};
  Bool live = {}, dead = {};  // the pixel has a token, or has none

  Reg<Bool> held = {}, known = {};  // a token; .. and whether it is the last of its group
  Reg<RowAddress> held_token = Reg<RowAddress>(RowAddress(s));
  Bool sent = {};

  Reg<UInt> group = {}, row = {};
  Reg<Bool> open = {};        // the group has a token, and rows are left
  Reg<Bool> waited_for = {};  // the group, by a block
  Reg<UInt> blocks = {};      // since the first token of the group
  Bool give = {};             // the token gets its row
  Bool overdue = {}, may_close = {}, group_ends = {};
  Bool next_block = {}, decided = {}, end_of_row = {};

  void ports();
  Ram mask_memory();
  void position();
  void look_at_pixel(Ram& mask);
  void hold_token();
  void give_rows();
  void end_blocks();
  void step();
  void move_addresses();
};

void Walk::ports() {
  start = input(m, "start", Bool());
  masked = input(m, "masked", Bool());
  base = input(m, "address", UInt(s.address_bits()));
  stride = input(m, "stride", UInt(32));
  levels = input(m, "levels", LevelShapes(s));
}

Ram Walk::mask_memory() {
  m.note("The mask, a bit a token; its beats come before the start, a byte a token.");
  auto mask_clear = input(m, "mask_start", Bool());
  auto mask_valid = input(m, "mask_valid", Bool());
  auto mask_beat = input(m, "mask_beat", UInt(s.data_bits()));
  std::vector<Signal> padded;
  for (int i = s.data_bytes() - 1; i >= 0; --i) padded.push_back(mask_beat.bits(8 * i, 8).any());
  Ram mask(m, "mask", mask_words, s.data_bytes(), 1);
  auto mask_word = reg(m, "mask_word", UInt(Shapes::bits(mask_words)), 0);
  mask_word.when(mask_clear, 0).when(mask_valid, lib::increment(mask_word));
  mask.write(mask_valid, mask_word, concat(padded));
  return mask;
}

void Walk::position() {
  m.note("Position: level, block, pixel; token number and address of the next pixel of its two rows.");
  state = reg(m, "state", UInt(3), idle).values({"idle", "enter", "place", "look", "decide", "end_block"});
  auto is = [&](int which, const char* name) { return (state == which).named(name); };
  is_enter = is(enter, "is_enter"), is_place = is(place, "is_place"), is_look = is(look, "is_look"),
  is_decide = is(decide, "is_decide"), is_end_block = is(end_block, "is_end_block");
  level = reg(m, "level", UInt(s.level_bits()), 0);
  x = reg(m, "x", UInt(s.side_bits() + 1)), y = reg(m, "y", UInt(s.side_bits() + 1));
  pixel = reg(m, "pixel", UInt(2));
  row_token = reg(m, "row_token", UInt(s.token_bits()));
  row_address = reg(m, "row_address", UInt(s.address_bits()));
  token = reg(m, "token", UInt(s.token_bits()));
  upper = reg(m, "upper", UInt(s.address_bits())), lower = reg(m, "lower", UInt(s.address_bits()));
  row_bytes = reg(m, "row_bytes", UInt(s.address_bits()));
  width = select(level, levels.width).named("width"), height = select(level, levels.height).named("height");
  right = pixel.bit(0), below = pixel.bit(1), last_pixel = lib::is_last(pixel, 4).named("last_pixel");
  last_x = (x + 2 >= width).named("last_of_row"), last_y = (y + 2 >= height).named("last_of_level");
  last_block = (last_x & last_y & lib::is_last(level, s.a.levels)).named("last_block");
}

void Walk::look_at_pixel(Ram& mask) {
  m.note("Is the pixel outside, is its token masked?");
  Bool outside = ((x + right.as_uint() >= width) | (y + below.as_uint() >= height)).named("outside");
  UInt down = mux(below, width, UInt::constant(m, 0, 1)).named("down");
  const int byte_bits = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
  UInt here = (token + right.as_uint() + down).named("token_here");
  // A beat may hold more tokens than there are.
  UInt of_mask = here.width() > byte_bits ? here : here.extend(byte_bits + 1);
  Bool ask_mask = (is_look & masked & ~outside).named("ask_mask");
  UInt word = mask.read((of_mask >> byte_bits).resize(Shapes::bits(mask_words)), ask_mask);
  auto mask_bit = reg(m, "mask_bit", UInt(byte_bits));
  mask_bit.when(is_look, of_mask.bits(0, byte_bits));
  std::vector<UInt> bits;
  for (int i = 0; i < s.data_bytes(); ++i) bits.push_back(word.bits(i, 1));
  dead = (outside | (masked & select(mask_bit, bits).bit(0))).named("dead");
  live = (~dead).named("live");
}

void Walk::hold_token() {
  m.note("A token is held until it is known whether another one follows in its group.");
  held = reg(m, "held", Bool(), 0), known = reg(m, "known", Bool(), 0);
  held_token = reg(m, "held_token", RowAddress(s));
  auto out = stream(m, "token_out", held & known, static_cast<RowAddress>(held_token));
  sent = out.fire().named("sent");
  output_stream(m, "token", out);
}

void Walk::give_rows() {
  m.note("Rows are given out one after the other, group after group.");
  group = reg(m, "group", UInt(Shapes::bits(s.result_groups())), 0);
  row = reg(m, "row", UInt(Shapes::bits(s.rows())), 0);
  open = reg(m, "group_is_open", Bool(), 0);
  waited_for = reg(m, "group_is_waited_for", Bool(), 0);
  blocks = reg(m, "blocks_of_group", UInt(Shapes::holds(most_blocks_of_group)), 0);
  give = (is_decide & live & ~held).named("give");
  Bool filled = (give & lib::is_last(row, s.rows())).named("filled");
  overdue = (blocks == most_blocks_of_group - 1).named("overdue");
  may_close = (overdue | last_block).named("may_close");
  Bool close = (is_end_block & open & may_close).named("close_group");
  group_ends = (filled | close).named("group_ends");
  RowAddress address(s);
  address.address = mux(below, lower, upper), address.last_of_group = filled;
  RowAddress closed = held_token;
  closed.last_of_group = Bool::constant(m, true);
  held_token.when(give, address).when(close, closed);
  held.when(give, true).when(sent, false);
  known.when(give, filled).when((is_decide & live) | close, true);
  row.when(group_ends, 0).when(give, lib::increment(row));
  group.when(start, 0).when(group_ends, lib::next_index(group, s.result_groups()));
  open.when(group_ends, false).when(give, true);
}

void Walk::end_blocks() {
  m.note("The block: which pixels have a row, and where; it goes when its last group needs no more of its pixels.");
  Block block(s);
  UInt slot = s.rows() == 1 ? group : concat({group, row});
  for (int p = 0; p < 4; ++p) {
    const auto at = static_cast<std::size_t>(p);
    auto pixel_live = reg(m, fmt::format("live_{}", p), Bool());
    auto pixel_slot = reg(m, fmt::format("slot_{}", p), UInt(s.result_slot_bits()));
    pixel_live.when(is_decide & (pixel == p), give);
    pixel_slot.when(is_decide & (pixel == p), slot);
    block.live[at] = pixel_live, block.slot[at] = pixel_slot;
  }
  auto waits = reg(m, "waits", UInt(3), 0), frees = reg(m, "frees", UInt(3), 0);
  block.waits = waits, block.frees = frees;
  auto done = stream(m, "block_done", is_end_block & ~(open & may_close), block);
  next_block = done.fire().named("next_block");
  waits.when(next_block, 0).when(give & ~waited_for, lib::increment(waits));
  frees.when(next_block, 0).when(group_ends, lib::increment(frees));
  waited_for.when(group_ends, false).when(give, true);
  blocks.when(give & ~open, 0).when(next_block & open, lib::increment(blocks));
  output_stream(m, "block", lib::fifo(d, m, "blocks", done, 2 * most_blocks_of_group));
}

void Walk::step() {
  m.note("Step: pixel by pixel, block by block, two rows after two rows, level by level.");
  decided = (is_decide & (give | dead)).named("decided");
  end_of_row = (next_block & last_x).named("end_of_row");
  Bool end_of_level = (end_of_row & last_y).named("end_of_level");
  state.when(start, enter)
      .when(is_enter, place)
      .when(is_place, look)
      .when(is_look, decide)
      .when(decided, mux(last_pixel, UInt::constant(m, end_block, 3), UInt::constant(m, look, 3)))
      .when(next_block & last_block, idle)
      .when(end_of_level, enter)
      .when(end_of_row, place)
      .when(next_block, look);
  level.when(start, 0).when(end_of_level, lib::increment(level));
  pixel.when(is_place | next_block, 0).when(decided, lib::increment(pixel));
  x.when(is_place, 0).when(next_block, (x + 2).wrap(x.width()));
  y.when(start | end_of_level, 0).when(end_of_row, (y + 2).wrap(y.width()));
}

// The tokens and addresses of the rows that the block lies in, and of the next pixel of each.
void Walk::move_addresses() {
  row_bytes.when(is_enter, (width * stride).resize(s.address_bits()));
  Bool two_rows = (y + 1 < height).named("two_rows");
  UInt more_tokens = mux(two_rows, width << 1, width).named("tokens_of_rows");
  UInt more_bytes = mux(two_rows, (row_bytes << 1).wrap(s.address_bits()), row_bytes).named("bytes_of_rows");
  row_token.when(start, 0).when(end_of_row, (row_token + more_tokens).wrap(s.token_bits()));
  row_address.when(start, base).when(end_of_row, lib::move_address(row_address, more_bytes));
  token.when(is_place, row_token).when(next_block, (token + 2).wrap(s.token_bits()));
  upper.when(is_place, row_address).when(decided & ~below, lib::move_address(upper, stride));
  lower.when(is_place, lib::move_address(row_address, row_bytes))
      .when(decided & below, lib::move_address(lower, stride));
}

}  // namespace

const Module& build_token_walk(Design& d, const Shapes& s) {
  return d.module("token_walk", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Order of the tokens in the value projection: block by block of 2x2 pixels. Tokens that are masked are left "
        "out, the others are given their row of a group.");
    m.parameter("rows", s.rows());
    m.parameter("levels", s.a.levels);
    Walk walk{d, m, s};
    walk.ports();
    Ram mask = walk.mask_memory();
    walk.position();
    walk.look_at_pixel(mask);
    walk.hold_token();
    walk.give_rows();
    walk.end_blocks();
    walk.step();
    walk.move_addresses();
  });
}

}  // namespace quillgen::accel
