// Which queries a job wants, in the order of their arrival: all of them, or those of a list in memory.
#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Rows that the list has named, a bit each, 32 a word: a job that writes rows over those it reads must not do so twice.
// An entry takes two cycles then.
class NamedRows {
 public:
  NamedRows(Module& m, const Shapes& s, const Bool& start)
      : m_(m), words_(divide_up(s.a.max_queries, bits)), seen_(m, "seen", words_, bits, 1) {
    m.note("Rows of which none may be named twice: what was named before is forgotten, then each entry is looked up.");
    unique_ = input(m, "once", Bool());
    auto clearing = reg(m, "clearing", Bool(), 0);
    auto clear_word = reg(m, "clear_word", UInt(Shapes::bits(words_)), 0);
    clearing.when(start & unique_, true).when(lib::is_last(clear_word, words_), false);
    clear_word.when(clearing, lib::next_index(clear_word, words_));
    clearing_ = clearing, clear_word_ = clear_word;
    looked_up_ = reg(m, "looked_up", Bool(), 0);
  }
  /// The entry, if it is valid, may be given out.
  Bool may_go(const UInt& entry, const Bool& valid) {
    const int place_bits = Shapes::bits(bits);
    word_ = entry.bits(place_bits, 32 - place_bits).resize(Shapes::bits(words_));
    Bool look = (valid & unique_ & ~clearing_ & ~looked_up_).named("look_up");
    looked_up_.when(look, true);
    named_ = seen_.read(word_, look);
    place_ = entry.bits(0, place_bits);
    return ~unique_ | looked_up_;
  }
  /// It is given out; whether it was before.
  Bool take(const Bool& taken) {
    looked_up_.when(taken, false);
    Bool mark = (taken & unique_).named("mark_row");
    std::vector<UInt> each;
    for (int i = 0; i < bits; ++i) each.push_back(named_.bits(i, 1));
    std::vector<Bool> row;
    for (int i = 0; i < bits; ++i) row.push_back(place_ == static_cast<std::uint64_t>(i));
    seen_.write(clearing_ | mark, mux(clearing_, clear_word_, word_),
                mux(clearing_, UInt::constant(m_, 0, bits), named_ | lib::join(row)));
    return mark & select(place_, each).bit(0);
  }

 private:
  static constexpr int bits = 32;
  Module& m_;
  int words_;
  Ram seen_;
  Bool unique_, clearing_;
  UInt clear_word_, word_, named_, place_;
  Reg<Bool> looked_up_;
};

}  // namespace

const Module& build_query_list(Design& d, const Shapes& s) {
  return d.module("query_list", s, [](Design& d, Module& m, const Shapes& s) {
    constexpr int entry_bits = 32;
    const int entries = s.data_bits() / entry_bits, entry_shift = std::countr_zero(static_cast<unsigned>(entries)),
              beat_bits = Shapes::holds(divide_up(s.a.max_queries, entries));
    m.describe(
        "Queries of a job in the order of their arrival, from start on: 0 to count - 1, or the entries of a list in "
        "memory. bad_entry: an entry that is not below rows.");
    m.parameter("entries_per_beat", entries);
    auto start = input(m, "start", Bool());
    auto listed = input(m, "listed", Bool());
    auto count = input(m, "count", UInt(s.query_bits()));
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));

    m.note("The list is read as one run, a cycle after start.");
    auto pending = reg(m, "pending", Bool(), 0);
    ReadRequest run(s, beat_bits);
    run.address = base;
    run.beats = ((count + (entries - 1)) >> entry_shift).resize(beat_bits);
    auto request = stream(m, "list_request", pending, run);
    pending.when(start, listed).when(request.ready, false);
    Instance reader(m, "reader", build_burst_reader(d, s, "list", beat_bits, list_buffer_beats()));
    reader.in_stream("request", request);
    reader.pass({"data", "data_valid", "burst"});
    auto beat = reader.out_stream<UInt>("beat");

    m.note("A query at a time; what the last beat holds beyond the last entry is dropped.");
    auto left = reg(m, "left", UInt(s.query_bits()), 0);
    auto number = reg(m, "number", UInt(s.index_bits()), 0);
    auto place = reg(m, "place", UInt(entry_shift), 0);  // of the entry in its beat
    std::vector<UInt> list;
    for (int i = 0; i < entries; ++i) list.push_back(beat.data.bits(i * entry_bits, entry_bits));
    UInt entry = select(place, list).named("entry");
    std::optional<NamedRows> named;
    Bool valid = (left != 0) & (beat.valid | ~listed);
    if (s.has_epilogue()) {
      named.emplace(m, s, start);
      valid = valid & named->may_go(entry, valid);
    }
    auto out = stream(m, "query_out", valid, mux(listed, entry.resize(s.index_bits()), number));
    Bool step = out.fire().named("step");
    Bool end_of_beat = (lib::is_last(place, entries) | (left == 1)).named("end_of_beat");
    beat.ready.drive(step & listed & end_of_beat);
    left.when(start, count).when(step, lib::decrement(left));
    number.when(start, 0).when(step, lib::increment(number));
    place.when(start, 0).when(step & end_of_beat, 0).when(step, lib::increment(place));
    Bool bad = step & listed & (entry >= rows);
    output(m, "bad_entry", named ? bad | named->take(step) : bad);
    output_stream(m, "query", out);
  });
}

}  // namespace quillgen::accel
