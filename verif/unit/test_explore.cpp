// Sweeps: their points, shards, the front, merging, and what is written of them.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <random>
#include <set>

#include "config/load.hpp"
#include "explore/csv.hpp"
#include "explore/documents.hpp"
#include "explore/job.hpp"
#include "explore/parallel.hpp"
#include "explore/pareto.hpp"
#include "explore/plot.hpp"
#include "explore/scale.hpp"
#include "refusal.hpp"

using namespace quillgen;
using namespace quillgen::explore;
using namespace quillgen::test;

namespace {

Point point(std::int64_t number, std::int64_t cycles, std::int64_t area, std::int64_t bytes = 0) {
  Point p;
  p.number = number;
  p.figures.cycles = cycles, p.figures.area = area, p.figures.bytes = bytes;
  return p;
}

std::vector<std::int64_t> numbers_of(const std::vector<Point>& points, const std::vector<std::size_t>& indices) {
  std::vector<std::int64_t> numbers;
  for (const auto i : indices) numbers.push_back(points[i].number);
  return numbers;
}

using Numbers = std::vector<std::int64_t>;

const std::vector<Objective> cycles_area = parse_objectives({"cycles", "area"});

/// Six points, lanes by rows; point 4 is refused.
Sweep sweep() {
  Sweep s;
  s.origin = "preset nano";
  s.configuration = to_json(load_preset("nano"));
  s.axes = {parse_axis("core.head_lanes=1,2"), parse_axis("gemm.rows=2,4,8")};
  s.job.workload = "layer.safetensors";
  s.job.sha256 = "0123";
  s.objectives = cycles_area;
  s.simulate = 1;
  return s;
}

std::vector<Point> results() {
  std::vector<Point> points;
  for (std::int64_t n = 1; n <= 6; ++n) points.push_back(point(n, 1000 / n, 100 * n, 64 * n));
  points[0].figures.hit_rate = 1.0 / 3;
  points[0].figures.limited_by = "compute";
  points[1].simulated = Simulated{501, 130, ""};
  points[2].simulated = Simulated{0, 0, "exit status 2: no Verilator, says \"it\""};
  points[3] = Point{4, "gemm.columns = 6: must be a multiple of 4", {}, std::nullopt};
  return points;
}

ShardFile shard_file(const Sweep& s, int number, int of) {
  const Shard shard{number, of};
  std::vector<Point> own;
  for (const auto n : shard.points(s.points())) own.push_back(results()[static_cast<std::size_t>(n - 1)]);
  return {shard.text(), Json::parse(shard_document(s, shard, own).dump())};
}

std::vector<ShardFile> shard_files(int of) {
  std::vector<ShardFile> files;
  for (int i = 1; i <= of; ++i) files.push_back(shard_file(sweep(), i, of));
  return files;
}

}  // namespace

TEST_CASE("every combination is a point, the last axis fastest") {
  const std::vector<Axis> axes = {parse_axis("core.head_lanes=1,2"), parse_axis("numerics.preset=int8,int12,mixed"),
                                  parse_axis("implementation.clock_gating=true,false")};
  CHECK(count_points(axes) == 12);
  CHECK(parse_axis("core.lanes=1,2").path == "core.head_lanes");
  CHECK(settings_text(axes, 1) == "core.head_lanes=1 numerics.preset=int8 implementation.clock_gating=true");
  CHECK(settings_text(axes, 2) == "core.head_lanes=1 numerics.preset=int8 implementation.clock_gating=false");
  CHECK(settings_text(axes, 3) == "core.head_lanes=1 numerics.preset=int12 implementation.clock_gating=true");
  CHECK(settings_text(axes, 12) == "core.head_lanes=2 numerics.preset=mixed implementation.clock_gating=false");
  std::set<std::string> all;
  for (int n = 1; n <= 12; ++n) all.insert(settings_text(axes, n));
  CHECK(all.size() == 12);
  CHECK(count_points({}) == 1);
}

TEST_CASE("what a sweep leaves out stands in its job, and is left out of its demands") {
  explore::Job job;
  job.model = "deformable-detr", job.drawn.scale = 0.1;
  const auto words = [](const explore::Job& j) { return fmt::format("{}", fmt::join(j.options(), " ")); };
  const auto plain = words(job), plain_json = to_json(job).dump();
  CHECK(plain.find("--prune") == std::string::npos);
  CHECK(plain_json.find("pruning") == std::string::npos);
  job.pruning = {0.03, 0.5, {8, 8, 4, 2}};
  CHECK(words(job) == plain + " --prune-points 0.03 --prune-pixels 0.5 --range 8,8,4,2");
  CHECK(job_from_json(to_json(job)).pruning == job.pruning);
  CHECK(job_from_json(Json::parse(plain_json)).pruning == Pruning());
  Demands whole(job), some(job);
  some.leave_out(job.pruning);
  const std::vector<std::string> with = {"pruning.points=true", "pruning.count_bits=16", "pruning.max_range=8"};
  const auto config = load_preset("quill", with);
  const auto dropped = [&](Demands& demands) {
    return std::ranges::count_if(demands.of(config).places, [](const auto& place) { return place.dropped; });
  };
  CHECK(dropped(whole) == 0);
  CHECK(dropped(some) > 0);
  CHECK((some.of(config).counts_pixels && !whole.of(config).counts_pixels));
  explore::Job net;  // of a network the words say so too, as its metadata may say otherwise
  net.network = "net.safetensors";
  CHECK(words(net).ends_with("--prune-points 0 --prune-pixels 0 --range off"));
}

TEST_CASE("mistakes in --vary") {
  const auto refused = [](const char* text, const char* part) {
    check_refusal(refusal([&] { parse_axis(text); }), {"--vary", part});
  };
  refused("gemm.rows", "path=value");
  refused("=1", "path=value");
  refused("gemm.rows=", "a value is missing");
  refused("gemm.rows=1,,2", "a value is missing");
  refused("gemm.rows=1,", "a value is missing");
  refused("gemm.rows=1,two", "\"two\" is no integer");
  refused("gemm.rows=1.5", "\"1.5\" is no integer");
  refused("gemm.rows=2,4,2", "2 is given twice");
  refused("gemm.row=1", "must be one of gemm.rows, gemm.columns");
  refused("gem.rows=1", "a field of attention, numerics");
  refused("name=a,b", "a field of attention");
  refused("numerics.preset=int7", "must be one of int8, mixed, int12");
  refused("implementation.reset=low", "must be one of sync_high");
  refused("implementation.clock_gating=1", "must be one of false, true");
  const auto together = [](const std::vector<Axis>& axes, const std::vector<std::string>& set, const char* part) {
    check_refusal(refusal([&] { check_axes(axes, set); }), {"--vary", part});
  };
  const auto rows = parse_axis("gemm.rows=1,2");
  together({rows, rows}, {}, "varied twice");
  together({rows}, {"gemm.rows=4"}, "set by --set gemm.rows=4 as well");
  check_axes(std::vector{rows}, std::vector<std::string>{"gemm.rows_other=4"});
  std::vector<Axis> many;
  for (const char* path : {"gemm.rows", "gemm.columns", "gemm.depth"}) {
    Axis axis{path, {}};
    for (int i = 0; i < 101; ++i) axis.values.emplace_back(i);
    many.push_back(axis);
  }
  together(many, {}, "more than 1000000 points");
}

TEST_CASE("the configuration of a point") {
  auto s = sweep();
  s.axes.push_back(parse_axis("numerics.preset=int12"));
  s.overrides = {"numerics.head_bits=6", "gemm.columns=8"};
  const auto config = config_of(s, 5, nullptr);
  CHECK(config.core.lanes() == 2);
  CHECK(config.gemm.rows == 4);
  CHECK(config.gemm.columns == 8);
  CHECK(config.numerics.query_bits == 12);
  CHECK(config.numerics.head_bits == 6);  // set for all points: the varied formats do not undo it
  s.overrides = {"gemm.columns=6"};       // not for two lanes
  check_refusal(refusal([&] { config_of(s, 5, nullptr); }), {"preset nano", "gemm.columns = 6"});
  s.overrides.clear();
  const auto fit = [](Config& c) { c.gemm.rows = 8; };
  check_refusal(refusal([&] { config_of(s, 1, fit); }), {"gemm.rows = 2", "--fit makes it 8"});
  CHECK(config_of(s, 3, fit).gemm.rows == 8);
}

TEST_CASE("shards are disjoint, complete and alike in size") {
  for (const std::int64_t points : {1, 2, 7, 96, 100})
    for (const int of : {1, 2, 3, 8, 120}) {
      std::set<std::int64_t> seen;
      for (int i = 1; i <= of; ++i) {
        const Shard shard{i, of};
        const auto own = shard.points(points);
        CHECK(static_cast<std::int64_t>(own.size()) >= points / of);
        CHECK(static_cast<std::int64_t>(own.size()) <= points / of + 1);
        for (const auto p : own) {
          CHECK(shard.has(p));
          CHECK(seen.insert(p).second);
        }
      }
      CHECK(static_cast<std::int64_t>(seen.size()) == points);
      CHECK(*seen.rbegin() == points);
    }
  CHECK(parse_shard("3/8").text() == "3/8");
  for (const char* text :
       {"", "3", "3/", "/8", "a/8", "3/8x", "3 / 8", "-1/8", "0/8", "9/8", "1/0", "1/10001", "1/99999999999"})
    check_refusal(refusal([&] { parse_shard(text); }), {"--shard", "must"});
}

TEST_CASE("the front") {
  std::vector<Point> points = {point(1, 10, 50), point(2, 20, 20), point(3, 20, 30), point(4, 30, 10),
                               point(5, 10, 60), point(6, 40, 10), point(7, 20, 20), point(8, 1, 1)};
  points[7].refused = "cannot be built";
  CHECK(numbers_of(points, front(points, cycles_area)) == Numbers{1, 2, 7, 4});
  CHECK(numbers_of(points, front(points, parse_objectives({"area", "cycles"}))) == Numbers{4, 2, 7, 1});
  points[2].figures.bytes = -5;
  CHECK(numbers_of(points, front(points, parse_objectives({"cycles", "area", "bytes"}))) == Numbers{1, 2, 7, 3, 4});
  points[2].figures.bytes = 0;
  CHECK(numbers_of(points, best(points, cycles_area, 2)) == Numbers{1, 2});
  CHECK(numbers_of(points, best(points, cycles_area, 6)) == Numbers{1, 2, 7, 4, 5, 3});
  CHECK(numbers_of(points, best(points, cycles_area, 100)) == Numbers{1, 2, 7, 4, 5, 3, 6});
  CHECK(front({}, cycles_area).empty());
}

TEST_CASE("the front of random points is what the definition says") {
  std::mt19937 random(1);
  const auto objectives = parse_objectives({"cycles", "area", "bytes"});
  for (int round = 0; round < 200; ++round) {
    std::vector<Point> points;
    for (int i = 1; i <= 40; ++i) points.push_back(point(i, random() % 8, random() % 8, random() % 8));
    std::set<std::int64_t> expected;
    for (const auto& p : points) {
      bool beaten = false;
      for (const auto& q : points) {
        const auto &a = q.figures, &b = p.figures;
        beaten |= a.cycles <= b.cycles && a.area <= b.area && a.bytes <= b.bytes &&
                  (a.cycles < b.cycles || a.area < b.area || a.bytes < b.bytes);
      }
      if (!beaten) expected.insert(p.number);
    }
    const auto found = numbers_of(points, front(points, objectives));
    CHECK(std::set<std::int64_t>(found.begin(), found.end()) == expected);
    CHECK(found.size() == expected.size());
  }
}

TEST_CASE("mistakes in --objectives") {
  const auto refused = [](const std::vector<std::string>& names, const char* part) {
    check_refusal(refusal([&] { parse_objectives(names); }), {"--objectives", part});
  };
  refused({"cycles"}, "two or more");
  refused({"cycles", "speed"}, "must be some of cycles, area, bytes");
  refused({"cycles", "cycles"}, "given twice");
}

TEST_CASE("shards merge to the whole, in any order and number") {
  const auto whole = document(sweep(), results()).dump();
  for (const int of : {1, 2, 3, 6, 9}) {
    auto files = shard_files(of);
    std::ranges::reverse(files);
    const auto merged = merge(files);
    CHECK(document(merged.sweep, merged.points).dump() == whole);
    CHECK(csv(merged.points, merged.sweep.axes, {}) == csv(results(), sweep().axes, {}));
  }
  const auto json = Json::parse(whole);
  CHECK(json["refused"] == 1);
  CHECK(json["front"] == Json({6, 5, 3, 2, 1}));
}

TEST_CASE("what is not all shards of one sweep is not merged") {
  const auto refused = [](const std::vector<ShardFile>& files, const std::vector<std::string>& parts) {
    check_refusal(refusal([&] { merge(files); }), parts);
  };
  refused({}, {"no shards"});
  auto files = shard_files(3);
  refused({files[0], files[2]}, {"shards are missing: 2/3"});
  refused({files[0], files[1], files[2], files[1]}, {"2/3: is shard 2/3, and so is 2/3"});
  refused({files[0], shard_file(sweep(), 1, 2), files[2]}, {"1/2: is one of 2 shards, and 1/3 is one of 3"});
  auto other = sweep();
  other.axes[1] = parse_axis("gemm.rows=2,4,6");
  refused({files[0], shard_file(other, 2, 3), files[2]}, {"2/3: is of another sweep than 1/3 (vary differs)"});
  other = sweep();
  other.job.sha256 = "4567";
  refused({files[0], shard_file(other, 2, 3), files[2]}, {"(job differs)"});
  auto damaged = files;
  damaged[1].json["version"] = "0.0.1";
  refused(damaged, {"version of quillgen differs"});
  damaged = files;
  damaged[1].json["points"].erase(0);
  refused(damaged, {"2/3: does not hold the points of shard 2/3"});
  damaged = files;
  damaged[1].json["points"][0]["cycles"] = "many";
  refused(damaged, {"2/3: is damaged"});
  damaged = files;
  damaged[1].json.erase("points");
  refused(damaged, {"2/3: is damaged"});
  for (auto* file : {&damaged[0], &damaged[1], &damaged[2]}) file->json["sweep"].erase("vary");
  refused(damaged, {"is damaged"});
  refused({{"whole", document(sweep(), results())}}, {"whole: is no shard"});
  refused({{"list", Json::array()}}, {"list: is no shard"});
  std::vector<ShardFile> few = {shard_file(sweep(), 1, 40)};
  refused(few, {"2/40, 3/40", "11/40 and 29 more"});
}

TEST_CASE("a sweep survives its JSON") {
  const auto json = to_json(sweep());
  CHECK(to_json(sweep_from_json(Json::parse(json.dump()))).dump() == json.dump());
  auto other = sweep();
  other.job = {};
  other.job.model = "deformable-detr";
  other.job.drawn = {0.5, "300", 7};
  other.job.latency = 50;
  other.fit = other.quick_build = true;
  other.overrides = {"gemm.columns=8"};
  other.weights = {1, 2, 3};
  CHECK(to_json(sweep_from_json(Json::parse(to_json(other).dump()))).dump() == to_json(other).dump());
  CHECK(other.job.options() == std::vector<std::string>{"--model", "deformable-detr", "--scale", "0.5", "--queries",
                                                        "300", "--seed", "7", "--latency", "50"});
  other.job = {};
  other.job.dense = {64, 256, 96};
  other.job.given_map = true;
  CHECK(to_json(sweep_from_json(Json::parse(to_json(other).dump()))).dump() == to_json(other).dump());
  CHECK(other.job.options() == std::vector<std::string>{"--dense", "64x256x96", "--given-map"});
}

TEST_CASE("CSV: a line a point, in quotes where needed") {
  CHECK(csv_field("plain text") == "plain text");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"it\"") == "\"say \"\"it\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
  const auto points = results();
  const auto text = csv(points, sweep().axes, front(points, cycles_area));
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1)
    lines.push_back(text.substr(begin, text.find('\n', begin) - begin));
  REQUIRE(lines.size() == 7);
  CHECK(lines[0].starts_with("point,core.head_lanes,gemm.rows,cycles,bytes,area,"));
  CHECK(lines[1].starts_with("1,1,2,1000,64,100,"));
  CHECK(lines[1].find(",0.3333333333333333,") != std::string::npos);
  CHECK(lines[1].ends_with(",compute,,,,1,,,,,"));
  CHECK(lines[2].ends_with(",1,true,501,130,,"));
  CHECK(lines[3].ends_with(",1,false,,,\"exit status 2: no Verilator, says \"\"it\"\"\","));
  CHECK(lines[4] == "4,2,2" + std::string(20, ',') + ",,,,,gemm.columns = 6: must be a multiple of 4");
}

TEST_CASE("CSV with a clock and an accuracy") {
  auto points = results();
  set_sqnr(points[0].figures, 30), set_ap(points[1].figures, 0.8714);
  CHECK((points[0].figures.noise == 1000 && points[1].figures.missing_ap == 12860));
  CHECK(to_json(point_from_json(to_json(points[0], sweep().axes)), sweep().axes) == to_json(points[0], sweep().axes));
  CHECK(to_json(point_from_json(to_json(points[1], sweep().axes)), sweep().axes) == to_json(points[1], sweep().axes));
  const auto text = csv(points, sweep().axes, {}, {200, 6});
  // 1000 cycles and 64 bytes, six times: 30 us.
  CHECK(text.find(",limited_by,mm2,sqnr_db,ap,milliseconds,frames_per_second,gigabytes_per_second,front,") !=
        std::string::npos);
  CHECK(text.find(",compute,,30.0,,0.03,33333.333333333336,0.0128,0,") != std::string::npos);
  CHECK(text.find(",0.8714,") != std::string::npos);
}

TEST_CASE("scales: all values have a place, ticks are told apart") {
  for (const auto& [least, largest] : {std::pair<std::int64_t, std::int64_t>{0, 0},
                                       {0, 7},
                                       {5, 5},
                                       {99, 101},
                                       {1'000'000, 1'000'003},
                                       {412, 522},
                                       {1, 19},
                                       {1, 21},
                                       {3, 3'000'000'000}}) {
    const Scale scale(least, largest);
    CAPTURE(least);
    CAPTURE(largest);
    CHECK(scale.place(static_cast<double>(least)) >= 0);
    CHECK(scale.place(static_cast<double>(largest)) <= 1);
    CHECK(scale.logarithmic() == (least > 0 && largest > 20 * least));
    std::set<std::string> names;
    for (const auto& [value, name] : scale.ticks()) names.insert(name);
    CHECK(names.size() == scale.ticks().size());
    CHECK(names.size() >= 2);
    CHECK(names.size() <= 12);
    CHECK(scale.place(scale.ticks().front().first) == doctest::Approx(0));
    CHECK(scale.place(scale.ticks().back().first) == doctest::Approx(1));
  }
}

TEST_CASE("the plot has a mark for every possible point") {
  const auto points = results();
  const auto svg = plot(points, sweep().axes, cycles_area, front(points, cycles_area), "a < b & \"c\"");
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (auto at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++found;
    return found;
  };
  CHECK(count("<title>point") == 5);
  CHECK(count("class=\"simulated\"") == 2);  // one in the legend
  CHECK(count("a &lt; b &amp; &quot;c&quot;") == 1);
  CHECK(count("point 4:") == 0);
}

TEST_CASE("numbers of close points of a front do not cover each other") {
  std::string latencies = "memory.latency_cycles=1";
  for (int i = 2; i <= 90; ++i) latencies += fmt::format(",{}", i);
  const std::vector<Axis> axes = {parse_axis(latencies)};
  // A front of 60 points in a corner of the picture, and others above it.
  std::vector<Point> points;
  for (std::int64_t n = 1; n <= 60; ++n) points.push_back(point(n, 10'000 - 7 * n, 10'000 + n * n / 10 + n));
  for (std::int64_t n = 61; n <= 90; ++n) points.push_back(point(n, 10'000 + 100 * n, 12'000 + 10 * n));
  const auto svg = plot(points, axes, cycles_area, front(points, cycles_area), "close");
  struct Text {
    double x, y, width;
  };
  std::vector<Text> numbers;
  const std::string tag = "<text class=\"number\" x=\"";
  for (auto at = svg.find(tag); at != std::string::npos; at = svg.find(tag, at + 1)) {
    Text t{};
    char number[8] = {};
    REQUIRE(std::sscanf(svg.c_str() + at + tag.size(), "%lf\" y=\"%lf\">%7[0-9]", &t.x, &t.y, number) == 3);
    t.width = 6.2 * static_cast<double>(std::string(number).size());  // digits of 11 pixels
    numbers.push_back(t);
  }
  MESSAGE(fmt::format("{} of 60 points on the front have their number", numbers.size()));
  CHECK(numbers.size() >= 20);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = numbers[i], &b = numbers[j];
      CHECK((a.x + a.width <= b.x || b.x + b.width <= a.x || std::abs(a.y - b.y) >= 9));
    }
}

TEST_CASE("work on several threads: each piece once, failures come through") {
  for (const int jobs : {1, 3, 100}) {
    std::vector<std::atomic<int>> done(57);
    std::size_t told = 0;
    for_each(
        57, jobs, [&](std::size_t i) { ++done[i]; }, [&](std::size_t n) { told = n; });
    for (const auto& d : done) CHECK(d == 1);
    CHECK(told <= 57);
    check_refusal(refusal([&] {
                    for_each(
                        57, jobs,
                        [](std::size_t i) {
                          if (i == 20) throw UserError("piece 20");
                        },
                        [](std::size_t) {});
                  }),
                  {"piece 20"});
  }
  for_each(
      0, 4, [](std::size_t) { FAIL("no piece"); }, [](std::size_t) {});
  CHECK(usable_cpus() >= 1);
}
