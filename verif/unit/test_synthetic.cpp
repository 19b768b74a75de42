// Synthetic layers: shapes, kinds of queries, and whether samples scatter as is stated.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "estimate/demand.hpp"
#include "harness/sha256.hpp"
#include "refusal.hpp"
#include "synthetic/workload.hpp"
#include "workload_file.hpp"

using namespace quillgen;
using namespace quillgen::synthetic;
using namespace quillgen::test;

namespace {

Workload loaded(const std::string& model, const ModelOptions& options) {
  const TemporaryFile file(workload_file(model, options).bytes);
  return load_workload(file.path());
}

/// Share, mean and deviation of numbers as they come.
struct Moments {
  double count = 0, sum = 0, squares = 0;
  void add(double x) { ++count, sum += x, squares += x * x; }
  double mean() const { return sum / count; }
  double deviation() const { return std::sqrt(squares / count - mean() * mean()); }
};

}  // namespace

TEST_CASE("offsets of a synthetic layer: rings, spread and tail") {
  const auto w = loaded("deformable-detr", {0.25, "", 3});
  CHECK(w.queries == 25 * 42 + 13 * 21 + 7 * 11 + 4 * 6);
  const auto channels = static_cast<std::size_t>(w.embed_dim), plain = channels - 64;  // 2 of the tail a head and level
  std::int64_t in_tail = 0, groups = 0;
  for (std::size_t row = 0; row < 256; ++row) {
    const auto group = row / 8, head = group / 4, point = row / 2 % 4, axis = row % 2;
    const double angle = 2 * 3.141592653589793 * static_cast<double>(head) / 8;
    const double ring = static_cast<double>(point + 1) * (axis == 0 ? std::cos(angle) : std::sin(angle));
    Moments near, far;
    for (std::size_t q = 0; q < static_cast<std::size_t>(w.queries); ++q) {
      const double* query = &w.query[q * channels];
      double offset = w.offset_bias[row];
      for (std::size_t c = 0; c < channels; ++c) offset += w.offset_weight[row * channels + c] * query[c];
      const bool tail = query[plain + 2 * group] != 0;
      (tail ? far : near).add(offset - ring);
      if (row % 8 == 0) ++groups, in_tail += tail;
    }
    const double spread = 0.5 + static_cast<double>(point + 1) / 2;
    // 1400 queries: means within 5 of their own deviations; a row of 192 drawn weights is within 5 * 5 % of its length.
    CHECK(std::abs(near.mean()) < 5 * spread / std::sqrt(near.count));
    CHECK(near.deviation() == doctest::Approx(spread).epsilon(0.3));
    if (far.count > 0) CHECK(std::abs(far.mean()) < 5 * 13 / std::sqrt(far.count));
    if (far.count > 30) CHECK(far.deviation() == doctest::Approx(std::hypot(12, spread)).epsilon(0.5));
  }
  const double share = static_cast<double>(in_tail) / static_cast<double>(groups);
  MESSAGE(fmt::format("{:.2f} % of {} heads and levels of a query in the tail", 100 * share, groups));
  CHECK(share == doctest::Approx(0.03).epsilon(0.1));
}

TEST_CASE("samples of a synthetic layer, as the software model places them, lie as drawn ones do") {
  // Numbers of mixed: a unit of location is 1/256 pixel.
  Numerics numerics{12, 12, 8, 8, 12, 8, 12, 7, 8, 8, 7, 6, 10, 12};
  const auto spread_of = [&](const estimate::Demand& demand, int level_width) {
    // Of the last point of head 0 in level 0, of queries in the middle of the map: where it lies against the reference.
    Moments x, y;
    std::int64_t read = 0, samples = 0;
    for (std::size_t q = 0; q < static_cast<std::size_t>(demand.layer.queries); ++q) {
      const double rx = demand.references[q * 8] / 65536.0, ry = demand.references[q * 8 + 1] / 65536.0;
      for (std::size_t s = 0; s < 128; ++s) ++samples, read += demand.places[q * 128 + s].corners != 0;
      if (std::abs(rx - 0.5) > 0.2 || std::abs(ry - 0.5) > 0.2) continue;
      const auto& place = demand.places[q * 128 + 3];
      const double dx = place.x + 1 - rx * level_width, dy = place.y + 1 - ry * demand.layer.level_shapes[0].height;
      if (std::hypot(dx - 4, dy) < 10) x.add(dx), y.add(dy);  // without the tail
    }
    return std::array{x.mean(), y.mean(), x.deviation(), y.deviation(),
                      static_cast<double>(read) / static_cast<double>(samples)};
  };
  const ModelOptions options{0.3, "", 1};
  const auto file = estimate::demand_of(loaded("deformable-detr", options), numerics);
  const auto drawn = estimate::model_demand("deformable-detr", options);
  const int width = file.layer.level_shapes[0].width;
  const auto a = spread_of(file, width), b = spread_of(drawn, width);
  MESSAGE(
      fmt::format("point 4 of head 0 at ({:.2f}, {:.2f}) +- ({:.2f}, {:.2f}), drawn ({:.2f}, {:.2f}) +- ({:.2f}, "
                  "{:.2f}); samples that read: {:.3f}, drawn {:.3f}",
                  a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], a[4], b[4]));
  CHECK(a[0] == doctest::Approx(4).epsilon(0.1));
  CHECK(std::abs(a[1]) < 0.4);
  for (int i = 0; i < 4; ++i) CHECK(std::abs(a[i] - b[i]) < 0.6);
  CHECK(std::abs(a[4] - b[4]) < 0.02);  // what is off the map; the weights of the others are hardly ever 0
}

TEST_CASE("a file is the same on every machine, and another for another seed") {
  const auto digest = [](const ModelOptions& options) {
    return harness::sha256(workload_file("rt-detr", options).bytes);
  };
  const auto one = digest({0.1, "20", 1});
  CHECK(one == "315802312935a3c315ad09a27395fca42687db2ad007f720661bd5b69a082eeb");
  CHECK(digest({0.1, "20", 2}) != one);
}

TEST_CASE("a share of the pixels is masked, in small holes, and nothing else changes") {
  const auto options_of = [](const std::string& masked) {
    synthetic::ModelOptions options;
    options.scale = 0.3, options.masked = masked;
    return options;
  };
  const auto plain = options_of(""), holed = options_of("40%");
  const auto drawn = [](const synthetic::ModelOptions& options) {
    synthetic::Random random(options.seed);
    return std::pair(draw_layer("deformable-detr", options, random), random.bits());
  };
  const auto [whole, next] = drawn(plain);
  const auto [layer, next_of_holed] = drawn(holed);
  CHECK(next == next_of_holed);
  CHECK(whole.shape.padding.empty());
  const auto& mask = layer.shape.padding;
  REQUIRE(mask.size() == static_cast<std::size_t>(layer.shape.tokens));
  std::size_t first = 0;
  for (const auto& level : layer.shape.level_shapes) {
    const auto pixels = static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width);
    const auto masked = std::count(mask.begin() + static_cast<std::ptrdiff_t>(first),
                                   mask.begin() + static_cast<std::ptrdiff_t>(first + pixels), 1);
    CHECK(masked == std::llround(0.4 * static_cast<double>(pixels)));
    first += pixels;
  }
  synthetic::Random random(1);
  for (const char* text : {"40", "100%", "-1%", "many%", "%"})
    CHECK_THROWS_AS(draw_layer("deformable-detr", options_of(text), random), UserError);
}

TEST_CASE("kinds of queries") {
  const auto listed = loaded("deformable-detr", {0.2, "30%", 1});
  CHECK(listed.queries == listed.tokens);  // a row for each token, and a list of those that are wanted
  CHECK(static_cast<double>(listed.index_list.size()) == std::round(0.3 * listed.tokens));
  CHECK(std::set(listed.index_list.begin(), listed.index_list.end()).size() == listed.index_list.size());
  CHECK_FALSE(std::is_sorted(listed.index_list.begin(), listed.index_list.end()));
  // Clustered: of the 4x4 parts of level 0, 20 x 34 pixels, the four fullest hold well over a quarter of the list.
  std::array<int, 16> parts{};
  int in_level = 0;
  for (const int token : listed.index_list)
    if (token < 20 * 34) ++in_level, ++parts[static_cast<std::size_t>(token / 34 / 5 * 4 + token % 34 * 4 / 34)];
  std::sort(parts.rbegin(), parts.rend());
  CHECK(parts[0] + parts[1] + parts[2] + parts[3] > in_level * 0.38);
  CHECK(parts[0] < in_level / 2);  // but not around one object
  // The best come first, so a smaller share is its front.
  const auto best = loaded("deformable-detr", {0.2, "10%", 1}).index_list;
  CHECK(std::equal(best.begin(), best.end(), listed.index_list.begin()));
  CHECK(loaded("sparse-detr", {0.2, "", 1}).index_list == listed.index_list);
  CHECK(loaded("sparse-detr", {0.2, "7", 1}).index_list.size() == 7);
  const auto all = loaded("deformable-detr", {0.1, "100%", 1});
  CHECK(all.index_list.size() == static_cast<std::size_t>(all.tokens));

  const auto decoder = loaded("deformable-detr", {0.2, "decoder", 1});
  CHECK((decoder.queries == 300 && decoder.boxes && decoder.index_list.empty()));
  CHECK(loaded("dino-decoder", {0.1, "decoder", 1}).queries == 900);
  const auto encoder = loaded("dino-decoder", {0.1, "encoder", 1});
  CHECK((encoder.queries == encoder.tokens && !encoder.boxes));
  const auto grid = loaded("bevformer", {0.1, "100", 1});
  CHECK((grid.queries == 100 && grid.points == 8 && grid.reference_points.front() < 0));
  CHECK(loaded("mask2former", {0.1, "", 1}).tokens == 16 + 49 + 169);

  const auto image = loaded("deformable-detr", {0.5, "1%", 1, "800x1066"});
  CHECK((image.tokens == 50 * 67 + 25 * 34 + 13 * 17 + 7 * 9));
  CHECK(estimate::model_demand("deformable-detr", {1, "", 1, "800x1066"}).layer.tokens == 17821);
  for (const auto* text : {"800", "800x", "x800", "0x800", "800x-1", "800x600x3", "a"})
    CHECK(refusal([&] { workload_file("rt-detr", {1, "", 1, text}); }).find("--image") != std::string::npos);

  const auto refused = [](const char* queries) {
    return refusal([&] { workload_file("sparse-detr", {0.2, queries, 1}); });
  };
  for (const auto* text : {"some", "30 %", "%", "1.5", "30%%", "nan", "1e3x"})
    CHECK(refused(text).find("must be encoder, decoder") != std::string::npos);
  for (const auto* text : {"0%", "101%", "-1%"}) CHECK(refused(text).find("at most 100 %") != std::string::npos);
  for (const auto* text : {"0", "-5", "100000"}) CHECK(refused(text).find("must be from 1 to") != std::string::npos);
}
