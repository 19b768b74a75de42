// Counting memories, registers and multipliers of a netlist.
#include <doctest/doctest.h>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "config/presets.hpp"
#include "estimate/estimate.hpp"
#include "hdl/build.hpp"
#include "passes/resources.hpp"

using namespace quillgen::hdl;
using quillgen::passes::resources_of;

TEST_CASE("resources are counted through the hierarchy, each instance") {
  Design d;
  auto& child = d.module("child", [](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    auto product = reg(m, "product", SInt(8), 0);
    product.when(Bool::constant(m, true), a * b);
    output(m, "out", product);
  });
  auto& top = d.module("top", [&](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    for (const char* name : {"one", "two"}) {
      Instance i(m, name, child);
      i.in("a", a), i.in("b", b);
      output(m, std::string("out_") + name, i.out("out", SInt(8)));
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

TEST_CASE("the estimate counts the multipliers and memory bits of the netlist") {
  using Changes = std::vector<std::vector<std::string>>;
  const Changes of_all = {
      {},
      {"core.lanes=2", "gemm.columns=12"},
      {"gemm.rows=1", "feature_cache.ways=1", "memory.data_bits=256"},
      {"numerics.preset=int12", "gemm.max_inner=17"},
      {"feature_cache.bypass_distance=12", "feature_cache.hashing=false"},
      {"order.bucket_bits=6", "order.window=64", "order.distance_units=8"},
      {"order.bucket_bits=0", "order.window=1", "order.distance_units=1"},
      {"feature_cache.policy=region", "feature_cache.level_parts=[]", "feature_cache.line_shape=2x2",
       "feature_cache.hashing=true", "feature_cache.bypass_distance=0"},
      {"feature_cache.policy=region", "feature_cache.level_parts=[]", "feature_cache.line_shape=2x2",
       "feature_cache.hashing=true", "feature_cache.bypass_distance=0", "feature_cache.overlap=copy",
       "feature_cache.region_queries=8", "core.lanes=2", "gemm.columns=12"}};
  // Whose pixels are whole beats.
  const Changes of_small = {
      {"feature_cache.line_shape=1x1", "feature_cache.ways=1", "feature_cache.level_parts=[32,16,8,8]"},
      {"feature_cache.line_shape=1x1", "feature_cache.ways=8", "feature_cache.bypass_distance=8"},
      {"feature_cache.line_shape=2x1", "core.lanes=2", "gemm.columns=12", "feature_cache.bypass_distance=3"}};
  for (const auto& preset : quillgen::presets()) {
    auto changes = of_all;
    if (preset.name == "small") changes.insert(changes.end(), of_small.begin(), of_small.end());
    for (const auto& change : changes) {
      const auto config = quillgen::load_preset(preset.name, change);
      CAPTURE(preset.name);
      CAPTURE(change.size());
      Design d;
      const auto counted = resources_of(quillgen::accel::build_top(d, quillgen::accel::Shapes(config), "top"));
      const auto estimated = quillgen::estimate::hardware_of(config);
      CHECK(estimated.multipliers == counted.multipliers);
      CHECK(estimated.memory_bits == counted.memory_bits);
    }
  }
}
