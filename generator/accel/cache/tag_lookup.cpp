// Tags of the line cache.
//
// A sample touches up to four lines (2x2 blocks of pixels, or parts of them); lines that touch differ in the parity of
// their row or column, so four tag banks by that parity look them all up in one cycle, and they cannot evict one
// another. A missing line is entered into the tags and asked for at once: a later sample finds it there, and since the
// queue is worked off in order, its data are there too when that sample is read. A line that a sample far from its
// reference misses is asked for likewise, but no tag is entered: it goes into the place of its bank beside the sets.
#include <fmt/core.h>

#include <numeric>
#include <utility>

#include "accel/blocks.hpp"
#include "accel/cache/sample_lines.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A sample split by parity: which lines it needs, and the weights of its pixels.
struct LinesOfSample {
  std::array<UInt, 2> column, row;     // of the line with that column (row) parity
  std::array<UInt, banks> weight;      // by pixel parity
  UInt needed;                         // by line parity
  std::optional<UInt> line_x, line_y;  // as in QueueEntry
  SampleTag tag;
  QUILLGEN_FIELDS(column, row, weight, needed, line_x, line_y, tag)
};

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

// Levels that share all sets are spread over them: level 1 half the sets away, levels 2 and 3 a quarter.
std::optional<UInt> level_spread(const Shapes& s, const UInt& level) {
  if (s.has_level_shares() || s.a.levels == 1 || s.config.feature_cache.hashing == 0) return std::nullopt;
  std::vector<Signal> reversed;
  for (int i = 0; i < s.set_bits(); ++i) {
    const int bit = s.set_bits() - 1 - i;
    if (bit < level.width()) reversed.push_back(level.bit(bit));
    else reversed.push_back(Bool::constant(level.module(), false));
  }
  return lib::join(reversed).named("level_spread");
}

UInt set_index(const Shapes& s, const UInt& column, const UInt& row, const UInt& head, const UInt& level,
               const std::optional<UInt>& spread) {
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
  return spread ? index ^ *spread : index;
}

// Where the line lies, hit or entered, and the word of its set then.
struct Entered {
  UInt place, word;
};
Entered enter_in_turn(const Shapes& s, const UInt& set, const UInt& tag, const UInt& word,
                      const std::vector<Bool>& match) {
  Module& m = set.module();
  const int way_bits = 1 + tag.width();
  if (s.ways() == 1) return {set, concat({Bool::constant(m, true), tag})};
  Bool hit = match[0];
  for (std::size_t w = 1; w < match.size(); ++w) hit = hit | match[w];
  UInt victim = word.bits(s.ways() * way_bits, s.way_index_bits());
  UInt hit_way = UInt::constant(m, 0, s.way_index_bits());
  for (int w = 1; w < s.ways(); ++w)
    hit_way = mux(match[static_cast<std::size_t>(w)],
                  UInt::constant(m, static_cast<std::uint64_t>(w), s.way_index_bits()), hit_way);
  std::vector<Signal> ways;  // from the lowest
  for (int w = 0; w < s.ways(); ++w)
    ways.push_back(mux(victim == w, concat({Bool::constant(m, true), tag}), word.bits(w * way_bits, way_bits)));
  ways.push_back(lib::increment(victim));
  return {concat({set, mux(hit, hit_way, victim)}), lib::join(ways)};
}

// Number of the bit of an order of ways that tells whether way a was used after way b; a < b.
int order_bit(int ways, int a, int b) { return a * (2 * ways - a - 1) / 2 + b - a - 1; }

// The way that hits, or else the one used longest ago, is the one used last. Of a cleared set that is way 0, then 1 and
// so on, so its ways are filled in turn before any line is replaced.
Entered enter_by_use(const Shapes& s, const UInt& set, const UInt& tag, const UInt& word,
                     const std::vector<Bool>& match, const Bool& hit, const std::string& bank) {
  Module& m = set.module();
  const int way_bits = 1 + tag.width(), count = s.ways();
  const UInt order = word.bits(count * way_bits, s.replacement_bits());
  std::vector<Bool> used;
  for (int w = 0; w < count; ++w) {
    Bool oldest = Bool::constant(m, true);
    for (int other = 0; other < count; ++other) {
      if (other == w) continue;
      const Bool later = order.bit(order_bit(count, std::min(w, other), std::max(w, other)));  // the lower one was
      oldest = oldest & (w < other ? ~later : later);
    }
    const Bool is_oldest = oldest.named(fmt::format("{}_oldest_{}", bank, w));
    used.push_back(mux(hit, match[static_cast<std::size_t>(w)], is_oldest).named(fmt::format("{}_uses_{}", bank, w)));
  }
  const UInt entered = concat({Bool::constant(m, true), tag});  // a way that hits has it already
  std::vector<Signal> words;                                    // from the lowest
  for (int w = 0; w < count; ++w) {
    const UInt kept = word.bits(w * way_bits, way_bits);
    words.push_back(mux(used[static_cast<std::size_t>(w)], entered, kept));
  }
  for (int a = 0; a < count; ++a)
    for (int b = a + 1; b < count; ++b) {
      const Bool before = order.bit(order_bit(count, a, b)), kept = before & ~used[static_cast<std::size_t>(b)];
      words.push_back(used[static_cast<std::size_t>(a)] | kept);
    }
  std::vector<Signal> number;  // of the way, from the lowest bit
  for (int bit = 0; bit < s.way_index_bits(); ++bit) {
    Bool one = Bool::constant(m, false);
    for (int w = 0; w < count; ++w)
      if (w >> bit & 1) one = one | used[static_cast<std::size_t>(w)];
    number.push_back(one);
  }
  return {concat({set, lib::join(number)}), lib::join(words)};
}

}  // namespace

const Module& build_tag_lookup(Design& d, const Shapes& s) {
  return d.module(s.of_share("tag_lookup"), s, [](Design& d, Module& m, const Shapes& s) {
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
    output(m, "clearing", clearing);

    m.note("Sort pixels and lines by parity.");
    const Corners& c = in.data;
    const SampleLines split = split_sample(m, s, c);
    const LinesOfSample lines{split.x.line,   split.y.line,   split.weight, split.needed,
                              split.x.parity, split.y.parity, c.tag};

    const std::optional<UInt> spread = level_spread(s, c.tag.level);

    lib::Pipeline pipe(m, "lookup", in);
    auto accept = in.fire().named("accept");
    auto at = pipe.stage("line", lines);

    const int tag_bits =
        s.level_bits() + s.head_bits() + std::max(1, s.line_row_bits() - 1) + std::max(1, s.line_column_bits() - 1);
    const int way_bits = 1 + tag_bits;
    auto line_part = [&](const UInt& line) { return line.width() > 1 ? line >> 1 : UInt::constant(m, 0, 1); };
    QueueEntry entry(s);
    entry.weight = at.weight;
    entry.line_x = at.line_x, entry.line_y = at.line_y;
    entry.last_of_head = at.tag.last_of_head, entry.last_of_query = at.tag.last_of_query;
    FoundLines found{{}, {}, at.tag.level, at.tag.head, at.row, at.column};
    std::vector<Wire<Bool>> enter;  // the missing line into its bank
    for (std::size_t p = 0; p < banks; ++p) {
      const std::string bank = "bank_" + std::to_string(p);
      const auto side = [](int length) { return length == 2 ? "block " : ""; };
      m.note(
          fmt::format("Tag bank of lines with {}row parity {}, {}column parity {}. A word: {}, "
                      "then for each way {{valid, tag}}.",
                      side(s.line_height()), p / 2, side(s.line_width()), p % 2,
                      s.has_use_order() ? "which of each two ways was used later" : "the way to replace next"));
      const int word_bits = s.ways() * way_bits + s.replacement_bits();
      UInt next_set = set_index(s, lines.column[p % 2], lines.row[p / 2], lines.tag.head, lines.tag.level, spread)
                          .named(bank + "_next_set");
      auto set = reg(m, bank + "_set", UInt(s.set_bits()));
      set.when(pipe.advance(), next_set);

      Ram tags(m, bank, s.sets(), word_bits, 1);
      auto write = enter.emplace_back(wire(m, bank + "_enter", Bool()));
      auto new_word = wire(m, bank + "_new_word", UInt(word_bits));
      // A word written now is not in the memory's read data yet: it is passed on beside it.
      Bool same = (write & (set == next_set)).named(bank + "_same_set");
      auto forward = reg(m, bank + "_forward", Bool(), 0);
      auto forward_word = reg(m, bank + "_forward_word", UInt(word_bits));
      forward.when(pipe.advance(), same);
      forward_word.when(pipe.advance(), new_word);
      pipe.allow(set), pipe.allow(forward), pipe.allow(forward_word);  // they move with it
      UInt stored = tags.read(next_set, accept & ~same);
      tags.write(clearing | write, mux(clearing, clear_set, set),
                 mux(clearing, UInt::constant(m, 0, 1).extend(word_bits), new_word));
      UInt word = mux(forward, forward_word, stored).named(bank + "_word");

      UInt tag = concat({at.tag.level, at.tag.head, line_part(at.row[p / 2]), line_part(at.column[p % 2])})
                     .named(bank + "_tag");
      std::vector<Bool> match;
      for (int w = 0; w < s.ways(); ++w)
        match.push_back((word.bits(w * way_bits, way_bits) == concat({Bool::constant(m, true), tag}))
                            .named(bank + "_match_" + std::to_string(w)));
      Bool hit = match[0];
      for (int w = 1; w < s.ways(); ++w) hit = hit | match[static_cast<std::size_t>(w)];
      if (s.ways() > 1) hit = hit.named(bank + "_hit");
      Bool need = at.needed.bit(static_cast<int>(p));
      found.missing.push_back((need & ~hit).named(bank + "_missing"));
      found.found.push_back((need & hit).named(bank + "_found"));
      Bool missing_line(m, found.missing.back().id());

      const Entered entered = s.has_use_order() ? enter_by_use(s, set, tag, word, match, hit, bank)
                                                : enter_in_turn(s, set, tag, word, match);
      entry.place[p] = entered.place;
      new_word.drive(entered.word);
      if (at.tag.far) {
        Bool aside = (missing_line & *at.tag.far).named(bank + "_aside");
        entry.place[p] = concat({aside, mux(aside, UInt::constant(m, 0, s.line_place_bits()), entry.place[p])});
      }
    }

    Bool leave = s.has_line_pairs() ? queue_sample(d, m, s, pipe, entry, found) : send_sample(m, s, pipe, entry, found);
    m.note(s.has_use_order() ? "Enter what was missing, and note what was used." : "Enter what was missing.");
    for (std::size_t p = 0; p < banks; ++p) {
      Bool entered = s.has_use_order() ? at.needed.bit(static_cast<int>(p)) : Bool(m, found.missing[p].id());
      enter[p].drive(at.tag.far ? leave & entered & ~*at.tag.far : leave & entered);
    }
  });
}

}  // namespace quillgen::accel
