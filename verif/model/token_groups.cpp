#include "model/token_groups.hpp"

namespace quillgen::model {

std::int64_t token_groups(const std::vector<LevelShape>& levels, const std::vector<std::uint8_t>& padding, int rows) {
  std::int64_t groups = 0;
  int in_group = 0, blocks = 0;
  for (std::size_t first = 0; const auto& level : levels) {
    const auto live = [&](int x, int y) {
      return x < level.width && y < level.height &&
             (padding.empty() || padding[first + static_cast<std::size_t>(y * level.width + x)] == 0);
    };
    for (int y = 0; y < level.height; y += 2)
      for (int x = 0; x < level.width; x += 2) {
        for (int pixel = 0; pixel < 4; ++pixel) {
          if (!live(x + pixel % 2, y + pixel / 2)) continue;
          if (in_group == 0) blocks = 0;
          if (++in_group == rows) ++groups, in_group = 0;
        }
        if (in_group > 0 && ++blocks == blocks_of_group) ++groups, in_group = 0;
      }
    first += static_cast<std::size_t>(level.width * level.height);
  }
  return groups + (in_group > 0 ? 1 : 0);
}

}  // namespace quillgen::model
