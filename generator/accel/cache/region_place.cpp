// Where a block lies in a half.
#include "accel/cache/region.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

int half_side(const RegionLevel& level, Side side) { return (side == Side::column ? level.columns : level.rows) / 2; }

UInt half_side(const Shapes& s, Side side, const UInt& level) {
  std::vector<UInt> halves;
  for (const auto& share : region_levels(s.config))
    halves.push_back(
        UInt::constant(level.module(), static_cast<std::uint64_t>(half_side(share, side)), s.torus_bits()));
  return select(level, halves);
}

/// Less than twice half a side: modulo that.
UInt fold(const Shapes& s, Side side, const UInt& level, const UInt& pairs) {
  UInt half = half_side(s, side, level);
  Bool beyond = pairs >= half;
  UInt from_half = (pairs - half).as_uint().wrap(s.torus_bits());
  return mux(beyond, from_half, pairs);
}

}  // namespace

UInt torus_origin(const Shapes& s, Side side, const UInt& level, const UInt& first) {
  const auto shares = region_levels(s.config);
  UInt pair = first >> 1;
  std::vector<UInt> origins;
  for (const auto& share : shares) {
    std::vector<std::uint64_t> table;
    for (int i = 0; i < 1 << pair.width(); ++i) {
      const int origin = i - i % half_side(share, side);
      table.push_back(static_cast<std::uint64_t>(origin) & ((std::uint64_t{1} << s.torus_bits()) - 1));
    }
    origins.push_back(rom(pair, table, s.torus_bits()));
  }
  return select(level, origins);
}

UInt torus_place(const Shapes& s, Side side, const UInt& level, const UInt& block, const UInt& origin) {
  const int bits = s.torus_bits();
  return fold(s, side, level, ((block >> 1).resize(bits) - origin).as_uint().wrap(bits));
}

UInt torus_move(const Shapes& s, Side side, const UInt& level, const UInt& place, const UInt& pairs) {
  return fold(s, side, level, (place + pairs).wrap(s.torus_bits()));
}

UInt torus_row(const Shapes& s, const UInt& level, const UInt& row_place) {
  std::vector<UInt> rows;
  for (const auto& share : region_levels(s.config)) {
    const auto constant = [&](int value) {
      return UInt::constant(level.module(), static_cast<std::uint64_t>(value),
                            std::bit_width(static_cast<unsigned>(std::max(value, 1))));
    };
    rows.push_back((row_place * constant(share.columns / 2) + constant(share.first / region_heads(s.config)))
                       .resize(s.torus_row_bits()));
  }
  return select(level, rows);
}

UInt torus_line(const Shapes& s, const UInt& half, const UInt& row, const UInt& column_place, const UInt& head) {
  const int block_bits = s.torus_block_bits(), head_bits = s.region_head_bits();
  std::vector<Signal> parts = {half};
  if (block_bits > 0) parts.push_back((row + column_place).resize(block_bits));
  if (head_bits > 0) parts.push_back(head.bits(0, head_bits));
  return concat(parts);
}

UInt region_place(const Shapes& s, const UInt& half, const UInt& level, const UInt& by, const UInt& bx,
                  const UInt& head) {
  const int line_bits = Shapes::bits(region_lines(s.config)),
            head_bits = std::countr_zero(static_cast<unsigned>(region_heads(s.config)));
  Module& m = half.module();
  std::vector<UInt> lines;
  for (const auto& share : region_levels(s.config)) {
    if (!share.has_window()) {
      lines.push_back(UInt::constant(m, 0, line_bits));
      continue;
    }
    std::vector<Signal> parts;  // from the highest; bit 0 of row and column chose the bank
    const int rows = std::countr_zero(static_cast<unsigned>(share.rows)) - 1,
              columns = std::countr_zero(static_cast<unsigned>(share.columns)) - 1;
    const int used = rows + columns + head_bits;
    if (used < line_bits)
      parts.push_back(UInt::constant(m, static_cast<std::uint64_t>(share.first) >> used, line_bits - used));
    if (rows > 0) parts.push_back(by.bits(1, rows));
    if (columns > 0) parts.push_back(bx.bits(1, columns));
    if (head_bits > 0) parts.push_back(head.bits(0, head_bits));
    lines.push_back(concat(parts));
  }
  return concat({half, select(level, lines)});
}

}  // namespace quillgen::accel
