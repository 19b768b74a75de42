// Rows of a dense job: reads them from the result buffer, group after group.
#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_dense_writer(Design& d, const Shapes& s) {
  return d.module("dense_writer", s, [](Design&, Module& m, const Shapes& s) {
    const ResultLayout layout(s);
    const int row_bits = Shapes::bits(s.rows()), beat_bits = WriteRequest::longest(s);
    m.describe("Writes the rows of a dense job, each when its group is complete.");
    auto start = input(m, "start", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto row_beats = input(m, "row_beats", UInt(beat_bits));
    auto last_panel = input(m, "last_panel", Bool());
    auto tail = input(m, "tail", UInt(tail_bits(s)));  // outputs of the last beat of a row; 0: all
    auto finished = input_stream(m, "finished", UInt(s.rows_bits()));

    m.note(
        "Ask for the beats of a row to be written, then read it; meanwhile ask for those of the next row of the "
        "group.");
    auto asked_rows = reg(m, "asked_rows", UInt(2), 0);  // that have been asked for and not all been read, at most 2
    auto group = reg(m, "group", UInt(Shapes::bits(s.result_groups())), 0);
    auto row = reg(m, "row", UInt(row_bits), 0);
    auto beat = reg(m, "beat", UInt(beat_bits), 0);
    auto address = reg(m, "row_address", UInt(s.address_bits()));
    WriteRequest request(s);
    request.address = address, request.beats = row_beats;
    Bool in_group = (row + asked_rows < finished.data).named("in_group");
    auto asked = stream(m, "request_out", finished.valid & (asked_rows != 2) & in_group, request);
    address.when(start, base).when(asked.fire(), lib::move_address(address, stride));
    Bool last_beat = (beat + 1 == row_beats).named("last_beat");
    ResultRead read(s);
    read.slot = s.rows() == 1 ? group : concat({group, row});
    const int scale = std::countr_zero(static_cast<unsigned>(layout.dense_unit / layout.smallest_unit()));
    read.unit = (beat << scale).resize(layout.unit_bits());
    const int all = layout.dense_unit, live_bits = layout.live_bits();
    Bool ends_outputs = (last_panel & last_beat & (tail != 0)).named("ends_outputs");
    read.live =
        mux(ends_outputs, tail.extend(live_bits), UInt::constant(m, static_cast<std::uint64_t>(all), live_bits));
    auto out = stream(m, "read_out", asked_rows != 0, read);
    Bool step = out.fire().named("step");
    Bool end_of_row = (step & last_beat).named("end_of_row");
    Bool end_of_group = (end_of_row & (row + 1 == finished.data)).named("end_of_group");
    asked_rows.when(asked.fire() & ~end_of_row, lib::increment(asked_rows))
        .when(end_of_row & ~asked.fire(), lib::decrement(asked_rows));
    beat.when(end_of_row, 0).when(step, lib::increment(beat));
    row.when(end_of_group, 0).when(end_of_row, lib::increment(row));
    group.when(start, 0).when(end_of_group, lib::next_index(group, s.result_groups()));
    finished.ready.drive(end_of_group);
    output_stream(m, "request", asked);
    output_stream(m, "read", out);
    output(m, "freed", end_of_group);
  });
}

}  // namespace quillgen::accel
