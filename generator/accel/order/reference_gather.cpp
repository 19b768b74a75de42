// Fetches the references of queries, in the order in which it is given them. Rows of references follow each other
// without padding, so that one may begin in the middle of a beat.
#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct GatheredRow {  // first word of the row, counted from the base
  UInt query, first;
  QUILLGEN_FIELDS(query, first)
};
struct Mark {  // what is said of a row until its data come
  UInt query, place;
  QUILLGEN_FIELDS(query, place)
};
struct Read {
  ReadRequest request;
  Mark mark;
  QUILLGEN_FIELDS(request, mark)
};

}  // namespace

const Module& build_reference_gather(Design& d, const Shapes& s) {
  return d.module("reference_gather", s, [](Design& d, Module& m, const Shapes& s) {
    const int in_beat = s.data_bits() / reference_word_bits,
              place_bits = std::max(1, std::countr_zero(static_cast<unsigned>(in_beat))),
              in_beat_shift = std::countr_zero(static_cast<unsigned>(in_beat)),
              word_shift = std::countr_zero(static_cast<unsigned>(reference_word_bits / 8));
    const int most_words = 2 * s.references(), count_bits = Shapes::holds(most_words + in_beat),
              buffer = reference_buffer_beats(s.config);
    m.describe("Fetches the references of the queries it is given: a word of x and y for each level" +
               std::string(s.has_anchors() ? " and anchor" : "") +
               ", of boxes a second one of width and height; or, for a sort, only the first word of each query.");
    m.parameter("words_per_beat", in_beat);
    m.parameter("buffer_beats", buffer);
    auto boxes = input(m, "boxes", Bool());
    auto first_word_only = input(m, "first_word_only", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto query = input_stream(m, "query", UInt(s.index_bits()));

    m.note("The beats that hold the row.");
    const auto count = [&](int value) { return UInt::constant(m, static_cast<std::uint64_t>(value), count_bits); };
    UInt words =
        mux(first_word_only, count(1), mux(boxes, count(most_words), count(s.references()))).named("row_words");
    lib::Pipeline pipe(m, "row", query);
    UInt of_points = query.data * s.references();
    UInt first = mux(boxes, (of_points << 1), of_points.extend(of_points.width() + 1));
    if (s.has_epilogue()) {
      auto stride = input(m, "stride", UInt(reference_stride_bits));
      UInt strided = query.data * (stride >> word_shift);
      const int width = std::max(first.width(), strided.width());
      first = mux(stride != 0, strided.extend(width), first.extend(width));
    }
    auto row = pipe.stage("begin", GatheredRow{query.data, first});
    UInt place = in_beat == 1 ? UInt::constant(m, 0, 1) : row.first.bits(0, in_beat_shift);
    ReadRequest read(s, count_bits);
    read.address = lib::move_address(base, (row.first >> in_beat_shift) << (in_beat_shift + word_shift));
    read.beats = ((place + words + (in_beat - 1)) >> in_beat_shift).resize(count_bits);
    auto at = pipe.stage("at", Read{read, Mark{row.query, place.resize(place_bits)}});
    auto asked = pipe.finish(at);
    auto mark_ready = ready_wire(m, "mark_ready");
    auto request = stream(m, "row_request", asked.valid & mark_ready, asked.data.request);
    asked.ready.drive(request.ready & mark_ready);
    auto mark = lib::sram_fifo(d, m, "marks", Stream<Mark>{asked.data.mark, request.fire(), mark_ready}, buffer);
    Instance reader(m, "reader", build_burst_reader(d, s, "reference", count_bits, buffer));
    reader.in_stream("request", request);
    reader.pass({"data", "data_valid", "burst"});
    auto beat = reader.out_stream<UInt>("beat");

    m.note("Word after word.");
    auto number = reg(m, "word_number", UInt(count_bits), 0);  // in its row
    Bool last = (number + 1 == words).named("last_word");
    QueryWord word(s);
    word.query = mark.data.query, word.last = last;
    Bool end_of_beat = last;
    auto out_ready = ready_wire(m, "word_out_ready");
    Bool step = (mark.valid & beat.valid & out_ready).named("step");
    if (in_beat == 1) {
      discard(mark.data.place);
      end_of_beat = Bool::constant(m, true);
      word.word = beat.data;
    } else {
      auto next_place = reg(m, "next_place", UInt(place_bits));
      UInt in_place = mux(number == 0, mark.data.place, next_place).named("word_place");
      next_place.when(step, lib::increment(in_place));
      std::vector<UInt> list;
      for (int i = 0; i < in_beat; ++i) list.push_back(beat.data.bits(i * reference_word_bits, reference_word_bits));
      word.word = select(in_place, list);
      end_of_beat = (last | lib::is_last(in_place, in_beat)).named("end_of_beat");
    }
    number.when(step & last, 0).when(step, lib::increment(number));
    beat.ready.drive(step & end_of_beat);
    mark.ready.drive(step & last);
    output_stream(m, "word", Stream<QueryWord>{word, mark.valid & beat.valid, out_ready});
  });
}

}  // namespace quillgen::accel
