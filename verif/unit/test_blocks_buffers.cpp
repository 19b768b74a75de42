// The sizes of the memories on chip, by the formulas of generator/accel/README.md ("Memories on chip").
#include <map>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

using Sizes = std::map<std::string, std::pair<int, int>>;  ///< words and bits by path

void collect_memories(const hdl::Module& m, const std::string& path, Sizes& sizes) {
  for (const auto& memory : m.memories()) sizes[path + memory.name] = {memory.depth, memory.width};
  for (const auto& u : m.instances()) collect_memories(*u.module, path + u.name + ".", sizes);
}

int up(int x) { return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(x, 2)))); }

}  // namespace

TEST_CASE("memories have the sizes of their formulas") {
  auto configs = block_configs();
  for (const auto& name : {"nano", "small"}) configs.push_back(load_preset(name));
  int compared = 0;
  for (const Config& c : configs) {
    hdl::Design design;
    Sizes sizes;
    collect_memories(accel::build_top(design, accel::Shapes(c), "top"), "", sizes);
    const auto& a = c.attention;
    const auto& n = c.numerics;
    const int samples = a.samples_per_query(), rows = c.gemm.rows, columns = c.gemm.columns, depth = c.gemm.depth,
              outputs = c.core.projection_columns, lanes = c.core.lanes, beat = c.memory.data_bits,
              latency = c.memory.latency_cycles, queries = 3 * rows, groups = divide_up(a.embed_dim, outputs),
              units = head_requant_units(a);
    const int row = divide_up(a.embed_dim * element_bytes(n.query_bits) * 8, beat),
              output_row = divide_up(a.embed_dim * element_bytes(n.output_bits) * 8, beat);
    const auto expect = [&](const std::string& path, int words, int bits) {
      CAPTURE(describe(c));
      CAPTURE(path);
      REQUIRE(sizes.count(path) == 1);
      CHECK(sizes[path].first == words);
      CHECK(sizes[path].second == bits);
      ++compared;
    };
    expect("core.query_projection.query_0", 2 * up(divide_up(a.embed_dim, depth)), depth * n.query_bits);
    expect("core.query_projection.weight_0", divide_up(samples, columns / 3) * divide_up(a.embed_dim, depth),
           depth * n.query_weight_bits);
    expect("core.query_projection.table_0", samples / lanes, 3 * 54);
    expect("core.lane_0.point_source.logits", queries * up(samples / lanes), n.logit_int_bits + n.logit_frac_bits);
    expect("core.lane_0.index_gen.offsets", queries * up(samples / lanes),
           2 * (n.offset_int_bits + n.offset_frac_bits));
    expect("core.lane_0.index_gen.references", queries * up(a.levels), 98);
    const int lines = c.feature_cache.kilobytes * 1024 / line_bytes(c) / lanes;
    CHECK(sizes["core.lane_0.tag_lookup.bank_0"].first == lines / 4 / c.feature_cache.ways);
    expect("core.lane_0.line_fetch.lines.words", c.memory.max_outstanding / lanes,
           4 * a.head_dim() * 8 * element_bytes(n.feature_bits));
    expect("core.lane_0.feature_buffer.pixels_0", lines, a.head_dim() * n.feature_bits);
    CHECK(sizes["core.lane_0.feature_buffer.queue.words"].first == c.feature_cache.run_ahead);
    expect("core.lane_0.head_requantise.table_memory", a.embed_dim / lanes / units, units * 22);
    expect("core.lane_0.head_projection.weights_0", a.heads / lanes * groups, a.head_dim() * n.output_weight_bits);
    CHECK(sizes["core.lane_0.head_projection.accumulators"].first == groups);
    expect("core.output_requantise.table_0", groups, 54);
    if (lanes > 1) CHECK(sizes["core.sums_0.words"].first == up(groups));
    expect("job_reader.beats.words", up(std::max(latency, 32)), beat);
    expect("query_fetch.reader.beats.words", up(std::max(latency * row * lanes / samples + 2 * row, 32)), beat);
    expect("reference_fetch.reader.beats.words", up(latency * 16 * a.levels * lanes / (beat / 8) / samples + 32), beat);
    expect("output_writer.beats.words", up(2 * std::min(output_row, 16)), beat);
  }
  MESSAGE(fmt::format("{} memories of {} configurations", compared, configs.size()));
}
