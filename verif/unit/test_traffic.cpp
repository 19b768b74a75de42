// Traces of order and cache: counts worked out by hand, sums, the table and the picture.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <numeric>

#include "estimate/line_cache.hpp"
#include "plain_config.hpp"
#include "refusal.hpp"
#include "trace/picture.hpp"
#include "trace/table.hpp"

using namespace quillgen;
using namespace quillgen::estimate;
using namespace quillgen::trace;
using namespace quillgen::test;

namespace {

/// A line by its place, 2x2 pixels.
struct Line {
  int level, head, row, column;
};

/// Queries for nano that read one line each, on two levels of 16 x 16 pixels; query q lies q pixels to the right.
Demand reading(const std::vector<Line>& lines) {
  const auto a = load_preset("nano").attention;
  Demand d;
  d.name = "by hand";
  d.synthetic = true;
  d.layer.embed_dim = a.embed_dim, d.layer.heads = a.heads, d.layer.levels = a.levels, d.layer.points = a.points;
  d.layer.level_shapes = {{16, 16}, {16, 16}};
  d.layer.tokens = 512;
  d.layer.queries = static_cast<int>(lines.size());
  d.places.resize(lines.size() * static_cast<std::size_t>(a.samples_per_query()));
  for (std::size_t q = 0; q < lines.size(); ++q) {
    const auto& line = lines[q];
    const int sample = (line.head * a.levels + line.level) * a.points;
    d.places[q * static_cast<std::size_t>(a.samples_per_query()) + static_cast<std::size_t>(sample)] = {
        static_cast<std::int16_t>(2 * line.column), static_cast<std::int16_t>(2 * line.row), 15};
    for (int level = 0; level < a.levels; ++level)
      d.references.insert(d.references.end(), {static_cast<int>(q) << 12, 0});
  }
  return d;
}

Config nano() { return plain_config("nano", {"attention.max_tokens=512"}); }

}  // namespace

TEST_CASE("look-ups, hits and lines read again, each at its place") {
  // Lines that share a set of two ways in nano's cache (test `estimate` tells why), replaced in turn.
  const Line a{0, 0, 0, 0}, b{0, 1, 4, 0}, c{1, 0, 0, 4};
  auto demand = reading({a, b, a, c, a, b});  // read, read, found, read in the place of a, a again for b, b again for c
  const auto t = run_trace(nano(), demand);
  CHECK(t.order == std::vector{0, 1, 2, 3, 4, 5});
  REQUIRE(t.levels.size() == 2);
  const auto &fine = t.levels[0], &coarse = t.levels[1];
  CHECK((fine.lookups == 5 && fine.hits == 1 && fine.fetched == 4 && fine.again == 2 && fine.compulsory == 2));
  CHECK((coarse.lookups == 1 && coarse.hits == 0 && coarse.fetched == 1 && coarse.again == 0));
  CHECK((t.total.lookups == 6 && t.total.fetched == 5 && t.total.again == 2 && t.total.compulsory == 3));
  CHECK(fine.hit_rate() == doctest::Approx(0.2));
  const int bytes = nano().attention.embed_dim;  // of a pixel, one byte a channel
  CHECK(fine.map_bytes == 256 * bytes);
  CHECK(fine.of_map(fine.fetched, t.line_bytes) == doctest::Approx(4.0 * t.line_bytes / (256 * bytes)));
  // Twice each, of one of the two heads.
  REQUIRE((t.fetches.rows == 8 && t.fetches.columns == 8));
  CHECK((t.fetches.times[0] == 1 && t.fetches.times[4 * 8] == 1));
  CHECK(std::accumulate(t.fetches.times.begin(), t.fetches.times.end(), 0.0) == 2);

  // Four lines of a sample, one of which is there.
  demand = reading({a, {0, 0, 0, 0}});
  demand.places[static_cast<std::size_t>(nano().attention.samples_per_query())] = {1, 1, 15};
  const auto corners = run_trace(nano(), demand).levels[0];
  CHECK((corners.lookups == 5 && corners.hits == 1 && corners.fetched == 4 && corners.compulsory == 4));

  // Queries that are not wanted read nothing.
  demand = reading({a, b, a, c, a, b});
  demand.index_list = {5, 1};
  const auto listed = run_trace(nano(), demand);
  CHECK(listed.order == std::vector{5, 1});
  CHECK((listed.total.lookups == 2 && listed.total.hits == 1 && listed.total.compulsory == 1));
}

TEST_CASE("a trace adds up, and its sums are those of the caches") {
  for (const auto* change : {"order.window=1", "order.window=16", "order.bucket_bits=3", "feature_cache.line_shape=2x1",
                             "feature_cache.line_shape=1x1", "feature_cache.bypass_distance=10"}) {
    const auto demand = model_demand("sparse-detr", {0.15, "40%", 2});
    const auto c = plain_config(
        "quill", {change, "feature_cache.kilobytes=32", "core.head_lanes=2", "gemm.rows=16", "memory.data_bits=256"});
    const auto t = run_trace(c, demand);
    const auto run = run_caches(c, demand);
    CHECK(t.total.hits == run.hits);
    CHECK(t.total.fetched == run.misses);
    CHECK(t.total.lookups == run.hits + run.misses);
    CHECK(t.total.compulsory == demand.lines_touched[static_cast<std::size_t>(c.feature_cache.line_shape)]);
    CHECK(t.total.again == t.total.fetched - t.total.compulsory);
    double fetches = 0;
    for (const auto times : t.fetches.times) fetches += times * c.attention.heads;
    CHECK(fetches == doctest::Approx(static_cast<double>(t.levels[0].fetched)));
    CHECK(t.order.size() == demand.index_list.size());
  }
}

TEST_CASE("regions: lines brought ahead are counted at their place, and those read by demand") {
  const auto demand = model_demand("deformable-detr", {0.2, "", 1});
  for (const auto* overlap : {"refetch", "copy"}) {
    const auto c = plain_config("quill", {"feature_cache.policy=region", "order.bucket_bits=3",
                                          fmt::format("feature_cache.overlap={}", overlap)});
    const auto t = run_trace(c, demand);
    const auto run = run_caches(c, demand);
    CHECK(t.total.fetched == run.lines_read());
    CHECK(t.total.hits == run.hits);
    CHECK(t.total.lookups == run.hits + run.misses);
    CHECK(t.total.compulsory == demand.lines_touched[line_2x2]);
    double fetches = 0;
    for (const auto times : t.fetches.times) fetches += times * c.attention.heads;
    CHECK(fetches == doctest::Approx(static_cast<double>(t.levels[0].fetched)));
    MESSAGE(fmt::format("{}: {} lines, of them {} by demand; {} distinct", overlap, t.total.fetched, run.misses,
                        t.total.compulsory));
  }
}

TEST_CASE("a table has the traces of its orders and sizes") {
  const auto demand = model_demand("rt-detr", {0.3, "", 1});
  auto c = plain_config("quill", {"attention.levels=3"});
  std::size_t steps = 0;
  const auto table = run_table(c, demand, [&](std::size_t done, std::size_t) { steps = done; });
  REQUIRE(table.cells.size() == table_orders().size());
  CHECK(steps == table_orders().size() * table_sizes().size());
  c.order.bucket_bits = 4, c.feature_cache.kilobytes = 128;
  REQUIRE(order_name(table_orders()[3]) == "16x16 buckets");
  REQUIRE(table_sizes()[1] == 128);
  CHECK(table.cells[3][1].value().fetched == run_trace(c, demand).total.fetched);
  CHECK(table.cells[0][0].value().fetched > table.cells[3][4].value().fetched);
  // Parts of the levels are of any size.
  c.feature_cache.level_parts = {2, 1, 1};
  const auto shared = run_table(c, demand, [](std::size_t, std::size_t) {});
  c.feature_cache.kilobytes = 64;
  CHECK(shared.cells[3][0].value().fetched == run_trace(c, demand).total.fetched);
  c.feature_cache.level_parts = {2, 2, 1};
  CHECK(!run_table(c, demand, [](std::size_t, std::size_t) {}).cells[0][0].has_value());

  Order both;
  both.bucket_bits = 3, both.window = 8;
  CHECK(order_name(both) == "8x8 buckets, window 8");
  CHECK(order_name(Order()) == "arrival");
  both.curve = strip_curve;
  CHECK(order_name(both) == "8x8 in strips, window 8");
}

TEST_CASE("a picture is small and whole, whatever the layer") {
  for (const auto* model : {"deformable-detr", "bevformer", "dino-decoder"}) {
    const auto demand = model_demand(model, {1.2, model == std::string("bevformer") ? "3000" : "decoder", 1});
    auto c =
        plain_config("quill", {fmt::format("attention.points={}", demand.layer.points), "attention.max_width=512"});
    const auto arrival = run_trace(c, demand);
    c.order.bucket_bits = 5;
    const auto sorted = run_trace(c, demand);
    const std::vector<Column> columns = {{"arrival", &arrival}, {"a < b & c", &sorted}};
    const auto svg = picture("<title>", demand, columns);
    CHECK(svg.size() < 1'000'000);
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(svg.find("a &lt; b &amp; c") != std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(svg.find("<title>") == std::string::npos);
  }
}

TEST_CASE("what cannot be traced is refused") {
  auto c = nano();
  CHECK(refusal([&] {
          run_trace(c, model_demand("rt-detr", {0.1, "", 1}));
        }).find("attention.embed_dim") != std::string::npos);
}
