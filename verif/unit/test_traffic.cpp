// Traces of order and cache: counts worked out by hand, sums, the table and the picture.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <array>
#include <bit>
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "drawing/labels.hpp"
#include "estimate/dropped.hpp"
#include "estimate/line_cache.hpp"
#include "estimate/offset_steps.hpp"
#include "plain_config.hpp"
#include "reference/quantise.hpp"
#include "refusal.hpp"
#include "trace/belady.hpp"
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

Config nano(std::vector<std::string> changes = {}) {
  changes.push_back("attention.max_tokens=512");
  return plain_config("nano", changes);
}

/// The fewest misses that any choice of what is kept leads to, by trying all: of the lines kept and the one looked up,
/// at most `ways` of each set.
int fewest_misses(const std::vector<std::uint32_t>& lines, const std::vector<std::uint32_t>& set, int ways) {
  std::map<std::uint32_t, int> misses = {{0, 0}};  // the fewest so far, by what is kept, bit l: line l
  const auto fits = [&](std::uint32_t kept) {
    std::map<std::uint32_t, int> of_set;
    for (std::uint32_t line = 0; line < set.size(); ++line)
      if ((kept >> line & 1) != 0 && ++of_set[set[line]] > ways) return false;
    return true;
  };
  for (const auto line : lines) {
    std::map<std::uint32_t, int> after;
    for (const auto& [kept, count] : misses) {
      const auto most = kept | 1u << line;
      const int missed = count + (most != kept);
      for (auto choice = most;; choice = (choice - 1) & most) {  // every part of it
        if (fits(choice)) {
          const auto [at, is_new] = after.emplace(choice, missed);
          if (!is_new) at->second = std::min(at->second, missed);
        }
        if (choice == 0) break;
      }
    }
    misses = after;
  }
  int fewest = static_cast<int>(lines.size());
  for (const auto& [kept, count] : misses) fewest = std::min(fewest, count);
  return fewest;
}

/// The numbers behind each `begin` in a picture, four as `format` has them.
std::vector<drawing::Box> drawn_boxes(const std::string& svg, const std::string& begin, const char* format) {
  std::vector<drawing::Box> boxes;
  for (auto at = svg.find(begin); at != std::string::npos; at = svg.find(begin, at + 1)) {
    drawing::Box b;
    if (std::sscanf(&svg[at + begin.size()], format, &b.x, &b.y, &b.width, &b.height) == 4) boxes.push_back(b);
  }
  return boxes;
}

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

TEST_CASE("Belady's rule misses as little as the best of all choices, tried one by one") {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  int more_than_compulsory = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const auto count = 2 + below(5), sets = 1 + below(3);  // lines, and the sets they belong in
    const int ways = 1 + static_cast<int>(below(3));
    std::vector<std::uint32_t> lines(below(18)), set(count);
    for (auto& line : lines) line = below(count);
    for (auto& s : set) s = below(sets);
    const auto next = next_uses(lines, count);
    const auto number = [](const std::vector<bool>& missed) {
      return static_cast<int>(std::count(missed.begin(), missed.end(), true));
    };
    const int fewest = fewest_misses(lines, set, ways);
    CAPTURE(trial);
    CHECK(number(misses_in_sets(lines, next, set, sets, ways)) == fewest);
    CHECK(number(misses_anywhere(next, static_cast<std::size_t>(ways))) ==
          fewest_misses(lines, std::vector<std::uint32_t>(count), ways));
    const std::set<std::uint32_t> distinct(lines.begin(), lines.end());
    more_than_compulsory += fewest > static_cast<int>(distinct.size());
  }
  MESSAGE(fmt::format("{} of 300 with more misses than lines", more_than_compulsory));
  CHECK(more_than_compulsory > 50);

  // Of many numbers, so that the largest is found over several tiers: one set of all ways says the same.
  std::vector<std::uint32_t> lines(50'000);
  for (auto& line : lines) line = below(1 + below(700));
  const auto next = next_uses(lines, 700);
  for (const int capacity : {1, 2, 7, 100, 699, 700})
    CHECK(misses_anywhere(next, static_cast<std::size_t>(capacity)) ==
          misses_in_sets(lines, next, std::vector<std::uint32_t>(700), 1, capacity));
}

TEST_CASE("what is least: by hand, below every replacement, and above what is compulsory") {
  const auto least_of = [](const Config& c, const Demand& demand) {
    auto t = run_trace(c, demand);
    add_least(t, c, LookupList(c, demand, t.order));
    return t;
  };
  // The lines of one set of two ways from above. In turn a and b are read again; by use only b; c need not be kept.
  const Line a{0, 0, 0, 0}, b{0, 1, 4, 0}, c{1, 0, 0, 4};
  const auto by_hand = reading({a, b, a, c, a, b});
  const auto turn = least_of(nano(), by_hand), use = least_of(nano({"feature_cache.replacement=use"}), by_hand);
  CHECK((turn.total.fetched == 5 && use.total.fetched == 4));
  for (const auto& t : {turn, use}) {
    REQUIRE(t.total.least.has_value());
    CHECK((t.total.least->in_sets == 3 && t.total.least->anywhere == 3));
    CHECK((t.levels[0].least->in_sets == 2 && t.levels[1].least->in_sets == 1));
  }

  const auto demand = model_demand("deformable-detr", {0.15, "", 3});
  for (const auto* shape : {"feature_cache.line_shape=2x1", "feature_cache.line_shape=1x1"})
    for (const auto* other : {"core.head_lanes=1", "core.head_lanes=2", "feature_cache.bypass_distance=4",
                              "feature_cache.level_parts=[4,2,1,1]", "feature_cache.hashing=false"}) {
      CAPTURE(shape);
      CAPTURE(other);
      std::vector<Traffic> of_ways;
      for (const auto* ways : {"feature_cache.ways=1", "feature_cache.ways=2", "feature_cache.ways=8"}) {
        const auto traced = [&](const char* replacement) {
          return least_of(plain_config("quill", {shape, other, ways, replacement, "feature_cache.kilobytes=32",
                                                 "gemm.rows=16", "memory.data_bits=256", "order.bucket_bits=4"}),
                          demand);
        };
        const auto in_turn = traced("feature_cache.replacement=turn"), by_use = traced("feature_cache.replacement=use");
        for (std::size_t level = 0; level < 4; ++level) {
          const auto &t = in_turn.levels[level], &u = by_use.levels[level];
          CHECK((t.least->in_sets == u.least->in_sets && t.least->anywhere == u.least->anywhere));
          CHECK((t.least->anywhere >= t.compulsory && t.least->in_sets >= t.compulsory));
        }
        const auto& t = in_turn.total;
        CHECK(t.least->in_sets <= std::min(t.fetched, by_use.total.fetched));
        CHECK(t.least->anywhere <= t.least->in_sets);
        CHECK(t.compulsory < t.least->anywhere);
        if (ways == std::string("feature_cache.ways=1")) CHECK(t.fetched == by_use.total.fetched);
        else CHECK(t.fetched != by_use.total.fetched);
        of_ways.push_back(t);
      }
      CHECK(of_ways[0].least->anywhere == of_ways[2].least->anywhere);
      CHECK(of_ways[2].least->in_sets < of_ways[0].least->in_sets);
    }
  // With room for everything each line is read once.
  const auto all = least_of(plain_config("quill", {"feature_cache.kilobytes=1024"}), demand).total;
  CHECK((all.least->anywhere == all.compulsory));
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
  auto cell = run_trace(c, demand);
  add_least(cell, c, LookupList(c, demand, cell.order));
  CHECK(table.cells[3][1].value().fetched == cell.total.fetched);
  CHECK(table.cells[3][1].value().least.value().in_sets == cell.total.least.value().in_sets);
  CHECK(table.cells[3][1].value().least.value().anywhere == cell.total.least.value().anywhere);
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

TEST_CASE("pixels that are dropped, counted in a demand as the model counts them") {
  const auto w = load_workload(std::string(EXAMPLES) + "/encoder_c64.safetensors");
  for (const bool padded : {false, true}) {
    auto workload = w;
    if (padded)
      for (int t = 0; t < w.tokens; ++t) workload.padding.push_back(t % 5 == 0);
    const Pruning left_out = {0.03, 0.7, {}};
    const auto config = load_preset("small");
    const auto layer = quantise(workload, run_reference(workload), config, left_out);
    const auto stages = model::run(layer);
    const auto demand = demand_of(workload, config.numerics, left_out);
    CHECK(pixel_reads(demand) == stages.reads);
    const auto dropped = dropped_of(demand, layer.pruning);
    const auto points = model::dropped_points(layer, stages);
    const auto pixels =
        model::count_mask(model::dropped_pixels(stages.reads, layer.levels, layer.pruning), layer.levels);
    REQUIRE(dropped.size() == 4);
    for (std::size_t l = 0; l < 4; ++l) {
      CHECK((dropped[l].encoder_points.dropped == points[l].dropped && dropped[l].encoder_points.of == points[l].of));
      CHECK((dropped[l].pixels.dropped == pixels[l].dropped && dropped[l].pixels.of == pixels[l].of));
    }
    CHECK(model::total(dropped).pixels.dropped > 0);
    CHECK(model::total(dropped).encoder_points.dropped > 0);

    // Each pixel is drawn as what becomes of it.
    const auto t = run_trace(config, demand);
    const std::vector<Column> columns = {{"an order", &t}};
    const auto mask = trace::PixelMask{dropped_pixels(demand, layer.pruning), left_out.pixels};
    const auto svg = picture("title", demand, columns, &mask);
    const auto frames =
        drawn_boxes(svg, "<rect class=\"frame outline\" x=\"", "%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf");
    REQUIRE(frames.size() == 6);                     // of the path, of fetches, of the levels
    std::array<std::vector<drawing::Box>, 2> cells;  // dropped, padded
    for (const auto& [kind, name] : {std::pair{0, "d3"}, {1, "padded"}})
      for (auto at = svg.find(fmt::format("<path class=\"{}\"", name)); at != std::string::npos;
           at = svg.find(fmt::format("<path class=\"{}\"", name), at + 1)) {
        const auto path = svg.substr(at, svg.find("/>", at) - at);
        for (const auto& b : drawn_boxes(path, "M", "%lf %lfH%lfV%lf"))
          cells[static_cast<std::size_t>(kind)].push_back({b.x, b.y, b.width - b.x, b.height - b.y});
      }
    for (std::size_t l = 0, token = 0; l < 4; ++l) {
      const auto& shape = layer.levels[l];
      const auto& frame = frames[2 + l];
      for (int y = 0; y < shape.height; ++y)
        for (int x = 0; x < shape.width; ++x, ++token) {
          const drawing::Box middle = {frame.x + (x + 0.5) * frame.width / shape.width,
                                       frame.y + (y + 0.5) * frame.height / shape.height, 0.01, 0.01};
          const auto painted = [&](std::size_t kind) {
            return std::ranges::any_of(cells[kind], [&](const auto& cell) { return cell.holds(middle); });
          };
          const bool pad = padded && workload.padding[token] != 0;
          CHECK(painted(1) == pad);
          CHECK(painted(0) == (!pad && mask.dropped[token] != 0));
        }
    }
  }
}

TEST_CASE("steps for offsets that no row of a group needs, by hand") {
  // nano: groups of gemm.rows queries, tiles of gemm.columns / 2 samples of them.
  auto c = nano({"pruning.points=true"});
  const auto samples = static_cast<std::size_t>(c.attention.samples_per_query()),
             of_tile = static_cast<std::size_t>(c.gemm.columns) / 2, rows = static_cast<std::size_t>(c.gemm.rows);
  REQUIRE((samples % of_tile == 0 && samples > of_tile && rows > 1));
  auto demand = reading(std::vector<Line>(2 * rows, Line{0, 0, 0, 0}));
  const std::int64_t of_step = (c.attention.embed_dim + c.gemm.depth - 1) / c.gemm.depth,
                     all = static_cast<std::int64_t>(2 * samples / of_tile) * of_step;
  const auto check_steps = [&](std::int64_t tiles) {
    const auto steps = offset_steps(c, demand);
    CHECK((steps.all == all && steps.unneeded == tiles * of_step));
  };
  check_steps(0);
  for (auto& place : demand.places) place.dropped = true;
  check_steps(static_cast<std::int64_t>(2 * samples / of_tile));
  demand.places[(2 * rows - 1) * samples + of_tile].dropped = false;  // last query, first sample of its second tile
  check_steps(static_cast<std::int64_t>(2 * samples / of_tile) - 1);
  demand.places[(2 * rows - 2) * samples + of_tile].dropped = false;  // the same group and tile
  check_steps(static_cast<std::int64_t>(2 * samples / of_tile) - 1);
  demand.places[of_tile - 1].dropped = false;
  check_steps(static_cast<std::int64_t>(2 * samples / of_tile) - 2);
}

TEST_CASE("what cannot be traced is refused") {
  auto c = nano();
  CHECK(refusal([&] {
          run_trace(c, model_demand("rt-detr", {0.1, "", 1}));
        }).find("attention.embed_dim") != std::string::npos);
}
