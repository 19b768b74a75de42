#include "estimate/lines_touched.hpp"

#include <algorithm>

namespace quillgen::estimate {

std::array<std::int64_t, 3> lines_touched(const Demand& demand) {
  const auto& layer = demand.layer;
  std::vector<std::size_t> first, columns;  // of each level: block, and blocks of a row
  std::size_t blocks = 0;
  for (const auto& level : layer.level_shapes) {
    first.push_back(blocks);
    columns.push_back(static_cast<std::size_t>(level.width + 1) / 2);
    blocks += static_cast<std::size_t>(level.height + 1) / 2 * columns.back();
  }
  const auto heads = static_cast<std::size_t>(layer.heads),
             of_head = static_cast<std::size_t>(layer.samples_per_head());
  std::vector<std::uint8_t> touched(blocks * heads);  // bit 2 * row + column: that pixel of the block
  const auto touch = [&](std::size_t s) {
    const auto& p = demand.places[s];
    const auto level = static_cast<std::size_t>(layer.level_of(static_cast<int>(s % of_head)));
    const std::size_t head = s / of_head % heads;
    for (int i = 0; i < 4; ++i)
      if (p.corners >> i & 1) {
        const auto y = static_cast<std::size_t>(p.y + i / 2), x = static_cast<std::size_t>(p.x + i % 2);
        touched[(first[level] + y / 2 * columns[level] + x / 2) * heads + head] |=
            static_cast<std::uint8_t>(1u << (2 * (y % 2) + x % 2));
      }
  };
  const auto row = heads * of_head;
  if (demand.index_list.empty())
    for (std::size_t s = 0; s < demand.places.size(); ++s) touch(s);
  for (const int query : demand.index_list)
    for (std::size_t s = 0; s < row; ++s) touch(static_cast<std::size_t>(query) * row + s);
  std::array<std::int64_t, 3> lines = {};
  for (const unsigned pixels : touched) {
    const int upper = (pixels & 3) != 0, lower = (pixels & 12) != 0;
    lines[line_2x2] += pixels != 0, lines[line_2x1] += upper + lower;
    for (unsigned left = pixels; left != 0; left &= left - 1) ++lines[line_1x1];
  }
  return lines;
}

}  // namespace quillgen::estimate
