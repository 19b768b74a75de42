// Lesson 5: the tags of the accelerator's line cache. The same 32 lines, in sets of 1, 2 or 4 ways.
#include <set>

#include "drive.hpp"

void teach(Lesson& lesson) {
  // Queries walk row by row over a map of 16 x 16 pixels; two heads take four samples each, up to 2 pixels away.
  std::mt19937 random(1);
  const auto near = [&](int at) { return std::clamp(at + static_cast<int>(random() % 5) - 2, 0, 14); };
  std::vector<Sample> walk;
  for (int query = 0; query < 16 * 16; ++query)
    for (int sample = 0; sample < 8; ++sample) walk.push_back({near(query % 16), near(query / 16), sample / 4});

  // A line is a block of 2 x 2 pixels: a sample at an odd place needs two in that direction.
  std::size_t lookups = 0;
  std::set<std::tuple<int, int, int>> lines;
  for (const Sample& s : walk)
    for (int y = s.y / 2; y <= (s.y + 1) / 2; ++y)
      for (int x = s.x / 2; x <= (s.x + 1) / 2; ++x) ++lookups, lines.emplace(x, y, s.head);
  lesson.print("{} samples look up {} lines, {} of them for the first time", walk.size(), lookups, lines.size());

  for (const int ways : {1, 2, 4}) {
    // 16 channels in two heads: a line of 2 x 2 pixels has 32 bytes.
    const Config config = nano_with({"attention.embed_dim=16", "gemm.columns=8", "feature_cache.kilobytes=1",
                                     fmt::format("feature_cache.ways={}", ways)});
    Design design;
    const accel::Shapes shapes(config);
    const Module& tags = accel::build_tag_lookup(design, shapes);
    const auto [hits, misses, requests] = look_up(lesson, config, tags, walk);
    lesson.print("ways {}, sets {}, banks 4: {} hits ({:.1f} %), {} misses, {} nodes", ways, most_cache_sets(config),
                 hits, 100.0 * hits / lookups, misses, cost(tags).nodes);
    lesson.check(hits + misses == lookups, "every line is found or missing");
    lesson.check(requests == misses, "every missing line is asked for");
    lesson.check(misses >= lines.size(), "a line is missing when it is touched for the first time");
    if (ways == 2) lesson.verilog(tags);
  }
}
