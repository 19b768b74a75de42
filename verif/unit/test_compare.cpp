// The comparison finds every kind of mismatch and names its place.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "config/derived.hpp"
#include "config/load.hpp"
#include "harness/compare.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// Stages whose elements are all different, and firings of all taps that agree with them.
struct Fixture {
  Config config;
  model::QuantisedLayer layer;
  model::Stages stages;

  explicit Fixture(const std::vector<std::string>& overrides = {}) : config(load_preset("small", overrides)) {
    config.order = {};  // that of arrival
    layer.queries = 10;
    layer.levels.assign(4, {3, 2});
    const auto samples = static_cast<std::size_t>(10 * config.attention.samples_per_query());
    std::int32_t next = -5000;
    const auto fill = [&](std::vector<std::int32_t>& tensor, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) tensor.push_back(next++);
    };
    fill(stages.offset, samples * 2);
    fill(stages.logit, samples);
    fill(stages.attention, samples);
    fill(stages.location, samples * 2);
    fill(stages.corner_weight, samples * 4);
    fill(stages.head, 10 * static_cast<std::size_t>(config.attention.embed_dim));
    fill(stages.output, 10 * static_cast<std::size_t>(config.attention.embed_dim));
    fill(stages.value, 24 * static_cast<std::size_t>(config.attention.embed_dim));
  }
  Work work() const { return AttentionWork{layer, stages}; }

  /// Fires everything; `edit(stage, n, values)` may change a firing and returns how often it is sent.
  template <typename Edit>
  Comparison run(Edit edit) const {
    Comparison comparison(config, work());
    const auto send = [&](const std::string& stage, int n, std::vector<std::int64_t> values) {
      for (int times = edit(stage, n, values); times > 0; --times) comparison.fire(stage, values);
    };
    const int samples = config.attention.samples_per_query();
    for (int q = 0; q < layer.queries; ++q) send("order", q, {q});
    const auto in_order = [&](const std::string& stage, int width, int values,
                              const std::vector<std::int32_t>& tensor) {
      int firing = 0;
      for (int q = 0; q < layer.queries; ++q)
        for (int first = 0; first < width; first += values) {
          std::vector<std::int64_t> v;
          for (int i = first; i < first + values; ++i) v.push_back(i < width ? tensor[q * width + i] : 123456);
          send(stage, firing++, v);
        }
    };
    in_order("logit", samples, 1, stages.logit);
    in_order("attention", samples, 1, stages.attention);
    in_order("offset", samples * 2, 2, stages.offset);
    in_order("location", samples * 2, 2, stages.location);
    in_order("corner_weight", samples * 4, 4, stages.corner_weight);
    in_order("head", config.attention.embed_dim, head_requant_units(config), stages.head);
    in_order("output", config.attention.embed_dim, config.core.projection_columns, stages.output);
    comparison.finish();
    comparison.compare_value(stages.value);
    comparison.compare_memory(stages.output);
    return comparison;
  }

  Comparison clean() const {
    return run([](auto&, int, auto&) { return 1; });
  }
  /// Changes value `field` of one firing by 1.
  Comparison changed(const std::string& at, int firing, int field) const {
    return run([&](auto& stage, int n, auto& values) {
      if (stage == at && n == firing) ++values[field];
      return 1;
    });
  }
  Comparison repeated(const std::string& at, int firing, int times) const {
    return run([&](auto& stage, int n, auto&) { return stage == at && n == firing ? times : 1; });
  }
};

std::string first(const Comparison& comparison, const std::string& stage) {
  for (const auto& result : comparison.results())
    if (result.name == stage) return result.first ? describe(*result.first) : "";
  return "no such stage";
}

}  // namespace

TEST_CASE("what agrees is bit-exact, also when columns do not divide the channels and rows do not divide the queries") {
  for (const auto& overrides : std::vector<std::vector<std::string>>{
           {}, {"attention.embed_dim=48", "core.projection_columns=32", "gemm.columns=12"}}) {
    const Fixture f(overrides);
    const auto comparison = f.clean();
    CHECK(comparison.mismatches() == 0);
    CHECK(comparison.queries_done() == 10);
    const auto results = comparison.results();
    CHECK(results.size() == 10);
    const std::int64_t samples = 10 * f.config.attention.samples_per_query();
    const std::int64_t values = 10 * f.config.attention.embed_dim;
    const std::vector<std::int64_t> compared = {24 * f.config.attention.embed_dim,
                                                10,
                                                samples,
                                                samples,
                                                samples * 2,
                                                samples * 2,
                                                samples * 4,
                                                values,
                                                values,
                                                values};
    for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].compared == compared[i]);
  }
}

TEST_CASE("one wrong value is found and placed") {
  const Fixture f;  // M = 4, L = 4, K = 4, D = 16, 4 rows
  const auto text = [&](const std::string& stage, int firing, int field) {
    const auto comparison = f.changed(stage, firing, field);
    CHECK(comparison.mismatches() == 1);
    return first(comparison, stage);
  };
  CHECK(text("logit", 64 * 2 + 1, 0).starts_with("logit: query 2, head 0, level 0, point 1, logit: "));
  const int i = 5 * 64 + 1;
  CHECK(text("offset", i, 1) == fmt::format("offset: query 5, head 0, level 0, point 1, offset_y: expected {}, got {}",
                                            -5000 + 2 * i + 1, -5000 + 2 * i + 2));
  CHECK(text("attention", 64 * 3 + 16 * 2 + 4 * 3 + 1, 0)
            .starts_with("attention: query 3, head 2, level 3, point 1, weight: "));
  CHECK(text("location", 17, 1).starts_with("location: query 0, head 1, level 0, point 1, y: "));
  CHECK(text("corner_weight", 17, 2).starts_with("corner_weight: query 0, head 1, level 0, point 1, w10: "));
  CHECK(text("head", 64 + 20, 0).starts_with("head: query 1, head 1, channel 4: "));
  CHECK(text("output", 16 * 9 + 3, 2).starts_with("output: query 9, channel 14: "));
}

TEST_CASE("missing and surplus firings are mismatches") {
  const Fixture f;
  for (const auto& s : stage_fields(f.config)) {
    const std::string stage(s.stage);
    const auto values = static_cast<std::int64_t>(s.fields.size());
    const int last = stage == "order" ? 9 : stage == "output" ? 159 : 639;
    const auto missing = f.repeated(stage, last, 0);
    CHECK(missing.mismatches() == values);
    CHECK(first(missing, stage).find(stage == "order" ? "turn 9" : "query 9") != std::string::npos);
    CHECK(first(missing, stage).ends_with("got nothing"));
    const auto surplus = f.repeated(stage, last, 2);
    CHECK(surplus.mismatches() == values);
    CHECK(first(surplus, stage).find("expected nothing, got ") != std::string::npos);
    CHECK(f.repeated(stage, 5, 0).mismatches() > values);  // everything behind it slips
    CHECK(f.repeated(stage, 5, 2).mismatches() > values);
  }
  Comparison silent(f.config, f.work());
  silent.finish();
  CHECK(silent.mismatches() == 10 + 640 * (1 + 1 + 2 + 2 + 4) + 640 * 2);
}

TEST_CASE("wrong rows in memory are mismatches") {
  const Fixture f;
  auto rows = f.stages.output;
  rows[3 * 64 + 7] = 0;
  Comparison memory(f.config, f.work());
  memory.compare_memory(rows);
  CHECK(memory.mismatches() == 1);
  CHECK(first(memory, "memory").starts_with("memory: query 3, channel 7: expected "));
}

TEST_CASE("a wrong value of the map is named by token, head and channel; a given map is not compared") {
  const Fixture f;
  Comparison comparison(f.config, f.work());
  auto value = f.stages.value;
  ++value[17 * 64 + 16 * 2 + 5];
  comparison.compare_value(value);
  CHECK(comparison.mismatches() == 1);
  CHECK(first(comparison, "value").starts_with("value: token 17, head 2, channel 5: expected "));

  Comparison given(f.config, AttentionWork{f.layer, f.stages, true});
  given.compare_value({});
  CHECK(given.mismatches() == 0);
  CHECK(first(given, "value") == "no such stage");
}

TEST_CASE("of a dense job the rows are compared, and a firing of any tap is surplus") {
  const Fixture f;
  model::DenseLayer layer;
  layer.rows = 3, layer.outputs = 37;
  std::vector<std::int32_t> product(3 * 37, 9);
  const Work work = DenseWork{layer, product};
  Comparison comparison(f.config, work);
  comparison.finish();
  comparison.compare_memory(product);
  CHECK(comparison.mismatches() == 0);
  CHECK(comparison.results().size() == 1);
  CHECK(comparison.results()[0].compared == 3 * 37);
  auto rows = product;
  rows[2 * 37 + 36] = 8;
  comparison.compare_memory(rows);
  CHECK(first(comparison, "memory") == "memory: row 2, output 36: expected 9, got 8");
  for (const auto& s : stage_fields(f.config)) {
    Comparison fired(f.config, work);
    fired.fire(s.stage, std::vector<std::int64_t>(s.fields.size(), 0));
    CHECK(fired.mismatches() > 0);
    CHECK(first(fired, std::string(s.stage)).find("expected nothing, got 0") != std::string::npos);
  }
}
