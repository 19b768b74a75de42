#include "config/fields.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/derived.hpp"
#include "config/error.hpp"

namespace quillgen {

std::span<const Field> fields() {
  using C = Config;
  static constexpr std::string_view resets[] = {"sync_high", "sync_low", "async_low"};
  static constexpr std::string_view policies[] = {"line", "region"}, line_shapes[] = {"2x2", "2x1", "1x1"},
                                    overlaps[] = {"refetch", "copy"}, curves[] = {"hilbert", "strips"},
                                    replacements[] = {"turn", "use"},
                                    activations[] = {"none", "gelu", "silu", "sigmoid", "all"};
  static constexpr Field table[] = {
      {"attention", "embed_dim", [](C& c) -> int& { return c.attention.embed_dim; }, 4, 1024, Shape::Any,
       "Channels of the layer (C), a multiple of heads."},
      {"attention", "heads", [](C& c) -> int& { return c.attention.heads; }, 1, 16, Shape::Any,
       "Attention heads (M); embed_dim / heads must be even and from 2 to 64."},
      {"attention", "levels", [](C& c) -> int& { return c.attention.levels; }, 1, 8, Shape::Any, "Feature levels (L)."},
      {"attention", "points", [](C& c) -> int& { return c.attention.points; }, 1, 8, Shape::Any,
       "Sampling points per head and level (K)."},
      {"attention", "anchors", [](C& c) -> int& { return c.attention.anchors; }, 1, 8, Shape::Any,
       "References of a query on each level (Z): point k is measured from number k mod Z."},
      {"attention", "max_width", [](C& c) -> int& { return c.attention.max_width; }, 1, 1024, Shape::Any,
       "Width of the widest level a job may have, pixels."},
      {"attention", "max_height", [](C& c) -> int& { return c.attention.max_height; }, 1, 1024, Shape::Any,
       "Height of the tallest level a job may have, pixels."},
      {"attention", "max_queries", [](C& c) -> int& { return c.attention.max_queries; }, 1, 65536, Shape::Any,
       "Most queries a job may have, and rows a dense job may have."},
      {"attention", "max_tokens", [](C& c) -> int& { return c.attention.max_tokens; }, 1, 1 << 20, Shape::Any,
       "Most tokens (pixels of all levels) a job may have; a bit is kept on chip for each."},
      {"numerics", "query_bits", [](C& c) -> int& { return c.numerics.query_bits; }, 4, 16, Shape::Any,
       "Width of a query element, bits, signed."},
      {"numerics", "query_weight_bits", [](C& c) -> int& { return c.numerics.query_weight_bits; }, 4, 16, Shape::Any,
       "Width of a weight of the offset and logit projection, bits, signed."},
      {"numerics", "feature_bits", [](C& c) -> int& { return c.numerics.feature_bits; }, 4, 16, Shape::Any,
       "Width of an element of the value map, bits, signed."},
      {"numerics", "feature_weight_bits", [](C& c) -> int& { return c.numerics.feature_weight_bits; }, 4, 16,
       Shape::Any, "Width of a weight of the value projection, bits, signed."},
      {"numerics", "head_bits", [](C& c) -> int& { return c.numerics.head_bits; }, 4, 16, Shape::Any,
       "Width of an element of an aggregated head, bits, signed."},
      {"numerics", "output_weight_bits", [](C& c) -> int& { return c.numerics.output_weight_bits; }, 4, 16, Shape::Any,
       "Width of a weight of the output projection, bits, signed."},
      {"numerics", "output_bits", [](C& c) -> int& { return c.numerics.output_bits; }, 4, 16, Shape::Any,
       "Width of an element of the output, bits, signed."},
      {"numerics", "offset_int_bits", [](C& c) -> int& { return c.numerics.offset_int_bits; }, 4, 9, Shape::Any,
       "Integer part of a sampling offset (in pixels), bits, sign included."},
      {"numerics", "offset_frac_bits", [](C& c) -> int& { return c.numerics.offset_frac_bits; }, 2, 12, Shape::Any,
       "Fraction of a sampling offset (in pixels), bits."},
      {"numerics", "interp_frac_bits", [](C& c) -> int& { return c.numerics.interp_frac_bits; }, 2, 12, Shape::Any,
       "Fraction of a sampling location (in pixels) that interpolation uses, bits."},
      {"numerics", "logit_int_bits", [](C& c) -> int& { return c.numerics.logit_int_bits; }, 4, 9, Shape::Any,
       "Integer part of an attention logit, bits, sign included."},
      {"numerics", "logit_frac_bits", [](C& c) -> int& { return c.numerics.logit_frac_bits; }, 2, 8, Shape::Any,
       "Fraction of an attention logit, bits."},
      {"numerics", "attention_bits", [](C& c) -> int& { return c.numerics.attention_bits; }, 6, 14, Shape::Any,
       "Fraction of an attention weight, bits, unsigned with one integer bit."},
      {"numerics", "corner_bits", [](C& c) -> int& { return c.numerics.corner_bits; }, 6, 16, Shape::Any,
       "Fraction of a corner weight, bits, unsigned with one integer bit."},
      {"network", "stream_bits", [](C& c) -> int& { return c.network.stream_bits; }, 8, 16, Shape::Any,
       "Bits of a row that the layers of a network pass on (the residual stream)."},
      {"network", "epilogue", [](C& c) -> int& { return c.network.epilogue; }, 0, 1, Shape::Flag,
       "Whether jobs can form their operands from rows of the stream, and add a residual row to their results and "
       "normalise them."},
      {"network", "self_attention", [](C& c) -> int& { return c.network.self_attention; }, 0, 1024, Shape::Any,
       "Most rows of a job that computes self-attention; 0: there are no such jobs."},
      {"network", "activations", [](C& c) -> int& { return c.network.activations; }, 0, 4, Shape::Choice,
       "Activations beside ReLU that results of dense jobs can pass, by linear pieces.", activations},
      {"gemm", "rows", [](C& c) -> int& { return c.gemm.rows; }, 1, 32, Shape::Any,
       "Rows (tokens or queries) the PE array works on at a time."},
      {"gemm", "columns", [](C& c) -> int& { return c.gemm.columns; }, 2, most_columns, Shape::Any,
       "Outputs the PE array computes at a time, whole heads: a multiple of embed_dim / heads and of twice the lanes."},
      {"gemm", "depth", [](C& c) -> int& { return c.gemm.depth; }, 2, 64, Shape::PowerOfTwo,
       "Products a PE adds up in a cycle."},
      {"gemm", "max_inner", [](C& c) -> int& { return c.gemm.max_inner; }, 1, 4096, Shape::Any,
       "Longest row (inner dimension) of a dense job, elements."},
      {"gemm", "tree_levels", [](C& c) -> int& { return c.gemm.tree_levels; }, 1, 6, Shape::Any,
       "Levels of an adder tree between two registers, in the PEs and in the output projection."},
      {"core",
       "head_lanes",
       [](C& c) -> int& { return c.core.head_lanes; },
       1,
       16,
       Shape::PowerOfTwo,
       "Lanes that the heads are shared out to, so they divide heads; each takes a sample a cycle.",
       {},
       "lanes"},
      {"core", "level_lanes", [](C& c) -> int& { return c.core.level_lanes; }, 1, 8, Shape::PowerOfTwo,
       "Lanes of each head lane that the levels are shared out to, so they divide levels; head_lanes * level_lanes is "
       "at "
       "most 32."},
      {"core", "projection_columns", [](C& c) -> int& { return c.core.projection_columns; }, 1, 128, Shape::PowerOfTwo,
       "Outputs of the output projection that a head lane computes in a cycle, at most embed_dim."},
      {"core", "points_per_cycle", [](C& c) -> int& { return c.core.points_per_cycle; }, 1, 4, Shape::PowerOfTwo,
       "Attention weights that a lane finds in a cycle, so that points that are dropped cost it none."},
      {"core", "queued_heads", [](C& c) -> int& { return c.core.queued_heads; }, 1, 64, Shape::Any,
       "Aggregated heads of a lane that may wait for the output projection, where points are dropped or levels shared "
       "out."},
      {"pruning", "max_range", [](C& c) -> int& { return c.pruning.max_range; }, 0, 1024, Shape::Any,
       "Largest range, in pixels, within which a job can hold sampling points around their reference; 0: none can."},
      {"pruning", "points", [](C& c) -> int& { return c.pruning.points; }, 0, 1, Shape::Flag,
       "Whether a job can drop sampling points of small weight."},
      {"pruning", "count_bits", [](C& c) -> int& { return c.pruning.count_bits; }, 0, 16, Shape::Any,
       "Bits of the counters, in each lane one for each pixel, with which a job can find the pixels that are seldom "
       "read, at least 8; 0: there are none."},
      {"order", "bucket_bits", [](C& c) -> int& { return c.order.bucket_bits; }, 0, 6, Shape::Any,
       "Queries are sorted by the cell of a grid of 2^bucket_bits x 2^bucket_bits that their reference lies in; 0: "
       "not."},
      {"order", "curve", [](C& c) -> int& { return c.order.curve; }, 0, 1, Shape::Choice,
       "How cells follow each other: along a Hilbert curve, or in vertical strips, row after row of each.", curves},
      {"order", "strip_width", [](C& c) -> int& { return c.order.strip_width; }, 0, 64, Shape::Any,
       "Cells that a strip is at most wide; 0: as many as fit the feature cache with what lies around them."},
      {"order", "window", [](C& c) -> int& { return c.order.window; }, 1, 256, Shape::PowerOfTwo,
       "Candidates of which the one nearest to the last query is next; 1: the first."},
      {"order", "distance_units", [](C& c) -> int& { return c.order.distance_units; }, 1, 64, Shape::PowerOfTwo,
       "Candidates whose distance is computed in a cycle, at most window."},
      {"order", "starvation_bound", [](C& c) -> int& { return c.order.starvation_bound; }, 1, 65535, Shape::Any,
       "A candidate that was passed over so often is next."},
      {"feature_cache", "policy", [](C& c) -> int& { return c.feature_cache.policy; }, 0, 1, Shape::Choice,
       "What brings features on chip: a cache of lines, or regions around coming queries in two halves.", policies},
      {"feature_cache", "kilobytes", [](C& c) -> int& { return c.feature_cache.kilobytes; }, 1, 1024, Shape::PowerOfTwo,
       "Data capacity of the line caches, KiB; each lane has its share."},
      {"feature_cache", "ways", [](C& c) -> int& { return c.feature_cache.ways; }, 1, 8, Shape::PowerOfTwo,
       "Lines of the cache that one address may be kept in."},
      {"feature_cache", "replacement", [](C& c) -> int& { return c.feature_cache.replacement; }, 0, 1, Shape::Choice,
       "Which of them a new line takes the place of: each in turn, or the one used longest ago.", replacements},
      {"feature_cache", "run_ahead", [](C& c) -> int& { return c.feature_cache.run_ahead; }, 8, 1024, Shape::PowerOfTwo,
       "Samples of a lane that may wait between tag look-up and use."},
      {"feature_cache", "line_shape", [](C& c) -> int& { return c.feature_cache.line_shape; }, 0, 2, Shape::Choice,
       "Pixels of a line, width x height.", line_shapes},
      {"feature_cache", "lines_per_cycle", [](C& c) -> int& { return c.feature_cache.lines_per_cycle; }, 1, 2,
       Shape::Any, "Lines written in a cycle, two if they share no bank; with 2 misses hold up no look-up."},
      {"feature_cache", "hashing", [](C& c) -> int& { return c.feature_cache.hashing; }, 0, 1, Shape::Flag,
       "Whether all bits of a line's place choose its set, or only the lowest."},
      {"feature_cache", "bypass_distance", [](C& c) -> int& { return c.feature_cache.bypass_distance; }, 0, 1024,
       Shape::Any, "Samples that lie so many pixels off their reference enter nothing in the cache; 0: all do."},
      {"feature_cache", "margin", [](C& c) -> int& { return c.feature_cache.margin; }, 0, 64, Shape::Any,
       "Pixels that a region takes in around the references of its queries, in each level, without region_ranges."},
      {"feature_cache", "region_queries", [](C& c) -> int& { return c.feature_cache.region_queries; }, 1, 256,
       Shape::PowerOfTwo, "Most queries that share a region."},
      {"feature_cache", "overlap", [](C& c) -> int& { return c.feature_cache.overlap; }, 0, 1, Shape::Choice,
       "Pixels that the next region shares with the one in use: read from memory again, or copied.", overlaps},
      {"memory", "data_bits", [](C& c) -> int& { return c.memory.data_bits; }, 64, 512, Shape::PowerOfTwo,
       "Width of the AXI4 data bus, bits."},
      {"memory", "address_bits", [](C& c) -> int& { return c.memory.address_bits; }, 32, 64, Shape::Any,
       "Width of an AXI4 address, bits."},
      {"memory", "latency_cycles", [](C& c) -> int& { return c.memory.latency_cycles; }, 1, 1000, Shape::Any,
       "Read latency that buffers are sized for, cycles."},
      {"memory", "max_outstanding", [](C& c) -> int& { return c.memory.max_outstanding; }, 4, 1024, Shape::PowerOfTwo,
       "Feature lines that may be on their way from memory, at least 4 for each lane."},
      {"implementation", "reset", [](C& c) -> int& { return c.implementation.reset; }, 0, 2, Shape::Choice,
       "Reset of all registers: synchronous, active high (rst) or low (rst_n), or asynchronous, active low.", resets},
      {"implementation", "clock_gating", [](C& c) -> int& { return c.implementation.clock_gating; }, 0, 1, Shape::Flag,
       "Whether blocks are given their clock only while a job needs them."},
  };
  return table;
}

std::span<const LevelList> level_lists() {
  static constexpr LevelList table[] = {
      {"attention", "level_points", [](Config& c) -> std::vector<int>& { return c.attention.level_points; }, 1, 8,
       Shape::Any,
       "Sampling points per head of each level, where they differ, the largest being points; empty: all have points.",
       "[3, 6, 3]"},
      {"feature_cache", "level_parts", [](Config& c) -> std::vector<int>& { return c.feature_cache.level_parts; }, 1,
       1024, Shape::PowerOfTwo,
       "Parts of kilobytes that the levels have, powers of two that add up to one, in any measure: [4, 2, 1, 1] gives "
       "the first level half; empty: all levels share all of it.",
       "[4, 2, 1, 1]"},
      {"feature_cache", "region_ranges", [](Config& c) -> std::vector<int>& { return c.feature_cache.region_ranges; },
       0, 1024, Shape::Any,
       "Largest ranges, in pixels, that jobs hold the sampling points of the levels in: regions then hold all that is "
       "read, and jobs must have ranges; empty: what lies outside of a region is read by itself.",
       "[8, 8, 4, 2]"},
  };
  return table;
}

std::string newer_path(std::string_view path) {
  for (const auto& f : fields())
    if (!f.older.empty() && path == fmt::format("{}.{}", f.section, f.older)) return f.path();
  return std::string(path);
}

bool is_optional(std::string_view section) {
  return std::ranges::all_of(fields(), [&](const Field& f) { return f.section != section || f.is_optional(); });
}

Numerics numerics_preset(std::string_view name) {
  Numerics n{.query_bits = 8,
             .query_weight_bits = 8,
             .feature_bits = 8,
             .feature_weight_bits = 8,
             .head_bits = 8,
             .output_weight_bits = 8,
             .output_bits = 8,
             .offset_int_bits = 7,
             .offset_frac_bits = 6,
             .interp_frac_bits = 6,
             .logit_int_bits = 7,
             .logit_frac_bits = 4,
             .attention_bits = 8,
             .corner_bits = 10};
  if (name == "int8") return n;
  if (name != "mixed" && name != "int12")
    throw UserError(fmt::format(
        "numerics.preset = \"{}\": must be int8, mixed or int12; choose one, or give every format of numerics", name));
  n.query_bits = n.query_weight_bits = n.head_bits = n.output_bits = 12;
  n.offset_frac_bits = n.interp_frac_bits = 8;
  n.logit_frac_bits = 6;
  n.attention_bits = 10;
  n.corner_bits = 12;
  if (name == "mixed") return n;
  n.feature_bits = n.feature_weight_bits = n.output_weight_bits = 12;
  n.logit_frac_bits = 8;
  n.attention_bits = 12;
  n.corner_bits = 14;
  return n;
}

}  // namespace quillgen
