// The order of tokens in the value projection: 2x2 block after 2x2 block, as the value map lies in memory, and in a
// block the pixels (0,0), (0,1), (1,0), (1,1) as (y, x). Pixels outside the level and masked tokens are left out; the
// others fill groups of rows of the PE array.
#include <fmt/format.h>

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

}  // namespace

const Module& build_token_walk(Design& d, const Shapes& s) {
  return d.module("token_walk", s, [](Design& d, Module& m, const Shapes& s) {
    const int rows = s.rows(), mask_words = divide_up(s.config.attention.max_tokens, s.data_bytes()),
              byte_bits = std::countr_zero(static_cast<unsigned>(s.data_bytes())), token_bits = s.token_bits();
    m.describe(
        "Order of the tokens in the value projection: block by block of 2x2 pixels. Tokens that are masked are left "
        "out, the others are given their row of a group.");
    m.parameter("rows", rows);
    m.parameter("levels", s.a.levels);
    auto start = input(m, "start", Bool());
    auto masked = input(m, "masked", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto levels = input(m, "levels", LevelShapes(s));

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

    m.note("Position: level, block, pixel; token number and address of the next pixel of its two rows.");
    constexpr int idle = 0, enter = 1, place = 2, look = 3, decide = 4, end_block = 5;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "enter", "place", "look", "decide", "end_block"});
    auto is = [&](int which, const char* name) { return (state == which).named(name); };
    Bool is_enter = is(enter, "is_enter"), is_place = is(place, "is_place"), is_look = is(look, "is_look"),
         is_decide = is(decide, "is_decide"), is_end_block = is(end_block, "is_end_block");
    auto level = reg(m, "level", UInt(s.level_bits()), 0);
    auto x = reg(m, "x", UInt(s.side_bits() + 1)), y = reg(m, "y", UInt(s.side_bits() + 1));  // of the block
    auto pixel = reg(m, "pixel", UInt(2));
    auto row_token = reg(m, "row_token", UInt(token_bits));            // first of the upper row
    auto row_address = reg(m, "row_address", UInt(s.address_bits()));  // .. and its address
    auto token = reg(m, "token", UInt(token_bits));                    // first of the block
    auto upper = reg(m, "upper", UInt(s.address_bits())), lower = reg(m, "lower", UInt(s.address_bits()));
    auto row_bytes = reg(m, "row_bytes", UInt(s.address_bits()));
    UInt width = select(level, levels.width).named("width"), height = select(level, levels.height).named("height");
    Bool right = pixel.bit(0), below = pixel.bit(1), last_pixel = lib::is_last(pixel, 4).named("last_pixel");
    Bool last_x = (x + 2 >= width).named("last_of_row"), last_y = (y + 2 >= height).named("last_of_level");
    Bool last_block = (last_x & last_y & lib::is_last(level, s.a.levels)).named("last_block");

    m.note("Is the pixel outside, is its token masked?");
    Bool outside = ((x + right.as_uint() >= width) | (y + below.as_uint() >= height)).named("outside");
    UInt down = mux(below, width, UInt::constant(m, 0, 1)).named("down");
    UInt here = (token + right.as_uint() + down).named("token_here");
    // A beat may hold more tokens than there are.
    UInt of_mask = here.width() > byte_bits ? here : here.extend(byte_bits + 1);
    Bool ask_mask = (is_look & masked & ~outside).named("ask_mask");
    UInt word = mask.read((of_mask >> byte_bits).resize(Shapes::bits(mask_words)), ask_mask);
    auto mask_bit = reg(m, "mask_bit", UInt(byte_bits));
    mask_bit.when(is_look, of_mask.bits(0, byte_bits));
    std::vector<UInt> bits;
    for (int i = 0; i < s.data_bytes(); ++i) bits.push_back(word.bits(i, 1));
    Bool live = (~(outside | (masked & select(mask_bit, bits).bit(0)))).named("live");

    m.note("A token is held until it is known whether another one follows in its group.");
    auto held = reg(m, "held", Bool(), 0), known = reg(m, "known", Bool(), 0);
    auto held_token = reg(m, "held_token", RowAddress(s));
    auto out = stream(m, "token_out", held & known, static_cast<RowAddress>(held_token));
    Bool sent = out.fire().named("sent");
    output_stream(m, "token", out);

    m.note("Rows are given out one after the other, group after group.");
    auto group = reg(m, "group", UInt(Shapes::bits(s.result_groups())), 0);
    auto row = reg(m, "row", UInt(Shapes::bits(rows)), 0);
    auto open = reg(m, "group_is_open", Bool(), 0);              // it has a token, and rows are left
    auto waited_for = reg(m, "group_is_waited_for", Bool(), 0);  // by a block
    auto blocks = reg(m, "blocks_of_group", UInt(Shapes::holds(most_blocks_of_group)), 0);
    Bool give = (is_decide & live & ~held).named("give"), filled = (give & lib::is_last(row, rows)).named("filled");
    Bool overdue = (blocks == most_blocks_of_group - 1).named("overdue");
    Bool close = (is_end_block & open & (overdue | last_block)).named("close_group");
    Bool group_ends = (filled | close).named("group_ends");
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

    m.note("The block: which pixels have a row, and where; it goes when its last group needs no more of its pixels.");
    Block block(s);
    UInt slot = rows == 1 ? group : concat({group, row});
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
    auto done = stream(m, "block_done", is_end_block & ~(open & (overdue | last_block)), block);
    Bool next_block = done.fire().named("next_block");
    waits.when(next_block, 0).when(give & ~waited_for, lib::increment(waits));
    frees.when(next_block, 0).when(group_ends, lib::increment(frees));
    waited_for.when(group_ends, false).when(give, true);
    blocks.when(give & ~open, 0).when(next_block & open, lib::increment(blocks));
    output_stream(m, "block", lib::fifo(d, m, "blocks", done, 2 * most_blocks_of_group));

    m.note("Step: pixel by pixel, block by block, two rows after two rows, level by level.");
    Bool decided = (is_decide & (give | ~live)).named("decided");
    Bool end_of_row = (next_block & last_x).named("end_of_row"),
         end_of_level = (end_of_row & last_y).named("end_of_level");
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
    row_bytes.when(is_enter, (width * stride).resize(s.address_bits()));
    Bool two_rows = (y + 1 < height).named("two_rows");
    UInt more_tokens = mux(two_rows, width << 1, width).named("tokens_of_rows");
    UInt more_bytes = mux(two_rows, (row_bytes << 1).wrap(s.address_bits()), row_bytes).named("bytes_of_rows");
    row_token.when(start, 0).when(end_of_row, (row_token + more_tokens).wrap(token_bits));
    row_address.when(start, base).when(end_of_row, lib::move_address(row_address, more_bytes));
    token.when(is_place, row_token).when(next_block, (token + 2).wrap(token_bits));
    upper.when(is_place, row_address).when(decided & ~below, lib::move_address(upper, stride));
    lower.when(is_place, lib::move_address(row_address, row_bytes))
        .when(decided & below, lib::move_address(lower, stride));
  });
}

}  // namespace quillgen::accel
