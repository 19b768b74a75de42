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
constexpr int rows_ahead = 16;

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
        "normalised (NUMERICS.md N13, N14); boxes are moved and their sigmoids taken (N17). What results are added to "
        "is read ahead.");
    m.parameter("row_beats", beats);
    m.parameter("box_beats", box_row_beats(s.config));
    auto start = input(m, "start", Bool());
    auto norm = input(m, "norm", Bool()), boxes = input(m, "boxes", Bool());
    auto in_order = input(m, "in_order", Bool());  // rows follow each other, and nobody says where
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits())), residual = input(m, "residual", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    Bool adds = (norm | boxes).named("adds");

    m.note("Where rows go that something is added to, before there are results.");
    const auto constant = [&](int value) { return UInt::constant(m, static_cast<std::uint64_t>(value), beat_bits); };
    auto given = input_stream(m, "row", WriteRequest(s));
    auto distance = reg(m, "distance", UInt(s.address_bits()));  // from a row to its residual
    distance.next(lib::address_distance(base, residual));
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto address = reg(m, "next_address", UInt(s.address_bits()));
    WriteRequest place(s);
    place.address = mux(in_order, address, given.data.address);
    place.beats = mux(boxes, constant(box_row_beats(s.config)), constant(beats));
    auto ahead = stream(m, "ahead", (adds & mux(in_order, remaining != 0, given.valid)).named("row_known"), place);
    Bool next = (ahead.fire() & in_order).named("next_row");
    remaining.when(start & in_order & adds, rows).when(next, lib::decrement(remaining));
    address.when(start, base).when(next, lib::move_address(address, stride));
    auto copies = lib::fork(m, "row_place", ahead, 2);
    auto to_write = lib::fifo(d, m, "rows_ahead", copies[0], rows_ahead);
    auto plain_request = ready_wire(m, "plain_request_ready");
    given.ready.drive(mux(adds, ahead.ready & ~in_order, plain_request));
    output_stream(m, "request",
                  lib::choose(m, "any_request", adds, to_write,
                              Stream<WriteRequest>{given.data, given.valid & ~adds, plain_request}));

    m.note("Residual rows; of a box only the beat of its logits.");
    const int logits_at = box_logits_offset(s.config), logits_beat = logits_at / s.data_bytes() * s.data_bytes();
    Instance reader(m, "reader", build_burst_reader(d, s, "residual", beat_bits, residual_buffer_beats(s.config)));
    ReadRequest read(s, beat_bits);
    UInt residual_row = lib::move_address(copies[1].data.address, distance);
    read.address = mux(boxes,
                       lib::move_address(residual_row, UInt::constant(m, static_cast<std::uint64_t>(logits_beat),
                                                                      Shapes::holds(std::max(logits_beat, 1)))),
                       residual_row);
    read.beats = mux(boxes, constant(1), constant(beats));
    reader.in_stream("request", Stream<ReadRequest>{read, copies[1].valid, copies[1].ready});
    reader.pass({"data", "data_valid", "burst"});
    auto beat = reader.out_stream("beat", UInt(s.data_bits()));
    auto residual_ready = ready_wire(m, "residual_ready"), logits_ready = ready_wire(m, "logits_ready");
    beat.ready.drive(mux(boxes, logits_ready, residual_ready));

    m.note("Results, a word of as many as a beat has.");
    const int element = s.result_element_bits();
    auto word = input_stream(m, "word", UInt(result_word_bits(s)));
    auto branch_ready = ready_wire(m, "branch_ready"), deltas_ready = ready_wire(m, "deltas_ready"),
         plain_ready = ready_wire(m, "plain_ready");
    word.ready.drive(mux(norm, branch_ready, mux(boxes, deltas_ready, plain_ready)));
    Instance norms(m, "row_norm", build_row_norm(d, s));
    norms.pass({"table", "epsilon"}), norms.pass("gain_shift", "norm_shift");
    norms.in_stream("branch", Stream<UInt>{with_bits(word.data, unit, element, s.branch_bits()),
                                           (word.valid & norm).named("branch_valid"), branch_ready});
    norms.in_stream("residual", Stream<UInt>{with_bits(beat.data, unit, s.row_element_bits(), s.stream_bits()),
                                             (beat.valid & ~boxes).named("residual_valid"), residual_ready});
    auto normed = norms.out_stream("normed", UInt(unit * s.stream_bits()));
    Instance refine(m, "box_refine", build_box_refine(d, s));
    refine.in("restart", start);
    refine.in_stream("deltas", Stream<UInt>{with_bits(word.data.bits(0, 4 * element), 4, element, box_delta_bits),
                                            (word.valid & boxes).named("deltas_valid"), deltas_ready});
    refine.in_stream("logits", Stream<UInt>{beat.data.bits(8 * (logits_at - logits_beat), 4 * box_logit_bits),
                                            (beat.valid & boxes).named("logits_valid"), logits_ready});
    auto refined = refine.out_stream("beat", UInt(s.data_bits()));

    m.note("What is written.");
    const Stream<UInt> of_norm{with_bits(normed.data, unit, s.stream_bits(), s.row_element_bits()), normed.valid,
                               normed.ready},
        plain{with_bits(word.data, unit, element, s.row_element_bits()), word.valid & ~adds, plain_ready};
    output_stream(m, "beat",
                  lib::choose(m, "any_beat", norm, of_norm, lib::choose(m, "other_beat", boxes, refined, plain)));
  });
}

}  // namespace quillgen::accel
