// The cycle model: line cache, parts and whole jobs, each against figures worked out by hand or rules that must hold.
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "estimate/ahead.hpp"
#include "estimate/burst_writer.hpp"
#include "estimate/dropped.hpp"
#include "estimate/estimate.hpp"
#include "estimate/line_cache.hpp"
#include "estimate/lines_touched.hpp"
#include "estimate/parameters.hpp"
#include "estimate/pe_array.hpp"
#include "estimate/program.hpp"
#include "estimate/read_port.hpp"
#include "estimate/token_walk.hpp"
#include "plain_config.hpp"
#include "refusal.hpp"

using namespace quillgen;
using namespace quillgen::estimate;
using namespace quillgen::test;

namespace {

/// Corner 00 alone, in the first pixel of a block.
estimate::Place in_block(int by, int bx) {
  return {static_cast<std::int16_t>(2 * bx), static_cast<std::int16_t>(2 * by), 1, 0};
}

Config fitted(Config c, const Demand& d) {
  auto& a = c.attention;
  a.embed_dim = d.layer.embed_dim, a.heads = d.layer.heads, a.levels = d.layer.levels, a.points = d.layer.points;
  a.max_width = a.max_height = 1024;
  a.max_queries = a.max_tokens = 65536;
  return c;
}

Demand small_demand() { return model_demand("rt-detr", {0.25, "60", 1}); }

std::int64_t cycles(const std::vector<std::string>& overrides, const Demand& demand, int latency = 0) {
  return estimate::estimate(fitted(plain_config("quill", overrides), demand), demand, {latency}).cycles;
}

}  // namespace

TEST_CASE("cache: a line misses once, and a sample needs the lines of its corners only") {
  LineCache cache(plain_config("nano"));
  auto look_up = [&](int x, int y, int corners, int head = 0) {
    const auto r = cache.look_up(
        {static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), static_cast<std::uint8_t>(corners), 0}, 0, head);
    return std::pair(r.found, r.missing);
  };
  CHECK(look_up(4, 6, 15) == std::pair(0, 1));  // all in one block
  CHECK(look_up(4, 6, 15) == std::pair(1, 0));
  CHECK(look_up(4, 6, 0) == std::pair(0, 0));
  CHECK(look_up(5, 6, 15) == std::pair(1, 1));  // and the block to the right
  CHECK(look_up(5, 7, 15) == std::pair(2, 2));  // and the two below
  CHECK(look_up(5, 7, 15) == std::pair(4, 0));
  CHECK(look_up(4, 7, 12) == std::pair(1, 0));   // lower corners only
  CHECK(look_up(-1, -1, 8) == std::pair(0, 1));  // corner 11 is pixel (0, 0)
  CHECK(look_up(-1, 1, 10) == std::pair(1, 1));  // column 0 of rows 1 and 2
  CHECK(look_up(4, 6, 15, 1) == std::pair(0, 1));
  CHECK(cache.holds(0, 0, 3, 2));
  CHECK_FALSE(cache.holds(1, 0, 3, 2));
}

TEST_CASE("cache: the ways of a set are replaced in turn, whatever was used last") {
  // nano: 16 sets a bank. The set is {column 2, row 1, column 1, head} exclusive-or {0, row 3, column 3, row 2} of the
  // block's bits, from the highest, and level 1 lies half the sets away: these lines share set 0 of bank 0.
  LineCache cache(plain_config("nano"));
  struct Line {
    int level, head, by, bx;
  };
  const Line a{0, 0, 0, 0}, b{0, 1, 4, 0}, c{1, 0, 0, 4}, other{0, 0, 0, 2};
  const auto misses = [&](const Line& l) { return cache.look_up(in_block(l.by, l.bx), l.level, l.head).missing == 1; };
  const auto there = [&](const Line& l) { return cache.holds(l.level, l.head, l.by, l.bx); };
  CHECK(misses(a));
  CHECK(misses(b));
  CHECK_FALSE(misses(a));
  CHECK(misses(c));  // in the place of a, though b was used less
  CHECK_FALSE(there(a));
  CHECK((there(b) && there(c)));
  CHECK(misses(a));  // in the place of b
  CHECK_FALSE(there(b));
  CHECK(misses(other));  // another set
  CHECK((there(a) && there(c)));
}

TEST_CASE("cache: the way used longest ago is replaced, and what a far sample finds is not used by it") {
  // One level and head without hashing: of lines in even rows and columns, those 32 blocks apart share a set of 4 ways.
  LineCache cache(plain_config(
      "nano", {"feature_cache.replacement=use", "feature_cache.ways=4", "feature_cache.kilobytes=2",
               "feature_cache.hashing=false", "feature_cache.bypass_distance=3", "attention.max_width=512"}));
  const auto look_up = [&](int line, std::uint16_t distance = 0) {
    auto place = in_block(0, 32 * line);
    place.distance = distance;
    return cache.look_up(place, 0, 0).found == 1;
  };
  const auto there = [&] {
    std::vector<int> lines;
    for (int line = 0; line < 8; ++line)
      if (cache.holds(0, 0, 0, 32 * line)) lines.push_back(line);
    return lines;
  };
  REQUIRE(cache.set_of(0, 0, 0, 0) == cache.set_of(0, 0, 0, 32));
  for (int line = 0; line < 3; ++line) CHECK_FALSE(look_up(line));
  CHECK(look_up(0));  // used, though a way is free
  CHECK_FALSE(look_up(3));
  CHECK(there() == std::vector{0, 1, 2, 3});  // none was replaced
  CHECK(look_up(1, 3));                       // found by a far sample, which is no use
  CHECK_FALSE(look_up(4));                    // in the place of 1, not of 0 or 2
  CHECK(there() == std::vector{0, 2, 3, 4});
  CHECK_FALSE(look_up(5, 3));  // enters nothing
  CHECK(there() == std::vector{0, 2, 3, 4});
  CHECK(look_up(2));
  CHECK(look_up(0));
  CHECK_FALSE(look_up(6));
  CHECK(there() == std::vector{0, 2, 4, 6});
  CHECK_FALSE(look_up(7));
  CHECK(there() == std::vector{0, 2, 6, 7});
}

TEST_CASE("cache: lines of a row of two pixels, and of one pixel") {
  using Found = std::pair<int, int>;  // and missing
  const auto look_up = [](LineCache& cache, int x, int y, int corners) {
    const auto r = cache.look_up(
        {static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), static_cast<std::uint8_t>(corners), 0}, 2, 3);
    return Found(r.found, r.missing);
  };
  LineCache rows(plain_config("small", {"feature_cache.line_shape=2x1"}));
  CHECK(look_up(rows, 4, 6, 15) == Found(0, 2));
  CHECK(look_up(rows, 5, 6, 15) == Found(2, 2));   // and the pairs to the right
  CHECK(look_up(rows, 5, 6, 10) == Found(2, 0));   // these alone
  CHECK(look_up(rows, 5, 7, 15) == Found(2, 2));   // row 8 is new
  CHECK(look_up(rows, -1, -1, 8) == Found(0, 1));  // pixel (0, 0)
  CHECK(rows.holds(2, 3, 8, 3));
  LineCache pixels(plain_config("small", {"feature_cache.line_shape=1x1"}));
  CHECK(look_up(pixels, 4, 6, 15) == Found(0, 4));
  CHECK(look_up(pixels, 5, 6, 15) == Found(2, 2));
  CHECK(look_up(pixels, 5, 7, 3) == Found(2, 0));
  CHECK(look_up(pixels, 5, 7, 12) == Found(0, 2));
  CHECK(pixels.holds(2, 3, 8, 6));
  CHECK_FALSE(pixels.holds(2, 3, 8, 7));
}

TEST_CASE("cache: lines of a sample that are written in one cycle, column after column") {
  // Of all four corners and of those that are left out, in a cache that has nothing.
  const auto together = [](const char* shape, int x, int y, int corners) {
    LineCache cache(plain_config("small", {std::string("feature_cache.line_shape=") + shape}));
    return int{cache
                   .look_up({static_cast<std::int16_t>(x), static_cast<std::int16_t>(y),
                             static_cast<std::uint8_t>(corners), 0},
                            1, 2)
                   .together};
  };
  for (const int y : {6, 7}) {
    CHECK(together("1x1", 4, y, 15) == 7);  // any two
    CHECK(together("1x1", 5, y, 9) == 1);
    CHECK(together("2x1", 4, y, 15) == 1);  // one line a row
    CHECK(together("2x1", 4, y, 3) == 0);   // one line
    CHECK(together("2x1", 5, y, 15) == 7);  // even row and odd row of the even column, then even and odd of the odd one
    CHECK(together("2x1", 5, y, 3) == 0);   // two of one row
    CHECK(together("2x1", 5, y, 9) == 1);
    CHECK(together("2x2", 5, y, 15) == 0);
  }
  CHECK(together("2x1", 3, 6, 7) == 2);   // (column, row) of lines: (2, 6), (1, 6), (1, 7)
  CHECK(together("2x1", 3, 6, 14) == 1);  // (2, 6), (2, 7), (1, 7)
}

TEST_CASE("cache: a sample far from its reference finds lines, and enters none") {
  LineCache cache(plain_config("nano", {"feature_cache.bypass_distance=3"}));
  const auto finds = [&](std::uint16_t distance) { return cache.look_up({4, 6, 15, distance}, 0, 0).found == 1; };
  CHECK_FALSE(finds(3));
  CHECK_FALSE(finds(3));
  CHECK_FALSE(finds(2));
  CHECK(finds(3));
  CHECK(finds(65535));
}

TEST_CASE("cache: levels with shares of their own do not evict one another") {
  // Levels of 16 x 16 pixels and 2 heads have 128 blocks, which is what 1 KiB of nano holds.
  const auto misses = [](std::vector<std::string> changes) {
    changes.insert(changes.end(), {"feature_cache.kilobytes=2", "feature_cache.ways=1", "feature_cache.hashing=false"});
    LineCache cache(plain_config("nano", changes));
    int missing = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int level = 0; level < 2; ++level)
        for (int head = 0; head < 2; ++head)
          for (int by = 0; by < 8; ++by)
            for (int bx = 0; bx < 8; ++bx) missing += cache.look_up(in_block(by, bx), level, head).missing;
    return missing;
  };
  CHECK(misses({"feature_cache.level_parts=[1,1]"}) == 256);
  CHECK(misses({}) == 512);  // the lowest bits of both levels' places are the same
}

TEST_CASE("lines touched, by the shape of a line") {
  auto demand = small_demand();
  demand.layer.heads = demand.layer.levels = demand.layer.points = 1;
  demand.layer.level_shapes = {{5, 4}};
  demand.places = {{0, 0, 15, 0}, {1, 0, 15, 0}, {1, 4, 1, 0}, {3, 3, 1, 0}, {0, 0, 0, 0}};
  // Pixels of rows 0 and 1, columns 0 to 2; (1, 4); (3, 3).
  const auto lines = lines_touched(demand);
  CHECK(lines[line_1x1] == 8);
  CHECK(lines[line_2x1] == 6);
  CHECK(lines[line_2x2] == 4);
}

TEST_CASE("cache: what a lane looks up does not touch the cache of another") {
  const auto demand = small_demand();
  const auto one = run_caches(fitted(plain_config("quill"), demand), demand),
             two = run_caches(fitted(plain_config("quill", {"core.head_lanes=2"}), demand), demand);
  CHECK(one.hits + one.misses == two.hits + two.misses);
  CHECK(one.misses >= demand.lines_touched[line_2x2]);
  CHECK(two.misses >= demand.lines_touched[line_2x2]);
  CHECK(std::accumulate(one.missing.begin(), one.missing.end(), std::int64_t{0}) == one.misses);
  // The map fits.
  CHECK(run_caches(fitted(plain_config("quill", {"feature_cache.kilobytes=1024", "feature_cache.ways=4"}), demand),
                   demand)
            .misses == demand.lines_touched[line_2x2]);
}

TEST_CASE("reader: bursts of 16, cut at 4 KiB, two cycles from one to the next, as far as the buffer has room") {
  Clock clock;
  BurstReader reader(clock, 64, 32);  // 64 beats to a page, and it starts one behind
  reader.request(70);
  CHECK(reader.ask_at == 2);
  CHECK(reader.granted() == 16);
  CHECK(reader.granted() == 16);
  CHECK(reader.ask_at == never);  // 32 of 32 beats are reserved
  for (int i = 0; i < 16; ++i) reader.beat(), reader.take();
  CHECK(reader.granted() == 16);
  for (int i = 0; i < 32; ++i) reader.beat(), reader.take();
  CHECK(reader.granted() == 15);  // up to the page
  CHECK(reader.granted() == 7);
}

TEST_CASE("writer: a burst is sized, waits for its data, then address; data follow those of the burst before") {
  estimate::Memory memory_of_writer(100, 16, nullptr);
  BurstWriter writer(16, memory_of_writer);
  CHECK(writer.request(0) == 0);
  CHECK(writer.run(0, 20, 20) == 0);  // beat i comes in cycle i
  // The 16th in cycle 15: address in 17, data in 18 to 33; the second burst is sized in 18: the 20th beat in 19,
  // address in 21, data to 37.
  CHECK(writer.last_sent() == 37);
  CHECK(writer.done() == 137);
  CHECK(writer.request(0) == 2);  // in place of the first, which was taken up in 1
  CHECK(writer.run(43, 16, 16) == 0);
  CHECK(writer.last_sent() == 43 + 15 + 1 + 1 + 16);
  CHECK(writer.takes_up() == 61);  // behind its address
  // Data of the first burst go in 5 to 20; the 36th beat has room two cycles after the first has gone, the 40th after
  // the fifth.
  estimate::Memory memory_of_full(100, 16, nullptr);
  BurstWriter full(16, memory_of_full);
  full.request(0);
  CHECK(full.run(0, 40, 1) == 11);
  CHECK(full.last_sent() == 44);
  // Runs of a beat that is there: a cycle each to be taken up, sized, found, and for the address.
  estimate::Memory memory_of_single(100, 16, nullptr);
  BurstWriter single(16, memory_of_single);
  for (int i = 0; i < 10; ++i) single.request(0), single.run(0, 1, 1);
  CHECK(single.last_sent() == 5 + 4 * 9);
}

TEST_CASE("array: steps of all tiles, held up when results leave more slowly") {
  const auto results_at = [](const ArrayTiming& t) {
    Clock clock;
    PeArray array(clock, t, 3);
    array.loaded();
    array.loaded();
    while (array.results().size() < 2) {
      clock.acted(), clock.advance();
      array.tick();
    }
    const Cycle first = array.results().front();
    array.results().pop();
    return std::pair(first, array.results().front());
  };
  // First step in cycle 1, last of 8 in 8, copied in 11, away by 13, there in 18; the second group is 8 steps later,
  // and one for the hand-over that the model takes.
  CHECK(results_at({4, 2, 2, 3, 5}) == std::pair<Cycle, Cycle>(18, 26));
  // Draining takes 6: tiles copied in 7, 13, 19, 25.
  CHECK(results_at({4, 2, 6, 3, 5}) == std::pair<Cycle, Cycle>(24, 36));
}

TEST_CASE("loads ahead: what is under way when a job ends goes on as its reader does") {
  constexpr int latency = 100;
  // Cycles that are left when a job ends after `cycles`; the buffer has room for two bursts.
  const auto lead_after = [](Cycle cycles) {
    Clock clock;
    BurstReader reader(clock, 16, 32);
    Ahead ahead(clock, reader, 7, {8, 96});
    estimate::Memory memory(latency, 16, nullptr);
    ReadPort port(clock, memory, {&reader});
    const auto step = [&] {
      clock.advance();
      port.tick();
      ahead.tick();
    };
    clock.acted();
    while (clock.now() < cycles) step(), clock.wake(cycles);
    ahead.end_job();
    while (ahead.under_way()) step();
    return ahead.lead();
  };
  const Lead none = lead_after(0);
  CHECK(!none.begun);
  // Descriptor: asked for in cycle 1, on the bus in 4, 8 beats from 104 on, out of the buffer 3 later, checked 7 later.
  const Lead descriptor = lead_after(50);
  CHECK(descriptor.begun);
  CHECK(descriptor.descriptor == 104 + 7 + 3 + 7 - 50);
  CHECK(descriptor.panel == -1);
  // Panel: six bursts in three turns of two, each a latency and more.
  const Lead panel = lead_after(200);
  CHECK(panel.descriptor == 0);
  CHECK(panel.panel > 121 + 3 * latency - 200);
  CHECK(panel.panel < 121 + 3 * (latency + 40) - 200);
  CHECK(lead_after(1000).panel == 0);
}

TEST_CASE("tokens: packed into groups in the order of the value map") {
  Workload layer;
  layer.level_shapes = {{3, 3}, {1, 1}};
  layer.padding = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0};  // token 3, pixel (1, 0)
  Clock clock;
  TokenWalk walk(clock, layer, 4);
  CHECK(walk.block_count() == 5);
  std::vector<int> groups(1);
  std::vector<std::pair<int, int>> blocks;  // waits, frees
  do {
    if (walk.offers()) {
      ++groups.back();
      if (walk.take()) groups.push_back(0);
    }
    walk.tick();
    while (!walk.blocks().empty())
      blocks.emplace_back(walk.blocks().front().waits, walk.blocks().front().frees), walk.blocks().pop();
  } while (clock.advance());
  CHECK(groups == std::vector{4, 4, 1, 0});
  // Three tokens of the first block and one of the second, its other one and the next ones, ..
  CHECK(blocks == std::vector<std::pair<int, int>>{{1, 0}, {1, 1}, {0, 0}, {0, 1}, {1, 1}});
}

TEST_CASE("estimates: the parts add up") {
  const auto demand = small_demand();
  for (const auto& overrides : {std::vector<std::string>{}, {"core.head_lanes=2"}, {"feature_cache.kilobytes=16"}}) {
    const auto config = fitted(plain_config("quill", overrides), demand);
    const auto e = estimate::estimate(config, demand);
    CHECK(e.setup + e.project + e.fill + e.sampling + e.drain == e.cycles);
    CHECK(e.samples == static_cast<std::int64_t>(demand.places.size()));
    CHECK(e.samples + e.wait_feature + e.wait_output + e.wait_point == config.core.lanes() * e.sampling);
    CHECK(e.bytes_feature == e.line_misses * 128);
    CHECK(e.bytes_value == 128 * 8 * (100 + 25 + 9));  // blocks of 20x20, 10x10, 5x5
    for (const auto& engine : e.engines) {
      CHECK(std::accumulate(engine.by_phase.begin(), engine.by_phase.end(), 0.0) == doctest::Approx(engine.busy));
      CHECK(engine.utilisation <= 1);
    }
    for (const auto& bound : e.roofline.bounds) CHECK(bound.cycles <= static_cast<double>(e.cycles));
    CHECK(e.project_busy == doctest::Approx(e.engine("pe_array").by_phase[1] / static_cast<double>(e.project)));
    CHECK(e.project_useful <= e.project_busy);
    CHECK(to_json(e, config, demand).dump() == to_json(estimate::estimate(config, demand), config, demand).dump());
  }
}

TEST_CASE("estimates: the roofs are the bounds, so that a job at a bound is at its roof") {
  const auto demand = small_demand();
  for (const auto& overrides : {std::vector<std::string>{}, {"memory.data_bits=64"}, {"core.head_lanes=2"}}) {
    for (const bool given : {false, true}) {
      auto asked = demand;
      asked.map_given = given;
      const auto config = fitted(plain_config("quill", overrides), asked);
      const auto r = estimate::estimate(config, asked).roofline;
      const auto cycles_of = [&](const std::string& name) {
        return std::find_if(r.bounds.begin(), r.bounds.end(), [&](const auto& b) { return b.name == name; })->cycles;
      };
      const double roof = std::min(r.compute_roof, r.intensity * r.memory_roof);
      CHECK(r.macs / roof == doctest::Approx(std::max(cycles_of("compute"), cycles_of("memory_bandwidth"))));
      CHECK(r.reached <= roof);
      // All engines at once would be more: the projection of values is over before the first sample.
      CHECK(r.compute_roof < r.compute_peak);
      CHECK(r.memory_roof < r.bytes_a_cycle);
    }
  }
  const auto dense = estimate::dense_demand({64, 256, 96});
  const auto config = plain_config("quill", {});
  const auto r = estimate::estimate(config, dense).roofline;
  CHECK(r.compute_roof == doctest::Approx(r.compute_peak));
}

TEST_CASE("estimates: the busiest lane has what is left of its levels and heads") {
  Pruning pruning;
  pruning.points = 0.05;
  const auto demand = model_demand("deformable-detr", {0.1, "", 7}, pruning);
  const std::vector<std::string> dropped = {"pruning.points=true", "core.points_per_cycle=2", "gemm.rows=24",
                                            "core.projection_columns=64", "feature_cache.level_parts=[]"};
  for (const char* lanes : {"core.head_lanes=1", "core.head_lanes=4", "core.level_lanes=4", "core.level_lanes=2"}) {
    auto overrides = dropped;
    overrides.emplace_back(lanes);
    const auto config = fitted(plain_config("quill", overrides), demand);
    const auto e = estimate::estimate(config, demand);
    CAPTURE(lanes);
    CHECK(e.busiest_lane == estimate::busiest_lane(config, demand));
    CHECK(e.busiest_lane <= e.sampling);
    CHECK((e.busiest_lane * config.core.lanes() == e.samples) == (config.core.lanes() == 1));
  }
}

TEST_CASE("estimates: more of a resource never costs time, more work does") {
  const auto demand = model_demand("rt-detr", {0.25, "300", 1});
  const auto base = cycles({}, demand);
  CHECK(cycles({}, demand, 20) < base);
  CHECK(cycles({}, demand, 400) > base);
  CHECK(cycles({"memory.data_bits=64"}, demand) > base);
  CHECK(cycles({"memory.data_bits=256"}, demand) < base);
  CHECK(cycles({"memory.max_outstanding=4"}, demand) > base);
  CHECK(cycles({"feature_cache.run_ahead=8"}, demand) > base);
  CHECK(cycles({"gemm.rows=2"}, demand) > base);
  CHECK(cycles({"core.projection_columns=4"}, demand) > base);
  CHECK(cycles({"feature_cache.kilobytes=16"}, demand) > base);
  CHECK(cycles({"core.head_lanes=2", "gemm.rows=16", "memory.data_bits=256"}, demand) < base);
  CHECK(cycles({}, model_demand("rt-detr", {0.25, "400", 1})) > base);
  auto given = demand;
  given.map_given = true;
  CHECK(cycles({}, given) < base);
  const auto dense = [](DenseShape shape) {
    return estimate::estimate(plain_config("quill"), dense_demand(shape)).cycles;
  };
  CHECK(dense({100, 256, 96}) < dense({200, 256, 96}));
  CHECK(dense({100, 256, 96}) < dense({100, 512, 96}));
  CHECK(dense({100, 256, 96}) < dense({100, 256, 960}));
}

TEST_CASE("jobs of networks: bytes of rows, lists, residuals and tables") {
  // Beats of 16 bytes, of 8 elements.
  const auto run = [](DenseShape shape, const StreamDemand& stream, const std::vector<std::string>& overrides = {}) {
    auto demand = dense_demand(shape);
    demand.stream = stream;
    return estimate::estimate(load_preset("detector", overrides), demand);
  };
  const auto of = [](const std::function<void(StreamDemand&)>& change) {
    StreamDemand s;
    change(s);
    return s;
  };
  // Four tiles of eight steps; three beats for the weights of four columns, one for the entries of two.
  const std::int64_t descriptor = 256, panel = 4 * (8 * 4 * 3 + 8) * 16, table = 64 * 6;
  const auto plain = run({20, 64, 64}, {});
  CHECK(plain.bytes_job == descriptor + panel);
  CHECK(plain.bytes_query == 20 * 128);
  CHECK(plain.bytes_output == 20 * 128);
  CHECK(plain.bytes_list == 0);
  const auto added = run({20, 64, 64}, of([](auto& s) { s.queries = s.positions = true; }));
  CHECK(added.bytes_query == 2 * plain.bytes_query);
  const auto normed = run({20, 64, 64}, of([](auto& s) { s.norm = true; }));
  CHECK(normed.bytes_job == plain.bytes_job + table);
  CHECK(normed.bytes_query == 2 * plain.bytes_query);
  CHECK(normed.bytes_output == plain.bytes_output);
  const auto listed = run({22, 64, 64}, of([](auto& s) { s.norm = s.scatters = true; }));
  CHECK(listed.bytes_list == 6 * 16);
  // A gathering job reads its list for each panel.
  const auto panels = run({22, 64, 256}, of([](auto& s) { s.queries = s.gathers = true; }));
  CHECK(panels.bytes_list % (6 * 16) == 0);
  CHECK(panels.bytes_list / (6 * 16) == panels.bytes_query / (22 * 128));
  // References of four levels and the logits, five beats; of residuals the beat of the logits.
  const auto boxes = run({20, 64, 4}, of([](auto& s) { s.boxes = true; }));
  CHECK(boxes.bytes_query == 20 * (128 + 16));
  CHECK(boxes.bytes_output == 20 * 80);
  // Elements of a byte, where all formats have as few bits.
  const auto narrow = run({20, 64, 64}, of([](auto& s) { s.queries = s.norm = true; }),
                          {"numerics.preset=int8", "network.stream_bits=8"});
  CHECK(narrow.bytes_query == 2 * 20 * 64);
  CHECK(narrow.bytes_output == 20 * 64);
}

TEST_CASE("jobs of networks: a norm takes 25 cycles a row, a box 12") {
  const auto cycles_a_row = [](int outputs, bool norm) {
    const auto of_rows = [&](int rows) {
      auto demand = dense_demand({rows, 8, outputs});
      demand.stream.norm = norm, demand.stream.boxes = !norm;
      return estimate::estimate(load_preset("detector"), demand, {10}).cycles;
    };
    return static_cast<double>(of_rows(1000) - of_rows(200)) / 800;
  };
  CHECK(cycles_a_row(64, true) == doctest::Approx(25).epsilon(0.01));
  CHECK(cycles_a_row(4, false) == doctest::Approx(12).epsilon(0.01));
}

TEST_CASE("jobs of networks: an activation by pieces takes six cycles a panel, and no byte") {
  const auto config = load_preset("detector", std::vector<std::string>{"network.activations=all"});
  for (const int outputs : {16, 256}) {
    auto demand = dense_demand({100, 64, outputs});
    const auto without = estimate::estimate(config, demand, {10});
    demand.stream.activation = true;
    const auto with = estimate::estimate(config, demand, {10});
    const int panels = divide_up(divide_up(outputs, config.gemm.columns), panel_tiles(config, 64, outputs));
    CHECK(with.cycles == without.cycles + 6 * panels);
    CHECK(with.bytes_query == without.bytes_query);
    CHECK(with.bytes_output == without.bytes_output);
  }
}

TEST_CASE("programs: the jobs of a network, drawn alike every time, add up") {
  for (const auto* name : {"tiny_detector", "tiny_sparse_detector"}) {
    const auto net = network::load_network(std::string(EXAMPLES) + "/" + name + ".safetensors");
    const auto config = load_preset("detector");
    const auto demand = drawn_program(net, config, 1);
    CHECK(demand.jobs.size() == (net.score ? 38 : 37));
    CHECK(demand.jobs.back().name == "decoder.1.classes");
    const auto steps = std::count_if(demand.jobs.begin(), demand.jobs.end(), [](const auto& j) { return j.host_step; });
    CHECK(steps == (net.score ? 4 : 3));
    const auto e = estimate::estimate(config, demand);
    std::int64_t cycles = 0, bytes = 0;
    for (const auto& job : e.jobs) {
      CHECK(job.begin == cycles);
      cycles += job.cycles, bytes += job.bytes;
    }
    CHECK(e.cycles == cycles);
    CHECK(e.bytes == bytes);
    CHECK(estimate::estimate(config, drawn_program(net, config, 1)).cycles == e.cycles);
    CHECK(estimate::estimate(config, drawn_program(net, config, 2)).cycles != e.cycles);
    CHECK(estimate::estimate(config, demand, {10}).cycles < e.cycles);
    const std::vector<std::string> narrow = {"memory.data_bits=64"};
    CHECK(estimate::estimate(load_preset("detector", narrow), demand).cycles > e.cycles);
  }
}

TEST_CASE("demands: drawn alike every time, of the size of the model") {
  const auto demand = model_demand("deformable-detr", {0.1, "", 7});
  CHECK(demand.layer.tokens == 10 * 17 + 5 * 9 + 3 * 5 + 2 * 3);
  CHECK(demand.layer.queries == demand.layer.tokens);
  CHECK(demand.places.size() == static_cast<std::size_t>(demand.layer.tokens) * 128);
  const auto same = [&](const Demand& other) {
    return std::equal(demand.places.begin(), demand.places.end(), other.places.begin(), other.places.end(),
                      [](const estimate::Place& a, const estimate::Place& b) {
                        return a.x == b.x && a.y == b.y && a.corners == b.corners;
                      });
  };
  CHECK(same(model_demand("deformable-detr", {0.1, "", 7})));
  CHECK_FALSE(same(model_demand("deformable-detr", {0.1, "", 8})));
  CHECK(model_demand("deformable-detr", {}).layer.tokens == 22223);
  CHECK(model_demand("bevformer", {1, "10", 1}).layer.tokens == 30825);
  CHECK(model_demand("rt-detr", {}).layer.tokens == 8400);
  CHECK(model_demand("dino-decoder", {}).layer.queries == 900);
  for (const auto& name : synthetic::model_names()) {
    const auto few = model_demand(name, {0.1, "5", 1});
    CHECK((few.index_list.empty() ? few.layer.queries : static_cast<int>(few.index_list.size())) == 5);
  }
}

TEST_CASE("demands: what cannot be run is refused in one line") {
  CHECK(refusal([] { model_demand("deformable"); }).find("unknown; choose one of deformable-detr,") !=
        std::string::npos);
  CHECK(refusal([] { model_demand("rt-detr", {0, "", 1}); }).find("--scale 0") != std::string::npos);
  CHECK(refusal([] { model_demand("rt-detr", {1, "-1", 1}); }).find("--queries -1") != std::string::npos);
  CHECK(refusal([] { dense_demand({0, 1, 1}); }).find("rows = 0") != std::string::npos);
  CHECK(refusal([] { estimate::estimate(load_preset("small"), small_demand()); }).find("attention.embed_dim") !=
        std::string::npos);
  CHECK(refusal([] {
          estimate::estimate(load_preset("small"), dense_demand({4, 257, 1}));
        }).find("gemm.max_inner") != std::string::npos);
}
