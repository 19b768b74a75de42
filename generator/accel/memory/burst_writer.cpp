// Writes runs of beats: rows of outputs, blocks of the value map.
#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/memory/bursts.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_burst_writer(Design& d, const Shapes& s) {
  return d.module("burst_writer", s, [](Design& d, Module& m, const Shapes& s) {
    const int beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes())),
              beat_bits = WriteRequest::longest(s);
    constexpr int depth = 2 * max_burst;
    constexpr int in_buffer = depth + 3;  // and what lies behind the SRAM of the buffer
    constexpr int bursts_ahead = 2;       // one whose data are sent, and the next
    m.describe(
        "Writes runs of beats in bursts of at most 16 beats that never cross 4 KiB. An address is sent only when all "
        "data of its burst are held, while those of the burst before are sent. done: as many runs as were announced at "
        "start have been answered.");
    m.parameter("buffer_beats", depth);
    auto start = input(m, "start", Bool());
    auto halt = input(m, "halt", Bool());  // no new burst
    auto runs = input(m, "runs", UInt(s.written_rows_bits()));
    auto request = input_stream(m, "request", WriteRequest(s));
    auto collected = input_stream(m, "beat", UInt(s.data_bits()));
    Bool arrives = collected.fire().named("arrives");
    auto beat = lib::sram_fifo(d, m, "beats", collected, depth);

    m.note(
        "Addresses: run after run, burst after burst. Size it, wait for its data, send its address. The next run is "
        "asked for meanwhile.");
    auto next_run = lib::fifo(d, m, "next_run", request, 1);
    auto left_runs = reg(m, "left_runs", UInt(s.written_rows_bits()), 0);
    auto address = reg(m, "address", UInt(s.address_bits()));
    auto remaining = reg(m, "remaining", UInt(beat_bits), 0);  // beats of the run
    auto length = reg(m, "burst_beats", UInt(5));
    auto held = reg(m, "held", UInt(Shapes::holds(in_buffer)), 0);  // beats in the buffer that are of no burst yet
    constexpr int size = 0, wait = 1, send_address = 2;
    auto state = reg(m, "state", UInt(2), size).values({"size", "wait", "address"});
    auto awready = input(m, "awready", Bool()), wready = input(m, "wready", Bool());
    auto room = ready_wire(m, "room");  // for another burst whose data follow

    next_run.ready.drive(((state == size) & (remaining == 0)).named("is_idle"));
    Bool sized = ((state == size) & (remaining != 0)).named("sized");
    Bool ready_to_go = ((state == wait) & (held >= length) & room & ~halt).named("data_held");
    Bool awvalid = (state == send_address).named("awvalid");
    Bool address_sent = (awvalid & awready).named("address_sent");
    Bool run_end = (address_sent & (remaining == length)).named("run_end");
    state.when(sized, wait).when(ready_to_go, send_address).when(address_sent, size);
    length.when(sized, burst_beats(s, address, remaining));
    left_runs.when(start, runs).when(run_end, lib::decrement(left_runs));
    address.when(next_run.fire(), next_run.data.address)
        .when(address_sent, lib::move_address(address, length << beat_shift));
    remaining.when(next_run.fire(), next_run.data.beats)
        .when(address_sent, (remaining - length).as_uint().wrap(beat_bits));
    UInt of_no_burst = (held - mux(ready_to_go, length, 0)).as_uint().wrap(held.width());
    held.next((of_no_burst + arrives.as_uint()).wrap(held.width()));
    output(m, "awvalid", awvalid);
    output(m, "awaddr", address);
    output(m, "awlen", (length - 1).as_uint().wrap(5).extend(8));

    m.note("Data of the bursts whose addresses have been sent.");
    auto burst = lib::fifo(d, m, "bursts", Stream<UInt>{length, address_sent, room}, bursts_ahead);
    auto beats_sent = reg(m, "beats_sent", UInt(4), 0);  // of the burst
    Bool wvalid = burst.valid;
    Bool sent = (wvalid & wready).named("sent");
    Bool wlast = (beats_sent + 1 == burst.data).named("wlast");
    Bool burst_end = (sent & wlast).named("burst_end");
    beats_sent.when(burst_end, 0).when(sent, lib::increment(beats_sent));
    burst.ready.drive(burst_end);
    beat.ready.drive(sent);
    // The last beat of a burst goes through the buffer while its address is made ready and sent.
    m.add_assertion("a beat that is sent is there", (~wvalid | beat.valid).id());
    m.add_assertion("a burst whose address is sent has room", (~address_sent | room).id());
    output(m, "wvalid", wvalid);
    output(m, "wdata", beat.data);
    output(m, "wlast", wlast);
    output(m, "beat_sent", sent);

    m.note(
        "Responses still to come, to bursts whose data are sent; the runs are written when there are none. A response "
        "that nobody waits for is dropped.");
    auto bvalid = input(m, "bvalid", Bool());
    auto bid = input(m, "bid", UInt(s.axi_id_bits()));
    auto bresp = input(m, "bresp", UInt(2));
    auto open = reg(m, "open", UInt(Shapes::holds(most_open_writes(s.config))), 0);
    Bool none_open = (open == 0).named("none_open");
    Bool answered = (bvalid & (bid == 0) & ~none_open).named("answered");
    open.when(burst_end & ~answered, lib::increment(open)).when(answered & ~burst_end, lib::decrement(open));
    output(m, "done", (left_runs == 0) & ~wvalid & none_open);
    if (s.has_pixel_counts()) output(m, "runs_left", left_runs);
    output(m, "waiting", awvalid | wvalid | ~none_open);
    output(m, "progress", address_sent | sent | answered);
    output(m, "error", answered & bresp.bit(1));
  });
}

}  // namespace quillgen::accel
