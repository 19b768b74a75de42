// Widths and sizes of the accelerator that follow from the configuration.
#pragma once
#include <algorithm>
#include <bit>
#include <string>

#include "accel/constants.hpp"
#include "config/config.hpp"
#include "config/derived.hpp"
#include "config/memory_port.hpp"
#include "config/region.hpp"
#include "hdl/module.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

/// Everything below is in bits or elements. A lane is the core of a layer with its share of the heads and of the
/// levels: its blocks are built with lane(). The lanes of a share of the heads, one for each of the levels, are a
/// column.
struct Shapes {
  explicit Shapes(const Config& c) : config(c), a(c.attention), n(c.numerics) {}
  Config config;
  Attention a;  ///< of a lane: its heads and their channels, its levels
  Numerics n;
  /// Of a lane with a cache: which share of the cache it has, named by the first level lane that has such a one.
  int cache_of = 0;
  bool operator==(const Shapes&) const = default;

  int lanes() const { return config.core.lanes(); }
  int head_lanes() const { return config.core.head_lanes; }
  int level_lanes() const { return config.core.level_lanes; }
  Shapes lane() const {
    Shapes s(config);
    s.a.heads /= head_lanes(), s.a.embed_dim /= head_lanes(), s.a.levels /= level_lanes();
    return s;
  }
  /// .. with the cache of a level lane. Lanes whose levels have the same parts of it are the same module.
  Shapes lane(int level_lane) const {
    Shapes s = lane();
    const auto bytes = [&](int j, int l) { return level_bytes(config, j * s.a.levels + l); };
    const auto same = [&](int j) {
      bool all = true;
      for (int l = 0; has_level_shares() && l < s.a.levels; ++l) all = all && bytes(j, l) == bytes(level_lane, l);
      return all;
    };
    while (!same(s.cache_of)) ++s.cache_of;
    return s;
  }
  /// The name of a module that depends on the share of the cache.
  std::string of_share(const std::string& name) const {
    return cache_of == 0 ? name : name + "_" + std::to_string(cache_of);
  }

  static int bits(int count) { return hdl::index_bits(static_cast<std::uint64_t>(count)); }
  static int holds(std::int64_t value) { return hdl::value_bits(static_cast<std::uint64_t>(value)); }

  // Groups of queries, `rows` at a time.
  int rows() const { return config.gemm.rows; }
  int group_bits() const { return bits(group_buffers); }
  int row_bits() const { return rows() == 1 ? 0 : bits(rows()); }
  int slot_bits() const { return group_bits() + row_bits(); }                 ///< {group, row}
  int slots() const { return ((group_buffers - 1) << row_bits()) + rows(); }  ///< of a memory for all of them
  int rows_bits() const { return holds(rows()); }                             ///< holds 1..rows
  int query_bits() const { return holds(a.max_queries); }                     ///< holds a number of queries
  int index_bits() const { return bits(a.max_queries); }                      ///< which query

  // Positions inside a query.
  int level_bits() const { return bits(a.levels); }
  int head_bits() const { return bits(a.heads); }
  /// Levels have different numbers of points.
  bool has_level_points() const { return a.uneven_points(); }
  /// Points of a level are measured from several references, one after the other.
  bool has_anchors() const { return a.anchors > 1; }
  int anchor_bits() const { return has_anchors() ? bits(a.anchors) : 0; }
  /// References of a query, and where they lie among those of a slot: {level, anchor}.
  int references() const { return a.levels * a.anchors; }
  int reference_place_bits() const { return level_bits() + anchor_bits(); }

  // Samples of a query, as they lie in the memories of a lane: words of the offsets of `points_of_word` samples, and of
  // twice as many logits. A sample is {word of offsets, number in that word}.
  int points_of_word() const { return lane_points(config); }
  int element_bits() const { return points_of_word() == 1 ? 0 : bits(points_of_word()); }
  int offset_words() const { return divide_up(a.samples_per_query(), points_of_word()); }
  int logit_words() const { return divide_up(offset_words(), 2); }
  int offset_word_bits() const { return bits(offset_words()); }
  int logit_word_bits() const { return bits(logit_words()); }
  int sample_bits() const { return offset_word_bits() + element_bits(); }
  int sample_place(int sample) const { return sample / points_of_word() << element_bits() | sample % points_of_word(); }

  /// x, y and, of a box, width and height (NUMERICS.md N5).
  int reference_word_bits() const { return 2 * reference_bits + 2 * box_size_bits; }

  // Level shapes and pixels.
  int side_bits() const { return holds(std::max(a.max_width, a.max_height)); }
  int pixel_bits() const { return side_bits() + 2; }  ///< signed, -2 .. side + 1
  int location_bits() const { return pixel_bits() + n.interp_frac_bits; }

  // What jobs can leave out.
  bool has_prunings() const { return config.pruning.any(); }
  bool has_ranges() const { return config.pruning.max_range > 0; }
  int range_bits() const { return holds(config.pruning.max_range); }  ///< pixels
  bool has_pruned_points() const { return config.pruning.points != 0; }
  std::int64_t most_threshold() const { return (std::int64_t{1} << n.attention_bits) + 1; }  ///< of a point's weight
  bool has_pixel_counts() const { return config.pruning.count_bits > 0; }
  int count_bits() const { return config.pruning.count_bits; }
  int count_words() const { return quillgen::count_words(config); }  ///< of a bank
  int count_address_bits() const { return bits(std::max(count_words(), 2)); }
  int points_at_once() const { return config.core.points_per_cycle; }         ///< of a lane, through its softmax
  int points_of_column() const { return level_lanes() * points_at_once(); }   ///< .. and of all its lanes
  bool has_join() const { return has_pruned_points() || level_lanes() > 1; }  ///< a head may have parts, or none

  // Softmax.
  int exp_fraction() const { return n.attention_bits + 8; }  ///< t
  int exp_bits() const { return exp_fraction() + 1; }
  int samples_of_head() const { return config.attention.samples_per_head(); }  ///< of all levels
  int exp_sum_bits() const { return exp_fraction() + holds(samples_of_head()); }
  int attention_width() const { return n.attention_bits + 1; }
  int corner_width() const { return n.corner_bits + 1; }

  // PE array. A run is a product of rows with one matrix: the value projection, the query projection, or a panel of a
  // dense job.
  int operand_bits() const { return std::max(n.query_bits, n.feature_bits); }
  int weight_bits() const { return std::max(n.query_weight_bits, n.feature_weight_bits); }
  int steps() const { return gemm_steps(config, config.attention.embed_dim); }  ///< of a tile of the layer
  int longest_row() const { return std::max(config.attention.embed_dim, config.gemm.max_inner); }
  int step_bits() const { return bits(gemm_steps(config, longest_row())); }
  int row_word() const { return quillgen::row_word(config); }  ///< elements of a word of the row memories
  int part_bits() const { return std::countr_zero(static_cast<unsigned>(row_word() / config.gemm.depth)); }  ///< steps
  int row_words_bits() const { return bits(divide_up(longest_row(), row_word())); }
  int tail_bits() const { return bits(row_word()); }  ///< of an element of a word
  int most_tiles() const {                            ///< of a run
    return std::max({value_tiles(config), query_tiles(config), most_panel_tiles(config)});
  }
  int tile_bits() const { return bits(most_tiles()); }
  /// Columns whose weights, or requantisation entries, share a word of a memory.
  int weight_columns() const { return columns_together(config, config.gemm.depth * weight_bits()); }
  int requant_columns() const { return columns_together(config, lib::requant_entry_bits); }
  int weight_banks() const { return config.gemm.columns / weight_columns(); }
  int requant_banks() const { return config.gemm.columns / requant_columns(); }
  int weight_address_bits() const { return bits(weight_words(config)); }
  int requant_address_bits() const { return bits(requant_words(config)); }
  /// Signed bits of an exact sum of `count` products of numbers of a and b bits: at most count * 2^(a + b - 2), which
  /// is reached when all numbers are the lowest of their formats.
  static int sum_bits(int count, int a_bits, int b_bits) { return a_bits + b_bits - 1 + holds(count); }
  int gemm_acc_bits() const {
    return sum_bits(std::max(longest_row(), config.network.self_attention), operand_bits(), weight_bits());
  }
  int result_bits() const {  ///< of a requantised result, before it takes its format
    const int most =
        std::max({n.feature_bits, n.output_bits, n.offset_bits(), n.logit_bits(), has_self() ? score_bits : 0});
    return has_epilogue() ? std::max(most, result_element_bits()) : most;
  }
  /// Groups of results that the buffer in front of memory holds: one is computed, one written, and between them the
  /// tokens of a 2x2 block may come from several.
  int result_groups() const { return std::max(group_buffers, 4 / rows() + 2); }
  int result_slots() const { return ((result_groups() - 1) << row_bits()) + rows(); }
  int result_slot_bits() const { return bits(result_groups()) + row_bits(); }  ///< {group, row}

  // Rows that jobs pass on: results and, with an epilogue, rows of the stream. Their elements have one size in memory.
  bool has_epilogue() const { return config.network.epilogue != 0; }
  bool has_activations() const { return config.network.activations != no_activations; }  ///< by linear pieces
  int row_element_bits() const { return 8 * element_bytes(result_width(config)); }
  int row_unit() const { return data_bits() / row_element_bits(); }  ///< elements of a beat
  int result_element_bits() const {  ///< of a result of the array or of the lanes before it is written
    return std::max({n.output_bits, n.query_bits, branch_bits(), box_delta_bits});
  }
  int stream_bits() const { return config.network.stream_bits; }
  /// Of what operands are formed from. Self-attention takes its operands, as they are, by the same way.
  int formed_bits() const { return has_self() ? std::max(stream_bits(), n.query_bits) : stream_bits(); }
  int branch_bits() const { return quillgen::branch_bits(config); }
  int stream_row_beats() const { return output_row_beats(config); }  ///< C elements
  /// Of an output of the output projection, before it takes its format.
  int projected_bits() const { return has_epilogue() ? std::max(n.output_bits, branch_bits()) : n.output_bits; }

  // Self-attention (NUMERICS.md N16).
  bool has_self() const { return config.network.self_attention > 0; }
  int self_rows_bits() const { return holds(config.network.self_attention); }  ///< holds a number of rows
  int key_tile_bits() const { return bits(key_tiles(config)); }
  int column_bits() const { return bits(config.gemm.columns); }  ///< which of a tile
  int value_step_bits() const { return bits(value_words(config)); }
  int exponential_bits() const { return quillgen::exponential_bits(config); }
  /// Words of exponentials of a row of a head, of units numbers each.
  int exponential_words() const { return key_tiles(config) * key_slices(config); }
  int exponential_word_bits() const { return bits(exponential_words()); }
  int exponential_sum_bits() const { return exponential_bits() + holds(config.network.self_attention); }
  /// Of a sum of products of exponentials and values, whole ones.
  int attended_bits() const { return sum_bits(config.network.self_attention, exponential_bits() + 1, n.query_bits); }
  int heads_of_tile() const { return config.gemm.columns / config.attention.head_dim(); }  ///< of a tile of channels
  /// Of the accumulators in front of requantisation.
  int drained_bits() const { return has_self() ? std::max(gemm_acc_bits(), attended_bits()) : gemm_acc_bits(); }

  // Aggregation and output projection.
  int head_acc_bits() const { return n.feature_bits + n.corner_bits + 1; }
  int projection_columns() const { return config.core.projection_columns; }
  int projection_groups() const { return divide_up(config.attention.embed_dim, projection_columns()); }
  int output_acc_bits() const { return sum_bits(a.embed_dim, n.head_bits, n.output_weight_bits); }

  // Memory.
  int token_bits() const { return holds(config.attention.max_tokens); }  ///< holds a number of tokens
  /// Holds the runs that a job writes: blocks of the value map, or rows and, of one that counts pixels, their mask.
  int written_rows_bits() const {
    return std::max(token_bits(), has_pixel_counts() ? holds(a.max_queries + 1) : query_bits());
  }
  /// Beats of the longest row that is read: source, query, or row of a dense job.
  int longest_row_beats() const { return quillgen::longest_row_beats(config); }
  int position_client() const { return static_cast<int>(Client::feature) + feature_ids(config); }  ///< with an epilogue
  int residual_client() const { return position_client() + 1; }
  int clients() const { return position_client() + (has_epilogue() ? 2 : 0); }
  int axi_id_bits() const { return bits(clients()); }
  /// Of ERROR_DETAIL: a word of a descriptor, or of a read its ID, whose bits from the fifth on lie at the top.
  int detail_bits() const { return error_detail_bits + (axi_id_bits() > 4 ? 2 : 0); }
  int lines_outstanding() const { return quillgen::lines_outstanding(config); }  ///< of a lane
  int data_bits() const { return config.memory.data_bits; }
  int data_bytes() const { return data_bits() / 8; }
  int address_bits() const { return config.memory.address_bits; }
  int line_bits() const { return line_width() * line_height() * 8 * pixel_bytes(config); }  ///< without padding

  // Line cache. A line is a 2x2 block of the value map, a row of one, or a pixel of one; its row and column are counted
  // in lines.
  int line_width() const { return quillgen::line_width(config.feature_cache.line_shape); }
  int line_height() const { return quillgen::line_height(config.feature_cache.line_shape); }
  /// A sample that misses lines hands all of them on in one cycle, and two lines are written in a cycle.
  bool has_line_pairs() const { return config.feature_cache.lines_per_cycle == 2; }
  /// Two lines can be written in a cycle: those that have no pixel of the same parity.
  bool fills_two() const { return has_line_pairs() && line_height() == 1; }
  int line_row_bits() const { return std::max(1, side_bits() - line_height() + 1); }
  int line_column_bits() const { return std::max(1, side_bits() - line_width() + 1); }
  int sets() const { return lane_cache_sets(config, cache_of); }  ///< of one tag bank
  bool has_level_shares() const { return !config.feature_cache.level_parts.empty(); }
  /// Sets of one tag bank that the lines of a level share, with shares of the levels.
  int level_sets(int level) const {
    return cache_sets(config, level_bytes(config, cache_of * lane_levels(config) + level));
  }
  int ways() const { return config.feature_cache.ways; }
  int set_bits() const { return bits(sets()); }
  int way_bits() const { return bits(ways()); }
  int way_index_bits() const { return ways() == 1 ? 0 : way_bits(); }
  /// The way used longest ago is replaced: an order of the ways is kept, a bit for each two of them.
  bool has_use_order() const { return ways() > 1 && config.feature_cache.replacement == replace_by_use; }
  /// Of a word of tags, what tells the way to replace next: its number, or the order.
  int replacement_bits() const { return has_use_order() ? ways() * (ways() - 1) / 2 : way_index_bits(); }
  bool has_regions() const { return config.feature_cache.policy == region_policy; }
  /// .. and all that jobs read lies in them.
  bool has_ranged_regions() const { return quillgen::has_ranged_regions(config); }
  /// Lines are read when a sample asks for them.
  bool has_demand() const { return !has_ranged_regions(); }
  /// Of a place in a torus from its origin on (LevelWindow): up to twice the pairs of its longer side.
  int torus_bits() const {
    int most = 1;
    for (const auto& level : region_levels(config)) most = std::max({most, level.columns - 1, level.rows - 1});
    return holds(most);
  }
  int region_head_bits() const { return std::countr_zero(static_cast<unsigned>(region_heads(config))); }
  /// Of a block's place among those of all tori, 0 if there is one.
  int torus_block_bits() const { return bits(region_lines(config)) - region_head_bits(); }
  int torus_row_bits() const { return std::max(1, torus_block_bits()); }  ///< of the first of a row
  /// Blocks that two regions share are copied from half to half.
  bool has_copies() const { return has_regions() && config.feature_cache.overlap == copy; }
  /// Of a line in its bank: {set, way}; of a region: {half, line of the half}.
  int line_place_bits() const { return has_regions() ? 1 + bits(region_lines(config)) : set_bits() + way_index_bits(); }
  /// Samples far from their reference enter no tag.
  bool has_bypass() const { return config.feature_cache.bypass_distance > 0; }
  /// There is a place beside the sets for a line that no tag names, one in each bank.
  bool has_aside() const { return has_bypass() || (has_regions() && has_demand()); }
  int block_bits() const { return std::max(1, side_bits() - 1); }  ///< row or column of a 2x2 block
};

}  // namespace quillgen::accel
