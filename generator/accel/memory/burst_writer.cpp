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
    m.describe(
        "Writes runs of beats in bursts of at most 16 beats that never cross 4 KiB. An address is sent only when all "
        "data of its burst are held. done: as many runs as were announced at start have been answered.");
    m.parameter("buffer_beats", depth);
    auto start = input(m, "start", Bool());
    auto halt = input(m, "halt", Bool());  // no new burst
    auto runs = input(m, "runs", UInt(s.written_rows_bits()));
    auto request = input_stream(m, "request", WriteRequest(s));
    auto collected = input_stream(m, "beat", UInt(s.data_bits()));
    auto held = reg(m, "held", UInt(Shapes::holds(depth)), 0);  // beats in the buffer
    Bool room = (held != depth).named("room");
    auto stored = stream(m, "stored", collected.valid & room, collected.data);
    collected.ready.drive(stored.ready & room);
    Bool arrives = collected.fire().named("arrives");
    auto beat = lib::sram_fifo(d, m, "beats", stored, depth);

    m.note("Run after run, burst after burst: size it, wait for its data, send the address, send the data.");
    auto left_runs = reg(m, "left_runs", UInt(s.written_rows_bits()), 0);
    auto address = reg(m, "address", UInt(s.address_bits()));
    auto remaining = reg(m, "remaining", UInt(beat_bits), 0);  // beats of the run
    auto length = reg(m, "burst_beats", UInt(5));
    constexpr int size = 0, wait = 1, send_address = 2, send_data = 3;
    auto state = reg(m, "state", UInt(2), size).values({"size", "wait", "address", "data"});
    auto left = reg(m, "left", UInt(5));  // beats of the burst still to send
    auto awready = input(m, "awready", Bool()), wready = input(m, "wready", Bool());

    Bool idle = ((state == size) & (remaining == 0)).named("is_idle");
    request.ready.drive(idle);
    Bool sized = ((state == size) & (remaining != 0)).named("sized");
    Bool ready_to_go = ((state == wait) & (held >= length) & ~halt).named("data_held");
    Bool address_sent = ((state == send_address) & awready).named("address_sent");
    Bool wvalid = (state == send_data).named("wvalid");
    Bool sent = (wvalid & wready).named("sent");
    Bool burst_end = (sent & (left == 1)).named("burst_end");
    Bool run_end = (burst_end & (remaining == length)).named("run_end");
    state.when(sized, wait).when(ready_to_go, send_address).when(address_sent, send_data).when(burst_end, size);
    length.when(sized, burst_beats(s, address, remaining));
    left.when(address_sent, length).when(sent, lib::decrement(left));
    left_runs.when(start, runs).when(run_end, lib::decrement(left_runs));
    address.when(request.fire(), request.data.address)
        .when(burst_end, lib::move_address(address, length << beat_shift));
    remaining.when(request.fire(), request.data.beats).when(burst_end, (remaining - length).as_uint().wrap(beat_bits));
    held.when(arrives & ~sent, lib::increment(held)).when(sent & ~arrives, lib::decrement(held));
    beat.ready.drive(sent);
    // The last beat of a burst goes through the buffer while its address is made ready and sent.
    m.add_assertion("a beat that is sent is there", (~wvalid | beat.valid).id());

    output(m, "awvalid", state == send_address);
    output(m, "awaddr", address);
    output(m, "awlen", (length - 1).as_uint().wrap(5).extend(8));
    output(m, "wvalid", wvalid);
    output(m, "wdata", beat.data);
    output(m, "wlast", left == 1);
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
    output(m, "done", (left_runs == 0) & none_open);
    Bool awvalid = (state == send_address).named("awvalid");
    output(m, "waiting", awvalid | wvalid | ~none_open);
    output(m, "progress", address_sent | sent | answered);
    output(m, "error", answered & bresp.bit(1));
  });
}

}  // namespace quillgen::accel
