// What becomes of rows of results before they are written: nothing, or they are added to the rows of the stream and
// normalised (NUMERICS.md N13, N14).
#include "accel/blocks.hpp"
#include "accel/epilogue/epilogue.hpp"
#include "lib/choose.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/fork.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Rows of the stream that are asked for ahead of the results that they are added to.
constexpr int rows_ahead = 8;

// The elements of a word, of `from` bits each, as `to` bits each.
UInt with_bits(const UInt& word, int count, int from, int to) {
  std::vector<SInt> values;
  for (const SInt& v : lib::elements(word, count, from)) values.push_back(to < from ? v.wrap(to) : v.extend(to));
  return lib::join(values);
}

}  // namespace

const Module& build_row_epilogue(Design& d, const Shapes& s) {
  return d.module("row_epilogue", s, [](Design& d, Module& m, const Shapes& s) {
    const int unit = s.row_unit(), beats = s.stream_row_beats(), beat_bits = WriteRequest::longest(s);
    m.describe(
        "Rows of results on their way to memory. With a norm each is added to the residual row of the same place and "
        "normalised (NUMERICS.md N13, N14); the residual rows are read ahead.");
    m.parameter("row_beats", beats);
    auto start = input(m, "start", Bool());
    auto norm = input(m, "norm", Bool()), dense = input(m, "dense", Bool());
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits())), residual = input(m, "residual", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));

    m.note("With a norm: where the rows go, known before there are results. Rows of a dense job follow each other.");
    auto request = input_stream(m, "row", WriteRequest(s));
    auto distance = reg(m, "distance", UInt(s.address_bits()));  // from a row to its residual
    distance.next(lib::address_distance(base, residual));
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto address = reg(m, "dense_address", UInt(s.address_bits()));
    WriteRequest place(s);
    place.address = mux(dense, address, request.data.address);
    place.beats = UInt::constant(m, static_cast<std::uint64_t>(beats), beat_bits);
    auto ahead = stream(m, "ahead", (norm & mux(dense, remaining != 0, request.valid)).named("row_known"), place);
    Bool next = (ahead.fire() & dense).named("next_row");
    remaining.when(start & dense & norm, rows).when(next, lib::decrement(remaining));
    address.when(start, base).when(next, lib::move_address(address, stride));
    auto copies = lib::fork(m, "row_place", ahead, 2);
    auto to_write = lib::fifo(d, m, "rows_ahead", copies[0], rows_ahead);
    auto plain_request = ready_wire(m, "plain_request_ready");
    // Of a dense job with a norm the request that comes with the results is not needed.
    request.ready.drive(mux(norm, dense | ahead.ready, plain_request));
    output_stream(m, "request",
                  lib::choose(m, "any_request", norm, to_write,
                              Stream<WriteRequest>{request.data, request.valid & ~norm, plain_request}));

    m.note("Residual rows.");
    Instance reader(m, "reader", build_burst_reader(d, s, "residual", beat_bits, residual_buffer_beats(s.config)));
    ReadRequest read(s, beat_bits);
    read.address = lib::move_address(copies[1].data.address, distance), read.beats = place.beats;
    reader.in_stream("request", Stream<ReadRequest>{read, copies[1].valid, copies[1].ready});
    reader.pass({"data", "data_valid", "burst"});
    auto beat = reader.out_stream("beat", UInt(s.data_bits()));

    m.note("Results, a word of as many as a beat has.");
    const int element = s.result_element_bits();
    auto word = input_stream(m, "word", UInt(unit * element));
    Instance norms(m, "row_norm", build_row_norm(d, s));
    norms.pass({"table", "epsilon"}), norms.pass("gain_shift", "norm_shift");
    auto branch_ready = ready_wire(m, "branch_ready"), plain_ready = ready_wire(m, "plain_ready");
    norms.in_stream("branch", Stream<UInt>{with_bits(word.data, unit, element, s.branch_bits()),
                                           (word.valid & norm).named("branch_valid"), branch_ready});
    norms.in_stream("residual", Stream<UInt>{with_bits(beat.data, unit, s.row_element_bits(), s.stream_bits()),
                                             beat.valid, beat.ready});
    word.ready.drive(mux(norm, branch_ready, plain_ready));
    auto normed = norms.out_stream("normed", UInt(unit * s.stream_bits()));
    const Stream<UInt> of_norm{with_bits(normed.data, unit, s.stream_bits(), s.row_element_bits()), normed.valid,
                               normed.ready};
    output_stream(m, "beat",
                  lib::choose(m, "any_beat", norm, of_norm,
                              Stream<UInt>{with_bits(word.data, unit, element, s.row_element_bits()),
                                           word.valid & ~norm, plain_ready}));
  });
}

}  // namespace quillgen::accel
