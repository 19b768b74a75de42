// The JSON Schema of a configuration and the checks in C++ agree: each value here is taken by both or refused by both.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <set>
#include <string>

#include "config/fields.hpp"
#include "config/load.hpp"
#include "config/presets.hpp"
#include "config/read_file.hpp"
#include "config/schema.hpp"
#include "refusal.hpp"
#include "schema_check.hpp"

using namespace quillgen;
using namespace quillgen::test;
using Json = nlohmann::ordered_json;

namespace {

/// A legal configuration with every number written out; queries as they arrive, so that any window is legal.
Json base() {
  auto config = load_preset("small");
  config.order = {};
  return to_json(config);
}

/// A pointer into a configuration, "/gemm/rows" of gemm.rows.
Json::json_pointer pointer(const Field& f) { return Json::json_pointer(fmt::format("/{}/{}", f.section, f.key)); }

int compared = 0;

/// Both must take the configuration, or both refuse it.
void check_both(const Json& config, bool taken) {
  static const Json schema = config_schema();
  const auto by_schema = violation(schema, config);
  const auto by_program = refusal([&] { parse_config(config.dump(), "text"); });
  CAPTURE(config.dump());
  CAPTURE(by_schema);
  CAPTURE(by_program);
  CHECK(by_schema.empty() == taken);
  CHECK(by_program.empty() == taken);
  ++compared;
}

bool is_legal(const Field& f, int value) {
  if (value < f.min || value > f.max) return false;
  if (f.shape == Shape::PowerOfTwo) return (value & (value - 1)) == 0;
  return true;
}

/// `value` for one field; the heads follow embed_dim, which must be 2 to 64 times as large and even times, and the
/// columns embed_dim and lanes.
Json with(const Field& f, int value) {
  auto config = base();
  config[pointer(f)] = value;
  if (f.key == "embed_dim") config["attention"]["heads"] = value < 64 ? 2 : 16;
  config["gemm"]["columns"] = 64;
  if (f.key == "columns") config["attention"]["embed_dim"] = 2 * 4, config[pointer(f)] = value;
  if (f.key == "head_lanes") config["attention"]["heads"] = 16, config["attention"]["embed_dim"] = 64;
  if (f.key == "projection_columns") config["attention"]["embed_dim"] = 128;
  if (f.key == "level_lanes") config["attention"]["levels"] = 8;
  if (f.section == "core") config["feature_cache"]["kilobytes"] = 64, config["memory"]["max_outstanding"] = 64;
  if (f.key == "anchors") config["attention"]["points"] = 8;
  if (f.key == "distance_units") config["order"]["window"] = 256;
  if (f.key == "points_per_cycle") config["pruning"]["points"] = value > 1;
  if (f.key == "self_attention") config["network"]["epilogue"] = value != 0;
  return config;
}

}  // namespace

TEST_CASE("the published schema is current") {
  const bool current = read_file(EXAMPLES "/config.schema.json") == config_schema().dump(2) + "\n";
  CHECK_MESSAGE(current, "write it anew: quillgen schema > examples/config.schema.json");
}

TEST_CASE("presets satisfy the schema, as they are written and in full") {
  for (const auto& p : presets()) {
    check_both(Json::parse(p.json), true);
    check_both(to_json(load_preset(p.name)), true);
  }
}

TEST_CASE("schema and program agree on the ends of each range and on one beyond") {
  for (const auto& f : fields()) {
    if (!f.is_number()) continue;
    std::set<int> values = {f.min - 1, f.min, f.max, f.max + 1, 2 * f.max};
    if (f.shape != Shape::Any)
      for (int value = f.min; value <= f.max; ++value) values.insert(value);
    for (const int value : values) check_both(with(f, value), is_legal(f, value));
  }
  MESSAGE(fmt::format("{} configurations compared so far", compared));
}

TEST_CASE("schema and program agree on the older name of a field") {
  for (const auto& f : fields()) {
    if (f.older.empty()) continue;
    auto config = base();
    config[std::string(f.section)].erase(std::string(f.key));
    config[std::string(f.section)][std::string(f.older)] = f.min;
    check_both(config, true);
    config[std::string(f.section)][std::string(f.older)] = f.max + 1;
    check_both(config, false);
    config[std::string(f.section)][std::string(f.older)] = config[pointer(f)] = f.min;
    check_both(config, false);
  }
}

TEST_CASE("schema and program agree on what is no integer, missing or unknown") {
  for (const auto& f : fields()) {
    if (f.is_optional()) continue;
    for (const Json& other : {Json("4"), Json(4.5), Json(true), Json(nullptr), Json::array({4})}) {
      auto config = base();
      config[pointer(f)] = other;
      check_both(config, false);
    }
    auto config = base();
    config[std::string(f.section)].erase(std::string(f.key));
    check_both(config, false);
    if (f.section == "numerics") config["numerics"]["preset"] = "mixed";
    check_both(config, f.section == "numerics");
    config = base();
    config[std::string(f.section)]["more"] = 1;
    check_both(config, false);
    config = base();
    config.erase(std::string(f.section));
    check_both(config, false);
    config[std::string(f.section)] = 4;
    check_both(config, false);
  }
  auto config = base();
  config["more"] = 1;
  check_both(config, false);
  check_both(Json::array(), false);
  MESSAGE(fmt::format("{} configurations compared so far", compared));
}

TEST_CASE("schema and program agree on names and on presets of numerics") {
  const auto named = [](const Json& name) {
    auto config = base();
    config["name"] = name;
    return config;
  };
  for (const auto& name : {std::string("a"), std::string("A-z_09"), std::string(64, 'x')})
    check_both(named(name), true);
  for (const auto& name :
       {std::string(), std::string("a b"), std::string("a\n"), std::string("é"), std::string(65, 'x')})
    check_both(named(name), false);
  check_both(named(7), false);

  const auto formats = [](const Json& numerics) {
    auto config = base();
    config["numerics"] = numerics;
    return config;
  };
  for (const auto name : numerics_presets) check_both(formats({{"preset", name}}), true);
  for (const Json& name : {Json("int9"), Json(""), Json(8)}) check_both(formats({{"preset", name}}), false);
  check_both(formats({{"preset", "int8"}, {"query_bits", 16}}), true);
  check_both(formats({{"preset", "int8"}, {"query_bits", 17}}), false);
  check_both(formats({{"query_bits", 8}}), false);
}

TEST_CASE("schema and program agree on the optional section: names, flags, and what is left out") {
  const auto implemented = [](const Json& implementation) {
    auto config = base();
    config["implementation"] = implementation;
    return config;
  };
  for (const Json& taken : {Json::object(), Json{{"reset", "sync_high"}}, Json{{"reset", "sync_low"}},
                            Json{{"reset", "async_low"}}, Json{{"clock_gating", true}}, Json{{"clock_gating", false}},
                            Json{{"reset", "async_low"}, {"clock_gating", true}}})
    check_both(implemented(taken), true);
  for (const Json& refused :
       {Json("async_low"), Json(1), Json{{"reset", "async_high"}}, Json{{"reset", 2}}, Json{{"reset", nullptr}},
        Json{{"clock_gating", 1}}, Json{{"clock_gating", "true"}}, Json{{"sram", "inferred"}}})
    check_both(implemented(refused), false);
  auto config = base();
  config.erase("implementation");
  check_both(config, true);
}

TEST_CASE("schema and program agree on the order and the feature cache: choices, flags, shares, and what is left out") {
  const auto in = [](const char* section, const Json& values) {
    auto config = base();
    config[section].update(values);
    return config;
  };
  for (const Json& taken : {Json{{"policy", "line"}}, Json{{"line_shape", "2x2"}}, Json{{"line_shape", "2x1"}},
                            Json{{"line_shape", "1x1"}}, Json{{"hashing", false}}, Json{{"overlap", "copy"}},
                            Json{{"replacement", "turn"}}, Json{{"lines_per_cycle", 2}}, Json{{"replacement", "use"}},
                            Json{{"level_parts", Json::array()}}, Json{{"level_parts", {32, 16, 8, 8}}},
                            Json{{"region_ranges", Json::array()}}, Json{{"region_ranges", {0, 5, 1024, 3}}}})
    check_both(in("feature_cache", taken), true);
  for (const Json& refused : {Json{{"policy", "lru"}},
                              Json{{"policy", 0}},
                              Json{{"line_shape", "1x2"}},
                              Json{{"line_shape", nullptr}},
                              Json{{"hashing", 1}},
                              Json{{"hashing", "false"}},
                              Json{{"overlap", true}},
                              Json{{"level_parts", 64}},
                              Json{{"region_ranges", 8}},
                              Json{{"region_ranges", {8, 8, "4", 2}}},
                              Json{{"region_ranges", {8, 8, 4.5, 2}}},
                              Json{{"replacement", "lru"}},
                              Json{{"replacement", 1}},
                              Json{{"lines_per_cycle", 3}},
                              Json{{"level_parts", {32, 16, 8, 8.5}}},
                              Json{{"level_parts", {32, 16, 8, "8"}}},
                              Json{{"level_parts", {32, 24, 4, 4}}},
                              Json{{"level_parts", {64, 0, 0, 0}}},
                              Json{{"level_parts", {8, 8, 8, 8, 8, 8, 4, 4, 8}}},
                              Json{{"prefetch", 1}}})
    check_both(in("feature_cache", refused), false);
  for (const Json& taken : {Json{{"bucket_bits", 4}, {"curve", "strips"}}, Json{{"curve", "hilbert"}},
                            Json{{"bucket_bits", 6}, {"curve", "strips"}, {"strip_width", 64}}})
    check_both(in("order", taken), true);
  for (const Json& refused : {Json{{"window", true}}, Json{{"policy", "nearest"}}, Json{{"bucket_bits", "4"}},
                              Json{{"curve", "strip"}}, Json{{"curve", 1}}, Json{{"strip_width", "0"}}})
    check_both(in("order", refused), false);
  for (const auto& f : fields()) {
    if (!f.is_optional()) continue;
    auto config = base();
    config[std::string(f.section)].erase(std::string(f.key));
    check_both(config, true);
  }
  auto config = base();
  config.erase("order"), config["feature_cache"].erase("level_parts");
  check_both(config, true);
  config["order"] = Json::object();
  check_both(config, true);
  config["order"] = 4;
  check_both(config, false);
}

TEST_CASE("every number of the schema has a description of one sentence") {
  for (const auto& f : fields()) {
    CAPTURE(f.path());
    CHECK(f.description.size() > 10);
    CHECK(f.description.find('.') == f.description.size() - 1);
  }
}

TEST_CASE("the checker of schemas refuses what a keyword forbids, and keywords it does not know") {
  const std::vector<std::pair<Json, Json>> wrong = {
      {{{"type", "object"}}, 1},
      {{{"type", "string"}}, 1},
      {{{"type", "integer"}}, 1.5},
      {{{"enum", {1, 2}}}, 3},
      {{{"minimum", 2}}, 1},
      {{{"maximum", 2}}, 3},
      {{{"multipleOf", 3}}, 4},
      {{{"pattern", "^a$"}}, "b"},
      {{{"required", {"a"}}}, Json::object()},
      {{{"properties", {{"a", {{"type", "string"}}}}}}, {{"a", 1}}},
      {{{"properties", Json::object()}, {"additionalProperties", false}}, {{"a", 1}}},
      {{{"anyOf", {{{"minimum", 2}}, {{"maximum", 0}}}}}, 1},
      {{{"type", "array"}}, 1},
      {{{"type", "boolean"}}, 1},
      {{{"maxItems", 2}}, {1, 2, 3}},
      {{{"items", {{"maximum", 2}}}}, {1, 2, 3}},
  };
  for (const auto& [schema, value] : wrong) {
    CAPTURE(schema.dump());
    CHECK(!violation(schema, value).empty());
  }
  CHECK(violation({{"anyOf", {{{"minimum", 2}}, {{"maximum", 0}}}}}, 2).empty());
  CHECK_THROWS_AS(violation({{"minItems", 3}}, 1), std::logic_error);
}
