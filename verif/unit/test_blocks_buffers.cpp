// The sizes of the memories on chip, by the formulas of generator/accel/README.md ("Memories on chip").
#include <bit>
#include <map>

#include "config/region.hpp"
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
  for (const auto& ways : {"feature_cache.ways=1", "feature_cache.ways=4", "feature_cache.ways=8"})
    configs.push_back(load_preset("small", std::vector<std::string>{ways, "feature_cache.replacement=use"}));
  for (const auto& change : std::vector<std::vector<std::string>>{
           {}, {"feature_cache.overlap=copy", "feature_cache.region_queries=8", "core.head_lanes=2"}}) {
    auto changes = change;
    changes.push_back("feature_cache.policy=region");
    configs.push_back(load_preset("small", changes));
    changes.insert(changes.end(),
                   {"pruning.max_range=7", "feature_cache.region_ranges=[7,4,1,0]", "feature_cache.kilobytes=128"});
    configs.push_back(load_preset("small", changes));
  }
  for (const auto* shape : {"2x1", "1x1", "2x2"}) {
    const std::vector<std::string> changes = {"feature_cache.lines_per_cycle=2",
                                              fmt::format("feature_cache.line_shape={}", shape)};
    configs.push_back(load_preset("small", changes));
  }
  int compared = 0;
  for (const Config& c : configs) {
    hdl::Design design;
    Sizes sizes;
    collect_memories(accel::build_top(design, accel::Shapes(c), "top"), "", sizes);
    const auto& a = c.attention;
    const auto& n = c.numerics;
    const int samples = a.samples_per_query(), rows = c.gemm.rows, columns = c.gemm.columns, depth = c.gemm.depth,
              outputs = c.core.projection_columns, lanes = c.core.lanes(), beat = c.memory.data_bits,
              latency = c.memory.latency_cycles, slots = 2 * (rows == 1 ? 1 : up(rows)) + rows,
              groups = divide_up(a.embed_dim, outputs), units = head_requant_units(c),
              logit_words = divide_up(samples, columns), offset_words = divide_up(2 * samples, columns),
              inner = std::max(a.embed_dim, c.gemm.max_inner);
    const auto in_beats = [&](int elements, int bits) { return divide_up(elements * element_bytes(bits) * 8, beat); };
    // With an epilogue rows have elements of one size, and results those of what is added to the stream, or of
    // operands.
    const bool epilogue = c.network.epilogue != 0;
    const int stream = c.network.stream_bits,
              width = epilogue ? std::max({n.output_bits, n.query_bits, stream}) : n.output_bits,
              result = epilogue ? std::max({n.output_bits, n.query_bits, stream + 2, 18}) : n.output_bits,
              projected = epilogue ? std::max(n.output_bits, stream + 2) : n.output_bits,
              in_word = beat / 8 / element_bytes(width);
    const int row_in_beats = std::max(
        {in_beats(inner, n.query_bits), in_beats(a.embed_dim, n.feature_bits), epilogue ? in_beats(inner, width) : 0});
    // Tiles of the layer, of the smallest panel of whole beats, and of the largest.
    const int tiles = divide_up(a.embed_dim, columns) + logit_words + offset_words;
    int aligned = 1;
    while (aligned * columns * element_bytes(width) * 8 % beat != 0) ++aligned;
    // With an epilogue a panel has room for C outputs, too.
    const int of_row = epilogue ? divide_up(a.embed_dim, columns) : 0;
    const int results = up(std::max({a.embed_dim, of_row * columns, aligned * columns})), panel = results / columns;
    const auto expect = [&](const std::string& path, int words, int bits) {
      CAPTURE(describe(c));
      CAPTURE(path);
      REQUIRE(sizes.count(path) == 1);
      CHECK(sizes[path].first == words);
      CHECK(sizes[path].second == bits);
      ++compared;
    };
    // Columns that fill up to four beats best share a memory.
    const auto together = [&](int bits) {
      int best = 1;
      const auto waste = [&](int count) { return double(divide_up(count * bits, beat)) / count; };
      for (int i = 2; i <= columns; ++i)
        if (columns % i == 0 && divide_up(i * bits, beat) <= 4 && waste(i) < waste(best) - 1e-9) best = i;
      return best;
    };
    const int weight_bits = std::max(n.query_weight_bits, n.feature_weight_bits),
              weight_columns = together(depth * weight_bits), requant_columns = together(54);
    int row_elements = depth;
    while (2 * row_elements <= columns && row_elements < inner) row_elements *= 2;
    expect("gemm.engine.row_0", 2 * up(divide_up(inner, row_elements)),
           row_elements * std::max(n.query_bits, n.feature_bits));
    expect("gemm.engine.weight_0",
           std::max({tiles * divide_up(a.embed_dim, depth), 2 * aligned * divide_up(c.gemm.max_inner, depth),
                     of_row * divide_up(c.gemm.max_inner, depth)}),
           weight_columns * depth * weight_bits);
    expect("gemm.engine.requant_table_0", std::max(tiles, 2 * panel), requant_columns * 54);
    CHECK(sizes.count(fmt::format("gemm.engine.weight_{}", columns / weight_columns - 1)) == 1);
    CHECK(sizes.count(fmt::format("gemm.engine.weight_{}", columns / weight_columns)) == 0);
    CHECK(sizes.count(fmt::format("gemm.engine.requant_table_{}", columns / requant_columns - 1)) == 1);
    CHECK(sizes.count(fmt::format("gemm.engine.requant_table_{}", columns / requant_columns)) == 0);
    expect("gemm.token_walk.mask", divide_up(a.max_tokens, beat / 8), beat / 8);
    const int banks = std::max({static_cast<int>(std::bit_ceil(static_cast<unsigned>(columns))),
                                beat / 8 / element_bytes(n.feature_bits), in_word}),
              result_groups = std::max(3, 4 / rows + 2),
              result_slots = (result_groups - 1) * (rows == 1 ? 1 : up(rows)) + rows;
    expect("gemm.result_buffer.bank_0", result_slots * std::max(1, results / banks), std::max(n.feature_bits, result));
    expect(fmt::format("gemm.result_buffer.bank_{}", banks - 1), result_slots * std::max(1, results / banks),
           std::max(n.feature_bits, result));
    CHECK(sizes.count(fmt::format("gemm.result_buffer.bank_{}", banks)) == 0);
    expect("gemm.row_fetch.reader.beats.words", up(std::max(latency + 2 * row_in_beats, 32)), beat);
    expect("core.lane_0.point_source.logits", slots * up(logit_words),
           columns / lanes * (n.logit_int_bits + n.logit_frac_bits));
    expect("core.lane_0.index_gen.offsets", slots * up(offset_words),
           columns / lanes * (n.offset_int_bits + n.offset_frac_bits));
    expect("core.lane_0.index_gen.references", slots * up(a.levels) * (a.anchors == 1 ? 1 : up(a.anchors)), 98);
    // A block with its padding counts as four pixels; parts of it for what they are of that.
    const int blocks = c.feature_cache.kilobytes * 1024 / block_bytes(c) / lanes, ways = c.feature_cache.ways;
    const int shape = c.feature_cache.line_shape, pixels = shape == line_2x2 ? 4 : shape == line_2x1 ? 2 : 1;
    const int y = std::bit_width(static_cast<unsigned>(std::max(a.max_width, a.max_height))), by = std::max(1, y - 1);
    const auto index = [](int count) { return std::max(1, static_cast<int>(std::bit_width(unsigned(count - 1)))); };
    const int row = shape == line_2x2 ? by : y, column = shape == line_1x1 ? y : by;
    const int tag = 1 + index(a.levels) + index(a.heads / lanes) + std::max(1, row - 1) + std::max(1, column - 1);
    const bool regions = c.feature_cache.policy == region_policy;
    if (!regions)
      expect("core.lane_0.tag_lookup.bank_0", blocks * 4 / pixels / 4 / ways,
             ways * tag + (c.feature_cache.replacement == replace_by_use ? ways * (ways - 1) / 2
                           : ways > 1                                    ? index(ways)
                                                                         : 0));
    const bool ranged = regions && !c.feature_cache.region_ranges.empty();
    const int under_way = c.memory.max_outstanding / lanes,
              line_bits = pixels * a.head_dim() * 8 * element_bytes(n.feature_bits);
    const bool in_two = c.feature_cache.lines_per_cycle == 2 && shape != line_2x2;
    if (in_two) expect("core.lane_0.line_fetch.lines_1.words", under_way / 2, line_bits);
    else if (!ranged) expect("core.lane_0.line_fetch.lines.words", under_way, line_bits);
    CHECK(sizes.count("core.lane_0.line_fetch.lines_0.words") == in_two);
    CHECK(sizes.count("core.lane_0.line_fetch.lines.words") == (!ranged && !in_two));
    const bool aside = (regions && !ranged) || c.feature_cache.bypass_distance > 0;
    if (aside) expect("core.lane_0.feature_buffer.aside_3", std::max(2, pixels), a.head_dim() * n.feature_bits);
    CHECK(sizes.count("core.lane_0.feature_buffer.aside_3") == aside);
    const int in_group = c.feature_cache.region_queries;
    if (regions) {
      int lines = 0, windows = 0, side = 0;  // of a line parity in a half; the longest
      for (const auto& level : region_levels(c)) side = std::max({side, level.columns, level.rows});
      for (const auto& level : region_levels(c))
        if (level.has_window()) {
          lines += level.columns / 2 * (level.rows / 2) * static_cast<int>(std::bit_ceil(unsigned(a.heads / lanes)));
          windows += 4 * by + (ranged ? 2 * index(side) : 0);
        }
      expect("core.lane_0.feature_buffer.pixels_0", 8 * up(lines), a.head_dim() * n.feature_bits);
      expect("region_planner.words.words", up(4 * in_group * a.levels), 64);
      expect("order.rows.words", up(2 * in_group + 4), index(a.max_queries));
      expect("core.lane_0.regions.words", up(rows), std::bit_width(static_cast<unsigned>(in_group)) + windows);
      expect("core.lane_0.region_fetch.reader.beats.words", up(latency / lanes + 32), beat);
    } else {
      expect("core.lane_0.feature_buffer.pixels_0", blocks, a.head_dim() * n.feature_bits);
    }
    CHECK(sizes["core.lane_0.feature_buffer.queue.words"].first == c.feature_cache.run_ahead);
    expect("core.lane_0.head_requantise.table_memory", a.embed_dim / lanes / units, units * 22);
    expect("core.lane_0.head_projection.weights_0", a.heads / lanes * groups, a.head_dim() * n.output_weight_bits);
    CHECK(sizes["core.lane_0.head_projection.accumulators"].first == groups);
    expect("core.output_requantise.table_0", groups, 54);
    if (lanes > 1) CHECK(sizes["core.sums_0.words"].first == up(groups));
    expect("core.outputs.words", up(groups), outputs * projected + 1);  // with its last mark
    if (epilogue) {
      const int of_c = in_beats(a.embed_dim, width), words = a.embed_dim / in_word;
      expect("gemm.row_fetch.positions.beats.words", up(std::max(latency + 2 * row_in_beats, 32)), beat);
      expect("row_epilogue.reader.beats.words", up(std::max(latency + 2 * of_c, 32)), beat);
      CHECK(sizes["row_epilogue.rows_ahead.words"].first == 16);
      expect("row_epilogue.row_norm.rows", 4 * words, in_word * (stream + 2));
      expect("row_epilogue.row_norm.table_memory", words, in_word * 48);
    }
    CHECK(sizes.count("row_epilogue.row_norm.rows") == epilogue);
    expect("job_reader.beats.words", up(std::max(latency, 32)), beat);
    const int reference_beats = 16 * a.levels * a.anchors / (beat / 8) + 2,
              reference_buffer = up(std::max(latency * reference_beats * lanes / samples, latency / 4) + 32);
    expect("order.reference_gather.reader.beats.words", reference_buffer, beat);
    CHECK(sizes["order.reference_gather.marks.words"].first == reference_buffer);
    CHECK(sizes["order.words.words"].first == up((rows + latency * lanes / samples + 2) * 2 * a.levels * a.anchors));
    CHECK(sizes["order.results.words"].first == (regions ? up(up(32 + 6 * rows) + 2 * in_group) : up(32 + 6 * rows)));
    const int index_bits = std::max<int>(1, std::bit_width(static_cast<unsigned>(a.max_queries - 1)));
    if (c.order.bucket_bits > 0) {
      expect("order.bucket_sort.counts", 1 << 2 * c.order.bucket_bits,
             std::bit_width(static_cast<unsigned>(a.max_queries)));
      expect("order.bucket_sort.order", a.max_queries, index_bits);
    }
    if (c.order.window > 1) {
      expect("order.nearest_first.pool_0", std::max(2, c.order.window / c.order.distance_units), 25 + index_bits);
      expect("order.nearest_first.queries", c.order.window, index_bits);
      expect("order.nearest_first.words", c.order.window * up(2 * a.levels * a.anchors), 64);
    }
    expect("burst_writer.beats.words", 32, beat);
  }
  MESSAGE(fmt::format("{} memories of {} configurations", compared, configs.size()));
}
