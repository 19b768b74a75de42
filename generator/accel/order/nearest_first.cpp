// Second stage of the order of queries: of the candidates in a pool, the one nearest to the query issued last is next.
//
// A slot of the pool has the place of the reference and the number of its arrival, in one of `distance_units` banks
// that are scanned side by side, and in memories of their own the number of the query and the words of its reference,
// which are passed on when it is issued. Before each choice the pool is full, or no candidate is left to come.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

constexpr int coordinate_bits = 12;  // fraction bits of a place on the map, which is from 0 to 1 each way

UInt distance(const UInt& a, const UInt& b) {
  return mux(a < b, (b - a).as_uint().wrap(coordinate_bits), (a - b).as_uint().wrap(coordinate_bits));
}

struct Candidate {
  Bool present;
  UInt arrival, x, y;  // arrival: how many came before it
  explicit Candidate(const Shapes& s) : arrival(s.index_bits()), x(coordinate_bits), y(coordinate_bits) {}
  QUILLGEN_FIELDS(present, arrival, x, y)
};

struct Choice {  // the lower rank goes first: {absent, not starving, distance unless it starves, arrival}
  UInt rank, slot, x, y;
  Choice(const Shapes& s, int slot_bits)
      : rank(2 + coordinate_bits + 1 + s.index_bits()), slot(slot_bits), x(coordinate_bits), y(coordinate_bits) {}
  QUILLGEN_FIELDS(rank, slot, x, y)
};

// States of the block.
constexpr int idle = 0, empty = 1, fill = 2, scan = 3, settle = 4, issue = 5;

// Beside the pool, by slot.
struct Kept {
  Ram words, queries;
};

// The block in the order of its file. Members are what more than one of its sections reads.
struct NearestFirst {
  Module& m;
  const Shapes& s;
  const Order& order = s.config.order;
  const int window = order.window, units = order.distance_units, rows = window / units;
  const int slot_bits = Shapes::bits(window), unit_bits = units == 1 ? 0 : Shapes::bits(units),
            row_bits = Shapes::bits(rows), word_bits = Shapes::bits(2 * s.references());

  Bool start = {};
  UInt count = {};
  Stream<QueryWord> in = {QueryWord(s), {}, {}};

  Reg<UInt> state = {};
  Bool is_empty = {}, is_fill = {}, is_scan = {}, is_settle = {}, is_issue = {};
  Reg<UInt> arrived = {}, left = {}, present = {};  // candidates: that came, to be issued, in the pool
  Bool all_came = {}, want = {}, ready_to_choose = {};

  Reg<UInt> freed_slot = {}, number = {};  // number: of the word that comes or goes
  UInt slot = {};                          // of the candidate that comes
  Bool take = {}, taken = {};              // a word, the last one
  UInt here_x = {}, here_y = {};           // place of the candidate

  Reg<UInt> row = {};
  Bool last_row = {};
  Reg<Choice> best = Reg<Choice>(Choice(s, slot_bits));
  Wire<Bool> end_of_issue = {};
  Bool vacate = {};
  UInt changed_slot = {};
  Reg<UInt> last_x = {}, last_y = {};                               // place of the query issued last
  Reg<UInt> starving_below = {};                                    // who arrived before that can starve
  Reg<UInt> patience = {};                                          // issues until anybody can starve
  Reg<Bool> read_valid = {}, seen_valid = {}, compared_valid = {};  // a row in each stage of the scan
  Reg<UInt> read_row = {};
  Bool settled = {}, last_read = {};

  UInt word_address(const UInt& of) const { return concat({of, number}); }
  UInt row_of(const UInt& of) const {
    return rows == 1 ? UInt::constant(m, 0, 1) : of.bits(unit_bits, slot_bits - unit_bits);
  }

  void ports();
  void states();
  Kept take_candidate();
  void pool();
  Candidate entered() const;
  void scan_rows();
  std::vector<Choice> choices(const Candidate& written);
  Choice choice_of(const Candidate& c, int unit, const UInt& apart, const Bool& starves) const;
  void choose(std::vector<Choice> of_row);
  void give_words(Kept& kept);
  void step();
};

void NearestFirst::ports() {
  start = input(m, "start", Bool());
  count = input(m, "count", UInt(s.query_bits()));
  in = input_stream(m, "candidate", QueryWord(s));
}

void NearestFirst::states() {
  m.note("Empty the pool, fill it, look at all candidates, issue the one that was chosen, fill its slot, ..");
  state = reg(m, "state", UInt(3), idle).values({"idle", "empty", "fill", "scan", "settle", "issue"});
  auto is = [&](int which, const char* name) { return (state == which).named(name); };
  is_empty = is(empty, "is_empty"), is_fill = is(fill, "is_fill"), is_scan = is(scan, "is_scan"),
  is_settle = is(settle, "is_settle"), is_issue = is(issue, "is_issue");
  arrived = reg(m, "arrived", UInt(s.query_bits()), 0);
  left = reg(m, "left", UInt(s.query_bits()), 0);
  present = reg(m, "present", UInt(Shapes::holds(window)), 0);
  all_came = (arrived == count).named("all_came");
  want = (is_fill & (present != window) & ~all_came).named("want");
  ready_to_choose = (is_fill & ~want).named("ready_to_choose");
}

Kept NearestFirst::take_candidate() {
  m.note("A candidate: its words, and with the first one its place on the map.");
  freed_slot = reg(m, "freed_slot", UInt(slot_bits));
  Bool first_fill = (arrived < window).named("first_fill");
  slot = mux(first_fill, arrived.resize(slot_bits), freed_slot).named("slot");
  number = reg(m, "word_number", UInt(word_bits), 0);
  in.ready.drive(want);
  take = in.fire().named("take"), taken = (take & in.data.last).named("taken");
  auto x = reg(m, "first_x", UInt(coordinate_bits)), y = reg(m, "first_y", UInt(coordinate_bits));
  Bool first_word = (number == 0).named("first_word");
  here_x = mux(first_word, map_coordinate(in.data.word, 0, coordinate_bits), x).named("here_x"),
  here_y = mux(first_word, map_coordinate(in.data.word, 1, coordinate_bits), y).named("here_y");
  x.when(take, here_x), y.when(take, here_y);
  Kept kept{Ram(m, "words", window << word_bits, reference_word_bits, 1), Ram(m, "queries", window, s.index_bits(), 1)};
  kept.words.write(take, word_address(slot), in.data.word);
  kept.queries.write(taken, slot, in.data.query);
  return kept;
}

void NearestFirst::pool() {
  m.note("Banks of the pool. Slots are empty at the start of a job, and when no candidate is left to fill them.");
  row = reg(m, "row", UInt(row_bits), 0);
  last_row = lib::is_last(row, rows).named("last_row");
  best = reg(m, "best", Choice(s, slot_bits));
  end_of_issue = wire(m, "end_of_issue", Bool());
  vacate = (end_of_issue & all_came).named("vacate");
  changed_slot = mux(vacate, best.slot, slot).named("changed_slot");
  last_x = reg(m, "last_x", UInt(coordinate_bits)), last_y = reg(m, "last_y", UInt(coordinate_bits));
  starving_below = reg(m, "starving_below", UInt(Shapes::holds(s.a.max_queries + window)));
  patience = reg(m, "patience", UInt(Shapes::holds(order.starvation_bound)));
}

// What is written into the slot that changes.
Candidate NearestFirst::entered() const {
  Bool nobody = (vacate | is_empty).named("nobody");  // zeros, since ranks of empty slots are compared too
  const auto unless_empty = [&](const UInt& value) { return mux(nobody, UInt::constant(m, 0, value.width()), value); };
  Candidate c(s);
  c.present = ~nobody;
  c.arrival = unless_empty(arrived.resize(s.index_bits()));
  c.x = unless_empty(here_x), c.y = unless_empty(here_y);
  return c;
}

void NearestFirst::scan_rows() {
  read_valid = reg(m, "scan_read", Bool(), 0), seen_valid = reg(m, "scan_seen", Bool(), 0),
  compared_valid = reg(m, "scan_compared", Bool(), 0);
  read_valid.next(is_scan), seen_valid.next(read_valid), compared_valid.next(seen_valid);
  read_row = reg(m, "read_row", UInt(row_bits));
  read_row.next(row);
  if (rows == 1) discard(read_row);
}

// Of the row that was read, one of each bank.
std::vector<Choice> NearestFirst::choices(const Candidate& written) {
  std::vector<Choice> list;
  for (int u = 0; u < units; ++u) {
    const auto numbered = [u](const char* name) { return fmt::format("{}_{}", name, u); };
    Ram bank(m, numbered("pool"), std::max(rows, 2), total_width(written), 1);
    Bool mine = units == 1 ? Bool::constant(m, true) : (changed_slot.bits(0, unit_bits) == u);
    bank.write(is_empty | ((taken | vacate) & mine), mux(is_empty, row, row_of(changed_slot)), pack(written));
    const Candidate c = named(unpack(bank.read(row, is_scan), Candidate(s)), numbered("candidate"));
    UInt apart = (distance(c.x, last_x) + distance(c.y, last_y)).named(numbered("distance"));
    Bool starves = ((patience == 0) & (c.arrival < starving_below)).named(numbered("starves"));
    auto seen = reg(m, numbered("seen"), Choice(s, slot_bits));
    seen.next(choice_of(c, u, apart, starves));
    list.push_back(seen);
  }
  return list;
}

Choice NearestFirst::choice_of(const Candidate& c, int unit, const UInt& apart, const Bool& starves) const {
  Choice choice(s, slot_bits);
  choice.rank = concat({~c.present, ~starves, mux(starves, UInt::constant(m, 0, apart.width()), apart), c.arrival});
  UInt bank = UInt::constant(m, static_cast<std::uint64_t>(unit), std::max(unit_bits, 1));
  choice.slot = units == 1 ? read_row.resize(slot_bits) : rows == 1 ? bank.resize(slot_bits) : concat({read_row, bank});
  choice.x = c.x, choice.y = c.y;
  return choice;
}

void NearestFirst::choose(std::vector<Choice> of_row) {
  m.note("The lowest rank of a row, and of all rows.");
  const auto nearer = [](const Choice& a, const Choice& b) { return mux(b.rank < a.rank, b, a); };
  while (of_row.size() > 1) {
    std::vector<Choice> half;
    for (std::size_t i = 0; i < of_row.size(); i += 2) half.push_back(nearer(of_row[i], of_row[i + 1]));
    of_row = half;
  }
  auto compared = reg(m, "compared", Choice(s, slot_bits));
  compared.next(of_row.front());
  auto found = reg(m, "found", Bool(), 0);  // best holds a choice of this scan
  found.when(ready_to_choose, false).when(compared_valid, true);
  best.when(compared_valid, mux(found, nearer(best, compared), static_cast<Choice>(compared)));
}

void NearestFirst::give_words(Kept& kept) {
  m.note("Issue.");
  auto out_valid = reg(m, "out_valid", Bool(), 0), out_last = reg(m, "out_last", Bool());
  auto out_ready = ready_wire(m, "out_ready");
  settled = (is_settle & ~(read_valid | seen_valid | compared_valid) & ~out_valid).named("settled");
  auto last_number = reg(m, "last_number", UInt(word_bits));  // words of a query, minus 1
  last_number.when(taken, number);
  Bool next = (is_issue & (~out_valid | out_ready)).named("next_word");
  last_read = (next & (number == last_number)).named("last_read");
  end_of_issue.drive(last_read);
  QueryWord out(s);
  out.query = kept.queries.read(best.slot, settled);
  out.word = kept.words.read(word_address(best.slot), next);
  out.last = out_last;
  out_last.when(next, last_read);
  out_valid.when(next, true).when(out_ready, false);
  number.when(taken | last_read, 0).when(take | next, lib::increment(number));
  output_stream(m, "issued", Stream<QueryWord>{out, out_valid, out_ready});
}

void NearestFirst::step() {
  last_x.when(start, 0).when(settled, best.x), last_y.when(start, 0).when(settled, best.y);
  freed_slot.when(settled, best.slot);
  Bool out_of_patience = (patience == 0).named("out_of_patience");
  patience.when(start, order.starvation_bound).when(last_read & ~out_of_patience, lib::decrement(patience));
  starving_below.when(start, window).when(last_read & out_of_patience, lib::increment(starving_below));
  arrived.when(start, 0).when(taken, lib::increment(arrived));
  left.when(start, count).when(last_read, lib::decrement(left));
  present.when(start, 0).when(taken, lib::increment(present)).when(last_read, lib::decrement(present));
  row.when(is_empty | is_scan, lib::next_index(row, rows));
  state.when(start, empty)
      .when(is_empty & last_row, fill)
      .when(ready_to_choose, mux(left == 0, UInt::constant(m, idle, 3), UInt::constant(m, scan, 3)))
      .when(is_scan & last_row, settle)
      .when(settled, issue)
      .when(last_read, fill);
}

}  // namespace

const Module& build_nearest_first(Design& d, const Shapes& s) {
  return d.module("nearest_first", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Of the candidates in the pool the one nearest to the query issued last (Manhattan distance of the references "
        "in the first level) is next, the earliest of those equally near; one that was passed over starvation_bound "
        "times comes first.");
    NearestFirst block{m, s};
    m.parameter("window", block.window);
    m.parameter("distance_units", block.units);
    m.parameter("starvation_bound", block.order.starvation_bound);
    block.ports();
    block.states();
    Kept kept = block.take_candidate();
    block.pool();
    const Candidate written = block.entered();
    block.scan_rows();
    block.choose(block.choices(written));
    block.give_words(kept);
    block.step();
  });
}

}  // namespace quillgen::accel
