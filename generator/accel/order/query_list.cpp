// Which queries a job wants, in the order of their arrival: all of them, or those of a list in memory.
#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_query_list(Design& d, const Shapes& s) {
  return d.module("query_list", s, [](Design& d, Module& m, const Shapes& s) {
    constexpr int entry_bits = 32;
    const int entries = s.data_bits() / entry_bits, entry_shift = std::countr_zero(static_cast<unsigned>(entries)),
              beat_bits = Shapes::holds(divide_up(s.a.max_queries, entries));
    m.describe(
        "Queries of a job in the order of their arrival, from start on: 0 to count - 1, or the entries of a list in "
        "memory. bad_entry: an entry that is not below rows.");
    m.parameter("entries_per_beat", entries);
    auto start = input(m, "start", Bool());
    auto listed = input(m, "listed", Bool());
    auto count = input(m, "count", UInt(s.query_bits()));
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));

    m.note("The list is read as one run, a cycle after start.");
    auto pending = reg(m, "pending", Bool(), 0);
    ReadRequest run(s, beat_bits);
    run.address = base;
    run.beats = ((count + (entries - 1)) >> entry_shift).resize(beat_bits);
    auto request = stream(m, "list_request", pending, run);
    pending.when(start, listed).when(request.ready, false);
    Instance reader(m, "reader", build_burst_reader(d, s, "list", beat_bits, list_buffer_beats()));
    reader.in_stream("request", request);
    reader.pass({"data", "data_valid", "burst"});
    auto beat = reader.out_stream<UInt>("beat");

    m.note("A query at a time; what the last beat holds beyond the last entry is dropped.");
    auto left = reg(m, "left", UInt(s.query_bits()), 0);
    auto number = reg(m, "number", UInt(s.index_bits()), 0);
    auto place = reg(m, "place", UInt(entry_shift), 0);  // of the entry in its beat
    std::vector<UInt> list;
    for (int i = 0; i < entries; ++i) list.push_back(beat.data.bits(i * entry_bits, entry_bits));
    UInt entry = select(place, list).named("entry");
    auto out =
        stream(m, "query_out", (left != 0) & (beat.valid | ~listed), mux(listed, entry.resize(s.index_bits()), number));
    Bool step = out.fire().named("step");
    Bool end_of_beat = (lib::is_last(place, entries) | (left == 1)).named("end_of_beat");
    beat.ready.drive(step & listed & end_of_beat);
    left.when(start, count).when(step, lib::decrement(left));
    number.when(start, 0).when(step, lib::increment(number));
    place.when(start, 0).when(step & end_of_beat, 0).when(step, lib::increment(place));
    output(m, "bad_entry", step & listed & (entry >= rows));
    output_stream(m, "query", out);
  });
}

}  // namespace quillgen::accel
