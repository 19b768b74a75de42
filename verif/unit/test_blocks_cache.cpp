// tag_lookup, line_fetch and feature_buffer together, against the plain idea of a pixel in memory.
#include <array>
#include <set>

#include "accel/cache/cache_entry.hpp"
#include "estimate/line_cache.hpp"
#include "unit/block_bench.hpp"
#include "unit/expected_sample.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// Number of the lane's first head.
int first_head(const Config& c) { return c.attention.heads - c.attention.heads / c.core.lanes(); }

/// Joined as in the core: corners in, sample out, lines read through data and data_valid. The cache of the last lane.
const hdl::Module& build_cache(hdl::Design& d, const accel::Shapes& layer) {
  using namespace hdl;
  using namespace accel;
  const Shapes s = layer.lane();
  return d.module("line_cache", [&](Module& m) {
    auto levels = input(m, "levels", LevelShapes(s));
    Instance tags(m, "tag_lookup", build_tag_lookup(d, s));
    tags.in("clear", input(m, "clear", Bool()));
    tags.in_stream("corners", input_stream(m, "corners", Corners(s)));
    output(m, "clearing", tags.out("clearing", Bool()));
    output(m, "hits", tags.out("hits", UInt(3)));
    output(m, "misses", tags.out("misses", UInt(3)));
    Instance fetch(m, "line_fetch", build_line_fetch(d, s));
    fetch.in("levels", levels);
    for (int l = 0; l < s.a.levels; ++l) {
      const auto port = fmt::format("start_{}", l);
      fetch.in(port, input(m, port, UInt(s.address_bits())));
    }
    fetch.in("first_head", UInt::constant(m, static_cast<std::uint64_t>(first_head(s.config)),
                                          Shapes::bits(s.config.attention.heads)));
    fetch.in_stream("miss", tags.out_stream("miss", LineName(s)));
    fetch.in("data", input(m, "data", UInt(s.data_bits())));
    fetch.in("data_valid", input(m, "data_valid", Bool()));
    output_stream(m, "request", fetch.out_stream("request", BurstRequest(s)));
    Instance buffer(m, "feature_buffer", build_feature_buffer(d, s));
    buffer.in_stream("entry", tags.out_stream("entry", QueueEntry(s)));
    if (s.fills_two()) buffer.connect({"line_0", "line_1"}, fetch);
    else buffer.connect("line", fetch, "line_out");
    output(m, "waiting", buffer.out("waiting", Bool()));
    output_stream(m, "sample", buffer.out_stream("sample", Sample(s)));
  });
}

/// With several ways the replacement matters: both of them, and more ways with far samples.
std::vector<Config> cache_configs() {
  auto configs = block_configs();
  for (const auto* ways : {"feature_cache.ways=4", "feature_cache.ways=8"}) {
    const std::vector<std::string> changes = {"attention.embed_dim=16",
                                              "gemm.columns=8",
                                              "gemm.depth=8",
                                              ways,
                                              "feature_cache.line_shape=1x1",
                                              "feature_cache.bypass_distance=4",
                                              "feature_cache.kilobytes=2",
                                              "feature_cache.level_parts=[1,1]"};
    configs.push_back(load_preset("nano", changes));
  }
  for (std::size_t i = configs.size(); i-- > 0;) {
    if (configs[i].feature_cache.ways == 1) continue;
    configs.push_back(configs[i]);
    configs.back().feature_cache.replacement = replace_by_use;
  }
  // Two lines a cycle, and misses that wait: of every shape and replacement.
  for (std::size_t i = configs.size(); i-- > 0;) {
    configs.push_back(configs[i]);
    configs.back().feature_cache.lines_per_cycle = 2;
  }
  return configs;
}

}  // namespace

TEST_CASE("line cache: every pixel that is read, hits and misses") {
  std::int64_t pixels = 0, all_hits = 0, all_misses = 0, all_aside = 0;
  for_all("line cache", cache_configs(), [&](const Config& config, StreamBench::Options options) {
    const Block block(config, build_cache);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& a = config.attention;
    const auto& n = config.numerics;
    const auto block_of_map = static_cast<std::uint64_t>(block_bytes(config)),
               pixel_size = static_cast<std::uint64_t>(a.head_dim() * element_bytes(n.feature_bits));
    // Pixels of a line: 4 or, from any pixel of a block, to the right in its row.
    const int shape = config.feature_cache.line_shape;
    const auto first_pixel = [&](std::uint64_t pixel) {
      return shape == line_2x2 ? 0 : shape == line_2x1 ? pixel / 2 * 2 : pixel;
    };
    const int distance = config.feature_cache.bypass_distance;
    sim.set("clear", 0);
    ReadMemory memory(bench, "request", config.memory.data_bits, options);
    std::int64_t hits = 0, misses = 0;
    bench.on_cycle([&](auto& now) {
      memory.cycle();
      hits += static_cast<std::int64_t>(now.get("hits")), misses += static_cast<std::int64_t>(now.get("misses"));
    });
    for (int job = 0; job < 3; ++job) {  // the memory changes between jobs: nothing of the one before may be left
      memory.salt = static_cast<std::uint64_t>(job);
      hits = misses = 0;
      const auto bursts_before = memory.bursts.size();
      std::vector<model::LevelShape> levels;
      std::vector<std::uint64_t> start;
      std::uint64_t address = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * block_of_map;
      for (int l = 0; l < a.levels; ++l) {
        levels.push_back({static_cast<int>(random.in(1, a.max_height)), static_cast<int>(random.in(1, a.max_width))});
        start.push_back(address);
        const auto blocks = divide_up(levels.back().height, 2) * divide_up(levels.back().width, 2);
        address += static_cast<std::uint64_t>(blocks * a.heads) * block_of_map;
        sim.set(fmt::format("levels_width_{}", l), static_cast<unsigned>(levels.back().width));
        sim.set(fmt::format("levels_height_{}", l), static_cast<unsigned>(levels.back().height));
        sim.set(fmt::format("start_{}", l), start.back());
      }
      sim.set("clear", 1);
      bench.run_cycles(1);
      sim.set("clear", 0);
      while (sim.get("clearing") != 0) bench.run_cycles(1);

      std::vector<ExpectedSample> wanted;
      std::int64_t lookups = 0;
      estimate::LineCache cache(config);
      std::int64_t found = 0, missing = 0;
      std::set<std::uint64_t> touched;
      std::int64_t x = 0, y = 0;
      for (int i = 0; i < 300; ++i) {
        const auto l = static_cast<std::size_t>(random.in(0, a.levels - 1));
        const auto level = levels[l];
        const auto head = random.in(0, a.heads / config.core.lanes() - 1);
        // Anywhere, or near the last one.
        x = random.chance(50) ? random.in(-2, level.width + 1)
                              : std::clamp<std::int64_t>(x + random.in(-1, 1), -2, level.width + 1);
        y = random.chance(50) ? random.in(-2, level.height + 1)
                              : std::clamp<std::int64_t>(y + random.in(-1, 1), -2, level.height + 1);
        ExpectedSample e;
        e.last_of_head = random.chance(30), e.last_of_query = random.chance(30);
        Words in;
        std::set<std::uint64_t> lines;
        unsigned corners = 0;
        for (int corner = 0; corner < 4; ++corner) {
          const auto cx = x + corner % 2, cy = y + corner / 2;
          const bool in_map = cx >= 0 && cx < level.width && cy >= 0 && cy < level.height;
          const auto weight = in_map && !random.chance(15) ? random.in(1, 1 << n.corner_bits) : 0;
          in.push_back(weight);
          if (weight == 0) continue;
          corners |= 1u << corner;
          const auto row = static_cast<std::int64_t>(divide_up(level.width, 2));
          const auto number = static_cast<std::uint64_t>((cy / 2 * row + cx / 2) * a.heads + first_head(config) + head);
          const auto at = start[l] + number * block_of_map;
          const auto parity = static_cast<std::size_t>(cy % 2 * 2 + cx % 2);
          const auto line = at + first_pixel(parity) * pixel_size;
          lines.insert(line), touched.insert(line);
          e.by_parity[parity] = {weight, at + parity * pixel_size};
        }
        lookups += static_cast<std::int64_t>(lines.size());
        in.insert(in.end(), {x, y, head, static_cast<std::int64_t>(l), e.last_of_head, e.last_of_query});
        const bool far = distance > 0 && random.chance(30);
        if (distance > 0) in.push_back(far);
        const auto looked_up =
            cache.look_up({static_cast<std::int16_t>(x), static_cast<std::int16_t>(y),
                           static_cast<std::uint8_t>(corners), static_cast<std::uint16_t>(far ? distance : 0)},
                          static_cast<int>(l), static_cast<int>(head));
        found += looked_up.found, missing += looked_up.missing;
        if (far) all_aside += looked_up.missing;
        bench.push("corners", in);
        wanted.push_back(e);
      }
      bench.forget("sample");
      collect(bench, "sample", wanted.size());
      const auto words = static_cast<std::size_t>(divide_up(a.head_dim() * n.feature_bits, 64));
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto& got = bench.received("sample")[i];
        for (std::size_t p = 0; p < 4; ++p) {
          const auto& corner = wanted[i].by_parity[p];
          REQUIRE(got[4 * words + p] == static_cast<std::uint64_t>(corner.weight));
          if (corner.weight == 0) continue;
          const std::vector<std::uint64_t> pixel(got.begin() + static_cast<std::ptrdiff_t>(p * words),
                                                 got.begin() + static_cast<std::ptrdiff_t>((p + 1) * words));
          for (int c = 0; c < a.head_dim(); ++c)
            REQUIRE(signed_field(pixel, c * n.feature_bits, n.feature_bits) ==
                    stored_element(corner.address + static_cast<std::uint64_t>(c * element_bytes(n.feature_bits)),
                                   n.feature_bits, memory.salt));
          ++pixels;
        }
        REQUIRE(got[4 * words + 4] == wanted[i].last_of_head);
        REQUIRE(got[4 * words + 5] == wanted[i].last_of_query);
      }
      const auto fetched = memory.bursts.size() - bursts_before;
      CHECK(hits + misses == lookups);
      CHECK(hits == found);
      CHECK(misses == missing);
      CHECK(misses == static_cast<std::int64_t>(fetched));
      CHECK(fetched >= touched.size());
      for (auto burst = memory.bursts.begin() + static_cast<std::ptrdiff_t>(bursts_before);
           burst != memory.bursts.end(); ++burst) {
        CHECK(burst->beats == line_beats(config));
        CHECK(touched.contains(burst->address));
      }
      all_hits += hits, all_misses += misses;
    }
  });
  MESSAGE(fmt::format("{} pixels; {} hits, {} misses, {} of them aside", pixels, all_hits, all_misses, all_aside));
  CHECK(all_hits > 1000);
  CHECK(all_aside > 1000);
}

TEST_CASE("line cache: cycles of samples that miss, at the look-up and at the filling") {
  // Samples that miss all four lines, all anew, and the cycles each takes to be written when its lines have come.
  struct Case {
    const char* shape;
    int lines_per_cycle, look_up, fill;
  };
  for (const Case& c : {Case{"2x1", 1, 4, 4}, Case{"1x1", 1, 4, 4}, Case{"2x1", 2, 1, 2}, Case{"1x1", 2, 1, 2}}) {
    const std::vector<std::string> changes = {"attention.embed_dim=16",
                                              "attention.levels=1",
                                              "gemm.columns=8",
                                              "gemm.depth=8",
                                              "feature_cache.kilobytes=64",
                                              "feature_cache.run_ahead=64",
                                              "memory.max_outstanding=16",
                                              fmt::format("feature_cache.line_shape={}", c.shape),
                                              fmt::format("feature_cache.lines_per_cycle={}", c.lines_per_cycle)};
    const auto config = load_preset("nano", changes);
    INFO(std::string(c.shape), ", ", c.lines_per_cycle, " a cycle");
    const Block block(config, build_cache);
    StreamBench bench(block.module, {});
    auto& sim = bench.interpreter();
    ReadMemory memory(bench, "request", config.memory.data_bits, {});
    std::vector<int> looked_up, read;  // cycles in which a sample came in, and went out
    int cycle = 0;
    bench.on_cycle([&](auto& now) {
      memory.cycle();
      if (now.get("corners_valid") != 0 && now.get("corners_ready") != 0) looked_up.push_back(cycle);
      if (now.get("sample_valid") != 0 && now.get("sample_ready") != 0) read.push_back(cycle);
      ++cycle;
    });
    sim.set("levels_width_0", 16), sim.set("levels_height_0", 16), sim.set("start_0", 0);
    pulse(bench, "clear");
    while (sim.get("clearing") != 0) bench.run_cycles(1);
    constexpr int samples = 7;                 // 28 lines
    for (int round = 0; round < 3; ++round) {  // what one leaves behind, say places that stay reserved, slows the next
      memory.bursts.clear(), looked_up.clear(), read.clear(), bench.forget("sample");
      for (int i = 0; i < samples; ++i)
        bench.push("corners", {1, 1, 1, 1, 2 * i + 1, 4 * round + 2 * (i % 2) + 1, 0, 0, 0, 0});
      bench.stall("sample", 100);
      bench.run_cycles(400);  // all lines are there; what went out of the queue holds the first samples
      bench.stall("sample", 0);
      collect(bench, "sample", samples);
      CHECK(memory.bursts.size() == 4 * samples);
      CHECK(looked_up[2] - looked_up[1] == c.look_up);
      for (std::size_t i = 4; i < read.size(); ++i) CHECK(read[i] - read[i - 1] == c.fill);
    }
  }
}
