// How often each pixel is read (NUMERICS.md N20): a counter for each, in four banks by the parity of row and column, so
// that the corners of a sample are in different ones. A bank has a word for each 2x2 block, level after level, row
// after row.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct LevelWidths {  // of LevelShapes
  std::vector<UInt> width;
  explicit LevelWidths(const Shapes& s) : width(static_cast<std::size_t>(s.a.levels), UInt(s.side_bits())) {}
  QUILLGEN_FIELDS(width)
};

// Where the corners of a sample lie: the even row and column among its two, as those of a block, and whether the odd
// ones lie before them.
struct Counted {
  UInt row, column;
  Bool row_back, column_back;
  UInt level;
  UInt need;  // by parity, as banks: corners with a weight
  explicit Counted(const Shapes& s)
      : row(s.pixel_bits() - 1), column(s.pixel_bits() - 1), level(s.level_bits()), need(4) {}
  QUILLGEN_FIELDS(row, column, row_back, column_back, level, need)
};

// .. as addresses.
struct Addressed {
  UInt row;       // first block of the even row
  UInt distance;  // from the row before it
  UInt column;
  Bool row_back, column_back;
  UInt need;
  explicit Addressed(const Shapes& s)
      : row(s.count_address_bits()), distance(s.count_address_bits()), column(s.count_address_bits()), need(4) {}
  QUILLGEN_FIELDS(row, distance, column, row_back, column_back, need)
};

}  // namespace

const Module& build_pixel_counts(Design& d, const Shapes& s) {
  return d.module("pixel_counts", s, [](Design&, Module& m, const Shapes& s) {
    const int address_bits = s.count_address_bits(), bits = s.count_bits(), words = s.count_words();
    m.describe(
        "Counts, of a job that wants it, how often each pixel is a corner with a weight, saturating, and the exact sum "
        "of each level. Counts are zero again when they have been read.");
    m.parameter("count_bits", bits);
    m.parameter("words", words);
    auto clear = input(m, "clear", Bool());
    auto places = input(m, "places", CountPlaces(s));
    auto levels = input(m, "levels", LevelWidths(s));
    auto taken = input(m, "taken", Bool());
    auto corners = input(m, "corners", ReadCorners(s));
    auto read = input(m, "read", CountRead(s));

    discard(read.level);  // of one level
    m.note("After a reset, also that of a job which was stopped, counts may be anything: the next job clears them.");
    auto unknown = reg(m, "unknown", Bool(), 1), clearing = reg(m, "clearing", Bool(), 0);
    auto clear_word = reg(m, "clear_word", UInt(address_bits), 0);
    Bool last_cleared = (clearing & lib::is_last(clear_word, words)).named("last_cleared");
    clearing.when(clear & places.counts & unknown, true).when(last_cleared, false);
    clear_word.when(clearing, lib::next_index(clear_word, words));
    unknown.when(last_cleared, false);
    output(m, "clearing", clearing);

    m.note("Corners of a sample by the parity of their pixels.");
    const auto of_parity = [&](const Bool& odd, const Bool& first, const Bool& second, bool wants_odd) {
      return wants_odd ? mux(odd, first, second) : mux(odd, second, first);
    };
    const Bool odd_x = corners.x0.bits(0, 1).bit(0), odd_y = corners.y0.bits(0, 1).bit(0);
    const Bool weighs[2][2] = {{corners.w00.any().named("weighs_00"), corners.w01.any().named("weighs_01")},
                               {corners.w10.any().named("weighs_10"), corners.w11.any().named("weighs_11")}};
    std::vector<Signal> need;  // from the lowest
    for (int bank = 0; bank < 4; ++bank) {
      const bool column = bank % 2 != 0, row = bank / 2 != 0;
      const Bool upper = of_parity(odd_x, weighs[0][0], weighs[0][1], column),
                 lower = of_parity(odd_x, weighs[1][0], weighs[1][1], column);
      need.push_back(of_parity(odd_y, upper, lower, row));
    }
    // Of a corner that counts no pixel is outside, so neither is the row or column: -1 + 1 and above.
    const auto even = [](const SInt& first) { return ((first + 1) >> 1).as_uint(); };
    Counted counted(s);
    counted.row = even(corners.y0).wrap(counted.row.width()), counted.row_back = odd_y;
    counted.column = even(corners.x0).wrap(counted.column.width()), counted.column_back = odd_x;
    counted.level = corners.level, counted.need = lib::join(need);
    auto count_now = reg(m, "count_now", Bool(), 0);
    count_now.next(taken & places.counts);
    auto sample = reg(m, "sample", Counted(s));
    sample.next(counted);

    m.note("Sums of the levels.");
    UInt corners_read = sample.need.bits(0, 1);
    for (int i = 1; i < 4; ++i) corners_read = corners_read + sample.need.bits(i, 1);
    std::vector<UInt> sums;
    for (int l = 0; l < s.a.levels; ++l) {
      auto sum = reg(m, fmt::format("reads_{}", l), UInt(read_sum_bits));
      sum.when(clear, 0).when(count_now & (sample.level == l), (sum + corners_read).wrap(read_sum_bits));
      sums.push_back(sum);
    }

    m.note("Addresses.");
    std::vector<UInt> across;
    for (const UInt& width : levels.width) across.push_back((width + 1) >> 1);
    const UInt distance = select(sample.level, across);
    Addressed addressed(s);
    addressed.row = (sample.row * distance + select(sample.level, places.first_block)).resize(address_bits);
    addressed.distance = distance.resize(address_bits);
    addressed.column = sample.column.resize(address_bits);
    addressed.row_back = sample.row_back, addressed.column_back = sample.column_back, addressed.need = sample.need;
    auto address_now = reg(m, "address_now", Bool(), 0);
    address_now.next(count_now);
    auto at = reg(m, "at", Addressed(s));
    at.next(addressed);
    const auto back = [&](const UInt& from, const UInt& by, const Bool& moves) {
      return (from - mux(moves, by, UInt::constant(m, 0, by.width()))).as_uint().wrap(address_bits);
    };
    const UInt row[2] = {at.row, back(at.row, at.distance, at.row_back).named("odd_row")},
               column[2] = {at.column, back(at.column, UInt::constant(m, 1, 1), at.column_back).named("odd_column")};

    m.note("A count is read, and written again in the next cycle: one more, or, read for good, zero.");
    auto read_back = reg(m, "read_back", Bool(), 0), was_lower = reg(m, "was_lower", Bool());
    read_back.next(read.enable), was_lower.when(read.enable, read.lower);
    auto was_address = reg(m, "was_address", UInt(address_bits));
    was_address.when(read.enable, read.address);
    std::vector<UInt> values;
    for (int bank = 0; bank < 4; ++bank) {
      const std::string name = fmt::format("bank_{}", bank);
      const bool lower = bank / 2 != 0;
      Ram memory(m, name, words, bits, 1);
      const Bool counts = (address_now & at.need.bit(bank)).named(name + "_counts");
      const UInt place = (row[bank / 2] + column[bank % 2]).wrap(address_bits).named(name + "_place");
      auto update = reg(m, name + "_update", Bool(), 0), forward = reg(m, name + "_forward", Bool());
      auto address = reg(m, name + "_address", UInt(address_bits));
      auto forwarded = reg(m, name + "_forwarded", UInt(bits));
      update.next(counts), address.next(place);
      // A count that is written now is not in the memory's read data yet: it is passed on beside it.
      const Bool same = (update & (address == place)).named(name + "_same");
      forward.next(same);
      const Bool reads = read.enable & (lower ? read.lower : ~read.lower);
      const UInt stored = memory.read(mux(read.enable, read.address, place), reads | (counts & ~same));
      const UInt old = mux(forward, forwarded, stored).named(name + "_old");
      const UInt more = mux(old == mask(bits), old, lib::increment(old)).named(name + "_more");
      forwarded.next(more);
      const Bool zeroes = (read_back & (lower ? was_lower : ~was_lower)).named(name + "_zeroes");
      const UInt zero = UInt::constant(m, 0, bits);
      memory.write(clearing | zeroes | update, mux(clearing, clear_word, mux(zeroes, was_address, address)),
                   mux(clearing | zeroes, zero, more));
      values.push_back(stored);
    }
    m.add_assertion("nothing is counted while counts are read",
                    (~read.enable | ~(taken | count_now | address_now) | ~places.counts).id());
    m.add_assertion("nothing is counted while counts are cleared", (~clearing | ~(taken & places.counts)).id());

    PixelCounts out(s);
    out.left = mux(was_lower, values[2], values[0]), out.right = mux(was_lower, values[3], values[1]);
    out.reads = select(read.level, sums);
    output(m, "counts", out);
  });
}

}  // namespace quillgen::accel
