// Collects the outputs of a query into a row and writes it.
#include "accel/blocks.hpp"
#include "accel/bursts.hpp"
#include "accel/cache_entry.hpp"
#include "accel/row_resize.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_output_writer(Design& d, const Shapes& s) {
  return d.module("output_writer", [&](Module& m) {
    const int columns = s.projection_columns(), element = 8 * element_bytes(s.n.output_bits),
              beats = output_row_beats(s.config);
    const int beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
    const int depth = static_cast<int>(std::bit_ceil(static_cast<unsigned>(2 * std::min(beats, max_burst))));
    const int beat_bits = Shapes::holds(beats);
    m.describe(
        "Collects the outputs of a query into a row and writes it in bursts of at most 16 beats that never cross 4 "
        "KiB. An address is sent only when "
        "all data of its burst are held.");
    m.parameter("row_beats", beats);
    m.parameter("buffer_beats", depth);
    auto start = input(m, "start", Bool());
    auto halt = input(m, "halt", Bool());  // no new burst
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto in = input_stream(m, "output", OutputGroup(s));
    discard(in.data.last);

    m.note("Values as whole bytes, sign-extended; groups become beats.");
    std::vector<SInt> values;
    for (const SInt& v : lib::elements(in.data.values, columns, s.n.output_bits)) values.push_back(v.extend(element));
    auto collected = resize_rows(d, m, "collect", Stream<UInt>{lib::join(values), in.valid, in.ready},
                                 s.projection_groups(), s.data_bits(), beats, start);
    Bool arrives = collected.fire().named("arrives");
    auto beat = lib::fifo(d, m, "beats", collected, depth);

    m.note("Row after row, burst after burst: size it, wait for its data, send the address, send the data.");
    auto rows = reg(m, "rows", UInt(s.query_bits()), 0);
    auto row_address = reg(m, "row_address", UInt(s.address_bits()));
    auto address = reg(m, "address_now", UInt(s.address_bits()));
    auto remaining = reg(m, "remaining", UInt(beat_bits));  // beats of the row
    auto length = reg(m, "burst_beats", UInt(5));
    auto held = reg(m, "held", UInt(Shapes::holds(depth)), 0);  // beats in the buffer
    constexpr int size = 0, wait = 1, send_address = 2, send_data = 3;
    auto state = reg(m, "state", UInt(2), size).values({"size", "wait", "address", "data"});
    auto left = reg(m, "left", UInt(5));  // beats of the burst still to send
    auto awready = input(m, "awready", Bool()), wready = input(m, "wready", Bool());

    Bool writing = (rows != 0).named("writing");
    Bool sized = ((state == size) & writing).named("sized");
    Bool ready_to_go = ((state == wait) & (held >= length) & ~halt).named("data_held");
    Bool address_sent = ((state == send_address) & awready).named("address_sent");
    Bool wvalid = (state == send_data).named("wvalid");
    Bool sent = (wvalid & wready).named("sent");
    Bool burst_end = (sent & (left == 1)).named("burst_end");
    Bool row_end = (burst_end & (remaining == length)).named("row_end");
    state.when(start, size)
        .when(sized, wait)
        .when(ready_to_go, send_address)
        .when(address_sent, send_data)
        .when(burst_end, size);
    length.when(sized, burst_beats(s, address, remaining));
    left.when(address_sent, length).when(sent, lib::decrement(left));
    rows.when(start, queries).when(row_end, lib::decrement(rows));
    UInt next_row = lib::move_address(row_address, stride).named("next_row");
    row_address.when(start, base).when(row_end, next_row);
    address.when(start, base).when(row_end, next_row).when(burst_end, lib::move_address(address, length << beat_shift));
    remaining.when(start | row_end, static_cast<unsigned>(beats))
        .when(burst_end, (remaining - length).as_uint().wrap(beat_bits));
    held.when(arrives & ~sent, lib::increment(held)).when(sent & ~arrives, lib::decrement(held));
    beat.ready.drive(sent);
    discard(beat.valid);

    output(m, "awvalid", state == send_address);
    output(m, "awaddr", static_cast<UInt>(address));
    output(m, "awlen", (length - 1).as_uint().wrap(5).extend(8));
    output(m, "wvalid", wvalid);
    output(m, "wdata", beat.data);
    output(m, "wlast", left == 1);
    output(m, "beat_sent", sent);

    m.note("Responses still to come; the job is written when there are none.");
    auto bvalid = input(m, "bvalid", Bool());
    auto bresp = input(m, "bresp", UInt(2));
    auto open = reg(m, "open", UInt(s.query_bits() + 8), 0);
    open.when(address_sent & ~bvalid, lib::increment(open)).when(bvalid & ~address_sent, lib::decrement(open));
    output(m, "done", (~writing) & (open == 0));
    Bool awvalid = (state == send_address).named("awvalid");
    output(m, "waiting", awvalid | wvalid | (open != 0));
    output(m, "progress", address_sent | sent | bvalid);
    output(m, "error", bvalid & bresp.bit(1));
  });
}

}  // namespace quillgen::accel
