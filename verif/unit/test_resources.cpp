// Counting memories, registers and multipliers of a netlist, and what reaches its outputs without a register.
#include <doctest/doctest.h>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "config/presets.hpp"
#include "estimate/estimate.hpp"
#include "hdl/build.hpp"
#include "passes/resources.hpp"
#include "passes/verify.hpp"

using namespace quillgen::hdl;
using quillgen::passes::resources_of;

TEST_CASE("resources are counted through the hierarchy, each instance") {
  Design d;
  auto& child = d.module("child", [](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    auto product = reg(m, "product", SInt(8), 0);
    product.when(Bool::constant(m, true), a * b);
    output(m, "result", product);
  });
  auto& top = d.module("top", [&](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    for (const char* name : {"one", "two"}) {
      Instance i(m, name, child);
      i.in("a", a), i.in("b", b);
      output(m, std::string("out_") + name, i.out("result", SInt(8)));
    }
    output(m, "scaled", a * SInt::constant(m, 3, 4));
    auto enable = input(m, "enable", Bool());
    auto address = input(m, "address", UInt(4));
    Ram sram(m, "sram", 10, 7, 1), file(m, "file", 6, 2, 0);
    sram.write(enable, address, input(m, "word", UInt(7)));
    file.write(enable, address.wrap(3), input(m, "half", UInt(2)));
    output(m, "sram_data", sram.read(address, enable));
    output(m, "file_data", file.read(address.wrap(3), true));
  });
  const auto r = resources_of(top);
  CHECK(r.multipliers == 2);
  CHECK(r.multiplier_bits == 2 * 5 * 3);
  CHECK(r.memory_bits == 70);
  CHECK(r.register_bits == 2 * 8 + 12);
}

/// Calls f(configuration, top) for every preset and variants of it.
template <class F>
void for_all_designs(F&& f) {
  using Changes = std::vector<std::vector<std::string>>;
  const Changes of_all = {
      {},
      {"core.head_lanes=2", "gemm.rows=7"},
      {"gemm.rows=1", "feature_cache.ways=1", "memory.data_bits=256"},
      {"numerics.preset=int12", "gemm.max_inner=17"},
      {"feature_cache.bypass_distance=12", "feature_cache.hashing=false"},
      {"feature_cache.replacement=use"},
      {"feature_cache.lines_per_cycle=2"},
      {"order.bucket_bits=6", "order.window=64", "order.distance_units=8"},
      {"order.bucket_bits=6", "order.curve=strips", "order.strip_width=13"},
      {"order.bucket_bits=0", "order.window=1", "order.distance_units=1"},
      {"feature_cache.policy=region", "feature_cache.level_parts=[]", "feature_cache.line_shape=2x2",
       "feature_cache.hashing=true", "feature_cache.bypass_distance=0"},
      {"feature_cache.policy=region", "feature_cache.level_parts=[]", "feature_cache.line_shape=2x2",
       "feature_cache.hashing=true", "feature_cache.bypass_distance=0", "feature_cache.overlap=copy",
       "feature_cache.region_queries=8", "core.head_lanes=2", "gemm.rows=7"},
      {"pruning.count_bits=11", "pruning.points=true", "feature_cache.policy=line"},
      {"network.epilogue=true"},
      {"network.epilogue=true", "network.activations=silu", "network.stream_bits=9", "numerics.preset=int12",
       "core.head_lanes=2", "gemm.rows=1", "gemm.max_inner=517"},
      {"network.epilogue=true", "network.self_attention=0", "network.activations=all", "network.stream_bits=14",
       "numerics.query_bits=16", "gemm.rows=7", "implementation.clock_gating=true"}};
  // Whose pixels are whole beats.
  const Changes of_small = {
      {"feature_cache.line_shape=1x1", "feature_cache.ways=1", "feature_cache.level_parts=[32,16,8,8]"},
      {"feature_cache.line_shape=1x1", "feature_cache.ways=8", "feature_cache.bypass_distance=8"},
      {"feature_cache.line_shape=1x1", "feature_cache.ways=8", "feature_cache.replacement=use"},
      {"feature_cache.line_shape=2x1", "core.head_lanes=2", "gemm.rows=7", "feature_cache.bypass_distance=3"},
      {"core.level_lanes=2"},
      {"core.level_lanes=4", "pruning.points=true", "core.points_per_cycle=2", "feature_cache.level_parts=[4,2,1,1]"},
      {"core.level_lanes=2", "core.head_lanes=2", "pruning.count_bits=13", "feature_cache.ways=4",
       "feature_cache.replacement=use"},
      {"core.head_lanes=4", "core.level_lanes=2", "core.projection_columns=16", "gemm.rows=12"},
      {"feature_cache.line_shape=1x1", "feature_cache.lines_per_cycle=2", "core.head_lanes=4", "gemm.rows=6",
       "memory.max_outstanding=16"},
      {"feature_cache.line_shape=2x1", "feature_cache.lines_per_cycle=2", "feature_cache.bypass_distance=8"}};
  for (const auto& preset : quillgen::presets()) {
    // Of defa, whose features exclude some of these, what is its own.
    const bool is_defa = preset.name == "defa";
    auto changes = is_defa ? Changes{{}, {"core.head_lanes=2", "gemm.rows=7"}} : of_all;
    // Without lines by demand; of each preset as many ranges as it has levels.
    std::string ranges;
    for (int l = 0; l < quillgen::load_preset(preset.name).attention.levels; ++l)
      ranges += std::string(l == 0 ? "[" : ",") + std::to_string(3 - l % 4);
    for (const char* overlap : {"refetch", "copy"})
      if (!is_defa)
        changes.push_back({"feature_cache.policy=region", "feature_cache.level_parts=[]",
                           "feature_cache.line_shape=2x2", "feature_cache.hashing=true",
                           "feature_cache.bypass_distance=0", "feature_cache.kilobytes=1024", "pruning.max_range=3",
                           "feature_cache.region_ranges=" + ranges + "]",
                           std::string("feature_cache.overlap=") + overlap});
    if (preset.name == "small") changes.insert(changes.end(), of_small.begin(), of_small.end());
    for (const auto& change : changes) {
      const auto config = quillgen::load_preset(preset.name, change);
      CAPTURE(preset.name);
      CAPTURE(change.size());
      Design d;
      f(config, quillgen::accel::build_top(d, quillgen::accel::Shapes(config), "top"));
    }
  }
}

TEST_CASE("the estimate counts the multipliers and memory bits of the netlist") {
  for_all_designs([](const quillgen::Config& config, const Module& top) {
    const auto counted = resources_of(top);
    const auto estimated = quillgen::estimate::hardware_of(config);
    CHECK(estimated.multipliers == counted.multipliers);
    CHECK(estimated.memory_bits == counted.memory_bits);
  });
}

TEST_CASE("no output of the top depends on an input in the same cycle") {
  for_all_designs([](const quillgen::Config&, const Module& top) {
    for (const auto& path : quillgen::passes::paths_through(top)) FAIL_CHECK(path);
  });
}

TEST_CASE("paths through a design are found in all modules, and named") {
  Design d;
  auto& child = d.module("child", [](Module& m) {
    auto in = input(m, "data_in", UInt(4)), address = input(m, "address", UInt(1));
    auto kept = reg(m, "kept", UInt(4), 0);
    kept.next(in);
    Ram file(m, "file", 2, 4, 0), sram(m, "sram", 2, 4, 1);
    file.write(in.bit(0), address, in), sram.write(in.bit(0), address, in);
    output(m, "through", ~in), output(m, "registered", kept);
    output(m, "of_file", file.read(address, true)), output(m, "of_sram", sram.read(address, true));
  });
  auto& top = d.module("top", [&](Module& m) {
    Instance i(m, "i", child);
    i.in("data_in", input(m, "a", UInt(4))), i.in("address", input(m, "b", UInt(1)));
    for (const char* port : {"through", "registered", "of_file", "of_sram"})
      output(m, port, i.out(port, UInt(4)) & UInt::constant(m, 7, 4));
  });
  const auto paths = quillgen::passes::paths_through(top);
  REQUIRE(paths.size() == 2);
  for (const char* part : {"output through", "a (4 bits", " -> ", "test_resources.cpp:"})
    CHECK(paths[0].find(part) != std::string::npos);
  CHECK(paths[1].find("output of_file") != std::string::npos);
  CHECK(paths[1].find("b (1 bits") != std::string::npos);
}
