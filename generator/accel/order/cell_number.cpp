// Where the cell of a reference comes in the order of the sort: along a Hilbert curve, or in vertical strips.
#include <algorithm>
#include <bit>

#include "accel/order/order.hpp"
#include "config/derived.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Number of a cell along the Hilbert curve. From the largest quadrants to the smallest: two bits tell which one, and
// the curve within the lower ones is that of the whole mirrored at a diagonal.
UInt hilbert_index(UInt x, UInt y) {
  std::vector<Signal> digits;
  const int bits = x.width();
  for (int i = bits - 1; i >= 0; --i) {
    const std::string level = std::to_string(i);
    Bool right = x.bit(i), upper = y.bit(i);
    digits.push_back(concat({right, right ^ upper}).named("quadrant_" + level));
    if (i == 0) break;
    Bool flip = (right & ~upper).named("flip_" + level);
    UInt low_x = x.bits(0, i), low_y = y.bits(0, i);
    UInt turned_x = mux(flip, ~low_y, low_y), turned_y = mux(flip, ~low_x, low_x);
    x = mux(upper, low_x, turned_x).named("column_" + level);
    y = mux(upper, low_y, turned_y).named("row_" + level);
  }
  return concat(digits);
}

// Strips of equal widths, a power of two of cells: all is wires, and rows and columns that are turned.
UInt equal_strips(const UInt& column, const UInt& row, int strips) {
  const int strip_bits = std::countr_zero(static_cast<unsigned>(strips)), column_bits = column.width() - strip_bits;
  std::vector<Signal> parts;
  UInt turned_row = row;
  if (strip_bits > 0) {
    UInt strip = column.bits(column_bits, strip_bits).named("strip");
    Bool upwards = strip.bit(0);
    turned_row = mux(upwards, ~row, row).named("turned_row");
    parts.push_back(strip);
  }
  parts.push_back(turned_row);
  if (column_bits > 0) {
    UInt from_left = column.bits(0, column_bits);
    Bool backwards = turned_row.bit(0);
    parts.push_back(mux(backwards, ~from_left, from_left).named("turned_column"));
  }
  return concat(parts);
}

// Any number of strips: strip i begins at column floor(i * 2^b / strips), so that widths differ by a cell at most.
// What follows from the column alone comes from tables of 2^b words; the only product is one by a constant.
UInt uneven_strips(const UInt& column, const UInt& row, int strips) {
  const int bits = column.width(), side = 1 << bits, narrow = side / strips;
  const int position_bits = Shapes::holds(narrow);  // of a strip of narrow + 1 cells
  std::vector<std::uint64_t> first, from_left, from_right, odd, wide;
  for (int strip = 0; strip < strips; ++strip) {
    const int begin = strip * side / strips, end = (strip + 1) * side / strips;
    for (int x = begin; x < end; ++x) {
      first.push_back(static_cast<std::uint64_t>(begin));
      from_left.push_back(static_cast<std::uint64_t>(x - begin));
      from_right.push_back(static_cast<std::uint64_t>(end - 1 - x));
      odd.push_back(strip % 2), wide.push_back(end - begin > narrow);
    }
  }
  UInt strip_begin = rom(column, first, bits).named("strip_begin");
  Bool upwards = rom(column, odd, 1).bit(0).named("upwards"), is_wide = rom(column, wide, 1).bit(0).named("is_wide");
  UInt turned_row = mux(upwards, ~row, row).named("turned_row");
  UInt none = UInt::constant(column.module(), 0, bits);
  UInt of_rows = (turned_row * narrow).named("cells_of_rows"), more = mux(is_wide, turned_row, none);
  UInt left = rom(column, from_left, position_bits).named("from_left"),
       right = rom(column, from_right, position_bits).named("from_right");
  Bool backwards = turned_row.bit(0);
  UInt turned_column = mux(backwards, right, left).named("turned_column");
  UInt in_strip = (of_rows + more + turned_column).named("cells_in_strip");
  return ((strip_begin << bits) + in_strip).wrap(2 * bits);
}

}  // namespace

int order_strips(const Config& c) {
  const std::int64_t side = std::int64_t{1} << c.order.bucket_bits;
  if (c.order.strip_width > 0) return divide_up(static_cast<int>(side), c.order.strip_width);
  const std::int64_t range = c.pruning.max_range > 0 ? c.pruning.max_range : 8, around = 2 * range + 2;
  const std::int64_t share =
      c.feature_cache.level_parts.empty() ? std::int64_t{cache_bytes(c)} * 3 / 4 : std::int64_t{level_bytes(c, 0)};
  // Both sides of S / (C e (2 R + 2 + H / 2^b)) - (2 R + 2) times `column`: bytes of a column of pixels, times 2^b.
  const std::int64_t column = std::int64_t{c.attention.embed_dim} * element_bytes(c.numerics.feature_bits) *
                              (around * side + c.attention.max_height);
  const std::int64_t room = share * side - around * column;
  std::int64_t strips = c.attention.max_width / (range + 1);
  if (room > 0) strips = std::min(strips, column * c.attention.max_width / room);
  return static_cast<int>(std::clamp<std::int64_t>(strips, 1, side));
}

UInt cell_number(const Shapes& s, const UInt& column, const UInt& row) {
  if (s.config.order.curve == hilbert_curve) return hilbert_index(column, row);
  const int strips = order_strips(s.config);
  return std::has_single_bit(static_cast<unsigned>(strips)) ? equal_strips(column, row, strips)
                                                            : uneven_strips(column, row, strips);
}

}  // namespace quillgen::accel
