// Blocks of the policy `region`, against the model of regions (verif/estimate/region_cache.hpp) and the plain idea of a
// pixel in memory.
#include <map>
#include <numeric>
#include <set>

#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "estimate/region_cache.hpp"
#include "lib/fifo.hpp"
#include "unit/block_bench.hpp"
#include "unit/expected_sample.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// Those of the other blocks with regions, tori of several shapes, levels without a window, and small groups.
std::vector<Config> region_configs() {
  std::vector<std::vector<std::string>> overrides = {
      {"feature_cache.kilobytes=2", "feature_cache.margin=1"},
      {"attention.embed_dim=4", "attention.heads=1", "attention.levels=1", "attention.points=1", "gemm.rows=1",
       "feature_cache.region_queries=1"},
      {"attention.embed_dim=24", "attention.heads=4", "attention.levels=3", "attention.points=2", "gemm.rows=1",
       "gemm.columns=6", "gemm.depth=8", "numerics.preset=mixed", "feature_cache.kilobytes=16", "memory.data_bits=64",
       "memory.max_outstanding=4", "feature_cache.region_queries=4", "feature_cache.level_parts=[8,4,4]"},
      {"attention.embed_dim=8", "attention.heads=4", "attention.levels=1", "attention.points=3",
       "numerics.preset=mixed", "gemm.rows=2", "gemm.columns=12", "core.head_lanes=2", "core.projection_columns=2",
       "memory.max_outstanding=8", "feature_cache.kilobytes=2", "feature_cache.margin=3"},
      {"attention.embed_dim=16", "attention.heads=8", "attention.levels=2", "attention.points=1", "gemm.rows=4",
       "gemm.columns=24", "gemm.depth=8", "core.head_lanes=4", "core.projection_columns=1", "memory.max_outstanding=16",
       "feature_cache.kilobytes=8", "feature_cache.region_queries=2"},
      {"attention.embed_dim=12", "attention.heads=3", "attention.levels=2", "attention.points=1",
       "numerics.preset=int12", "memory.data_bits=256", "feature_cache.kilobytes=8", "feature_cache.level_parts=[4,4]",
       "attention.max_width=37", "attention.max_height=5"},
      {"attention.embed_dim=6", "attention.heads=3", "attention.levels=2", "attention.points=1", "memory.data_bits=128",
       "feature_cache.kilobytes=4", "attention.max_width=37", "attention.max_height=5"}};
  // Nothing by demand: half sides of 1, 2, 3, 5 and more, at the least size and above, one and several heads and lanes.
  const std::vector<std::vector<std::string>> ranged = {
      {"feature_cache.kilobytes=4", "pruning.max_range=3", "feature_cache.region_ranges=[3,1]"},
      {"feature_cache.kilobytes=8", "pruning.max_range=1", "feature_cache.region_ranges=[0,1]",
       "feature_cache.region_queries=2", "core.head_lanes=2", "gemm.columns=8"},
      {"attention.embed_dim=4", "attention.heads=1", "attention.levels=1", "attention.points=1", "gemm.rows=1",
       "feature_cache.region_queries=1", "pruning.max_range=1", "feature_cache.region_ranges=[0]"},
      {"attention.embed_dim=12", "attention.heads=3", "attention.levels=3", "attention.points=1",
       "numerics.preset=int12", "memory.data_bits=64", "feature_cache.kilobytes=128", "attention.max_width=37",
       "attention.max_height=21", "pruning.max_range=11", "feature_cache.region_ranges=[11,8,5]"},
      {"attention.embed_dim=16", "attention.heads=8", "attention.levels=2", "attention.points=1", "gemm.rows=4",
       "gemm.columns=24", "gemm.depth=8", "core.head_lanes=4", "core.projection_columns=1", "memory.max_outstanding=16",
       "feature_cache.kilobytes=64", "attention.max_width=64", "attention.max_height=5", "pruning.max_range=12",
       "feature_cache.region_ranges=[4,12]", "feature_cache.region_queries=4"}};
  overrides.insert(overrides.end(), ranged.begin(), ranged.end());
  std::vector<Config> configs;
  for (const auto& list : overrides)
    for (const char* overlap : {"refetch", "copy"}) {
      auto all = list;
      all.push_back("feature_cache.policy=region");
      all.push_back(fmt::format("feature_cache.overlap={}", overlap));
      configs.push_back(load_preset("nano", all));
    }
  return configs;
}

void for_all_regions(const std::function<void(const Config&, StreamBench::Options)>& test) {
  std::uint64_t seed = 1;
  for (const Config& config : region_configs())
    for (const int stall : {0, 30, 60}) {
      INFO(fmt::format("{}, {} KB; seed {}, stalls {} %", describe(config), config.feature_cache.kilobytes, seed,
                       stall));
      test(config, {.seed = seed, .stall_percent = stall});
      ++seed;
    }
}

/// Levels and references of a job: near each other for a while, anywhere, and outside the map.
struct Scene {
  std::vector<model::LevelShape> levels;
  std::vector<std::int32_t> references;  ///< [queries, L, values]
  int queries = 0, values = 2;
};
Scene random_scene(const Config& config, Random& random, int queries) {
  const auto& a = config.attention;
  Scene scene{{}, {}, queries, random.chance(50) ? 2 : 4};
  for (int l = 0; l < a.levels; ++l)
    scene.levels.push_back({static_cast<int>(random.in(1, a.max_height)), static_cast<int>(random.in(1, a.max_width))});
  std::int64_t x = 0, y = 0;
  const auto step = random.in(1, 40000);
  for (int q = 0; q < queries; ++q) {
    const bool jump = random.chance(10);
    x = jump ? random.in(-70000, 140000) : x + random.in(-step, step) / 4;
    y = jump ? random.in(0, 65535) : y + random.in(-step, step) / 4;
    if (random.chance(1)) x = random.number(32), y = random.number(32);
    for (int l = 0; l < a.levels; ++l) {
      const std::int64_t box[] = {x + random.in(-500, 500), y, random.in(0, 131071), random.in(0, 131071)};
      for (int i = 0; i < scene.values; ++i) scene.references.push_back(static_cast<std::int32_t>(box[i]));
    }
  }
  return scene;
}

/// The low bits of the pair of blocks at place 0 of a torus that is the last before that of `block`, as many as it
/// takes to tell two turns of the longest side.
std::int64_t origin_of(const std::vector<RegionLevel>& shares, int block, int side) {
  int longest = 2;
  for (const auto& level : shares) longest = std::max({longest, level.columns, level.rows});
  const int pair = block / 2, origin = pair - pair % (side / 2);
  return origin % power_of_two(longest);
}

}  // namespace

TEST_CASE("planner: groups and windows are those of the model, references pass unchanged") {
  std::size_t all_groups = 0, full = 0, all_queries = 0;
  for_all_regions([&](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_region_planner);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto shares = region_levels(config);
    const auto origin = [&](int block, int side) { return origin_of(shares, block, side); };
    for (int job = 0; job < 3; ++job) {
      const auto scene = random_scene(config, random, static_cast<int>(random.in(1, 60)));
      for (std::size_t l = 0; l < scene.levels.size(); ++l) {
        sim.set(fmt::format("levels_width_{}", l), static_cast<unsigned>(scene.levels[l].width));
        sim.set(fmt::format("levels_height_{}", l), static_cast<unsigned>(scene.levels[l].height));
      }
      sim.set("queries", static_cast<unsigned>(scene.queries));
      sim.set("boxes", scene.values == 4);
      pulse(bench, "start");
      std::vector<int> schedule(static_cast<std::size_t>(scene.queries));
      std::iota(schedule.begin(), schedule.end(), 0);
      const auto groups = estimate::region_groups(config, scene.levels, scene.references, scene.values, schedule);
      const auto word = [&](std::size_t i) {
        return static_cast<std::int64_t>(static_cast<std::uint32_t>(scene.references[2 * i]) |
                                         static_cast<std::uint64_t>(scene.references[2 * i + 1]) << 32);
      };
      const auto words = scene.references.size() / 2;
      for (std::size_t i = 0; i < words; ++i) bench.push("word", {word(i)});
      bench.push("word", {-1});  // beyond the last query
      bench.forget("word_out"), bench.forget("group");
      bench.expect("word_out", words), bench.expect("group", groups.size());
      bench.run();
      for (std::size_t i = 0; i < words; ++i)
        REQUIRE(bench.received("word_out")[i][0] == static_cast<std::uint64_t>(word(i)));
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const auto& got = bench.received("group")[g];
        std::vector<std::uint64_t> want = {static_cast<std::uint64_t>(groups[g].queries)};
        for (std::size_t l = 0; l < shares.size(); ++l)
          if (const auto& w = groups[g].windows[l]; shares[l].has_window()) {
            for (const int side : {w.left, w.right, w.top, w.bottom}) want.push_back(static_cast<std::uint64_t>(side));
            if (!has_ranged_regions(config)) continue;
            want.push_back(origin(w.left, shares[l].columns)), want.push_back(origin(w.top, shares[l].rows));
          }
        REQUIRE(got == want);
        full += groups[g].queries == config.feature_cache.region_queries;
      }
      all_groups += groups.size(), all_queries += static_cast<std::size_t>(scene.queries);
    }
  });
  MESSAGE(fmt::format("{} groups of {} queries, {} of them full", all_groups, all_queries, full));
  CHECK(full > 50);
  CHECK(all_groups > full + 200);
}

namespace {

/// Joined as in a lane: corners and groups in, samples out, lines read through data and region_data.
const hdl::Module& build_region_cache(hdl::Design& d, const accel::Shapes& all) {
  using namespace hdl;
  using namespace accel;
  const Shapes s = all.lane();
  return d.module("region_cache", [&](Module& m) {
    auto levels = input(m, "levels", LevelShapes(s));
    auto first_head = input(m, "first_head", UInt(Shapes::bits(s.config.attention.heads)));
    auto group = input_stream(m, "group", RegionGroup(s));
    Instance lookup(m, "region_lookup", build_region_lookup(d, s));
    lookup.in_stream("corners", input_stream(m, "corners", Corners(s)));
    for (const char* count : {"hits", "misses"}) output(m, count, lookup.out(count, UInt(3)));
    Instance demand, region(m, "region_fetch", build_region_fetch(d, s));
    if (s.has_demand()) demand = Instance(m, "line_fetch", build_line_fetch(d, s));
    for (int l = 0; l < s.a.levels; ++l) {
      const auto port = fmt::format("start_{}", l);
      auto start = input(m, port, UInt(s.address_bits()));
      region.in(port, start);
      if (s.has_demand()) demand.in(port, start);
    }
    region.in("levels", levels), region.in("first_head", first_head);
    auto data = input(m, "data", UInt(s.data_bits()));
    auto data_valid = input(m, "data_valid", Bool());
    if (s.has_demand()) {
      demand.in("levels", levels), demand.in("first_head", first_head);
      demand.in_stream("miss", lookup.out_stream("miss", LineName(s)));
      demand.in("data", data), demand.in("data_valid", data_valid);
      output_stream(m, "request", demand.out_stream("request", BurstRequest(s)));
    } else {  // for the same test: nothing is asked for
      discard(data), discard(data_valid);
      BurstRequest none(s);
      none.address = UInt::constant(m, 0, s.address_bits()), none.length = UInt::constant(m, 0, 8);
      output_stream(m, "request", stream(m, "no_request", Bool::constant(m, false), none));
    }
    region.in("clear", input(m, "clear", Bool())), region.in("map_complete", Bool::constant(m, true));
    region.in_stream("group", group);
    lookup.in_stream("group", lib::fifo(d, m, "begun_regions", region.out_stream("begun", RegionGroup(s)), 2));
    region.in("data", input(m, "region_data", UInt(s.data_bits())));
    region.in("data_valid", input(m, "region_data_valid", Bool()));
    output_stream(m, "region_request", region.out_stream("request", BurstRequest(s)));
    Instance buffer(m, "feature_buffer", build_feature_buffer(d, s));
    buffer.in_stream("entry", lookup.out_stream("entry", QueueEntry(s)));
    if (s.has_demand()) buffer.in_stream("line", demand.out_stream("line_out", UInt(s.line_bits())));
    buffer.in_stream("region", region.out_stream("line", RegionLine(s)));
    region.in("freed", buffer.out("freed", Bool()));
    output(m, "waiting", buffer.out("waiting", Bool()));
    output_stream(m, "sample", buffer.out_stream("sample", Sample(s)));
  });
}

}  // namespace

TEST_CASE("region cache: every pixel that is read, inside and outside; lines brought, copied and demanded") {
  std::int64_t pixels = 0, all_hits = 0, all_misses = 0, all_copied = 0, all_fetched = 0;
  for_all_regions([&](const Config& config, StreamBench::Options options) {
    const Block block(config, build_region_cache);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& a = config.attention;
    const auto& n = config.numerics;
    const int heads = a.heads / config.core.lanes();
    const auto line = static_cast<std::uint64_t>(line_bytes(config));
    const auto shares = region_levels(config);
    const auto origin = [&](int block, int side) { return origin_of(shares, block, side); };
    sim.set("clear", 0);
    ReadMemory demand(bench, "request", config.memory.data_bits, options),
        region(bench, "region_request", config.memory.data_bits, options, "region_data");
    std::int64_t hits = 0, misses = 0;
    bench.on_cycle([&](auto& now) {
      demand.cycle(), region.cycle();
      hits += static_cast<std::int64_t>(now.get("hits")), misses += static_cast<std::int64_t>(now.get("misses"));
    });
    for (int job = 0; job < 3; ++job) {  // the memory changes between jobs: nothing of the one before may be left
      demand.salt = region.salt = static_cast<std::uint64_t>(job);
      hits = misses = 0;
      const auto demand_before = demand.bursts.size();
      const auto region_before = region.asked;
      const auto first_head = random.in(0, config.core.lanes() - 1) * heads;
      sim.set("first_head", static_cast<std::uint64_t>(first_head));
      const auto scene = random_scene(config, random, static_cast<int>(random.in(1, 25)));
      std::vector<std::uint64_t> start;
      std::uint64_t address = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * line;
      for (std::size_t l = 0; l < scene.levels.size(); ++l) {
        const auto& level = scene.levels[l];
        start.push_back(address);
        address += static_cast<std::uint64_t>(divide_up(level.height, 2) * divide_up(level.width, 2) * a.heads) * line;
        sim.set(fmt::format("levels_width_{}", l), static_cast<unsigned>(level.width));
        sim.set(fmt::format("levels_height_{}", l), static_cast<unsigned>(level.height));
        sim.set(fmt::format("start_{}", l), start.back());
      }
      pulse(bench, "clear");
      std::vector<int> schedule(static_cast<std::size_t>(scene.queries));
      std::iota(schedule.begin(), schedule.end(), 0);
      const auto groups = estimate::region_groups(config, scene.levels, scene.references, scene.values, schedule);

      std::vector<ExpectedSample> wanted;
      std::int64_t inside = 0, outside = 0, fetched = 0, copied = 0;
      const estimate::RegionGroup* before = nullptr;
      for (const auto& group : groups) {
        Words words = {group.queries};
        for (std::size_t l = 0; l < shares.size(); ++l) {
          const auto& w = group.windows[l];
          if (shares[l].has_window()) words.insert(words.end(), {w.left, w.right, w.top, w.bottom});
          if (has_ranged_regions(config))
            words.insert(words.end(), {origin(w.left, shares[l].columns), origin(w.top, shares[l].rows)});
          const auto shared = before != nullptr && config.feature_cache.overlap == copy
                                  ? estimate::shared(w, before->windows[l]).blocks()
                                  : 0;
          copied += shared * heads, fetched += (w.blocks() - shared) * heads;
        }
        bench.push("group", words);
        before = &group;
        for (int q = 0; q < group.queries; ++q)
          for (std::int64_t samples = random.in(1, 9); samples > 0; --samples) {
            const auto l = static_cast<std::size_t>(random.in(0, a.levels - 1));
            const auto level = scene.levels[l];
            const auto& w = group.windows[l];
            const auto head = random.in(0, heads - 1);
            // About the window, or anywhere.
            const bool near = !w.empty() && random.chance(75);
            const auto x = near ? random.in(2 * w.left - 1, 2 * w.right + 1) : random.in(-2, level.width + 1),
                       y = near ? random.in(2 * w.top - 1, 2 * w.bottom + 1) : random.in(-2, level.height + 1);
            ExpectedSample e;
            e.last_of_query = samples == 1, e.last_of_head = e.last_of_query || random.chance(30);
            Words in;
            std::set<std::pair<std::int64_t, std::int64_t>> blocks;
            for (int corner = 0; corner < 4; ++corner) {
              const auto cx = x + corner % 2, cy = y + corner / 2;
              const bool in_map = cx >= 0 && cx < level.width && cy >= 0 && cy < level.height;
              // Of a job within its ranges nothing is read outside.
              const bool readable = in_map && (!has_ranged_regions(config) ||
                                               w.holds(static_cast<int>(cy / 2), static_cast<int>(cx / 2)));
              const auto weight = readable && !random.chance(15) ? random.in(1, 1 << n.corner_bits) : 0;
              in.push_back(weight);
              if (weight == 0) continue;
              blocks.insert({cy / 2, cx / 2});
              const auto number = (cy / 2 * divide_up(level.width, 2) + cx / 2) * a.heads + first_head + head;
              const auto parity = static_cast<std::size_t>(cy % 2 * 2 + cx % 2);
              e.by_parity[parity] = {
                  weight, start[l] + static_cast<std::uint64_t>(number) * line +
                              parity * static_cast<std::uint64_t>(a.head_dim() * element_bytes(n.feature_bits))};
            }
            for (const auto& [by, bx] : blocks)
              ++(w.holds(static_cast<int>(by), static_cast<int>(bx)) ? inside : outside);
            in.insert(in.end(), {x, y, head, static_cast<std::int64_t>(l), e.last_of_head, e.last_of_query});
            bench.push("corners", in);
            wanted.push_back(e);
          }
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
                                   n.feature_bits, demand.salt));
          ++pixels;
        }
        REQUIRE(got[4 * words + 4] == wanted[i].last_of_head);
        REQUIRE(got[4 * words + 5] == wanted[i].last_of_query);
      }
      CHECK(hits == inside);
      CHECK(misses == outside);
      CHECK(static_cast<std::int64_t>(demand.bursts.size() - demand_before) == outside);
      CHECK(region.asked - region_before == fetched * line_beats(config));
      CHECK(region.sent == region.asked);
      all_hits += hits, all_misses += misses, all_copied += copied, all_fetched += fetched;
    }
  });
  MESSAGE(fmt::format("{} pixels; {} lines inside, {} outside; {} brought, {} copied", pixels, all_hits, all_misses,
                      all_fetched, all_copied));
  CHECK(all_hits > 1000);
  CHECK(all_copied > 1000);
}
