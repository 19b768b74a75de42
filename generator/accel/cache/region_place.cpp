// Where a block lies in a half.
#include "accel/cache/region.hpp"

namespace quillgen::accel {

using namespace hdl;

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
    const int rows = share.row_bits - 1, columns = share.column_bits - 1;
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
