// Numbers that follow from a configuration. The RTL and the harness both take them from here, so they cannot disagree.
// Unless stated otherwise the configuration must be valid (load.hpp).
#pragma once
#include <bit>
#include <cstdint>
#include <numeric>

#include "config/config.hpp"

namespace quillgen {

constexpr int divide_up(int a, int b) { return (a + b - 1) / b; }

/// The smallest power of two that is at least `value`, 1 or more.
constexpr int power_of_two(int value) { return static_cast<int>(std::bit_ceil(static_cast<unsigned>(value))); }

/// Bytes of one beat of the memory port.
constexpr int beat_bytes(const Memory& memory) { return memory.data_bits / 8; }

/// Bytes of a pixel of one head: D channels.
constexpr int pixel_bytes(const Config& c) { return c.attention.head_dim() * element_bytes(c.numerics.feature_bits); }

/// Bytes of a block, the unit of the value map: the 2x2 pixels of one head, padded to a power of two of at least one
/// beat.
constexpr int block_bytes(const Config& c) {
  const int padded = power_of_two(4 * pixel_bytes(c));
  return padded < beat_bytes(c.memory) ? beat_bytes(c.memory) : padded;
}

/// Beats of a block, a power of two up to 16.
constexpr int block_beats(const Config& c) { return block_bytes(c) / beat_bytes(c.memory); }

/// Pixels of a line: a block, a row of one, or a pixel of one.
constexpr int line_width(int shape) { return shape == line_1x1 ? 1 : 2; }
constexpr int line_height(int shape) { return shape == line_2x2 ? 2 : 1; }
constexpr int line_pixels(int shape) { return line_width(shape) * line_height(shape); }

/// Bytes of a line, which are fetched together: those of its pixels, and of a whole block its padding too.
constexpr int line_bytes(const Config& c) {
  const int pixels = line_pixels(c.feature_cache.line_shape);
  return pixels == 4 ? block_bytes(c) : pixels * pixel_bytes(c);
}

/// Beats of a line: the length of the burst that fetches it, 1 to 16.
constexpr int line_beats(const Config& c) { return line_bytes(c) / beat_bytes(c.memory); }

/// Bytes of the feature cache that a line counts for: its part of a block, padding included, so that the lines of any
/// capacity are a power of two.
constexpr int cached_line_bytes(const Config& c) {
  return block_bytes(c) * line_pixels(c.feature_cache.line_shape) / 4;
}

/// Bytes of the feature cache, all lanes together.
constexpr int cache_bytes(const Config& c) { return c.feature_cache.kilobytes * 1024; }

/// Those of a level, with FeatureCache::level_parts.
constexpr int level_bytes(const Config& c, int level) {
  int sum = 0;
  for (const int part : c.feature_cache.level_parts) sum += part;
  return static_cast<int>(std::int64_t{cache_bytes(c)} * c.feature_cache.level_parts[static_cast<std::size_t>(level)] /
                          sum);
}

/// Levels of a lane.
constexpr int lane_levels(const Config& c) { return c.attention.levels / c.core.level_lanes; }

/// Bytes of the feature cache that the lanes of level lane `level_lane` have, of all head lanes together: those of
/// their levels, or without FeatureCache::level_parts as many as the others.
constexpr int level_lane_bytes(const Config& c, int level_lane) {
  if (c.core.level_lanes == 1) return cache_bytes(c);
  if (c.feature_cache.level_parts.empty()) return cache_bytes(c) / c.core.level_lanes;
  int bytes = 0;
  for (int l = 0; l < lane_levels(c); ++l) bytes += level_bytes(c, level_lane * lane_levels(c) + l);
  return bytes;
}

/// Lines that so many bytes of the feature cache hold in a lane when they are shared out to the head lanes, all banks
/// and ways together.
constexpr int cache_lines(const Config& c, int bytes) { return bytes / cached_line_bytes(c) / c.core.head_lanes; }

/// Tag banks: one for each parity of a line's row and column, so that the lines of a sample are looked up together.
inline constexpr int tag_banks = 4;

/// Sets of one tag bank in so many bytes, a power of two of at least 2.
constexpr int cache_sets(const Config& c, int bytes) {
  return cache_lines(c, bytes) / tag_banks / c.feature_cache.ways;
}
/// .. of the lanes of a level lane.
constexpr int lane_cache_sets(const Config& c, int level_lane) {
  return cache_sets(c, level_lane_bytes(c, level_lane));
}
/// .. of the largest lane.
constexpr int most_cache_sets(const Config& c) {
  int most = 0;
  for (int j = 0; j < c.core.level_lanes; ++j)
    if (lane_cache_sets(c, j) > most) most = lane_cache_sets(c, j);
  return most;
}

/// Beats of a row of `elements` numbers of `bits` bits, padded to whole beats.
constexpr int row_beats(int elements, int bits, const Memory& memory) {
  return divide_up(elements * element_bytes(bits), beat_bytes(memory));
}

/// Beats of a query row (C elements of query_bits).
constexpr int query_row_beats(const Config& c) {
  return row_beats(c.attention.embed_dim, c.numerics.query_bits, c.memory);
}

/// Beats of a source row (C elements of feature_bits).
constexpr int source_row_beats(const Config& c) {
  return row_beats(c.attention.embed_dim, c.numerics.feature_bits, c.memory);
}

/// Bits that the elements of result rows have room for in memory. With an epilogue they may also be operands or rows of
/// the stream, and all rows that jobs pass on have elements of this size.
constexpr int result_width(const Config& c) {
  const int bits = c.numerics.output_bits;
  if (c.network.epilogue == 0) return bits;
  const int other = c.numerics.query_bits > c.network.stream_bits ? c.numerics.query_bits : c.network.stream_bits;
  return bits > other ? bits : other;
}

/// Row of a box that a job refines (NUMERICS.md N17): its references on all levels, as those of queries, and its four
/// logits of 16 bits.
constexpr int box_logits_offset(const Config& c) { return c.attention.levels * 16; }  ///< bytes
constexpr int box_row_beats(const Config& c) { return divide_up(box_logits_offset(c) + 16, beat_bytes(c.memory)); }

/// Bits of what is added to a row of the stream (NUMERICS.md N13).
constexpr int branch_bits(const Config& c) { return c.network.stream_bits + 2; }

/// Beats of an output row, or of a row of the stream (C elements of result_width).
constexpr int output_row_beats(const Config& c) { return row_beats(c.attention.embed_dim, result_width(c), c.memory); }

/// Bytes of the references of one query: x and y for each level, and of a box width and height, 32 bits each. Rows
/// follow each other without padding.
constexpr int reference_row_bytes(const Config& c, bool boxes) {
  return c.attention.levels * c.attention.anchors * (boxes ? 4 : 2) * 4;
}

/// Channels of a head requantised a cycle: the smallest divisor of D that is at least D * P / (L*K), where P points of
/// a head come in a cycle, points_per_cycle for each level lane, so that a head is done before the samples of the next
/// have been aggregated, and no head with dropped points is waited for longer than its softmax takes.
constexpr int head_requant_units(const Config& c) {
  const int channels = c.attention.head_dim();
  int units = divide_up(channels * c.core.points_per_cycle * c.core.level_lanes, c.attention.samples_per_head());
  while (channels % units != 0) ++units;
  return units;
}

/// Whether results of dense jobs can pass activation `which`: 1 GELU, 2 SiLU, 3 sigmoid.
constexpr bool has_activation(const NetworkFormats& n, int which) {
  return n.activations == all_activations || (which != no_activations && n.activations == which);
}

/// 32-bit words of a job descriptor.
constexpr int descriptor_words(const Config& c) { return c.network.epilogue != 0 || c.pruning.any() ? 64 : 32; }

/// Words of a bank of pixel counts (NUMERICS.md N20): 2x2 blocks that the levels of a lane have at most. A level of
/// H x W pixels has at most (H + 1)(W + 1) / 4.
constexpr int count_words(const Config& c) {
  const auto& a = c.attention;
  const int levels = lane_levels(c), of_sides = levels * divide_up(a.max_width, 2) * divide_up(a.max_height, 2),
            of_tokens = (a.max_tokens + levels * (a.max_width + a.max_height + 1)) / 4;
  return of_sides < of_tokens ? of_sides : of_tokens;
}

/// Beats of a mask, a byte a token.
constexpr int mask_beats(const Config& c, int tokens) { return divide_up(tokens, beat_bytes(c.memory)); }

// --- PE array -------------------------------------------------------------------------------------------------------

/// What the columns of the array are a multiple of: a head, and a logit or an offset for each lane.
constexpr int columns_step(const Config& c) { return std::lcm(c.attention.head_dim(), 2 * c.core.lanes()); }
inline constexpr int most_columns = 128;

/// The next legal number of columns, or where there is none the last one below; the step itself if that is too large.
constexpr int fitting_columns(const Config& c) {
  const int step = columns_step(c), up = divide_up(c.gemm.columns, step), most = most_columns / step;
  return (most == 0 ? 1 : up > most ? most : up) * step;
}

/// Elements of a word of the row memories: steps of the array, a power of two of them, up to as many as there are
/// columns, or as hold the longest row.
constexpr int row_word(const Config& c) {
  const int longest = c.attention.embed_dim > c.gemm.max_inner ? c.attention.embed_dim : c.gemm.max_inner;
  int elements = c.gemm.depth;
  while (2 * elements <= c.gemm.columns && elements < longest) elements *= 2;
  return elements;
}

/// Cycles of a tile of a row of `inner` elements: ceil(inner / depth).
constexpr int gemm_steps(const Config& c, int inner) { return divide_up(inner, c.gemm.depth); }

/// Tiles, `columns` outputs each, of the value projection (C outputs).
constexpr int value_tiles(const Config& c) { return divide_up(c.attention.embed_dim, c.gemm.columns); }

/// Those of the query projection: first the logits of the M * L * K samples, then their offsets, x and y. Of a tile
/// each lane takes lane_logits logits, or the offsets of lane_points samples, of its own heads and levels.
constexpr int logit_tiles(const Config& c) { return divide_up(c.attention.samples_per_query(), c.gemm.columns); }
constexpr int offset_tiles(const Config& c) { return divide_up(2 * c.attention.samples_per_query(), c.gemm.columns); }
constexpr int query_tiles(const Config& c) { return logit_tiles(c) + offset_tiles(c); }
constexpr int lane_logits(const Config& c) { return c.gemm.columns / c.core.lanes(); }
constexpr int lane_points(const Config& c) { return lane_logits(c) / 2; }

/// Lane r is that of head lane r / level_lanes and of level lane r % level_lanes. Number n of its samples of a query,
/// by head, level and point, is this one of all samples.
constexpr int lane_sample(const Config& c, int lane, int n) {
  if (c.core.level_lanes == 1)
    return lane * (c.attention.heads / c.core.head_lanes) * c.attention.samples_per_head() + n;
  const int levels = lane_levels(c), points = c.attention.points, of_head = levels * points;
  const int head = lane / c.core.level_lanes * (c.attention.heads / c.core.head_lanes) + n / of_head;
  const int level = lane % c.core.level_lanes * levels + n % of_head / points;
  return (head * c.attention.levels + level) * points + n % points;
}

/// A dense job whose weights do not fit takes them in panels of whole tiles. Tiles of the smallest panel whose rows are
/// whole beats of output, so that the rows of the next panel continue them.
constexpr int aligned_tiles(const Config& c) {
  int tiles = 1;
  while (tiles * c.gemm.columns * element_bytes(result_width(c)) % beat_bytes(c.memory) != 0) ++tiles;
  return tiles;
}

/// Outputs of a row that the result buffer holds, a power of two: a token's, or those of a panel. With an epilogue, a
/// panel of C outputs too.
constexpr int result_elements(const Config& c) {
  const int panel = aligned_tiles(c) * c.gemm.columns;
  const int row = c.network.epilogue != 0 ? value_tiles(c) * c.gemm.columns : c.attention.embed_dim;
  return power_of_two(row > panel ? row : panel);
}

/// Tiles of the largest panel.
constexpr int most_panel_tiles(const Config& c) { return result_elements(c) / c.gemm.columns; }

// Self-attention (NUMERICS.md N16): the keys of all heads lie in the weight memories, `columns` of them a tile, and
// behind them the values. What the array takes of exponentials lies in words; the values have their order.

/// Operands that an exponential is taken in, query_bits - 1 bits each, and its bits.
constexpr int exponential_parts(const Config& c) { return divide_up(14, c.numerics.query_bits - 1); }
constexpr int exponential_bits(const Config& c) {
  const int bits = exponential_parts(c) * (c.numerics.query_bits - 1);
  return bits < 16 ? bits : 16;
}

/// Tiles of the keys of the largest job.
constexpr int key_tiles(const Config& c) { return divide_up(c.network.self_attention, c.gemm.columns); }

/// Words of exponentials of a tile of keys: the more, the fewer are computed at a time, as long as they come faster
/// than the array needs them.
constexpr int key_slices(const Config& c) {
  const int inner = c.gemm.columns / c.gemm.depth, depth_steps = c.attention.head_dim() / c.gemm.depth;
  const int steps = (depth_steps > c.gemm.rows ? depth_steps : c.gemm.rows) + exponential_parts(c) * inner;
  int slices = 1;
  while (c.gemm.columns % (2 * slices) == 0 && c.gemm.columns / (2 * slices) % c.gemm.depth == 0 &&
         4 * c.gemm.rows * 2 * slices <= 3 * steps)
    slices *= 2;
  return slices;
}

/// Exponentials that are computed at a time, a multiple of depth.
constexpr int exponential_units(const Config& c) { return c.gemm.columns / key_slices(c); }

/// Words of a weight memory that the keys of the largest job take, and those that a tile of channels of its values
/// does.
constexpr int key_words(const Config& c) { return key_tiles(c) * gemm_steps(c, c.attention.embed_dim); }
constexpr int value_words(const Config& c) { return key_tiles(c) * (c.gemm.columns / c.gemm.depth); }

/// Words of a weight memory of the array: those of the value and of the query projection together, or two of the
/// smallest panels of the longest rows; with an epilogue, or C outputs of the longest rows; or the keys and values of
/// the largest self-attention.
constexpr int weight_words(const Config& c) {
  const int layer = (value_tiles(c) + query_tiles(c)) * gemm_steps(c, c.attention.embed_dim);
  const int panels = 2 * aligned_tiles(c) * gemm_steps(c, c.gemm.max_inner);
  const int most = layer > panels ? layer : panels;
  if (c.network.epilogue == 0) return most;
  const int normed = value_tiles(c) * gemm_steps(c, c.gemm.max_inner);  // a row is normalised when all of it is there
  const int row = most > normed ? most : normed;
  const int attended = key_words(c) + value_tiles(c) * value_words(c);
  return row > attended ? row : attended;
}

/// Words of the requantisation table of the array, one for each tile: likewise.
constexpr int requant_words(const Config& c) {
  const int layer = value_tiles(c) + query_tiles(c), panels = 2 * most_panel_tiles(c);
  return layer > panels ? layer : panels;
}

/// Columns of the array whose numbers, `bits` bits of each, lie together in an entry of the parameter image and in a
/// word of a memory: of the divisors of `columns` that take up to four beats the one that wastes least of its beats,
/// and of equals the smallest. With self-attention it is a power of two.
constexpr int columns_together(const Config& c, int bits) {
  int best = 1;
  const auto beats = [&](int count) { return divide_up(count * bits, c.memory.data_bits); };
  for (int count = 2; count <= c.gemm.columns && beats(count) <= 4; ++count)
    if (c.gemm.columns % count == 0 && count * beats(best) > best * beats(count) &&
        (c.network.self_attention == 0 || count == power_of_two(count)))
      best = count;
  return best;
}

}  // namespace quillgen
