// Rows for the PE array: of a dense job one after the other, of tokens and queries from the addresses it is given.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/array/row_resize.hpp"
#include "accel/blocks.hpp"
#include "lib/choose.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Words of the row memories, made of beats of elements of `bits` bits; in memory these are whole bytes.
Stream<UInt> operands(Design& d, Module& m, const Shapes& s, const std::string& name, const Stream<UInt>& beats,
                      int bits, const RowLength& length, const Bool& restart) {
  const int count = s.row_word(), element = 8 * element_bytes(bits);
  auto words = resize_rows(d, m, name, beats, count * element, length, restart);
  std::vector<SInt> values;
  for (int i = 0; i < count; ++i)
    values.push_back(words.data.bits(i * element, bits).as_sint().extend(s.operand_bits()));
  return {lib::join(values), words.valid, words.ready};
}

// What rows of the stream need beside their data.
struct StreamRows {
  Bool formed, with_position;  // the rows of the run are of the stream; a position is added to each
  UInt distance;               // from a row to its position
  Scale scale;
};

// With an epilogue. A run does not begin with the start, so that the distance may be registered.
StreamRows stream_rows(Module& m, const Shapes& s, const UInt& base) {
  StreamRows rows;
  rows.formed = input(m, "formed", Bool());
  rows.with_position = (input(m, "with_position", Bool()) & rows.formed).named("adds_position");
  auto position = input(m, "position_address", UInt(s.address_bits()));
  auto distance = reg(m, "position_distance", UInt(s.address_bits()));
  distance.next(lib::address_distance(base, position));
  rows.distance = distance, rows.scale = input(m, "scale", Scale());
  return rows;
}

// The padding of a row holds anything: it is not multiplied, though its weights are 0.
UInt without_padding(Module& m, const Shapes& s, const UInt& operands, const Bool& end_of_row, const UInt& row_tail) {
  Bool has_padding = (end_of_row & (row_tail != 0)).named("has_padding");
  auto values = lib::elements(operands, s.row_word(), s.operand_bits());
  for (std::size_t i = 1; i < values.size(); ++i) {
    Bool padding = has_padding & (row_tail <= i);
    values[i] = mux(padding, SInt::constant(m, 0, s.operand_bits()), values[i]).named(fmt::format("operand_{}", i));
  }
  return lib::join(values);
}

}  // namespace

const Module& build_row_fetch(Design& d, const Shapes& s) {
  return d.module("row_fetch", s, [](Design& d, Module& m, const Shapes& s) {
    const int beat_bits = Shapes::holds(s.longest_row_beats());
    const bool same_size = element_bytes(s.n.query_bits) == element_bytes(s.n.feature_bits);
    m.describe(
        "Fetches rows and makes them into words of the row memories. Rows of dense jobs follow each other; tokens and "
        "queries come with their address.");
    m.parameter("word", s.row_word());
    m.parameter("buffer_beats", row_buffer_beats(s.config));
    auto start = input(m, "start", Bool());
    auto tokens_run = input(m, "tokens_run", Bool()), dense_run = input(m, "dense_run", Bool());
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto row_beats = input(m, "row_beats", UInt(beat_bits));
    auto last_word = input(m, "last_word", UInt(s.row_words_bits()));
    auto row_tail = input(m, "row_tail", UInt(s.tail_bits()));
    std::optional<StreamRows> of_stream;
    if (s.has_epilogue()) of_stream = stream_rows(m, s, base);

    m.note("One request a row.");
    auto given = input_stream(m, "given", RowAddress(s));
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto address = reg(m, "row_address", UInt(s.address_bits()));
    auto row = reg(m, "row_of_group", UInt(Shapes::bits(s.rows())), 0);
    Bool last_row = (lib::is_last(row, s.rows()) | (remaining == 1)).named("last_row");
    auto mark_ready = ready_wire(m, "mark_ready");
    Bool wanted = mux(dense_run, remaining != 0, given.valid).named("wanted");
    ReadRequest read(s, beat_bits);
    read.address = mux(dense_run, address, given.data.address), read.beats = row_beats;
    Bool may_ask = mark_ready;
    Wire<Bool> position_ready;
    if (of_stream) {
      position_ready = ready_wire(m, "position_ready");
      may_ask = may_ask & (position_ready | ~of_stream->with_position);
    }
    auto request = stream(m, "row_request", (wanted & may_ask).named("ask_row"), read);
    Bool asked = request.fire().named("asked");
    given.ready.drive(~dense_run & request.ready & may_ask);
    Bool next = (asked & dense_run).named("next_row");
    remaining.when(start & dense_run, rows).when(next, lib::decrement(remaining));
    address.when(start, base).when(next, lib::move_address(address, stride));
    row.when(next & last_row, 0).when(next, lib::increment(row));

    m.note("What is said of a row waits for its data.");
    Bool last_of_group = mux(dense_run, last_row, given.data.last_of_group);
    auto mark = lib::fifo(d, m, "marks", Stream<UInt>{last_of_group.as_uint(), asked, mark_ready}, rows_on_their_way);
    Instance reader(m, "reader", build_burst_reader(d, s, "rows", beat_bits, row_buffer_beats(s.config)));
    reader.in_stream("request", request);
    reader.pass({"data", "data_valid", "burst"});
    Stream<UInt> positions;
    if (of_stream) {
      m.note("Positions are asked for with their rows.");
      Instance unit(m, "positions", build_burst_reader(d, s, "positions", beat_bits, row_buffer_beats(s.config)));
      ReadRequest at = read;
      at.address = lib::move_address(read.address, of_stream->distance);
      unit.in_stream("request", Stream<ReadRequest>{at, asked & of_stream->with_position, position_ready});
      unit.pass("data"), unit.pass("data_valid", "position_valid"), unit.pass("burst", "position_burst");
      positions = unit.out_stream("beat", UInt(s.data_bits()));
    }

    m.note("Elements in memory are whole bytes; those of tokens may be of another size than those of queries.");
    auto beat = reader.out_stream("beat", UInt(s.data_bits()));
    const RowLength length{row_beats, last_word};
    auto all_beats = beat;
    Stream<UInt> formed;
    if (of_stream) {
      Instance former(m, "operand_former", build_operand_former(d, s));
      former.in("of_tokens", tokens_run), former.in("with_position", of_stream->with_position);
      former.in("scale", of_stream->scale);
      auto former_ready = ready_wire(m, "former_ready"), plain_ready = ready_wire(m, "plain_ready");
      former.in_stream("row", Stream<UInt>{beat.data, beat.valid & of_stream->formed, former_ready});
      former.in_stream("position", positions);
      all_beats.ready.drive(mux(of_stream->formed, former_ready, plain_ready));
      beat = {beat.data, beat.valid & ~of_stream->formed, plain_ready};
      formed = resize_rows(d, m, "cut_formed", former.out_stream("operands", UInt(s.row_unit() * s.operand_bits())),
                           s.row_word() * s.operand_bits(), length, start);
    }
    Stream<UInt> words;
    if (same_size && s.n.query_bits == s.n.feature_bits) {
      discard(tokens_run);
      words = operands(d, m, s, "cut", beat, s.n.query_bits, length, start);
    } else {
      auto query_ready = ready_wire(m, "query_beat_ready"), token_ready = ready_wire(m, "token_beat_ready");
      auto of_query = operands(d, m, s, "cut_query", {beat.data, beat.valid & ~tokens_run, query_ready}, s.n.query_bits,
                               length, start);
      auto of_token = operands(d, m, s, "cut_token", {beat.data, beat.valid & tokens_run, token_ready},
                               s.n.feature_bits, length, start);
      beat.ready.drive(mux(tokens_run, token_ready, query_ready));
      words = lib::choose(m, "words", tokens_run, of_token, of_query);
    }
    if (of_stream) words = lib::choose(m, "all_words", of_stream->formed, formed, words);
    auto number = reg(m, "word_number", UInt(s.row_words_bits()), 0);
    Bool end_of_row = (number == last_word).named("end_of_row");
    RowWord word(s);
    word.operands = without_padding(m, s, words.data, end_of_row, row_tail), word.last_of_group = mark.data.bit(0);
    auto out = stream(m, "word_out", words.valid & mark.valid, word);
    words.ready.drive(out.ready & mark.valid);
    Bool sent = out.fire().named("sent");
    number.when(sent & end_of_row, 0).when(sent, lib::increment(number));
    mark.ready.drive(sent & end_of_row);
    output_stream(m, "word", out);
  });
}

}  // namespace quillgen::accel
