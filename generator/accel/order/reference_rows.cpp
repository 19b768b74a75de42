// Writes the references of queries into the buffers of their groups.
#include "accel/blocks.hpp"
#include "accel/lane/slot.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_reference_rows(Design& d, const Shapes& s) {
  return d.module("reference_rows", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Writes references, words in the order of the queries, into the buffers of their groups. A group is announced "
        "when its references are complete.");
    m.parameter("groups", group_buffers);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto boxes = input(m, "boxes", Bool());
    auto freed = input(m, "freed", Bool());
    auto word = input_stream(m, "word", UInt(reference_word_bits));

    m.note(s.has_anchors() ? "Anchor after anchor, level after level, query after query."
                           : "Level after level, query after query.");
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto level = reg(m, "level", UInt(s.level_bits()), 0);
    SlotCounter slot(m, s);
    auto held = reg(m, "held", UInt(2), 0);  // groups begun and not yet freed, the one being written not counted
    auto group_ready = ready_wire(m, "announce_ready");
    word.ready.drive((remaining != 0) & (held != group_buffers) & group_ready);
    Bool take = word.fire().named("take");
    auto second = reg(m, "second", Bool(), 0);  // the word is the size of a box
    auto corner = reg(m, "corner", UInt(reference_word_bits));
    second.when(start, false).when(take & boxes, ~second);
    corner.when(take & ~second, word.data);
    Bool write = (take & (second | ~boxes)).named("write");
    auto size = [&](int index) { return word.data.bits(index * reference_bits, box_size_bits); };
    UInt place = mux(boxes, corner, word.data);
    Bool of_level = write;  // the last one of its level
    UInt reference_place = level;
    if (s.has_anchors()) {
      auto anchor = reg(m, "anchor", UInt(s.anchor_bits()), 0);
      anchor.when(write, lib::next_index(anchor, s.a.anchors));
      of_level = (write & lib::is_last(anchor, s.a.anchors)).named("last_anchor");
      reference_place = concat({level, anchor});
    }
    Bool last_level = (of_level & lib::is_last(level, s.a.levels)).named("last_level");
    Bool end = (last_level & (slot.row_is(s.rows() - 1) | (remaining == 1))).named("end_of_group");
    remaining.when(start, queries).when(last_level, lib::decrement(remaining));
    level.when(of_level, lib::next_index(level, s.a.levels));
    slot.step(last_level, end);
    held.when(end & ~freed, lib::increment(held)).when(freed & ~end, lib::decrement(held));
    output(m, "write_enable", write);
    output(m, "write_address", concat({slot.slot(), reference_place}));
    output(m, "write_data", concat({size(1), size(0), place}));
    Stream<UInt> complete{UInt::constant(m, 1, 1), end, group_ready};
    output_stream(m, "complete", lib::fifo(d, m, "groups", complete, group_buffers));
  });
}

}  // namespace quillgen::accel
