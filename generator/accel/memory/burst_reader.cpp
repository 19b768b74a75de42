// Reads a run of beats as bursts that never cross 4 KiB. A burst is asked for only when the buffer has room for all of
// it.
#include <cassert>

#include "accel/blocks.hpp"
#include "accel/memory/bursts.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Parameters {
  Shapes s;
  int beat_bits, depth;
  bool operator==(const Parameters&) const = default;
};

}  // namespace

UInt burst_beats(const Shapes& s, const UInt& address, const UInt& remaining) {
  const int beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
  const int page_bits = 12 - beat_shift;  // beats of 4 KiB
  Module& m = address.module();
  UInt to_page = (UInt::constant(m, std::uint64_t{1} << page_bits, page_bits + 1) - address.bits(beat_shift, page_bits))
                     .as_uint()
                     .wrap(page_bits + 1);
  UInt most = min(to_page, UInt::constant(m, max_burst, 5)).named("most");
  return min(remaining, most).wrap(5);
}

const Module& build_burst_reader(Design& d, const Shapes& s, const std::string& client, int beat_bits, int depth) {
  assert(depth >= 2 * max_burst);
  const Parameters parameters{s, beat_bits, depth};
  return d.module("burst_reader_" + client, parameters, [](Design& d, Module& m, const Parameters& p) {
    const auto& [s, beat_bits, depth] = p;
    const int beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
    m.describe(
        "Reads runs of beats as AXI bursts of at most 16 beats that never cross 4 KiB. A burst is asked for only when "
        "the buffer has room for all of it.");
    m.printed_as(
        "burst_reader",
        {{"ADDRESS_BITS", s.address_bits()}, {"DATA_BITS", s.data_bits()}, {"BEAT_BITS", beat_bits}, {"DEPTH", depth}});
    auto request = input_stream(m, "request", ReadRequest(s, beat_bits));
    auto data = input(m, "data", UInt(s.data_bits()));
    auto data_valid = input(m, "data_valid", Bool());

    m.note("The run in work.");
    auto address = reg(m, "address", UInt(s.address_bits()));
    auto remaining = reg(m, "remaining", UInt(beat_bits), 0);
    auto length = reg(m, "burst_beats", UInt(5));
    auto sized = reg(m, "sized", Bool(), 0);  // burst_beats belongs to address and remaining
    Bool idle = (remaining == 0).named("idle");
    request.ready.drive(idle);

    m.note("Size the next burst, then ask for it when there is room.");
    auto reserved = reg(m, "reserved", UInt(Shapes::holds(depth)), 0);
    Bool room = (reserved + length <= depth).named("room");
    BurstRequest burst(s);
    burst.address = address;
    burst.length = (length - 1).as_uint().resize(5).extend(8);
    auto ask = stream(m, "ask", sized & room, burst);
    Bool go = ask.fire().named("go");
    length.when(~sized, burst_beats(s, address, remaining));
    sized.when(go, false).when(~idle, true);
    address.when(request.fire(), request.data.address).when(go, lib::move_address(address, length << beat_shift));
    remaining.when(request.fire(), request.data.beats).when(go, (remaining - length).as_uint().wrap(beat_bits));
    output_stream(m, "burst", ask);

    m.note("Beats that have come.");
    auto arrived = stream(m, "arrived", data_valid, data);
    auto beats = lib::sram_fifo(d, m, "beats", arrived, depth);
    m.add_assertion("a beat that comes has its place", (~data_valid | arrived.ready).id());
    Bool taken = beats.fire().named("taken");
    UInt added = mux(go, length, UInt::constant(m, 0, 5)).named("added");
    reserved.next((reserved + added - taken.as_uint().extend(added.width())).as_uint().wrap(reserved.width()));
    output_stream(m, "beat", beats);
  });
}

}  // namespace quillgen::accel
