// Fetches the rows of all queries, in order.
#include "accel/blocks.hpp"
#include "accel/row_resize.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Beats that keep the memory busy over its latency while rows are used at the rate of the lanes, and two rows.
int query_buffer_beats(const Shapes& s) {
  const int row = query_row_beats(s.config), cycles = s.a.samples_per_query() / s.lanes();
  const int in_flight = s.config.memory.latency_cycles * row / cycles;
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(in_flight + 2 * row, 2 * max_burst))));
}

}  // namespace

const Module& build_query_fetch(Design& d, const Shapes& s) {
  return d.module("query_fetch", [&](Module& m) {
    const int beats = query_row_beats(s.config), element = 8 * element_bytes(s.n.query_bits),
              depth = s.config.gemm.depth;
    m.describe("Fetches the rows of all queries in order and cuts them into words of depth channels.");
    m.parameter("row_beats", beats);
    m.parameter("depth", depth);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto data = input(m, "data", UInt(s.data_bits()));
    auto data_valid = input(m, "data_valid", Bool());

    m.note("One request a row.");
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto address = reg(m, "row_address", UInt(s.address_bits()));
    const int beat_bits = Shapes::holds(beats);
    ReadRequest row(s, beat_bits);
    row.address = address, row.beats = UInt::constant(m, static_cast<std::uint64_t>(beats), beat_bits);
    auto request = stream(m, "row_request", remaining != 0, row);
    remaining.when(start, queries).when(request.fire(), lib::decrement(remaining));
    address.when(start, base).when(request.fire(), lib::move_address(address, stride));

    Instance reader(m, "reader", build_burst_reader(d, s, "query", beat_bits, query_buffer_beats(s)));
    reader.in_stream("request", request);
    reader.in("data", data);
    reader.in("data_valid", data_valid);
    output_stream(m, "burst", reader.out_stream("burst", BurstRequest(s)));

    auto words = resize_rows(d, m, "cut", reader.out_stream("beat", UInt(s.data_bits())), beats, depth * element,
                             s.steps(), start);
    m.note("Elements in memory are whole bytes.");
    std::vector<UInt> channels;
    for (int i = 0; i < depth; ++i) channels.push_back(words.data.bits(i * element, s.n.query_bits));
    output_stream(m, "word", Stream<UInt>{lib::join(channels), words.valid, words.ready});
  });
}

}  // namespace quillgen::accel
