// Configurations: presets, round trip, overrides, derived numbers, and the text of every kind of refusal.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "config/derived.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"
#include "config/presets.hpp"
#include "refusal.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

Config with(std::string_view preset, std::vector<std::string> overrides) { return load_preset(preset, overrides); }

}  // namespace

TEST_CASE("presets load, match their files and survive a round trip") {
  for (const auto& p : presets()) {
    const auto config = load_preset(p.name);
    CHECK(config.name == p.name);
    const auto text = to_json(config).dump();
    CHECK(to_json(load_config(fmt::format("{}/presets/{}.json", EXAMPLES, p.name))).dump() == text);
    CHECK(to_json(parse_config(text, "text")).dump() == text);
  }
  const auto small = load_preset("small");
  CHECK(small.attention.embed_dim == 64);
  CHECK(small.numerics.logit_frac_bits == 6);
  CHECK(small.numerics.feature_bits == 8);
}

TEST_CASE("overrides change one field, and a numerics preset replaces all formats") {
  CHECK(with("small", {"gemm.rows=8"}).gemm.rows == 8);
  CHECK(with("small", {"gemm.rows=8", "gemm.rows=2"}).gemm.rows == 2);
  CHECK(with("small", {"name=another"}).name == "another");
  CHECK(with("small", {"numerics.query_bits=9"}).numerics.query_bits == 9);
  const auto written = to_json(load_preset("small")).dump();
  const std::vector<std::string> to_int8 = {"numerics.preset=int8", "numerics.corner_bits=11"};
  const auto n = parse_config(written, "text", to_int8).numerics;
  CHECK(n.query_bits == 8);
  CHECK(n.logit_frac_bits == 4);
  CHECK(n.corner_bits == 11);
}

TEST_CASE("the implementation is optional, as a whole and key by key") {
  const auto plain = with("small", {}).implementation;
  CHECK((plain.reset == sync_high && plain.clock_gating == 0));
  const auto low = with("small", {"implementation.reset=sync_low"}).implementation;
  CHECK((low.reset == sync_low && low.clock_gating == 0));
  const auto gated = with("small", {"implementation.clock_gating=true"}).implementation;
  CHECK((gated.reset == sync_high && gated.clock_gating == 1));
  const auto both = to_json(with("small", {"implementation.clock_gating=true", "implementation.reset=async_low"}));
  CHECK(both["implementation"].dump() == R"({"reset":"async_low","clock_gating":true})");
  CHECK(to_json(parse_config(both.dump(), "text")) == both);
}

TEST_CASE("the order and most of the feature cache are optional") {
  auto least = to_json(with("small", {}));
  least.erase("order");
  least["feature_cache"] = {{"kilobytes", 64}, {"ways", 2}, {"run_ahead", 256}};
  const auto plain = parse_config(least.dump(), "text");
  CHECK((plain.order.bucket_bits == 0 && plain.order.window == 1 && plain.order.distance_units == 1));
  CHECK((plain.order.curve == hilbert_curve && plain.order.strip_width == 0));
  CHECK((plain.feature_cache.line_shape == line_2x2 && plain.feature_cache.hashing == 1));
  CHECK((plain.feature_cache.bypass_distance == 0 && plain.feature_cache.level_parts.empty()));
  CHECK(plain.feature_cache.replacement == replace_in_turn);
  CHECK(plain.feature_cache.lines_per_cycle == 1);
  CHECK(with("quill", {"feature_cache.lines_per_cycle=2"}).feature_cache.lines_per_cycle == 2);
  const auto by_use = with("small", {"feature_cache.replacement=use", "feature_cache.ways=1"});
  CHECK(by_use.feature_cache.replacement == replace_by_use);
  CHECK(to_json(by_use)["feature_cache"]["replacement"] == "use");
  const auto other = with("small", {"order.window=32", "order.distance_units=8", "feature_cache.line_shape=1x1",
                                    "feature_cache.hashing=false", "feature_cache.level_parts=[32,16,8,8]"});
  CHECK((other.order.window == 32 && other.order.distance_units == 8 && other.order.starvation_bound == 1024));
  CHECK((other.feature_cache.line_shape == line_1x1 && other.feature_cache.hashing == 0));
  CHECK(other.feature_cache.level_parts == std::vector<int>{32, 16, 8, 8});
  const auto json = to_json(other);
  CHECK(to_json(parse_config(json.dump(), "text")) == json);
  CHECK(json["feature_cache"]["line_shape"] == "1x1");
  auto without = json;
  without.erase("order");
  CHECK(parse_config(without.dump(), "text").order.window == 1);
}

TEST_CASE("formats of the JSON override its numerics preset") {
  auto json = nlohmann::ordered_json::parse(presets()[0].json);
  json["numerics"]["query_bits"] = 13;
  const auto n = parse_config(json.dump(), "text").numerics;
  CHECK(n.query_bits == 13);
  CHECK(n.query_weight_bits == 8);
}

TEST_CASE("a field is taken by its older name too, and written by the one it has now") {
  CHECK(load_preset("small", std::vector<std::string>{"core.lanes=2"}).core.head_lanes == 2);
  auto json = to_json(load_preset("small"));
  CHECK(json["core"]["head_lanes"] == 1);
  CHECK(!json["core"].contains("lanes"));
  json["core"]["lanes"] = 4;
  check_refusal(refusal([&] { parse_config(json.dump(), "text"); }),
                {"text: core.lanes = 4: is the older name of core.head_lanes, which is given too; remove one"});
  json["core"].erase("head_lanes");
  CHECK(parse_config(json.dump(), "text").core.head_lanes == 4);
  CHECK(parse_config(json.dump(), "text", std::vector<std::string>{"core.head_lanes=2"}).core.head_lanes == 2);
  CHECK(newer_path("core.lanes") == "core.head_lanes");
  CHECK(newer_path("gemm.lanes") == "gemm.lanes");
}

TEST_CASE("every refusal names field, value, constraint and fix in one line") {
  struct Case {
    std::string preset;
    std::vector<std::string> overrides;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases = {
      {"small", {"gemm.rows=33"}, {"preset small: gemm.rows = 33: must be from 1 to 32; choose 32"}},
      {"small", {"gemm.depth=3"}, {"preset small: gemm.depth = 3: must be a power of two from 2 to 64; choose 2"}},
      {"small",
       {"gemm.columns=7"},
       {"gemm.columns = 7: must be a multiple of attention.embed_dim / attention.heads (16) and of twice the lanes "
        "(2); "
        "set it to 16, for example"}},
      {"small", {"gemm.depth=128"}, {"gemm.depth = 128", "from 2 to 64; choose 64"}},
      {"small", {"gemm.rows=\"4\""}, {"gemm.rows = \"4\": must be an integer"}},
      {"small", {"gemm.rows=4.0"}, {"gemm.rows = 4.0: must be an integer"}},
      {"small", {"gemm.rows=four"}, {"gemm.rows = \"four\": must be an integer"}},
      {"small", {"gemm.rows=99999999999"}, {"gemm.rows = 99999999999: must be a 32-bit number"}},
      {"small", {"gemm.rows=-99999999999"}, {"must be a 32-bit number"}},
      {"small", {"gemm.rows=99999999999999999999999"}, {"gemm.rows", "must be an integer"}},
      {"small", {"gemm.lanes=2"}, {"gemm.\"lanes\" = 2: unknown field; must be one of rows, columns, depth"}},
      {"small", {"prune.window=2"}, {"--set prune.window=2: unknown path", "gemm"}},
      {"small", {"order.window=3"}, {"order.window = 3: must be a power of two from 1 to 256; choose 2"}},
      {"small", {"order.window=512"}, {"order.window = 512", "choose 256"}},
      {"small", {"order.bucket_bits=7"}, {"order.bucket_bits = 7: must be from 0 to 6; choose 6"}},
      {"small",
       {"order.window=8", "order.distance_units=16"},
       {"order.distance_units = 16: must be at most order.window (8); lower it, or raise order.window"}},
      {"small", {"order.starvation_bound=0"}, {"order.starvation_bound = 0: must be from 1 to 65535; choose 1"}},
      {"small", {"order.strip_width=65"}, {"order.strip_width = 65: must be from 0 to 64; choose 64"}},
      {"small", {"order.curve=zigzag"}, {"order.curve = \"zigzag\": must be one of hilbert, strips; choose one"}},
      {"small",
       {"order.bucket_bits=0", "order.curve=strips"},
       {"order.curve = strips: must be hilbert without order.bucket_bits, whose cells it orders; raise "
        "order.bucket_bits to 6, for example, or set it to hilbert"}},
      {"small",
       {"order.bucket_bits=3", "order.curve=strips", "order.strip_width=9"},
       {"order.strip_width = 9: must be at most the 2^order.bucket_bits = 8 cells of a row; lower it, or raise "
        "order.bucket_bits"}},
      {"small", {"order.bound=9"}, {"order.\"bound\" = 9: unknown field; must be one of bucket_bits, curve"}},
      {"small", {"feature_cache.policy=lines"}, {"feature_cache.policy = \"lines\": must be one of line, region"}},
      {"small",
       {"feature_cache.line_shape=1x2"},
       {"feature_cache.line_shape = \"1x2\": must be one of 2x2, 2x1, 1x1; choose one"}},
      {"nano",
       {"feature_cache.line_shape=1x1"},
       {"feature_cache.line_shape = 1x1: must be a shape whose pixels of 2 channels (2 bytes) are whole beats of 8 "
        "bytes; choose 2x2, or"}},
      {"small",
       {"feature_cache.line_shape=2x1", "memory.data_bits=512"},
       {"feature_cache.line_shape = 2x1: must be a shape whose pixels of 16 channels (32 bytes) are whole beats of 64 "
        "bytes"}},
      {"small",
       {"feature_cache.lines_per_cycle=4"},
       {"feature_cache.lines_per_cycle = 4: must be from 1 to 2; choose 2"}},
      {"small",
       {"feature_cache.policy=region", "feature_cache.lines_per_cycle=2"},
       {"feature_cache.lines_per_cycle = 2: must be 1 with feature_cache.policy = region, whose lines are brought "
        "ahead; leave it out, or set the policy to line"}},
      {"small", {"feature_cache.hashing=1"}, {"feature_cache.hashing = 1: must be true or false"}},
      {"small", {"feature_cache.bypass_distance=-1"}, {"feature_cache.bypass_distance = -1: must be from 0 to 1024"}},
      {"small", {"feature_cache.level_parts=64"}, {"feature_cache.level_parts = 64: must be a list"}},
      {"small",
       {"feature_cache.level_parts=[32,\"32\"]"},
       {"feature_cache.level_parts[1] = \"32\": must be an integer"}},
      {"small",
       {"feature_cache.level_parts=[32,32]"},
       {"feature_cache.level_parts = [32, 32]: must be a number for each of attention.levels = 4, or empty"}},
      {"small",
       {"feature_cache.level_parts=[32,24,4,4]"},
       {"feature_cache.level_parts[1] = 24: must be a power of two from 1 to 1024"}},
      {"small", {"feature_cache.level_parts=[32,0,16,16]"}, {"feature_cache.level_parts[1] = 0: must be"}},
      {"small",
       {"feature_cache.level_parts=[32,32,16,16]"},
       {"feature_cache.level_parts = [32, 32, 16, 16]: must be numbers that add up to a power of two, not to 96; "
        "change one of them"}},
      {"small",
       {"feature_cache.ways=4", "feature_cache.level_parts=[32,16,15,1]"},
       {"feature_cache.level_parts[2] = 15"}},
      {"small",
       {"feature_cache.ways=4", "feature_cache.kilobytes=16", "feature_cache.level_parts=[8,4,2,2]",
        "core.head_lanes=2"},
       {"feature_cache.level_parts[2] = 2: must be such that its 2048 bytes / 64 (bytes of a line)",
        "give it a larger part, or set feature_cache.kilobytes to 32, or lower feature_cache.ways"}},
      {"small", {"core.level_lanes=3"}, {"core.level_lanes = 3: must be a power of two from 1 to 8; choose 2"}},
      {"small",
       {"core.level_lanes=8"},
       {"core.level_lanes = 8: must be a divisor of attention.levels (4); change one of the two"}},
      {"small",
       {"attention.heads=16", "attention.levels=8", "core.head_lanes=8", "core.level_lanes=8"},
       {"core.level_lanes = 8: must be at most 4 with core.head_lanes = 8; lower one of the two"}},
      {"small",
       {"core.level_lanes=2", "feature_cache.policy=region"},
       {"core.level_lanes = 2: must be 1 with feature_cache.policy = region"}},
      {"small",
       {"core.level_lanes=2", "feature_cache.level_parts=[4,2,1,1]"},
       {"feature_cache.level_parts = [4, 2, 1, 1]: must be numbers of which those of the levels of a lane add up to a "
        "power of two; those of levels 0 to 1 add up to 6; change one of them, or core.level_lanes"}},
      {"small",
       {"core.level_lanes=4", "feature_cache.kilobytes=1"},
       {"feature_cache.kilobytes = 1: must be such that kilobytes * 1024 / 64 (bytes of a line) / 4 (tag banks) / 2 "
        "(ways) / 4 (lanes) is 2 or more"}},
      {"small", {"gemm=2"}, {"--set gemm=2: unknown path"}},
      {"small", {"gemm.rows"}, {"--set gemm.rows: must be path=value"}},
      {"small", {"name=a b"}, {"name = \"a b\": must be 1 to 64 letters"}},
      {"small", {"name="}, {"name = \"\""}},
      {"small", {"numerics.preset=int9"}, {"numerics.preset = \"int9\": must be int8, mixed or int12"}},
      {"small", {"attention.embed_dim=66"}, {"attention.embed_dim = 66: must be a multiple of attention.heads (4)"}},
      {"small", {"attention.embed_dim=60"}, {"attention.embed_dim / attention.heads = 15: must be even"}},
      {"small", {"attention.embed_dim=512"}, {"attention.embed_dim / attention.heads = 128", "2 to 64"}},
      {"small", {"attention.heads=0"}, {"attention.heads = 0: must be from 1 to 16; choose 1"}},
      {"small", {"attention.max_width=1025"}, {"attention.max_width = 1025: must be from 1 to 1024"}},
      {"small", {"attention.max_queries=0"}, {"attention.max_queries = 0"}},
      {"small", {"numerics.query_bits=17"}, {"numerics.query_bits = 17: must be from 4 to 16"}},
      {"small",
       {"numerics.attention_bits=6", "numerics.interp_frac_bits=2", "numerics.corner_bits=11"},
       {"numerics.corner_bits = 11: must be at most attention_bits + 2 * interp_frac_bits = 10"}},
      {"small",
       {"attention.levels=8", "attention.points=8", "numerics.corner_bits=6"},
       {"numerics.corner_bits = 6", "2 * levels * points = 128; set it to 7 or more"}},
      {"nano", {"core.projection_columns=8"}, {"core.projection_columns = 8: must be at most attention.embed_dim (4)"}},
      {"small", {"core.projection_columns=5"}, {"core.projection_columns = 5: must be a power of two"}},
      {"small", {"feature_cache.ways=3"}, {"feature_cache.ways = 3: must be a power of two from 1 to 8; choose 2"}},
      {"small", {"feature_cache.kilobytes=48"}, {"kilobytes = 48: must be a power of two from 1 to 1024; choose 32"}},
      {"small",
       {"feature_cache.kilobytes=1", "feature_cache.ways=4"},
       {"feature_cache.kilobytes = 1", "64 (bytes of a line)", "set it to 2, or lower feature_cache.ways"}},
      {"small", {"memory.data_bits=96"}, {"memory.data_bits = 96: must be a power of two from 64 to 512; choose 64"}},
      {"small",
       {"attention.embed_dim=256", "gemm.columns=64", "numerics.preset=int12", "memory.data_bits=64"},
       {"memory.data_bits = 64", "line of 512 bytes", "set it to 256 or more"}},
      {"small",
       {"feature_cache.policy=region", "pruning.max_range=1", "feature_cache.region_ranges=[0,0,0,0]",
        "attention.max_width=2", "attention.max_height=1"},
       {"feature_cache.region_ranges = [0, 0, 0, 0]: must be empty", "a block of 2x2 pixels"}},
      {"small", {"attention.level_points=[4,4]"}, {"attention.level_points = [4, 4]", "attention.levels = 4"}},
      {"small", {"attention.level_points=[4,0,1,1]"}, {"attention.level_points[1] = 0: must be from 1 to"}},
      {"small", {"attention.level_points=[2,3,3,1]"}, {"attention.points = 4: must be the largest of"}},
      {"defa", {"attention.level_points=[4,2,2,4]"}, {"core.level_lanes = 4: must be 1", "core.head_lanes"}},
      {"small",
       {"attention.level_points=[4,1,2,2]", "pruning.points=true", "core.points_per_cycle=2"},
       {"core.points_per_cycle = 2: must be a divisor of attention.level_points[1] (1)"}},
      {"small", {"attention.anchors=5"}, {"attention.anchors = 5: must be at most attention.points (4)"}},
      {"defa", {"attention.anchors=2"}, {"core.level_lanes = 4: must be 1 with attention.anchors = 2"}},
      {"detector", {"attention.anchors=2"}, {"network.epilogue = true: must be false", "attention.anchors = 2"}},
      {"small",
       {"attention.anchors=2", "feature_cache.policy=region"},
       {"feature_cache.policy = region: must be line", "attention.anchors = 2"}},
      {"small",
       {"attention.anchors=2", "pruning.points=true", "core.points_per_cycle=2"},
       {"core.points_per_cycle = 2: must be 1 with attention.anchors = 2"}},
      {"small", {"memory.address_bits=31"}, {"memory.address_bits = 31: must be from 32 to 64"}},
      {"small", {"memory.max_outstanding=48"}, {"memory.max_outstanding = 48", "choose 32"}},
      {"small",
       {"implementation.reset=async_high"},
       {"implementation.reset = \"async_high\": must be one of sync_high, sync_low, async_low; choose one"}},
      {"small", {"implementation.reset=2"}, {"implementation.reset = 2: must be a string; quote it"}},
      {"small",
       {"implementation.clock_gating=1"},
       {"implementation.clock_gating = 1: must be true or false; write it without quotes"}},
      {"small", {"implementation.sram=x"}, {"implementation.\"sram\" = \"x\": unknown field; must be one of reset,"}},
      {"small",
       {"network.self_attention=300"},
       {"network.self_attention = 300: must be 0 without network.epilogue; set it to 0"}},
      {"small",
       {"network.epilogue=true", "network.self_attention=1025"},
       {"network.self_attention = 1025: must be from 0 to 1024; choose 1024"}},
      {"small",
       {"network.epilogue=true", "network.self_attention=300", "attention.max_queries=200"},
       {"network.self_attention = 300: must be at most attention.max_queries (200)"}},
      {"small",
       {"network.epilogue=true", "network.self_attention=300", "numerics.query_weight_bits=11"},
       {"numerics.query_bits = 12: must be at most the 11 bits of a weight", "raise numerics.query_weight_bits"}},
      {"small",
       {"network.epilogue=true", "network.self_attention=300", "gemm.depth=32"},
       {"gemm.depth = 32: must be a divisor of attention.embed_dim / attention.heads (16)"}},
      {"small",
       {"network.activations=gelu"},
       {"network.activations = gelu: must be none without network.epilogue; set it to none"}},
      {"small",
       {"network.epilogue=true", "network.activations=tanh"},
       {"network.activations = \"tanh\": must be one of none, gelu, silu, sigmoid, all; choose one"}},
      {"small", {"pruning.count_bits=7"}, {"pruning.count_bits = 7: must be 0, or 8 to 16; set it to 8, or to 0"}},
      {"huge", {}, {"preset huge: unknown; must be one of nano, small"}},
  };
  for (const auto& c : cases) check_refusal(refusal([&] { with(c.preset, c.overrides); }), c.parts);
  MESSAGE(fmt::format("{} refusals compared", cases.size()));
}

TEST_CASE("every field refuses the numbers just outside its range") {
  for (const auto& f : fields())
    for (const int value : {f.min - 1, f.max + 1, f.max * 2})
      check_refusal(refusal([&] { with("small", {fmt::format("{}={}", f.path(), value)}); }),
                    {fmt::format("{} = {}: must be ", f.path(), value)});
}

TEST_CASE("text that is no configuration is refused") {
  const std::string good(presets()[0].json);
  const auto edited = [&](const std::string& from, const std::string& to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not valid JSON"},
      {"[]", "must be an object"},
      {"{}", "name = nothing: must be given"},
      {good.substr(0, good.size() / 2), "not valid JSON"},
      {edited("\"rows\": 2", "\"rows\": 2, \"rows\": 4"), "key \"rows\" is given twice"},
      {edited("\"gemm\"", "\"jemm\""), "\"jemm\" = "},
      {edited("\"rows\": 2, ", ""), "gemm.rows = nothing: must be given; add it"},
      {edited("{ \"preset\": \"int8\" }", "{ \"query_bits\": 8 }"), "numerics.query_weight_bits = nothing"},
      {edited("{ \"preset\": \"int8\" }", "{ \"preset\": 8 }"), "numerics.preset = 8: must be a string"},
      {edited("{ \"head_lanes\": 1, \"projection_columns\": 2 }", "3"), "core = 3: must be an object"},
      {edited("\"name\": \"nano\"", "\"name\": 7"), "name = 7: must be a string"},
      {std::string(1000, '['), "nested deeper"},
  };
  for (const auto& [text, part] : cases)
    check_refusal(refusal([&, &t = text] { parse_config(t, "file.json"); }), {"file.json: ", part});
  check_refusal(refusal([] { load_config("no/such/file.json"); }), {"no/such/file.json: cannot be opened"});
  check_refusal(refusal([] { load_config("."); }), {".: is a directory"});
}

TEST_CASE("derived numbers") {
  const auto nano = load_preset("nano");
  CHECK(line_bytes(nano) == 8);
  CHECK(line_beats(nano) == 1);
  CHECK(cache_lines(nano, cache_bytes(nano)) == 128);
  CHECK(most_cache_sets(nano) == 16);
  CHECK(query_row_beats(nano) == 1);
  CHECK(reference_row_bytes(nano, false) == 16);
  CHECK(reference_row_bytes(nano, true) == 32);
  CHECK(head_requant_units(nano) == 1);
  const auto small = load_preset("small");
  CHECK(line_bytes(small) == 64);
  CHECK(line_beats(small) == 4);
  CHECK(most_cache_sets(small) == 128);
  // Parts of a block; the padding of 12 channels counts in the cache and is not fetched.
  const auto pixels = with("small", {"feature_cache.line_shape=1x1", "attention.embed_dim=48", "memory.data_bits=64",
                                     "numerics.preset=int12", "gemm.columns=12"});
  CHECK(block_bytes(pixels) == 128);
  CHECK(line_bytes(pixels) == 24);
  CHECK(line_beats(pixels) == 3);
  CHECK(most_cache_sets(pixels) == 64 * 1024 / 32 / 4 / 2);
  const auto rows = with("small", {"feature_cache.line_shape=2x1", "core.head_lanes=2"});
  CHECK(line_bytes(rows) == 32);
  CHECK(most_cache_sets(rows) == 64 * 1024 / 32 / 4 / 2 / 2);
  CHECK(cache_sets(rows, 16 * 1024) == 32);
  CHECK(query_row_beats(small) == 8);
  Config c;
  c.attention.embed_dim = 64, c.attention.heads = 1, c.attention.levels = 1, c.attention.points = 3;
  CHECK(head_requant_units(c) == 32);  // 64 / 3 rounds up to 22; the next divisor of 64 is 32
  c.attention.levels = c.attention.points = 4, c.core.points_per_cycle = 4;
  CHECK(head_requant_units(c) == 16);
  c.core.level_lanes = 2;
  CHECK(head_requant_units(c) == 32);
}

TEST_CASE("samples and caches of level lanes") {
  // Lanes 0 to 3: heads 0, 1 with levels 0, 1; with levels 2, 3; heads 2, 3 likewise.
  const auto c = with("small", {"core.head_lanes=2", "core.level_lanes=2", "feature_cache.level_parts=[4,4,4,4]"});
  CHECK(c.core.lanes() == 4);
  CHECK(lane_sample(c, 0, 0) == 0);
  CHECK(lane_sample(c, 0, 5) == 5);
  CHECK(lane_sample(c, 0, 8) == 16);  // the next head
  CHECK(lane_sample(c, 1, 0) == 8);   // level 2
  CHECK(lane_sample(c, 1, 15) == 16 + 15);
  CHECK(lane_sample(c, 3, 1) == 2 * 16 + 8 + 1);
  CHECK(lane_cache_sets(c, 0) == 64 * 1024 / 64 / 4 / 2 / 4);
  const auto shares = with("small", {"core.level_lanes=4", "feature_cache.level_parts=[4,2,1,1]"});
  CHECK(lane_cache_sets(shares, 0) == 64 * 1024 / 64 / 4 / 2 / 2);
  CHECK(lane_cache_sets(shares, 3) == 64 * 1024 / 64 / 4 / 2 / 8);
  CHECK(most_cache_sets(shares) == lane_cache_sets(shares, 0));
}

TEST_CASE("random configurations are either refused in one line or have sound derived numbers") {
  std::mt19937 random(1);
  int accepted = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    auto c = load_preset("small");
    for (const auto& f : fields())
      if (random() % 4 == 0) {
        const int span = f.max - f.min + 1;
        f.in(c) = f.shape == Shape::PowerOfTwo ? static_cast<int>(std::bit_ceil(f.min + random() % span))
                                               : f.min + static_cast<int>(random() % span);
      }
    const auto message = refusal([&] { validate(c); });
    CHECK(message.find('\n') == std::string::npos);
    if (!message.empty()) {
      ++refused;
      continue;
    }
    ++accepted;
    CHECK(c.core.lanes() <= 32);
    CHECK(c.attention.levels % c.core.level_lanes == 0);
    CHECK((c.core.level_lanes == 1 || c.feature_cache.policy == line_policy));
    int sets = 0;
    for (int j = 0; j < c.core.level_lanes; ++j) {
      CHECK(std::has_single_bit(static_cast<unsigned>(lane_cache_sets(c, j))));
      CHECK(lane_cache_sets(c, j) >= 2);
      sets += lane_cache_sets(c, j);
    }
    const int pixels = line_pixels(c.feature_cache.line_shape);
    CHECK(c.core.head_lanes * sets * tag_banks * c.feature_cache.ways * block_bytes(c) * pixels / 4 ==
          c.feature_cache.kilobytes * 1024);
    CHECK(line_bytes(c) % beat_bytes(c.memory) == 0);
    CHECK(4 / pixels * line_bytes(c) <= block_bytes(c));
    CHECK(line_beats(c) >= 1);
    CHECK(line_beats(c) <= 16);
    CHECK(c.attention.head_dim() % head_requant_units(c) == 0);
    CHECK(head_requant_units(c) * c.attention.samples_per_head() >= c.attention.head_dim() * c.core.points_per_cycle);
    CHECK(to_json(parse_config(to_json(c).dump(), "text")) == to_json(c));
  }
  CHECK(accepted > 100);
  MESSAGE(fmt::format("{} accepted, {} refused", accepted, refused));
}
