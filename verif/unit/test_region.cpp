// Regions: what a half has room for, windows and groups, and what a job finds in them, against cases worked out by
// hand.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <numeric>

#include "config/load.hpp"
#include "config/region.hpp"
#include "estimate/line_cache.hpp"
#include "estimate/region_cache.hpp"
#include "refusal.hpp"

using namespace quillgen;
using namespace quillgen::estimate;
using namespace quillgen::test;

namespace {

Config region(std::string_view preset, std::vector<std::string> overrides = {}) {
  // What a preset has for lines is not for regions.
  overrides.insert(overrides.begin(),
                   {"feature_cache.policy=region", "feature_cache.level_parts=[]", "feature_cache.line_shape=2x2",
                    "feature_cache.hashing=true", "feature_cache.bypass_distance=0"});
  return load_preset(preset, overrides);
}

std::string shape(const RegionLevel& l) {
  return fmt::format("{}x{} margin {} from {}", l.columns, l.rows, l.margin, l.first);
}

/// The reference at the middle of a pixel.
std::int32_t middle(int pixel, int side) { return static_cast<std::int32_t>((2 * pixel + 1) * 65536 / (2 * side)); }

/// One head, one level of 16x16 pixels and one point; a torus of 4x4 blocks.
Config plain(std::vector<std::string> overrides = {}) {
  const std::vector<std::string> base = {"attention.embed_dim=4",  "attention.heads=1",        "attention.levels=1",
                                         "attention.points=1",     "core.head_lanes=1",        "memory.data_bits=256",
                                         "feature_cache.margin=2", "feature_cache.kilobytes=1"};
  overrides.insert(overrides.begin(), base.begin(), base.end());
  return region("nano", overrides);
}

/// Queries that refer to these pixels, each reading all four corners at (x, y) from there.
Demand demand_at(const std::vector<std::array<int, 4>>& queries, int side = 16) {
  Demand d;
  d.synthetic = true;
  d.layer.embed_dim = 4, d.layer.heads = d.layer.levels = d.layer.points = 1;
  d.layer.queries = static_cast<int>(queries.size());
  d.layer.level_shapes = {{side, side}};
  for (const auto& [px, py, x, y] : queries) {
    d.references.insert(d.references.end(), {middle(px, side), middle(py, side)});
    d.places.push_back({static_cast<std::int16_t>(px + x), static_cast<std::int16_t>(py + y), 15});
  }
  return d;
}

}  // namespace

TEST_CASE("a level has its share of a half, about as wide as high, and the margin that fits") {
  // quill: 512 KB of four levels, 1 KB a block: 64 blocks of each level in a half.
  for (const auto& l : region_levels(region("quill"))) CHECK(shape(l).starts_with("8x8 margin 4 from"));
  CHECK(region_lines(region("quill")) == 4 * 16 * 8);
  CHECK(region_levels(region("quill"))[3].first == 3 * 16 * 8);
  // Two lanes share kilobytes and heads alike. 128 blocks: wider than high. A margin that fits stays.
  CHECK(shape(region_levels(region("quill", {"core.head_lanes=2", "gemm.columns=64"}))[0]) == "8x8 margin 4 from 0");
  CHECK(shape(region_levels(region("quill", {"feature_cache.kilobytes=1024"}))[0]) == "16x8 margin 4 from 0");
  CHECK(shape(region_levels(region("quill", {"feature_cache.margin=6"}))[0]) == "8x8 margin 6 from 0");
  CHECK(shape(region_levels(region("quill", {"feature_cache.margin=7"}))[0]) == "8x8 margin 3 from 0");
  // Larger levels lie first; 1 KB a block, so 64 KB are 32 blocks of a half and 2 KB are one: all demand.
  const auto shares =
      region_levels(region("quill", {"feature_cache.kilobytes=256", "feature_cache.level_parts=[64,128,32,32]"}));
  CHECK(shape(shares[0]) == fmt::format("8x4 margin 2 from {}", 16 * 8));
  CHECK(shape(shares[1]) == "8x8 margin 4 from 0");
  CHECK(shape(shares[3]) == fmt::format("4x4 margin 2 from {}", (16 + 8 + 4) * 8));
  const auto little =
      region_levels(region("quill", {"feature_cache.kilobytes=16", "feature_cache.level_parts=[8,4,2,2]"}));
  CHECK(shape(little[0]) == "2x2 margin 0 from 0");
  CHECK_FALSE(little[1].has_window());
  // No direction is larger than the largest map needs; a map that fits needs no margin at all to fit.
  CHECK(shape(region_levels(plain())[0]) == "4x4 margin 2 from 0");
  CHECK(shape(region_levels(plain({"attention.max_height=3"}))[0]) == "8x2 margin 2 from 0");
  CHECK(shape(region_levels(plain({"attention.max_height=3", "attention.max_width=16",
                                   "feature_cache.margin=9"}))[0]) == "8x2 margin 9 from 0");
}

TEST_CASE("region_ranges: tori of any even side hold the window of one query, and more where there is room") {
  // A range of R reads 2 R + 3 pixels in a direction, R + 2 blocks: 4 levels, 8 heads, blocks of 128 bytes.
  const auto ranged = [](std::vector<std::string> overrides) {
    overrides.insert(overrides.begin(), {"pruning.max_range=8", "feature_cache.region_ranges=[8,8,4,2]"});
    return region("quill", overrides);
  };
  const auto c = ranged({});
  const auto levels = region_levels(c);
  CHECK(shape(levels[0]) == "10x10 margin 9 from 0");
  CHECK(shape(levels[1]) == "10x10 margin 9 from 200");
  CHECK(shape(levels[2]) == "6x6 margin 5 from 400");
  CHECK(shape(levels[3]) == "4x4 margin 3 from 472");
  CHECK(least_region_bytes(c) == 504 * 1024);
  CHECK(region_lines(c) == 512);  // of 504
  CHECK(feature_ids(c) == 1);
  CHECK(feature_ids(region("quill")) == 2);
  // Twice the room: two columns and a row more in each level are 12x10 and 8x6 blocks as sides are even, a row more of
  // each 12x12; a third column would be 14 x 12.
  const auto twice = region_levels(ranged({"feature_cache.kilobytes=1024"}));
  CHECK(shape(twice[0]) == "14x12 margin 9 from 0");
  CHECK(shape(twice[3]) == fmt::format("8x6 margin 3 from {}", (7 * 6 + 7 * 6 + 5 * 4) * 8));
  // A lane has its heads alone, and the halves of both together their bytes.
  const auto lanes = ranged({"core.head_lanes=2", "gemm.columns=64"});
  CHECK(least_region_bytes(lanes) == 504 * 1024);
  CHECK(region_lines(lanes) == 256);
  // Five blocks of a range of 3 take six, and there is room for eight; no torus is larger than the map.
  const auto odd = plain({"pruning.max_range=3", "feature_cache.region_ranges=[3]", "attention.max_height=3"});
  CHECK(shape(region_levels(odd)[0]) == "8x2 margin 4 from 0");
  CHECK(shape(region_levels(plain({"pruning.max_range=1", "feature_cache.region_ranges=[0]"}))[0]) ==
        "4x4 margin 1 from 0");
}

TEST_CASE("region_ranges: a window holds what moves within its range read, and no more") {
  const auto c = plain({"pruning.max_range=2", "feature_cache.region_ranges=[2]"});
  // Pixels 5 - 3 .. 5 + 3 and 8 - 3 .. 8 + 3: columns 1 .. 4, rows 2 .. 5 of blocks.
  const auto demand = demand_at({{5, 8, -3, -3}, {5, 8, 2, 2}, {0, 15, 2, -3}});
  const auto run = run_caches(c, demand);
  REQUIRE(run.groups.size() == 2);
  CHECK(run.groups[0].windows[0] == Window{1, 4, 2, 5});
  CHECK(run.groups[1].windows[0] == Window{0, 1, 6, 7});
  CHECK(run.misses == 0);
  CHECK(run.prefetches[0].fetched == 16);
  CHECK_THROWS_AS(run_caches(c, demand_at({{5, 8, 5, 0}})), std::logic_error);
}

TEST_CASE("region_ranges: what does not fit is refused in one line") {
  const auto ranged = [](std::vector<std::string> overrides) { return refusal([&] { region("quill", overrides); }); };
  CHECK(ranged({"feature_cache.kilobytes=256", "pruning.max_range=8", "feature_cache.region_ranges=[8,8,4,2]"}) ==
        "preset quill: feature_cache.kilobytes = 256: must be at least 504, which the windows of one query need with "
        "feature_cache.region_ranges = [8, 8, 4, 2]; set it to 512");
  CHECK(ranged({"pruning.max_range=16", "feature_cache.region_ranges=[16,16,16,16]"}) ==
        "preset quill: feature_cache.kilobytes = 512: must be at least 2592, which the windows of one query need with "
        "feature_cache.region_ranges = [16, 16, 16, 16]; lower the ranges: at most 1024 can be had");
  CHECK(ranged({"pruning.max_range=16", "feature_cache.region_ranges=[8,8,4,2]"}) ==
        "preset quill: pruning.max_range = 16: must be 8 with feature_cache.region_ranges = [8, 8, 4, 2], the largest "
        "of which it is, at least 1; set it to 8");
  CHECK(ranged({"feature_cache.region_ranges=[0,0,0,0]"}) ==
        "preset quill: pruning.max_range = 0: must be 1 with feature_cache.region_ranges = [0, 0, 0, 0], the largest "
        "of which it is, at least 1; set it to 1");
  CHECK(ranged({"feature_cache.region_ranges=[8,8]"}) ==
        "preset quill: feature_cache.region_ranges = [8, 8]: must be a number for each of attention.levels = 4, or "
        "empty; add or remove numbers");
  CHECK(ranged({"feature_cache.region_ranges=[8,8,1025,2]"}) ==
        "preset quill: feature_cache.region_ranges[2] = 1025: must be from 0 to 1024; choose such a number");
  CHECK(ranged({"feature_cache.region_ranges=8"}) ==
        "preset quill: feature_cache.region_ranges = 8: must be a list; write one number for each level, for example "
        "[8, 8, 4, 2]");
  CHECK(
      ranged({"pruning.max_range=8", "feature_cache.region_ranges=[8,8,4,2]", "feature_cache.level_parts=[1,1,1,1]"}) ==
      "preset quill: feature_cache.level_parts = [1, 1, 1, 1]: must be empty with feature_cache.region_ranges, from "
      "which the parts of the levels follow; set it to []");
  CHECK(
      ranged({"core.level_lanes=2", "pruning.max_range=8", "feature_cache.region_ranges=[8,8,4,2]", "gemm.columns=64"})
          .starts_with("preset quill: core.level_lanes = 2: must be 1 with "));
}

TEST_CASE("window of a reference") {
  const auto window = [](int px, int py, int margin, model::LevelShape shape) {
    const std::int32_t reference[] = {middle(px, shape.width), middle(py, shape.height)};
    return window_of(reference, shape, margin, margin + 1);
  };
  CHECK(window(5, 8, 0, {16, 16}) == Window{2, 3, 4, 4});  // pixels 5 and 6, 8 and 9
  CHECK(window(5, 8, 2, {16, 16}) == Window{1, 4, 3, 5});  // 3 to 8, 6 to 11
  CHECK(window(1, 15, 2, {16, 16}) == Window{0, 2, 6, 7});
  CHECK(window(14, 0, 64, {15, 15}) == Window{0, 7, 0, 7});
  const std::int32_t outside[] = {-70000, 3 * 65536};
  CHECK(window_of(outside, {7, 5}, 1, 2) == Window{0, 1, 2, 3});  // as from (0, 6): columns 0 to 2, rows 5 and 6
  CHECK(window(0, 0, 0, {1, 1}) == Window{0, 0, 0, 0});
}

TEST_CASE("groups: as long as the windows fit, region_queries at most, and each query in one") {
  const auto groups = [](const Demand& d, const Config& c) {
    std::vector<int> queries(static_cast<std::size_t>(d.layer.queries));
    std::iota(queries.begin(), queries.end(), 0);
    std::string text;
    for (const auto& g : region_groups(c, d.layer.level_shapes, d.references, 2, queries)) {
      const auto& w = g.windows[0];
      text += fmt::format("{}: {}..{}, {}..{}; ", g.queries, w.left, w.right, w.top, w.bottom);
    }
    return text;
  };
  // Margin 2: columns 2 to 7, then 4 to 9 (four blocks), then 6 to 11, which would make five.
  const auto row = demand_at({{4, 4, 0, 0}, {6, 4, 0, 0}, {8, 4, 0, 0}});
  CHECK(groups(row, plain()) == "2: 1..4, 1..3; 1: 3..5, 1..3; ");
  CHECK(groups(demand_at({{4, 4, 0, 0}, {4, 12, 0, 0}, {4, 4, 0, 0}}), plain()) ==
        "1: 1..3, 1..3; 1: 1..3, 5..7; 1: 1..3, 1..3; ");
  const auto same = demand_at({{4, 4, 0, 0}, {4, 4, 0, 0}, {4, 4, 0, 0}});
  CHECK(groups(same, plain()) == "3: 1..3, 1..3; ");
  CHECK(groups(same, plain({"feature_cache.region_queries=2"})) == "2: 1..3, 1..3; 1: 1..3, 1..3; ");
}

TEST_CASE("a job: lines inside and outside, brought and copied") {
  // The second query reads pixels 7 and 8 of rows 5 and 6, of which 7 is the last of its window; the third reads 3 and
  // 4, far from its own.
  const auto demand = demand_at({{4, 4, 0, 0}, {4, 4, 3, 1}, {12, 4, -9, 0}});
  const auto run = run_caches(plain(), demand);
  CHECK(run.missing == std::vector<std::uint8_t>{0, 2, 2});
  CHECK((run.hits == 3 && run.misses == 4));
  REQUIRE(run.groups.size() == 2);
  CHECK(run.prefetches[0].fetched == 9);  // columns 1 to 3, rows 1 to 3
  CHECK(run.prefetches[1].fetched == 9);
  CHECK(run.lines_read() == 22);
}

TEST_CASE("shared blocks are read again or copied") {
  const auto demand = demand_at({{4, 4, 0, 0}, {6, 4, 0, 0}, {8, 6, 0, 0}});
  const auto again = run_caches(plain({"feature_cache.overlap=refetch"}), demand),
             copied = run_caches(plain({"feature_cache.overlap=copy"}), demand);
  REQUIRE(again.groups.size() == 2);  // 1..4 x 1..3, then 3..5 x 2..4: 2x2 blocks shared
  CHECK((again.prefetches[1].fetched == 9 && again.prefetches[1].copied == 0));
  CHECK((copied.prefetches[1].fetched == 5 && copied.prefetches[1].copied == 4));
  CHECK(copied.prefetches[0].copied == 0);
}

TEST_CASE("what a real layer reads is inside or outside, and never lost") {
  const auto demand = model_demand("rt-detr", {0.25, "60", 1});
  auto c = region("quill");
  auto& a = c.attention;
  a.levels = demand.layer.levels, a.points = demand.layer.points;
  a.max_width = a.max_height = 1024, a.max_queries = a.max_tokens = 65536;
  const auto run = run_caches(c, demand);
  int queries = 0;
  for (const auto& g : run.groups) queries += g.queries;
  CHECK(queries == 60);
  CHECK(std::accumulate(run.missing.begin(), run.missing.end(), std::int64_t{0}) == run.misses);
  c.feature_cache.policy = line_policy;
  const auto lines = run_caches(c, demand);
  CHECK(run.hits + run.misses == lines.hits + lines.misses);
  CHECK(lines.groups.empty());
}

TEST_CASE("what has no meaning with regions, or leaves none, is refused in one line") {
  CHECK(refusal([] { region("quill", {"feature_cache.line_shape=1x1"}); }) ==
        "preset quill: feature_cache.line_shape = 1x1: must be 2x2 with feature_cache.policy = region; set it to 2x2, "
        "or the policy to "
        "line");
  CHECK(refusal([] { region("quill", {"feature_cache.bypass_distance=4"}); }) ==
        "preset quill: feature_cache.bypass_distance = 4: must be 0 with feature_cache.policy = region, where every "
        "sample outside its "
        "region is read by itself; set it to 0, or the policy to line");
  CHECK(refusal([] { region("quill", {"feature_cache.hashing=false"}); }) ==
        "preset quill: feature_cache.hashing = false: must be true with feature_cache.policy = region, which has no "
        "sets; leave it "
        "out, "
        "or set the policy to line");
  CHECK(refusal([] { region("quill", {"feature_cache.kilobytes=16"}); }) ==
        "preset quill: feature_cache.kilobytes = 16: must be such that each half holds 2x2 blocks (4096 bytes with the "
        "heads of all "
        "lanes) of a level or more; set it to 32");
  CHECK(region_levels(region("quill", {"feature_cache.kilobytes=32"}))[3].has_window());
  CHECK(refusal([] {
          region("quill", {"feature_cache.kilobytes=16", "feature_cache.level_parts=[4,4,4,4]"});
        }) ==
        "preset quill: feature_cache.kilobytes = 16: must be such that each half holds 2x2 blocks (4096 bytes with the "
        "heads of all "
        "lanes) of a level or more; give a level a larger one of feature_cache.level_parts: 8 kilobytes");
}
