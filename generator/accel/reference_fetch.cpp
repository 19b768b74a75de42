// Fetches the references of all queries, as one run, and writes them into the buffer of the group.
#include "accel/blocks.hpp"
#include "accel/row_resize.hpp"
#include "accel/slot.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_reference_fetch(Design& d, const Shapes& s) {
  return d.module("reference_fetch", [&](Module& m) {
    const int word_bits = 2 * reference_bits, words_per_beat = s.data_bits() / word_bits;
    const int row_bytes = reference_row_bytes(s.config, true),  // of boxes; points take half of it
        beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
    const int beat_bits =
        Shapes::holds((std::int64_t{s.a.max_queries} * row_bytes + s.data_bytes() - 1) / s.data_bytes());
    const int buffer =
        s.config.memory.latency_cycles * row_bytes * s.lanes() / s.data_bytes() / s.a.samples_per_query() +
        2 * max_burst;
    m.describe(
        "Fetches the references of all queries as one run. A word is x and y of a level; of boxes, a second one is "
        "width "
        "and height. A group is announced when its references are complete.");
    m.parameter("words_per_beat", words_per_beat);
    m.parameter("groups", group_buffers);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto boxes = input(m, "boxes", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto freed = input(m, "freed", Bool());
    auto data = input(m, "data", UInt(s.data_bits()));
    auto data_valid = input(m, "data_valid", Bool());

    m.note("One request for the whole run, a cycle after start.");
    auto pending = reg(m, "pending", Bool(), 0);
    UInt all = queries * row_bytes;
    UInt bytes = mux(boxes, all, (all >> 1).extend(all.width())).named("bytes");
    ReadRequest run(s, beat_bits);
    run.address = base;
    run.beats = ((bytes + (s.data_bytes() - 1)) >> beat_shift).resize(beat_bits);
    auto request = stream(m, "run_request", pending, run);
    pending.when(start, true).when(request.ready, false);
    Instance reader(m, "reader", build_burst_reader(d, s, "reference", beat_bits, power_of_two(buffer)));
    reader.in_stream("request", request);
    reader.in("data", data);
    reader.in("data_valid", data_valid);
    output_stream(m, "burst", reader.out_stream("burst", BurstRequest(s)));
    auto word =
        resize_rows(d, m, "cut", reader.out_stream("beat", UInt(s.data_bits())), 1, word_bits, words_per_beat, start);

    m.note("Write level after level, query after query; what the last beat holds beyond the last query is dropped.");
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto level = reg(m, "level", UInt(s.level_bits()), 0);
    SlotCounter slot(m, s);
    auto held = reg(m, "held", UInt(2), 0);  // groups begun and not yet freed, the one being written not counted
    Bool over = (remaining == 0).named("over");
    auto group_ready = ready_wire(m, "announce_ready");
    word.ready.drive(over | ((held != group_buffers) & group_ready));
    Bool take = (word.fire() & ~over).named("take");
    auto second = reg(m, "second", Bool(), 0);  // the word is the size of a box
    auto corner = reg(m, "corner", UInt(word_bits));
    second.when(start, false).when(take & boxes, ~second);
    corner.when(take & ~second, word.data);
    Bool write = (take & (second | ~boxes)).named("write");
    auto size = [&](int index) { return word.data.bits(index * reference_bits, box_size_bits); };
    UInt place = mux(boxes, corner, word.data);
    Bool last_level = (write & lib::is_last(level, s.a.levels)).named("last_level");
    Bool end = (last_level & (slot.row_is(s.rows() - 1) | (remaining == 1))).named("end_of_group");
    remaining.when(start, queries).when(last_level, lib::decrement(remaining));
    level.when(write, lib::next_index(level, s.a.levels));
    slot.step(last_level, end);
    held.when(end & ~freed, lib::increment(held)).when(freed & ~end, lib::decrement(held));
    output(m, "write_enable", write);
    output(m, "write_address", concat({slot.slot(), level}));
    output(m, "write_data", concat({size(1), size(0), place}));
    Stream<UInt> complete{UInt::constant(m, 1, 1), end, group_ready};
    output_stream(m, "group", lib::fifo(d, m, "groups", complete, group_buffers));
  });
}

}  // namespace quillgen::accel
