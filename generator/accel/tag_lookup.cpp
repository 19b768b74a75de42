// Tags of the line cache.
//
// A sample touches up to four lines (2x2 blocks of pixels, or parts of them); lines that touch differ in the parity of
// their row or column, so four tag banks by that parity look them all up in one cycle, and they cannot evict one
// another. A missing line is entered into the tags and asked for at once: a later sample finds it there, and since the
// queue is worked off in order, its data are there too when that sample is read. A line that a sample far from its
// reference misses is asked for likewise, but no tag is entered: it goes into the place of its bank beside the sets.
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A sample split by parity: which lines it needs, and the weights of its pixels.
struct Lines {
  std::array<UInt, 2> column, row;     // of the line with that column (row) parity
  std::array<UInt, banks> weight;      // by pixel parity
  UInt needed;                         // by line parity
  std::optional<UInt> line_x, line_y;  // as in QueueEntry
  UInt head, level;
  Bool last_of_head, last_of_query;
  std::optional<Bool> far;
  std::string column_name, row_name;
  template <class F>
  void each(F&& f) {
    for (std::size_t i = 0; i < 2; ++i) f((column_name + "_" + std::to_string(i)).c_str(), column[i]);
    for (std::size_t i = 0; i < 2; ++i) f((row_name + "_" + std::to_string(i)).c_str(), row[i]);
    for (int p = 0; p < banks; ++p) f(("weight_" + std::to_string(p)).c_str(), weight[static_cast<std::size_t>(p)]);
    f("needed", needed);
    if (line_x) f("line_x", *line_x);
    if (line_y) f("line_y", *line_y);
    f("head", head), f("level", level);
    f("last_of_head", last_of_head), f("last_of_query", last_of_query);
    if (far) f("far", *far);
  }
};

// One axis: pixels x0 and x0 + 1, one even and one odd.
struct Axis {
  Bool odd;                    // x0 is odd
  std::array<UInt, 2> line;    // of even, odd number
  std::optional<UInt> parity;  // bit c: parity of the line of the pixel with parity c; c where a line is one pixel long
};

// A line is `length` pixels long, 1 or 2.
Axis split(const SInt& x0, int length, int line_bits, const std::string& name) {
  UInt first = x0.bits(length - 1, line_bits).named(name + "_first");  // line of x0
  Bool odd = x0.bits(0, 1).bit(0).named(name + "_odd");
  if (length == 1) {
    UInt second = lib::increment(first).named(name + "_second");
    return {odd,
            {mux(odd, second, first).named(name + "_even_line"), mux(odd, first, second).named(name + "_odd_line")},
            std::nullopt};
  }
  UInt second = mux(odd, lib::increment(first), first).named(name + "_second");  // block of x0 + 1
  UInt even_pixel =
      mux(odd, second, first)
          .named(name + "_even_pixel");  // block of the even pixel; the odd pixel is in `first` either way
  Bool first_odd = first.bit(0);
  return {odd,
          {mux(first_odd, second, first).named(name + "_even_block"),
           mux(first_odd, first, second).named(name + "_odd_block")},
          concat({first.bit(0), even_pixel.bit(0)}).named(name + "_parity")};
}

// What tells the lines of a bank and level apart, from the lowest bit: head, then column and row in turn.
std::vector<Signal> place_in_level(const Shapes& s, const UInt& column, const UInt& row, const UInt& head) {
  std::vector<Signal> bits;
  for (int i = 0; i < head.width() && s.a.heads > 1; ++i) bits.push_back(head.bit(i));
  for (int i = 1; i < std::max(column.width(), row.width()); ++i) {  // bit 0 chose the bank
    if (i < column.width()) bits.push_back(column.bit(i));
    if (i < row.width()) bits.push_back(row.bit(i));
  }
  if (bits.empty()) bits.push_back(Bool::constant(head.module(), false));  // one line a bank at most
  return bits;
}

// One of 2^set_bits sets: all bits folded with hashing, the lowest without.
UInt set_of(const Shapes& s, std::vector<Signal> bits, int set_bits) {
  const Signal zero = Bool::constant(bits[0].module(), false);
  while (static_cast<int>(bits.size()) % set_bits != 0) bits.push_back(zero);
  UInt all = lib::join(bits);
  UInt index = all.bits(0, set_bits);
  if (s.config.feature_cache.hashing != 0)
    for (int low = set_bits; low < all.width(); low += set_bits) index = index ^ all.bits(low, set_bits);
  return index;
}

// Where the sets of each level begin that has its own: the largest come first, so that each begins at a multiple of
// their number.
std::vector<int> first_sets(const Shapes& s) {
  std::vector<int> order(static_cast<std::size_t>(s.a.levels)), first(order.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return s.level_sets(a) > s.level_sets(b); });
  int next = 0;
  for (const int level : order)
    first[static_cast<std::size_t>(level)] = std::exchange(next, next + s.level_sets(level));
  return first;
}

UInt set_index(const Shapes& s, const UInt& column, const UInt& row, const UInt& head, const UInt& level) {
  Module& m = head.module();
  const auto bits = place_in_level(s, column, row, head);
  if (s.has_level_shares()) {
    const auto first = first_sets(s);
    std::vector<UInt> of_level;
    for (int l = 0; l < s.a.levels; ++l) {
      const int own_bits = Shapes::bits(s.level_sets(l)), above = s.set_bits() - own_bits;
      UInt index = set_of(s, bits, own_bits);
      const auto base = static_cast<std::uint64_t>(first[static_cast<std::size_t>(l)] >> own_bits);
      of_level.push_back(above == 0 ? index : concat({UInt::constant(m, base, above), index}));
    }
    return select(level, of_level);
  }
  UInt index = set_of(s, bits, s.set_bits());
  if (s.a.levels == 1 || s.config.feature_cache.hashing == 0) return index;
  std::vector<Signal> reversed;  // level 1 half the sets away, levels 2 and 3 a quarter
  for (int i = 0; i < s.set_bits(); ++i) {
    const int bit = s.set_bits() - 1 - i;
    if (bit < level.width()) reversed.push_back(level.bit(bit));
    else reversed.push_back(Bool::constant(m, false));
  }
  return index ^ lib::join(reversed);
}

}  // namespace

const Module& build_tag_lookup(Design& d, const Shapes& s) {
  return d.module("tag_lookup", [&](Module& m) {
    m.describe(
        "Tag look-up of the line cache: four tag banks by line parity, checked when a sample is generated. Missing "
        "lines are entered and asked for "
        "at once; the sample goes to the run-ahead queue.");
    m.parameter("sets", s.sets());
    m.parameter("ways", s.ways());
    auto clear = input(m, "clear", Bool());
    auto in = input_stream(m, "corners", Corners(s));

    m.note("Walk over all sets at the start of a job: cached lines are dropped.");
    auto clearing = reg(m, "clearing", Bool(), 0);
    auto clear_set = reg(m, "clear_set", UInt(s.set_bits()), 0);
    clearing.when(clear, true).when(lib::is_last(clear_set, s.sets()), false);
    clear_set.when(clearing, lib::next_index(clear_set, s.sets()));
    output(m, "clearing", static_cast<Bool>(clearing));

    m.note("Sort pixels and lines by parity.");
    const Corners& c = in.data;
    Axis x = split(c.x0, s.line_width(), s.line_column_bits(), "column"),
         y = split(c.y0, s.line_height(), s.line_row_bits(), "row");
    UInt upper_even = mux(x.odd, c.w01, c.w00).named("upper_even"),
         upper_odd = mux(x.odd, c.w00, c.w01).named("upper_odd");
    UInt lower_even = mux(x.odd, c.w11, c.w10).named("lower_even"),
         lower_odd = mux(x.odd, c.w10, c.w11).named("lower_odd");
    Lines lines{x.line,
                y.line,
                {mux(y.odd, lower_even, upper_even), mux(y.odd, lower_odd, upper_odd),
                 mux(y.odd, upper_even, lower_even), mux(y.odd, upper_odd, lower_odd)},
                UInt(),
                x.parity,
                y.parity,
                c.head,
                c.level,
                c.last_of_head,
                c.last_of_query,
                c.far,
                s.line_column_name(),
                s.line_row_name()};
    lines.weight = {named(lines.weight[0], "weight_00"), named(lines.weight[1], "weight_01"),
                    named(lines.weight[2], "weight_10"), named(lines.weight[3], "weight_11")};
    m.note("A line is needed if a pixel with a weight lies in it.");
    std::vector<Bool> reads;
    for (int p = 0; p < banks; ++p)
      reads.push_back(lines.weight[static_cast<std::size_t>(p)].any().named(fmt::format("reads_{}{}", p / 2, p % 2)));
    std::vector<Signal> needed;
    for (int line = 0; line < banks; ++line) {
      Bool any = Bool::constant(m, false);
      for (int pixel = 0; pixel < banks; ++pixel) {
        Bool row_fits = line_parity(m, y.parity, pixel / 2) == Bool::constant(m, line / 2 == 1);
        Bool column_fits = line_parity(m, x.parity, pixel % 2) == Bool::constant(m, line % 2 == 1);
        any = any | (row_fits & column_fits & reads[static_cast<std::size_t>(pixel)]);
      }
      needed.push_back(any.named(fmt::format("needs_{}{}", line / 2, line % 2)));
    }
    lines.needed = lib::join(needed).named("needed");

    lib::Pipeline pipe(m, "lookup", in);
    auto accept = in.fire().named("accept");
    auto at = pipe.stage("line", lines);
    auto leave = wire(m, "leave", Bool());  // the sample in this stage is done

    const int tag_bits =
        s.level_bits() + s.head_bits() + std::max(1, s.line_row_bits() - 1) + std::max(1, s.line_column_bits() - 1);
    const int way_bits = 1 + tag_bits;
    auto line_part = [&](const UInt& line) { return line.width() > 1 ? line >> 1 : UInt::constant(m, 0, 1); };
    std::vector<Signal> missing_list, found_list;
    QueueEntry entry(s);
    for (std::size_t p = 0; p < banks; ++p) {
      const std::string bank = "bank_" + std::to_string(p);
      const auto side = [](int length) { return length == 2 ? "block " : ""; };
      m.note(
          fmt::format("Tag bank of lines with {}row parity {}, {}column parity {}. A word: the way to replace next, "
                      "then for each way {{valid, tag}}.",
                      side(s.line_height()), p / 2, side(s.line_width()), p % 2));
      const int word_bits = s.ways() * way_bits + s.way_index_bits();
      UInt next_set =
          set_index(s, lines.column[p % 2], lines.row[p / 2], lines.head, lines.level).named(bank + "_next_set");
      auto set = reg(m, bank + "_set", UInt(s.set_bits()));
      set.when(pipe.advance(), next_set);

      Ram tags(m, bank, s.sets(), word_bits, 1);
      auto write = wire(m, bank + "_enter", Bool());
      auto new_word = wire(m, bank + "_new_word", UInt(word_bits));
      // A word written now is not in the memory's read data yet: it is passed on beside it.
      Bool same = (write & (set == next_set)).named(bank + "_same_set");
      auto forward = reg(m, bank + "_forward", Bool(), 0);
      auto forward_word = reg(m, bank + "_forward_word", UInt(word_bits));
      forward.when(pipe.advance(), same);
      forward_word.when(pipe.advance(), new_word);
      UInt stored = tags.read(next_set, accept & ~same);
      tags.write(clearing | write, mux(clearing, clear_set, set),
                 mux(clearing, UInt::constant(m, 0, 1).extend(word_bits), new_word));
      UInt word = mux(forward, forward_word, stored).named(bank + "_word");

      UInt tag =
          concat({at.level, at.head, line_part(at.row[p / 2]), line_part(at.column[p % 2])}).named(bank + "_tag");
      std::vector<Bool> match;
      for (int w = 0; w < s.ways(); ++w)
        match.push_back((word.bits(w * way_bits, way_bits) == concat({Bool::constant(m, true), tag}))
                            .named(bank + "_match_" + std::to_string(w)));
      Bool hit = match[0];
      for (int w = 1; w < s.ways(); ++w) hit = hit | match[static_cast<std::size_t>(w)];
      Bool need = at.needed.bit(static_cast<int>(p));
      missing_list.push_back((need & ~hit).named(bank + "_missing"));
      found_list.push_back((need & hit).named(bank + "_found"));
      Bool missing_line(m, missing_list.back().id());
      write.drive(at.far ? leave & missing_line & ~*at.far : leave & missing_line);

      std::vector<Signal> ways;  // from the lowest
      if (s.ways() == 1) {
        entry.place[p] = set;
        ways.push_back(concat({Bool::constant(m, true), tag}));
      } else {
        UInt victim = word.bits(s.ways() * way_bits, s.way_index_bits());
        UInt hit_way = UInt::constant(m, 0, s.way_index_bits());
        for (int w = 1; w < s.ways(); ++w)
          hit_way = mux(match[static_cast<std::size_t>(w)],
                        UInt::constant(m, static_cast<std::uint64_t>(w), s.way_index_bits()), hit_way);
        entry.place[p] = concat({set, mux(hit, hit_way, victim)});
        for (int w = 0; w < s.ways(); ++w)
          ways.push_back(mux(victim == w, concat({Bool::constant(m, true), tag}), word.bits(w * way_bits, way_bits)));
        ways.push_back(lib::increment(victim));
      }
      new_word.drive(lib::join(ways));
      if (at.far) {
        Bool aside = (missing_line & *at.far).named(bank + "_aside");
        entry.place[p] = concat({aside, mux(aside, UInt::constant(m, 0, s.line_place_bits()), entry.place[p])});
      }
    }

    m.note("Ask for the missing lines, one a cycle, lowest parity first.");
    UInt missing = lib::join(missing_list).named("missing");
    auto asked = reg(m, "asked", UInt(banks), 0);
    UInt open = (missing & ~asked).named("open");
    UInt lowest = (open & (~open + 1).wrap(banks)).named("lowest");
    Bool one_left = (open == lowest).named("one_left");
    LineName name(s);
    name.level = at.level, name.head = at.head;
    name.row = mux((open.bits(0, 2)).any(), at.row[0], at.row[1]);
    name.column = mux(lowest.bit(0) | lowest.bit(2), at.column[0], at.column[1]);
    Stream<Lines> done = pipe.finish(static_cast<const Lines&>(at));
    Stream<LineName> miss = stream(m, "miss_out", done.valid & open.any(), name);
    Bool requests_done = (open.is_zero() | (one_left & miss.ready)).named("requests_done");

    // The entry need not wait for its requests, nor they for it: the sample goes when both are through.
    auto queued = reg(m, "queued", Bool(), 0);
    entry.weight = at.weight;
    entry.fill = missing;
    entry.line_x = at.line_x, entry.line_y = at.line_y;
    entry.last_of_head = at.last_of_head, entry.last_of_query = at.last_of_query;
    Stream<QueueEntry> queue = stream(m, "entry_out", done.valid & ~queued, entry);
    Bool entry_done = (queued | queue.ready).named("entry_done");
    done.ready.drive(requests_done & entry_done);
    leave.drive(done.fire());
    asked.when(leave, 0).when(miss.fire(), asked | lowest);
    queued.when(leave, false).when(queue.fire(), true);

    m.note("Lines found and missing, counted in the cycle after the sample left.");
    auto count = [&](const std::string& name, const std::vector<Signal>& list) {
      UInt sum = UInt(m, list[0].id());
      for (std::size_t i = 1; i < list.size(); ++i) sum = sum + UInt(m, list[i].id());
      auto number = reg(m, name + "_left", UInt(3), 0);
      number.next(mux(leave, sum.resize(3), UInt::constant(m, 0, 3)));
      output(m, name, static_cast<UInt>(number));
    };
    count("hits", found_list);
    count("misses", missing_list);
    output_stream(m, "miss", miss);
    output_stream(m, "entry", queue);
  });
}

}  // namespace quillgen::accel
