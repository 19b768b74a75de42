// The value map: reads the tokens of 2x2 blocks from the result buffer in the order of memory.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_map_writer(Design& d, const Shapes& s) {
  return d.module("map_writer", s, [](Design&, Module& m, const Shapes& s) {
    const ResultLayout layout(s);
    const int heads = s.config.attention.heads, depth = s.config.attention.head_dim(), unit = layout.map_unit,
              per_pixel = depth / unit, element = element_bytes(s.n.feature_bits),
              padding = block_bytes(s.config) / (unit * element) - 4 * per_pixel,
              beats_of_heads = heads * block_beats(s.config);
    m.describe(
        "Writes the value map: a 2x2 block at a time, head by head, pixel by pixel, as soon as all groups that it has "
        "tokens of are complete.");
    m.parameter("heads", heads);
    m.parameter("units_of_pixel", per_pixel);
    m.parameter("padding_of_line", padding);
    auto start = input(m, "start", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto block = input_stream(m, "block", Block(s));
    auto group_complete = input_stream(m, "finished", UInt(s.rows_bits()));
    discard(group_complete.data);

    m.note("Wait for the groups of the block, then ask for its beats to be written, then read it.");
    constexpr int wait = 0, ask = 1, copy = 2;
    auto state = reg(m, "state", UInt(2), wait).values({"wait", "ask", "copy"});
    Bool is_wait = (state == wait).named("is_wait"), is_ask = (state == ask).named("is_ask"),
         is_copy = (state == copy).named("is_copy");
    auto complete = reg(m, "complete_groups", UInt(3), 0);  // of those that the block waits for
    Bool enough = (complete == block.data.waits).named("enough");
    Bool ready_to_go = (is_wait & block.valid & enough).named("block_ready_to_go");
    group_complete.ready.drive(is_wait & block.valid & ~enough);
    auto address = reg(m, "block_address", UInt(s.address_bits()));
    WriteRequest request(s);
    request.address = address;
    request.beats = UInt::constant(m, static_cast<std::uint64_t>(beats_of_heads), WriteRequest::longest(s));
    auto asked = stream(m, "request_out", is_ask, request);
    Bool accepted = asked.fire().named("request_taken");
    address.when(start, base)
        .when(accepted,
              lib::move_address(address,
                                UInt::constant(m, static_cast<std::uint64_t>(beats_of_heads * s.data_bytes()), 32)));

    m.note("Head, pixel (the fifth is the padding of the line), unit of the pixel.");
    auto head_unit = reg(m, "head_unit", UInt(Shapes::bits(heads * per_pixel)), 0);  // first unit of the head
    auto pixel = reg(m, "pixel", UInt(3), 0);
    auto unit_of_pixel = reg(m, "unit", UInt(Shapes::bits(std::max(per_pixel, padding))), 0);
    Bool in_padding = pixel.bit(2);
    Bool last_unit =
        mux(in_padding, unit_of_pixel == std::max(padding, 1) - 1, unit_of_pixel == per_pixel - 1).named("last_unit");
    Bool last_pixel = (pixel == (padding == 0 ? 3 : 4)).named("last_pixel");
    Bool last_head = (head_unit == (heads - 1) * per_pixel).named("last_head");
    std::vector<UInt> slots = block.data.slot, live;
    for (const Bool& b : block.data.live) live.push_back(b.as_uint());
    UInt which = pixel.bits(0, 2);
    ResultRead read(s);
    read.slot = select(which, slots);
    const int scale = std::countr_zero(static_cast<unsigned>(unit / layout.smallest_unit()));
    read.unit = ((head_unit + unit_of_pixel) << scale).resize(layout.unit_bits());
    Bool is_live = (select(which, live).bit(0) & ~in_padding).named("unit_is_live");
    read.live = mux(is_live, UInt::constant(m, 1, layout.live_bits()), UInt::constant(m, 0, layout.live_bits()));
    auto out = stream(m, "read_out", is_copy, read);
    Bool step = out.fire().named("step");
    Bool end_of_pixel = (step & last_unit).named("end_of_pixel"),
         end_of_line = (end_of_pixel & last_pixel).named("end_of_line"),
         end_of_block = (end_of_line & last_head).named("end_of_block");
    unit_of_pixel.when(end_of_pixel, 0).when(step, lib::increment(unit_of_pixel));
    pixel.when(end_of_line, 0).when(end_of_pixel, lib::increment(pixel));
    head_unit.when(end_of_block, 0).when(end_of_line, (head_unit + per_pixel).wrap(head_unit.width()));
    state.when(ready_to_go, ask).when(accepted, copy).when(end_of_block, wait);
    complete.when(end_of_block, 0).when(group_complete.fire(), lib::increment(complete));
    block.ready.drive(end_of_block);
    output_stream(m, "request", asked);
    output_stream(m, "read", out);

    m.note("Groups that the block was the last of, one a cycle.");
    auto to_free = reg(m, "to_free", UInt(4), 0);
    Bool free = (to_free != 0).named("free");
    UInt left = mux(free, lib::decrement(to_free), to_free);
    to_free.when(end_of_block, (left + block.data.frees).wrap(4)).next(left);
    output(m, "freed", free);
  });
}

}  // namespace quillgen::accel
