// What the pictures share: places of labels, style sheets for light and dark, text.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

#include "drawing/labels.hpp"
#include "drawing/svg.hpp"

using namespace quillgen::drawing;

TEST_CASE("labels of many close points do not cover each other, nor marks, and stay in the frame") {
  constexpr double radius = 4, size = 11;
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    const Box frame{50, 20, 400, 300};
    std::vector<std::pair<double, double>> points;
    for (int i = 0; i < 150; ++i) {
      // Half of them in a heap, the others anywhere in the frame.
      const double spread = i % 2 == 0 ? 60 : 300;
      points.emplace_back(50 + spread * (random() % 1000) / 1000.0, 20 + spread * (random() % 1000) / 1000.0);
    }
    const auto places = [&] {
      Labels labels(frame);
      for (const auto& [x, y] : points) labels.keep_free({x - radius, y - radius, 2 * radius, 2 * radius});
      std::vector<std::optional<Box>> found;
      for (std::size_t i = 0; i < points.size(); ++i)
        found.push_back(labels.place(points[i].first, points[i].second, radius, fmt::format("{}", i), size));
      return found;
    };
    const auto found = places(), again = places();
    std::size_t placed = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].has_value() == again[i].has_value());
      if (!found[i]) continue;
      ++placed;
      CHECK(found[i]->x == again[i]->x);
      CHECK(frame.holds(*found[i]));
      for (const auto& [x, y] : points) CHECK(!found[i]->meets({x - radius, y - radius, 2 * radius, 2 * radius}));
      for (std::size_t j = 0; j < i; ++j)
        if (found[j]) CHECK(!found[i]->meets(*found[j]));
    }
    MESSAGE(fmt::format("seed {}: {} of {} points have a label", seed, placed, points.size()));
    CHECK(placed > 75);  // a heap of 75 has no room for all
  }
}

TEST_CASE("a point has its label beside it, at the edge and at a line too") {
  Labels alone({0, 0, 100, 100});
  const auto box = alone.place(50, 50, 5, "12", 10);
  REQUIRE(box.has_value());
  CHECK(!box->meets({45, 45, 10, 10}));
  CHECK(box->meets({35, 35, 30, 30}));
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {100.0, 0.0}, {0.0, 100.0}, {100.0, 100.0}, {50.0, 0.0}}) {
    Labels labels({0, 0, 100, 100});
    CHECK(labels.place(x, y, 5, "12", 10).has_value());
  }
  Labels crossed({0, 0, 100, 100});
  crossed.keep_free(0, 0, 100, 100);
  crossed.keep_free(0, 100, 100, 0);
  const auto between = crossed.place(50, 50, 5, "12", 10);
  REQUIRE(between.has_value());
  for (double t = 0; t <= 100; t += 0.5) {
    CHECK(!between->meets({t, t, 0.1, 0.1}));
    CHECK(!between->meets({t, 100 - t, 0.1, 0.1}));
  }
  Labels full({0, 0, 100, 100});
  full.keep_free({0, 0, 100, 100});
  CHECK(!full.place(50, 50, 5, "12", 10).has_value());
  CHECK(!Labels({0, 0, 5, 5}).place(2, 2, 1, "wider than that", 10).has_value());
}

TEST_CASE("a rule has its colour for light, and for dark where that is asked for") {
  const Paint paints[] = {{"text", "fill", ink}, {".frame", "stroke", "#111111", "#222222"}};
  CHECK(style_sheet(paints) ==
        "text{fill:#1c2530}.frame{stroke:#111111}\n"
        "@media (prefers-color-scheme:dark){text{fill:#e6e9ec}.frame{stroke:#222222}}\n");
}

TEST_CASE("ramps meet their stops") {
  constexpr Rgb stops[] = {{0, 0, 0}, {255, 0, 16}, {255, 255, 255}};
  CHECK(ramp(stops, 0) == "#000000");
  CHECK(ramp(stops, 0.25) == "#7f0008");
  CHECK(ramp(stops, 0.5) == "#ff0010");
  CHECK(ramp(stops, 1) == "#ffffff");
  CHECK(ramp(stops, 7) == "#ffffff");
}

TEST_CASE("text of any kind fits its line and its tag") {
  CHECK(escaped("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d");
  CHECK(shortened("short", 13, 100) == "short");
  const std::string path = "/a/very/long/folder/of/somebody/layer.safetensors";
  const auto end = shortened(path, 13, 200);
  CHECK(end.starts_with("..."));
  CHECK(path.ends_with(end.substr(3)));
  CHECK(text_width(end, 13) <= 200);
  CHECK(text_width(end + path[path.size() - end.size() + 2], 13) > 190);
  // A character of several bytes is not cut.
  for (int most = 30; most < 90; ++most) CHECK((shortened("größer größer größer", 13, most)[3] & 0xc0) != 0x80);
}
