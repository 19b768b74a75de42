// Multipliers and memories, block by block: the tables of generator/accel/README.md as formulas.
#include <algorithm>
#include <bit>

#include "config/derived.hpp"
#include "config/memory_port.hpp"
#include "config/region.hpp"
#include "estimate/estimate.hpp"

namespace quillgen::estimate {
namespace {

std::int64_t up(std::int64_t value) {
  return std::max<std::int64_t>(2, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(value))));
}
int holds(int value) { return std::bit_width(static_cast<unsigned>(value)); }
int index(int count) { return std::max(1, holds(count - 1)); }

/// What brings references, and the numbers of queries until their outputs are written.
Block query_order_of(const Config& c) {
  const auto& a = c.attention;
  const std::int64_t beat = c.memory.data_bits, in_beat = c.memory.data_bits / 64, lanes = c.core.lanes(),
                     samples = a.samples_per_query(), latency = c.memory.latency_cycles, number = index(a.max_queries);
  const std::int64_t row_beats = reference_row_bytes(c, true) / beat_bytes(c.memory) + 2,
                     buffer = up(std::max(latency * row_beats * lanes / samples, latency / 4) + 32),
                     waiting = up((c.gemm.rows + latency * lanes / samples + 2) * 2 * a.levels * a.anchors);
  // Each row of queries and of outputs lies at its number times a stride.
  return {"query_order", 2,
          buffer * (beat + number + index(static_cast<int>(in_beat))) + 32 * beat + waiting * 64 +
              up(32 + 6 * c.gemm.rows) * number};
}

/// Counts of the cells, and the order. A cell is some bits of a reference: nothing is compared.
Block bucket_sort_of(const Config& c) {
  const std::int64_t cells = std::int64_t{1} << 2 * c.order.bucket_bits;
  return {
      "bucket_sort", 0,
      cells * holds(c.attention.max_queries) + std::int64_t{c.attention.max_queries} * index(c.attention.max_queries)};
}

/// The pool. A unit compares two coordinates with the last ones, the arrival with those that starve, and its rank.
Block nearest_first_of(const Config& c) {
  const std::int64_t window = c.order.window, units = c.order.distance_units, number = index(c.attention.max_queries);
  return {"nearest_first", 0,
          units * std::max<std::int64_t>(2, window / units) * (25 + number) + window * number +
              window * up(2 * c.attention.levels * c.attention.anchors) * 64,
          4 * units};
}

/// Halves, planner, and what brings regions; without region_ranges lines by demand too.
Block regions_of(const Config& c) {
  const auto& a = c.attention;
  const std::int64_t lanes = c.core.head_lanes, pixel = std::int64_t{a.head_dim()} * c.numerics.feature_bits;
  const std::int64_t place = 1 + index(region_lines(c)),
                     block = std::max(1, holds(std::max(a.max_width, a.max_height)) - 1);
  const bool ranged = has_ranged_regions(c);
  int longest = 1;  // of the sides of tori
  for (const auto& level : region_levels(c)) longest = std::max({longest, level.columns, level.rows});
  // Of a place in a torus from its origin on, and of the first block of a row of one.
  const std::int64_t in_torus = ranged ? index(longest) : 0,
                     torus_row =
                         ranged ? std::max<std::int64_t>(1, index(region_lines(c)) - holds(region_heads(c) - 1)) : 0;
  const std::int64_t queue =
      4 * (c.numerics.corner_bits + 1) + 4 * (place + (ranged ? 0 : 1)) + (ranged ? 0 : 4) + 2 + 2 + 2 + 1;
  const std::int64_t beats = up(c.memory.latency_cycles / lanes + 32),
                     listed = std::max<std::int64_t>(4, up(beats / (a.heads / lanes * line_beats(c)))),
                     segment = index(a.levels) + 3 * block + 2 + c.feature_cache.overlap + torus_row + in_torus;
  // Queries that wait for their region are in flight too: their numbers, for their rows and for their outputs.
  const std::int64_t waiting = 2 * c.feature_cache.region_queries, in_flight = up(32 + 6 * c.gemm.rows),
                     numbers = up(waiting + 4) + up(in_flight + waiting) - in_flight;
  std::int64_t group = holds(c.feature_cache.region_queries);
  for (const auto& level : region_levels(c)) group += level.has_window() ? 4 * block + 2 * in_torus : 0;
  // Lines by demand: on their way, and beside the halves.
  const std::int64_t demand =
      ranged ? 0
             : up(c.memory.max_outstanding / lanes) * 32 * a.head_dim() * element_bytes(c.numerics.feature_bits) +
                   16 * pixel;
  // A row times its blocks, twice a lane, or without demand once; a reference times the sides of its level. Of those
  // that place a block in its torus one factor is a constant.
  return {"regions", (ranged ? 1 : 2) * lanes + 2,
          up(2 * waiting * a.levels) * 64 + numbers * index(a.max_queries) +
              lanes * (up(c.gemm.rows) * group + (16 << place) * pixel + c.feature_cache.run_ahead * queue + demand +
                       beats * c.memory.data_bits + (listed > 16 ? listed * segment : 0))};
}

/// What forms operands: a multiplier an element of a beat, and the rows that are added to those of the stream.
Block operand_former_of(const Config& c) {
  const std::int64_t in_beat = beat_bytes(c.memory) / element_bytes(result_width(c));
  return {"operand_former", in_beat, std::int64_t{row_buffer_beats(c)} * c.memory.data_bits};
}

/// Residual rows, sums of four rows, gamma and beta; rows that a list has named. An element is squared, normalised and
/// scaled; a sum is squared; a box has a product, and where references have a stride another one.
Block row_epilogue_of(const Config& c) {
  const std::int64_t in_beat = beat_bytes(c.memory) / element_bytes(result_width(c));
  return {"row_epilogue", 3 * in_beat + 1 + 1 + 1,
          std::int64_t{residual_buffer_beats(c)} * c.memory.data_bits +
              c.attention.embed_dim * (4 * std::int64_t{branch_bits(c)} + 16 + 32) +
              divide_up(c.attention.max_queries, 32) * 32};
}

/// Rows that become weights, scores and exponentials of two heads, and parts of sums.
Block self_attention_of(const Config& c) {
  const auto& g = c.gemm;
  const int bits = c.numerics.query_bits, rows = c.network.self_attention, parts = exponential_parts(c),
            weight = std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits),
            operand = std::max(bits, c.numerics.feature_bits);
  const std::int64_t together = columns_together(c, g.depth * weight),
                     wide = std::max<std::int64_t>(row_word(c), together),
                     words = divide_up(c.attention.embed_dim, static_cast<int>(wide));
  const std::int64_t row_slots = g.rows == 1 ? 1 : up(g.rows);
  const int acc = std::max(operand + weight - 1 + holds(std::max({c.attention.embed_dim, g.max_inner, rows})),
                           exponential_bits(c) + bits + holds(rows));
  return {"self_attention", 0,
          std::max<std::int64_t>(together, g.depth) * 2 * up(words) * wide * bits +
              2 * row_slots * up(key_tiles(c)) * g.columns * 13 +
              g.rows * 2 * up(std::int64_t{key_tiles(c)} * key_slices(c)) * exponential_units(c) * exponential_bits(c) +
              (parts > 1 ? up(g.rows) * g.columns * acc : 0)};
}

}  // namespace

Hardware hardware_of(const Config& c) {
  const auto& a = c.attention;
  const auto& n = c.numerics;
  const auto& g = c.gemm;
  const std::int64_t lanes = c.core.lanes(), head_lanes = c.core.head_lanes, head_dim = a.head_dim();
  const std::int64_t columns = c.core.projection_columns, row_slots = up(g.rows) / (g.rows == 1 ? 2 : 1);
  const int word = divide_up(a.embed_dim, c.core.projection_columns);
  const std::int64_t entry = 32 + 16 + 6, beat = c.memory.data_bits;
  const std::int64_t operand = std::max(n.query_bits, n.feature_bits),
                     weight = std::max(n.query_weight_bits, n.feature_weight_bits);
  const std::int64_t units = head_requant_units(c);
  // Bits of a line's row and column, its lines counted.
  const int shape = c.feature_cache.line_shape, sides = holds(std::max(a.max_width, a.max_height)),
            line_row = std::max(1, shape == line_2x2 ? sides - 1 : sides),
            line_column = std::max(1, shape == line_1x1 ? sides : sides - 1);
  const std::int64_t lane_heads = a.heads / head_lanes;
  const std::int64_t ways = c.feature_cache.ways;
  const std::int64_t way_index = ways == 1 ? 0 : index(static_cast<int>(ways));
  // The way to replace next, or which of each two ways was used later.
  const std::int64_t replaced = c.feature_cache.replacement == replace_by_use ? ways * (ways - 1) / 2 : way_index;
  const std::int64_t tag = 1 + index(lane_levels(c)) + index(static_cast<int>(lane_heads)) + std::max(1, line_row - 1) +
                           std::max(1, line_column - 1);
  // Pixels of a line; places beside the sets, and what they add to the queue.
  const std::int64_t pixels = line_pixels(shape), bypass = c.feature_cache.bypass_distance > 0,
                     aside = bypass * tag_banks * std::max<std::int64_t>(2, pixels);
  // Of a lane's cache: tags, lines on their way and lines that are there, run-ahead queue.
  const auto cache_bits = [&](int level_lane) {
    const std::int64_t sets = lane_cache_sets(c, level_lane),
                       cached = cache_lines(c, level_lane_bytes(c, level_lane)) * pixels,
                       queue = 4 * (n.corner_bits + 1) + 4 * (bypass + index(static_cast<int>(sets)) + way_index) + 4 +
                               (line_width(shape) == 2 ? 2 : 0) + (line_height(shape) == 2 ? 2 : 0) + 2;
    return 4 * sets * (ways * tag + replaced) +
           up(c.memory.max_outstanding / lanes) * pixels * head_dim * 8 * element_bytes(n.feature_bits) +
           (cached + aside) * head_dim * n.feature_bits + c.feature_cache.run_ahead * queue;
  };
  const std::int64_t sum_bits =
      n.head_bits + n.output_weight_bits - 1 + holds(static_cast<int>(a.embed_dim / head_lanes));
  const std::int64_t longest = std::max(a.embed_dim, g.max_inner);
  // Bits of an output of the lanes, and of one of the array, before they take their format.
  const bool epilogue = c.network.epilogue != 0;
  const int projected = epilogue ? std::max(n.output_bits, branch_bits(c)) : n.output_bits,
            result = epilogue ? std::max({n.query_bits, projected, 18}) : n.output_bits;

  Hardware h;
  const auto add = [&](const Block& block) {
    h.blocks.push_back(block);
    h.multipliers += block.multipliers, h.memory_bits += block.memory_bits, h.comparators += block.comparators;
  };
  const auto block_of = [&](const char* name, std::int64_t multipliers, std::int64_t bits) {
    add({name, multipliers, bits});
  };
  // The array, and a requantiser for each result that leaves it in a cycle.
  block_of("pe_array", std::int64_t{g.rows} * g.columns * g.depth + g.columns,
           g.rows * 2 * up(divide_up(static_cast<int>(longest), row_word(c))) * row_word(c) * operand +
               std::int64_t{g.columns} * weight_words(c) * g.depth * weight +
               requant_words(c) * std::int64_t{g.columns} * entry);
  // Offsets, logits and references of three groups of queries.
  block_of("group_buffers", 0,
           (2 * row_slots + g.rows) *
               (g.columns * (up(logit_tiles(c)) * n.logit_bits() + up(offset_tiles(c)) * n.offset_bits()) +
                lanes * up(lane_levels(c)) * (c.attention.anchors == 1 ? 1 : up(c.attention.anchors)) * (64 + 34)));
  block_of("locations_and_weights", lanes * (6 + 6), 0);
  add(query_order_of(c));
  if (c.order.bucket_bits > 0) add(bucket_sort_of(c));
  if (c.order.window > 1) add(nearest_first_of(c));
  if (c.feature_cache.policy == region_policy) {
    add(regions_of(c));
  } else {
    std::int64_t bits = 0;
    for (int j = 0; j < c.core.level_lanes; ++j) bits += head_lanes * cache_bits(j);
    add({"line_cache", lanes, bits, tag_banks * ways * lanes});  // the row of a line, times its blocks
  }
  // Marks of heads on their way through the lane. Weights are compared with the threshold.
  if (c.pruning.points != 0)
    add({"point_pruning", 0, lanes * 2 * up(c.feature_cache.run_ahead + 32), lanes * c.core.points_per_cycle});
  // A counter a pixel and lane, padding of the image; first blocks of rows of pixels, and pixels of a level.
  if (c.pruning.count_bits > 0)
    add({"pixel_counts", lanes + 1,
         lanes * 4 * std::int64_t{count_words(c)} * c.pruning.count_bits +
             std::int64_t{mask_beats(c, a.max_tokens)} * beat_bytes(c.memory),
         2});
  block_of("interpolation", lanes * 4 * head_dim, 0);
  block_of("head_requantise", head_lanes * units, a.embed_dim / units * units * 22);
  block_of("output_projection", head_lanes * columns * head_dim,
           head_lanes * columns * lane_heads * word * head_dim * n.output_weight_bits +
               (head_lanes > 1 ? head_lanes * up(word) * columns * sum_bits : 0));  // that wait for the other lanes
  block_of("output_requantise", columns, columns * word * entry + up(word) * (columns * projected + 1));
  // Results of rows on their way to memory, in banks of one element, the slots of a group a power of two.
  const std::int64_t in_beat = beat_bytes(c.memory) / element_bytes(std::min(n.feature_bits, result_width(c)));
  const std::int64_t banks = std::max(up(g.columns), in_beat), groups = std::max(3, 4 / g.rows + 2);
  block_of("result_buffer", 0,
           banks * std::max<std::int64_t>(1, result_elements(c) / banks) * ((groups - 1) * row_slots + g.rows) *
               std::max(n.feature_bits, result));
  if (epilogue) add(operand_former_of(c)), add(row_epilogue_of(c));
  // Of each result that leaves the array in a cycle: the place in its piece, and its scale.
  if (c.network.activations != no_activations) block_of("activation_unit", 2 * std::int64_t{g.columns}, 0);
  if (c.network.self_attention > 0) add(self_attention_of(c));
  block_of("token_mask", 0, std::int64_t{divide_up(a.max_tokens, beat_bytes(c.memory))} * beat_bytes(c.memory));
  // What is written waits for the whole of its burst, and there is room for another.
  block_of("memory_clients", 0, beat * (job_buffer_beats(c) + row_buffer_beats(c) + 32));
  // Sizes of levels, panels and loads; bytes of a row of tokens.
  block_of("job_control", 3 + 2 + 1, 0);
  return h;
}

}  // namespace quillgen::estimate
