// Solution of lesson 5: the same samples in two orders.
#include "drive.hpp"

void teach(Lesson& lesson) {
  // The places in the order of rows, and in tiles of 4 x 4.
  std::vector<std::pair<int, int>> rows, tiles;
  for (int query = 0; query < 16 * 16; ++query) {
    rows.emplace_back(query % 16, query / 16);
    const int tile = query / 16, inside = query % 16;
    tiles.emplace_back(4 * (tile % 4) + inside % 4, 4 * (tile / 4) + inside / 4);
  }
  for (const auto& [name, places] : {std::pair{"rows ", rows}, {"tiles", tiles}}) {
    std::mt19937 random(1);
    const auto near = [&](int at) { return std::clamp(at + static_cast<int>(random() % 5) - 2, 0, 14); };
    std::vector<Sample> walk;
    for (const auto& [x, y] : places)
      for (int sample = 0; sample < 8; ++sample) walk.push_back({near(x), near(y), sample / 4});
    for (const int ways : {1, 2, 4}) {
      const Config config = nano_with({"attention.embed_dim=16", "gemm.columns=8", "feature_cache.kilobytes=1",
                                       fmt::format("feature_cache.ways={}", ways)});
      Design design;
      const accel::Shapes shapes(config);
      const Module& tags = accel::build_tag_lookup(design, shapes);
      const auto [hits, misses, requests] = look_up(lesson, config, tags, walk);
      lesson.check(requests == misses, "every missing line is asked for");
      lesson.print("{}, ways {}: {} misses, hits {:.1f} %", name, ways, misses, 100.0 * hits / (hits + misses));
    }
  }
}
