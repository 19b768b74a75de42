#include "fuzz/case_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>

#include "config/derived.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"

namespace quillgen::fuzz {
namespace {

class Table {
 public:
  std::vector<NamedCase> cases;

  void group(std::string name) { group_ = std::move(name); }
  void add(std::string name, std::string changes, std::string claims) {
    cases.push_back({group_, std::move(name), std::move(changes), std::move(claims)});
  }

 private:
  std::string group_;
};

const std::string reads = " corners.read>0";

std::string set(std::string_view path, int value) { return fmt::format("{}={} ", path, value); }
std::string level(int l, int width, int height) {
  return fmt::format("workload.width_{0}={1} workload.height_{0}={2} ", l, width, height);
}

/// For wide layers, whose value projection takes long on a small array.
const std::string small_map = level(0, 6, 5) + level(1, 3, 4);

void apply(Case& c, const std::string& changes) {
  std::istringstream words(changes);
  for (std::string change; words >> change;) set_parameter(c, change);
  c.config.gemm.columns = fitting_columns(c.config);
}

/// A cache as small as it may be for these changes.
std::string least_cache(const std::string& changes) {
  Case c = plain_case();
  apply(c, changes);
  const int bytes = 2 * tag_banks * c.config.feature_cache.ways * cached_line_bytes(c.config) * c.config.core.lanes();
  return set("feature_cache.kilobytes", static_cast<int>(std::bit_ceil(static_cast<unsigned>(divide_up(bytes, 1024)))));
}

void add_shapes(Table& t) {
  t.group("shapes");
  for (const int k : {1, 3, 8}) t.add(fmt::format("K = {}", k), set("attention.points", k), reads);
  for (const int l : {1, 3, 8}) t.add(fmt::format("L = {}", l), set("attention.levels", l), reads);
  t.add("L = 8, K = 8", "attention.levels=8 attention.points=8", reads);
  t.add("K = 3, 6, 1", "attention.levels=3 attention.points=6 attention.level_points=3,6,1", reads);
  t.add("K = 1, 8", "attention.levels=2 attention.points=8 attention.level_points=1,8 gemm.rows=1", reads);
  t.add("K = 4, 2, dropped two a cycle",
        "attention.levels=2 attention.points=4 attention.level_points=4,2 pruning.points=1 core.points_per_cycle=2 "
        "workload.threshold=3",
        reads);
  t.add("K = 2, 2, two a cycle",
        "attention.levels=2 attention.points=2 attention.level_points=2,2 pruning.points=1 core.points_per_cycle=2 ",
        reads);
  t.add("K = 5, 1, 3, regions",
        "attention.levels=3 attention.points=5 attention.level_points=5,1,3 feature_cache.kilobytes=4 "
        "feature_cache.level_parts=2,1,1 feature_cache.region_queries=4 " +
            set("feature_cache.policy", region_policy),
        reads);
  for (const int z : {2, 3, 8})
    t.add(fmt::format("K = 8, {} references of a level", z), "attention.points=8 " + set("attention.anchors", z),
          reads);
  t.add("4 references of boxes", "attention.points=4 attention.anchors=4 workload.boxes=1 order.window=8", reads);
  t.add("references of uneven points",
        "attention.levels=3 attention.points=5 attention.level_points=5,2,3 attention.anchors=3", reads);
  for (const int m : {1, 2, 3, 5, 16})
    t.add(fmt::format("M = {}", m), set("attention.heads", m) + set("attention.embed_dim", 4 * m) + small_map, reads);
  for (const int d : {2, 6, 34, 64}) {
    auto changes = set("attention.embed_dim", 2 * d) + small_map;
    if (d > 32) changes += "memory.data_bits=128 ";  // a line has 16 beats at most
    t.add(fmt::format("D = {}", d), changes + least_cache(changes), reads);
  }
}

void add_lanes(Table& t) {
  t.group("lanes");
  for (const int lanes : {1, 2, 4})
    for (const int heads : {lanes, 2 * lanes}) {
      const auto changes = set("core.head_lanes", lanes) + set("attention.heads", heads) +
                           set("attention.embed_dim", 4 * heads) + "gemm.columns=12 memory.max_outstanding=16 ";
      t.add(fmt::format("{} for {} heads", lanes, heads), changes + least_cache(changes),
            fmt::format("lanes.reading={}", lanes) + reads);
    }
  // Lanes that share the levels: alone, with points dropped, heads without any, and as many as there can be.
  for (const auto& [lanes, levels] : {std::pair{2, 2}, {2, 8}, {4, 4}, {4, 8}, {8, 8}}) {
    const auto changes = set("core.level_lanes", lanes) + set("attention.levels", levels) +
                         "gemm.columns=32 attention.points=4 memory.max_outstanding=32 ";
    const auto name = fmt::format("{} for {} levels", lanes, levels);
    // The smallest of many levels are rarely met.
    t.add(name, changes + least_cache(changes),
          (levels > 4 ? "lanes.reading>1" : fmt::format("lanes.reading={}", lanes)) + reads);
    if (levels != lanes) continue;
    for (const int at_once : {1, 2}) {
      const auto pruned = changes + "pruning.points=1 " + set("core.points_per_cycle", at_once);
      t.add(fmt::format("{}, {} points a cycle, half dropped", name, at_once),
            pruned + least_cache(changes) + set("workload.threshold", mean_share), "heads.thinned>0" + reads);
      t.add(fmt::format("{}, {} points a cycle, heads empty", name, at_once),
            pruned + least_cache(changes) + set("workload.threshold", large_share) +
                set("workload.logits", mixed_logits) + "core.queued_heads=1",
            (levels > 4 ? "heads.thinned>0" : "heads.empty>0 heads.thinned>0") + reads);
    }
  }
  {
    const std::string sixteen =
        "core.head_lanes=4 core.level_lanes=4 attention.heads=4 attention.levels=4 "
        "attention.embed_dim=16 gemm.columns=32 memory.max_outstanding=64 ";
    t.add("4 for 4 heads by 4 for 4 levels", sixteen + least_cache(sixteen), "lanes.reading=16" + reads);
    // As many as there can be: with heads alone in a lane, and with levels.
    for (const auto& [heads, levels] : {std::pair{8, 4}, {4, 8}, {16, 2}}) {
      const auto changes = set("core.head_lanes", heads) + set("core.level_lanes", levels) +
                           set("attention.heads", heads) + set("attention.levels", levels) +
                           set("attention.embed_dim", 4 * heads) +
                           "gemm.columns=64 memory.max_outstanding=128 workload.jobs=1 workload.queries=5 ";
      t.add(fmt::format("32, {} for heads by {} for levels", heads, levels), changes + least_cache(changes),
            "lanes.reading>16" + reads);
    }
    t.add("4 by 4, unequal shares",
          sixteen +
              "feature_cache.kilobytes=64 feature_cache.level_parts=32,16,8,8 feature_cache.ways=1 "
              "attention.max_width=64 attention.max_height=64",
          "lanes.reading=16" + reads);
  }
  t.add("4, responses in any order",
        "core.head_lanes=4 attention.heads=4 attention.embed_dim=16 gemm.columns=12 memory.max_outstanding=16 "
        "feature_cache.kilobytes=2 workload.reorder_percent=100",
        "lanes.reading=4 beats.overtaking>100" + reads);
}

void add_queries(Table& t) {
  t.group("queries");
  t.add("one query", "workload.queries=1", "queries=1" + reads);
  t.add("one query, one row", "workload.queries=1 gemm.rows=1", "queries=1" + reads);
  t.add("max_queries, whole groups", "attention.max_queries=16 workload.queries=16", "queries=16" + reads);
  t.add("max_queries, part of a group", "attention.max_queries=21 workload.queries=21", "queries=21" + reads);
  t.add("one more than a group", "workload.queries=5", "queries=5" + reads);
  t.add("32 rows", "gemm.rows=32 workload.queries=33", "queries=33" + reads);
  t.add("three rows", "gemm.rows=3 workload.queries=11", "queries=11" + reads);
  t.add("one less than a group", "gemm.rows=16 workload.queries=15", "queries=15" + reads);
  t.add("one more than two groups of 16", "gemm.rows=16 workload.queries=33", "queries=33" + reads);
}

void add_levels(Table& t) {
  t.group("levels");
  t.add("odd sides", level(0, 9, 7) + level(1, 5, 3), "levels.odd=4" + reads);
  t.add("even sides", level(0, 8, 6) + level(1, 4, 2), "levels.odd=0" + reads);
  t.add("1 x n", level(0, 1, 9) + level(1, 1, 4), "levels.one_wide=4" + reads);
  t.add("n x 1", level(0, 9, 1) + level(1, 4, 1), "levels.one_high=4" + reads);
  t.add("1 x 1", level(0, 1, 1) + level(1, 1, 1), "levels.one_pixel=4" + reads);
  t.add("1 x 1 beside others", "attention.levels=3 " + level(0, 1, 1) + level(1, 6, 5) + level(2, 1, 1),
        "levels.one_pixel=4" + reads);
  t.add("max_width and max_height", "attention.max_width=11 attention.max_height=13 " + level(0, 11, 13),
        "levels.widest=11 levels.highest=13" + reads);
  t.add("1024 wide", "attention.max_width=1024 attention.max_tokens=2158 " + level(0, 1024, 2),
        "levels.widest=1024" + reads);
  t.add("1024 high", "attention.max_height=1024 attention.max_tokens=2158 " + level(0, 2, 1024),
        "levels.highest=1024" + reads);
  t.add("no more than one pixel", "attention.max_width=1 attention.max_height=1 " + level(0, 1, 1) + level(1, 1, 1),
        "levels.one_pixel=4" + reads);
}

void add_references(Table& t) {
  t.group("references");
  for (const bool boxes : {false, true}) {
    const auto add = [&](const char* where, int style, const std::string& claims) {
      t.add(fmt::format("{} {}", boxes ? "boxes" : "points", where),
            set("workload.boxes", boxes ? random_boxes : no_boxes) + set("workload.references", style),
            claims + (boxes ? " box.count>0" : " box.count=0"));
    };
    add("inside", inside_map, "reference.outside=0" + reads);
    add("on edges of pixels", on_edges, "reference.outside>0 corners.outside>0" + reads);
    add("around the map", around_map, "reference.outside>0 corners.outside>0" + reads);
    add("far outside, at both ends too", far_outside,
        "reference.lowest>0 reference.highest>0 location.x.low>0 location.x.high>0 location.y.low>0 location.y.high>0");
    add("of all kinds", mixed_references, "reference.outside>0" + reads);
  }
  // 64 beats of references a group of queries, 32 cycles for its samples and their projection, and no line read twice.
  auto late = set("workload.boxes", random_boxes) +
              "attention.levels=8 attention.heads=1 attention.embed_dim=4 attention.points=1 gemm.columns=24 "
              "workload.queries=24 ";
  for (int l = 0; l < 8; ++l) late += level(l, 2, 2);
  t.add("boxes that come later than the projection", late, "box.count>0 cycles.waiting_for_points>300" + reads);
  for (const bool saturated : {false, true}) {
    const auto add = [&](const char* size, int style, const char* claim) {
      t.add(fmt::format("boxes of {} size, offsets {}", size, saturated ? "saturated" : "near"),
            set("workload.boxes", style) + set("workload.offsets", saturated ? saturated_offsets : near_offsets),
            std::string(claim) + " box.count>0");
    };
    add("zero", zero_boxes, "box.zero=box.count corners.read>0");
    add("the largest", largest_boxes, "box.largest=box.count");
  }
}

void add_offsets(Table& t) {
  t.group("offsets");
  const std::string ends = "offset.x.lowest>0 offset.x.highest>0 offset.y.lowest>0 offset.y.highest>0";
  const auto offsets = [](int style) { return set("workload.offsets", style); };
  t.add("at both ends", offsets(saturated_offsets), ends);
  t.add("at both ends and on the map",
        offsets(saturated_offsets) + "numerics.offset_int_bits=4 " + level(0, 16, 16) + level(1, 12, 15), ends + reads);
  t.add("beyond both ends", offsets(clamped_offsets), ends + " offset.saturated>0");
  t.add("over their range", offsets(wide_offsets), "offset.x.full>0 offset.y.full>0");
  t.add("zero", offsets(zero_offsets), "offset.x.full=0 offset.y.full=0" + reads);
}

void add_logits(Table& t) {
  t.group("logits");
  const auto logits = [](int style) { return set("workload.logits", style); };
  t.add("equal", logits(equal_logits), "logit.equal_rows=logit.rows" + reads);
  t.add("at both ends", logits(extreme_logits), "logit.lowest>0 logit.highest>0" + reads);
  t.add("beyond both ends", logits(clamped_logits), "logit.lowest>0 logit.highest>0 logit.saturated>0" + reads);
  t.add("all lowest", logits(lowest_logits), "logit.lowest=logit.count" + reads);
  t.add("all highest", logits(highest_logits), "logit.highest=logit.count" + reads);
  t.add("one dominant", logits(dominant_logit), "attention.highest>0" + reads);
  t.add("over their range", logits(wild_logits), "logit.full>0" + reads);
}

void add_padding(Table& t) {
  t.group("padding");
  const auto padding = [](int style) { return set("workload.padding", style); };
  const std::string some = "tokens.padded>0 corners.padded>0 tokens.all>tokens.padded corners.read>corners.padded";
  t.add("no token", "", "tokens.padded=0" + reads);
  t.add("half of the tokens", "workload.padded_percent=50", some);
  t.add("all tokens", "workload.padded_percent=100", "tokens.padded=tokens.all corners.padded=corners.read" + reads);
  t.add("the borders", padding(border_padding), some);
  t.add("all but the borders", padding(inner_padding), some);
  t.add("the lower halves", padding(lower_padding), some);
  t.add("half of the blocks", padding(block_padding) + "workload.padded_percent=50", some);
  // A group of rows closes after 16 blocks, full or not.
  t.add("nearly all tokens", "gemm.rows=8 workload.padded_percent=97 " + level(0, 16, 16), some);
  t.add("nearly all blocks", padding(block_padding) + "workload.padded_percent=95 " + level(0, 16, 16),
        "tokens.padded>0 tokens.all>tokens.padded" + reads);
  t.add("one row of the array, half of the tokens", "gemm.rows=1 workload.padded_percent=50", some);
  t.add("22 rows of the array, half of the tokens", "gemm.rows=22 workload.padded_percent=50", some);
  t.add("three rows of the array, half of the tokens", "gemm.rows=3 workload.padded_percent=50", some);
  t.add("16 rows of the array, half of the tokens", "gemm.rows=16 workload.padded_percent=50", some);
  t.add("one token, not padded", "attention.levels=1 " + level(0, 1, 1), "tokens=1" + reads);
  t.add("one token, padded", "attention.levels=1 workload.padded_percent=100 " + level(0, 1, 1),
        "tokens=1 tokens.padded=tokens.all corners.padded>0");
  // A beat of the mask has 64 tokens.
  const auto few =
      "attention.levels=1 attention.max_tokens=6 attention.max_width=3 attention.max_height=2 memory.data_bits=512 "
      "attention.embed_dim=32 attention.heads=2 workload.padded_percent=50 " +
      level(0, 3, 2);
  t.add("no more tokens than six, on a wide bus", few + least_cache(few), "tokens=6 tokens.padded>0" + reads);
}

void add_maps(Table& t) {
  t.group("maps");
  t.add("given, then computed", set("workload.maps", first_map_given), "maps.given=2" + reads);
  t.add("as many tokens as there may be", "attention.max_tokens=305 " + level(0, 15, 13) + level(1, 10, 11),
        "tokens=305" + reads);
  t.add("more than fits the array's room for results", "memory.data_bits=64 workload.latency=1 attention.embed_dim=16",
        "cycles.waiting_for_room>100" + reads);
  t.add("sources that come late", "workload.latency=300", "cycles.waiting_for_rows>300" + reads);
  for (const int depth : {2, 8, 64})
    t.add(fmt::format("depth {} for 24 channels", depth), set("gemm.depth", depth) + "attention.embed_dim=24", reads);
  t.add("tiles beyond the channels", "gemm.columns=100 attention.embed_dim=20 " + small_map, reads);
}

void add_dense(Table& t) {
  t.group("dense");
  const auto shape = [](int rows, int inner, int outputs) {
    return set("workload.dense_rows", rows) + set("workload.dense_inner", inner) +
           set("workload.dense_outputs", outputs);
  };
  const std::string compared = " compared.dense_memory>0";
  t.add("1 x 1 x 1", shape(1, 1, 1), "dense.rows=1 dense.inner=1 dense.outputs=1" + compared);
  t.add("one row, one output", shape(1, 16, 1), "dense.outputs=1" + compared);
  t.add("one element a row", shape(9, 1, 40), "dense.inner=1" + compared);
  t.add("less than a group", shape(3, 7, 5), "dense.rows=3" + compared);
  t.add("one more than a group", shape(5, 7, 5), "dense.rows=5" + compared);
  t.add("a panel that is full", shape(9, 16, 8), "dense.panels=1" + compared);
  t.add("two panels", shape(9, 16, 16), "dense.panels=2" + compared);
  t.add("many panels, the last one smaller", "attention.embed_dim=32 attention.heads=4 " + shape(9, 16, 205),
        "dense.panels>4 dense.last_panel_smaller>0" + compared);
  t.add("many panels of one row", shape(1, 16, 205), "dense.panels>4" + compared);
  t.add("many panels of one element", shape(9, 1, 205), "dense.panels>4" + compared);
  t.add("max_inner", "gemm.max_inner=100 " + shape(9, 100, 30), "dense.inner=100" + compared);
  t.add("as many rows as there may be", "attention.max_queries=21 " + shape(21, 8, 10), "dense.rows=21" + compared);
  t.add("ReLU", shape(9, 13, 40) + "workload.relu=1",
        "dense.negative=0 dense.zero>100 dense.product.full>0" + compared);
  t.add("no ReLU", shape(9, 13, 40), "dense.negative>100" + compared);
  t.add("saturated", shape(9, 13, 40) + set("workload.output_scales", saturating_scale),
        "dense.saturated>0 dense.product.lowest>0 dense.product.highest>0" + compared);
  t.add("saturated, ReLU", shape(9, 13, 40) + set("workload.output_scales", saturating_scale) + "workload.relu=1",
        "dense.saturated>0 dense.negative=0 dense.product.highest>0" + compared);
  t.add("lowest inputs, lowest weights, longest rows",
        "gemm.max_inner=300 " + shape(5, 300, 7) + set("workload.query_values", lowest_values) +
            set("workload.query_weights", lowest_values),
        "dense.inner=300" + compared);
  for (const int lanes : {2, 4})
    t.add(fmt::format("{} lanes", lanes),
          set("core.head_lanes", lanes) +
              "attention.heads=4 attention.embed_dim=16 gemm.columns=12 memory.max_outstanding=16 "
              "feature_cache.kilobytes=2 " +
              shape(7, 15, 130),
          "dense.panels>1" + compared);
  for (const int bits : {4, 8, 9, 16})
    t.add(fmt::format("outputs of {} bits, 512 bits of data", bits),
          set("numerics.output_bits", bits) + "memory.data_bits=512 " + shape(6, 16, 77),
          "dense.product.odd>0" + compared);
  t.add("after a given map", shape(9, 13, 40) + set("workload.maps", first_map_given), "maps.given=2" + compared);
}

void add_self_attention(Table& t) {
  t.group("self-attention");
  const std::string compared = " compared.self_memory>0";
  const auto rows = [](int count, int most) {
    return "network.epilogue=1 " + set("network.self_attention", most) + set("workload.self_rows", count) +
           "attention.max_queries=1024 ";
  };
  const auto add = [&](const std::string& name, int count, const std::string& changes, const std::string& claims) {
    t.add(name, rows(count, std::max(count, 40)) + changes, fmt::format("self.rows={} ", count) + claims + compared);
  };
  add("one row", 1, "", "self.key_tiles=1");
  add("less than a group", 3, "", "self.key_tiles=1");
  add("a group", 4, "", "self.key_tiles=1");
  add("one more than a group", 5, "", "self.key_tiles=1");
  add("a tile of keys", 8, "", "self.key_tiles=1");
  add("one more than a tile of keys", 9, "", "self.key_tiles=2");
  add("tiles of keys", 32, "", "self.key_tiles=4");
  add("one more than tiles of keys", 33, "", "self.key_tiles=5");
  t.add("no more than one row", rows(1, 1), "self.rows=1" + compared);
  t.add("as many as there may be", rows(45, 45), "self.rows=45 self.key_tiles=6" + compared);
  for (const int bits : {4, 5, 6, 7, 8, 9, 12, 15, 16})
    add(fmt::format("{} bits", bits), 21, set("numerics.query_bits", bits) + set("numerics.query_weight_bits", bits),
        "");
  add("16 bits, rows of the stream of 8", 21,
      "numerics.query_bits=16 numerics.query_weight_bits=16 network.stream_bits=8 numerics.output_bits=4", "");
  add("more bits of a feature", 21, "numerics.query_bits=6 numerics.feature_bits=12 numerics.feature_weight_bits=12",
      "");
  for (const int heads : {1, 2, 3, 8})
    add(fmt::format("{} heads", heads), 19,
        set("attention.heads", heads) + set("attention.embed_dim", 8 * heads) + "gemm.columns=8 " + small_map,
        "self.key_tiles=3");
  add("four heads a tile, the last one of two", 19,
      "attention.heads=6 attention.embed_dim=24 gemm.columns=16 " + small_map, "self.key_tiles=2");
  add("three heads a tile, the last one of one", 19,
      "attention.heads=4 attention.embed_dim=16 gemm.columns=12 " + small_map, "self.key_tiles=2");
  for (const int lanes : {2, 4})
    add(fmt::format("{} lanes", lanes), 21,
        set("core.head_lanes", lanes) +
            "attention.heads=4 attention.embed_dim=16 gemm.columns=16 memory.max_outstanding=16 "
            "feature_cache.kilobytes=2 ",
        "");
  for (const int array_rows : {1, 2, 3, 32})
    add(fmt::format("{} rows of the array", array_rows), 21, set("gemm.rows", array_rows), "");
  add("one row of the array, one key", 1, "gemm.rows=1 numerics.query_bits=4", "self.key_tiles=1");
  add("two rows of the array, two keys", 2, "gemm.rows=2 gemm.depth=2 numerics.query_bits=5", "self.key_tiles=1");
  add("depth 2", 21, "gemm.depth=2", "");
  add("as deep as a head", 21, "attention.embed_dim=32 gemm.depth=16 gemm.columns=16 " + small_map, "");
  add("512 bits of data", 21, "memory.data_bits=512 attention.embed_dim=32 gemm.columns=32 " + small_map, "");
  for (const int gain : {1, 7}) add(fmt::format("gain {}", gain), 21, set("workload.self_gain", gain), "");
  for (const int shift : {1, 12, 40})
    add(fmt::format("scores shifted by {}", shift), 21, set("workload.self_shift", shift),
        fmt::format("self.shift={}", shift));
  add("saturated outputs", 21,
      "workload.self_gain=7 workload.self_shift=1 " + set("workload.self_values", corner_values),
      "self.output.lowest>0 self.output.highest>0");
  for (const auto& [name, style] : {std::pair{"zeros", zero_values},
                                    {"the lowest", lowest_values},
                                    {"the highest", highest_values},
                                    {"small", small_values}})
    add(fmt::format("operands {}", name), 21, set("workload.self_operands", style), "");
  add("all the lowest", 40,
      set("workload.self_operands", lowest_values) + set("workload.self_values", lowest_values) +
          "workload.self_shift=40",
      "self.output.lowest=self.output.count");
  add("after a given map", 21, set("workload.maps", first_map_given), "maps.given=2");
  const auto large = rows(75, 300) +
                     "attention.embed_dim=64 gemm.rows=8 gemm.columns=32 gemm.depth=4 numerics.query_bits=8 " +
                     small_map;
  t.add("a head of 32 channels on 1,024 products", large + least_cache(large), "self.key_tiles=3" + compared);
  t.add("1,024 rows", rows(1024, 1024) + "attention.heads=1 gemm.rows=8 gemm.columns=32 gemm.depth=8",
        "self.rows=1024" + compared);
}

void add_extremes(Table& t) {
  t.group("extremes");
  struct Styles {
    int query, query_weights, source, feature_weights, output_weights;
  };
  const auto numbers = [](const Styles& s) {
    return set("workload.query_values", s.query) + set("workload.query_weights", s.query_weights) +
           set("workload.source_values", s.source) + set("workload.feature_weights", s.feature_weights) +
           set("workload.output_weights", s.output_weights);
  };
  const std::string saturating =
      set("workload.value_scales", saturating_scale) + set("workload.head_scales", saturating_scale);
  constexpr int low = lowest_values, high = highest_values, zero = zero_values;
  t.add("inputs and weights lowest", numbers({low, low, low, low, low}),
        "query.lowest=query.count query_weight.lowest=query_weight.count source.lowest=source.count "
        "value_weight.lowest=value_weight.count output_weight.lowest=output_weight.count");
  t.add("value map, heads and W'' lowest",
        numbers({low, high, low, high, low}) + saturating + set("workload.offsets", zero_offsets),
        "value.lowest>0 head.lowest>0 output_weight.lowest=output_weight.count");
  t.add("inputs and weights highest", numbers({high, high, high, high, high}),
        "query.highest=query.count query_weight.highest=query_weight.count source.highest=source.count "
        "value_weight.highest=value_weight.count output_weight.highest=output_weight.count");
  t.add("outputs saturated", set("workload.output_scales", saturating_scale),
        "output.saturated>0 output.lowest>0 output.highest>0");
  t.add("inputs and weights zero", numbers({zero, zero, zero, zero, zero}),
        "query.odd=0 query_weight.odd=0 source.odd=0 value_weight.odd=0 output_weight.odd=0");
}

/// Operands from rows of the stream, positions, residual rows and norms; two layers and a dense job each.
void add_network(Table& t) {
  t.group("network");
  const std::string wide = " residual.odd>0 normed.count>normed.saturated normed.odd>0";
  const auto epilogue = [](int stream_bits) {
    return "network.epilogue=1 " + set("network.stream_bits", stream_bits) +
           "workload.dense_rows=7 workload.dense_inner=13 workload.dense_outputs=21 ";
  };
  const auto flags = [](int queries, int positions, int sources, int norm) {
    return set("workload.stream_queries", queries) + set("workload.positions", positions) +
           set("workload.stream_sources", sources) + set("workload.norm", norm);
  };
  const auto counted = [](int queries, int positions, int sources, int norms) {
    return fmt::format("formed.queries={} formed.positions={} formed.sources={} norms={} compared.dense_memory>0",
                       queries, positions, sources, norms) +
           reads;
  };
  const std::string all = flags(1, 1, 1, usual_norm), all_counted = counted(3, 3, 2, 3) + wide;
  for (const int norm : {no_norm, usual_norm})
    for (const int sources : {0, 1})
      for (const int queries : {0, 1, 2}) {  // operands, rows of the stream, with positions
        const char* const names[] = {"queries are operands", "queries formed", "queries formed with positions"};
        t.add(fmt::format("{}{}{}", names[queries], sources != 0 ? ", sources formed" : "",
                          norm != no_norm ? ", a norm" : ""),
              epilogue(12) + flags(queries > 0, queries > 1, sources, norm),
              counted(queries > 0 ? 3 : 0, queries > 1 ? 3 : 0, 2 * sources, norm != no_norm ? 3 : 0) +
                  (queries > 0 ? " query.full>0 query.odd>0" : "") + (norm != no_norm ? wide : ""));
      }
  for (const int bits : {8, 9, 15, 16}) {
    t.add(fmt::format("a stream of {} bits", bits), epilogue(bits) + all, all_counted);
    t.add(fmt::format("a stream of {} bits, operands and all formats of 8", bits),
          epilogue(bits) + "numerics.query_bits=8 numerics.feature_bits=8 numerics.output_bits=8 " + all, all_counted);
  }
  t.add("a stream of 8 bits, operands of 16", epilogue(8) + "numerics.query_bits=16 " + all, all_counted);
  t.add("a stream of 12 bits, tokens of 16", epilogue(12) + "numerics.feature_bits=16 " + all, all_counted);
  t.add("operands saturated", epilogue(12) + all + set("workload.operand_scales", saturating_scale),
        "formed.saturated>4000 query.lowest>0 query.highest>0 source.lowest>0 " + all_counted);
  t.add("any norm", epilogue(14) + flags(1, 1, 1, any_norm), "normed.count>0 " + counted(3, 3, 2, 3));
  t.add("rows of equal numbers", epilogue(14) + flags(0, 0, 0, flat_norm), "residual.full=0 " + counted(0, 0, 0, 3));
  t.add("sums saturated",
        epilogue(12) + all + set("workload.output_scales", saturating_scale) +
            set("workload.source_values", highest_values),
        "sums.saturated>0 output.lowest>0 output.highest>0 " + counted(3, 3, 2, 3));
  t.add("numbers of the stream lowest",
        epilogue(16) + all + set("workload.query_values", lowest_values) + set("workload.source_values", lowest_values),
        "residual.lowest=residual.count " + counted(3, 3, 2, 3));
  for (const int format : {0, 1, 2})
    for (const int relu : {0, 1})
      t.add(fmt::format("results of format {}{}", format, relu != 0 ? ", ReLU" : ""),
            epilogue(15) + "numerics.query_bits=11 numerics.output_bits=9 " + flags(format == 2, 0, 0, no_norm) +
                set("workload.result_format", format) + set("workload.relu", relu) +
                set("workload.output_scales", saturating_scale),
            fmt::format("dense.bits={} dense.product.highest>0 dense.panels>1 dense.negative{} ",
                        std::array{9, 11, 15}[static_cast<std::size_t>(format)], relu != 0 ? "=0" : ">0") +
                counted(format == 2 ? 3 : 0, 0, 0, 0));
  // Sums of small and of all sizes; in every format of the results, in one panel and several.
  constexpr const char* functions[] = {"GELU", "SiLU", "sigmoid"};
  for (const int code : {1, 2, 3})
    for (const int format : {0, 1, 2}) {
      const auto name = fmt::format("{} to results of format {}", functions[code - 1], format);
      const auto changes = epilogue(15) + "numerics.query_bits=11 numerics.output_bits=9 " +
                           flags(format == 2, 0, 0, no_norm) + set("workload.result_format", format) +
                           set("workload.activation", code);
      // 2, 3, 4: as in model::Function.
      const auto claims = fmt::format("activation.function={} dense.bits={} dense.panels>1 ", code + 1,
                                      std::array{9, 11, 15}[static_cast<std::size_t>(format)]) +
                          counted(format == 2 ? 3 : 0, 0, 0, 0);
      t.add(name, changes + set("network.activations", all_activations), "activation.full>0 " + claims);
      t.add(name + ", at both ends",
            changes + set("network.activations", code) + set("workload.output_scales", saturating_scale),
            "activation.lowest>0 activation.highest>0 dense.saturated>0 " + claims);
    }
  t.add("GELU of rows of a list, late and stalled",
        epilogue(12) + set("network.activations", all_activations) +
            "workload.activation=1 workload.dense_rows=40 workload.stall_percent=60 workload.latency=100 " +
            set("workload.dense_list", gathered) + flags(1, 1, 1, no_norm),
        "activation.function=2 dense.gathered=1 dense.rows=40 " + counted(3, 3, 2, 0));
  t.add("activations there but not asked for", epilogue(12) + set("network.activations", all_activations) + all,
        all_counted);
  t.add("sigmoid, one row of the array",
        epilogue(12) + set("network.activations", only_sigmoid) + "workload.activation=3 gemm.rows=1 " +
            flags(0, 0, 0, no_norm),
        "activation.function=4 " + counted(0, 0, 0, 0));
  t.add("ReLU before a norm", epilogue(12) + all + "workload.relu=1 ", "dense.negative>0 " + all_counted);
  const std::string four_heads = "attention.heads=4 attention.embed_dim=16 gemm.columns=12 feature_cache.kilobytes=2 ";
  for (const int lanes : {2, 4})
    t.add(fmt::format("{} lanes", lanes),
          epilogue(12) + all + set("core.head_lanes", lanes) + "memory.max_outstanding=16 " + four_heads,
          fmt::format("lanes.reading={} ", lanes) + all_counted);
  for (const int overlap : {refetch, copy})
    t.add(fmt::format("regions{}", overlap == copy ? ", copied" : ""),
          epilogue(12) + all + set("feature_cache.policy", region_policy) + set("feature_cache.overlap", overlap) +
              "feature_cache.kilobytes=2 ",
          all_counted);
  const std::string one_word = "attention.embed_dim=32 memory.data_bits=512 feature_cache.kilobytes=2 " + small_map;
  t.add("512 bits of data, a row a beat", epilogue(12) + all + one_word, all_counted);
  t.add("512 bits of data, elements of a byte",
        epilogue(8) +
            "numerics.query_bits=8 numerics.output_bits=8 attention.embed_dim=64 memory.data_bits=512 "
            "feature_cache.kilobytes=4 " +
            small_map + all,
        all_counted);
  for (const int channels : {12, 20, 24})
    t.add(fmt::format("{} channels", channels),
          epilogue(12) + all + set("attention.embed_dim", channels) + small_map + "feature_cache.kilobytes=2 ",
          all_counted);
  t.add("the norm of many tiles, the longest rows",
        epilogue(12) + all + "attention.embed_dim=48 attention.heads=4 gemm.max_inner=150 feature_cache.kilobytes=2 " +
            small_map + "workload.dense_inner=150 ",
        "dense.inner=150 dense.outputs=48 dense.panels=1 " + all_counted);
  t.add("one row at a time", epilogue(12) + all + "gemm.rows=1 ", all_counted);
  t.add("one query, one row of a dense job", epilogue(12) + all + "workload.queries=1 workload.dense_rows=1 ",
        "queries=1 dense.rows=1 " + counted(3, 3, 2, 3));
  t.add("more rows than are read ahead", epilogue(12) + all + "workload.queries=33 workload.dense_rows=40 ",
        "queries=33 dense.rows=40 " + all_counted);
  t.add("rows that come late, in any order",
        epilogue(12) + all + "workload.latency=200 workload.queries=24 workload.dense_rows=24 " +
            set("workload.reorder_percent", 100),
        "beats.overtaking>100 " + all_counted);
  t.add("gated clocks", epilogue(12) + all + "implementation.clock_gating=1 ", all_counted);
  t.add("after a given map", epilogue(12) + all + set("workload.maps", first_map_given), "maps.given=2 " + all_counted);
  t.add("tokens masked", epilogue(12) + all + "workload.padded_percent=50 ", "tokens.padded>0 " + all_counted);
  t.add("boxes, sorted queries", epilogue(12) + all + set("workload.boxes", random_boxes) + "order.bucket_bits=2 ",
        "box.count>0 " + all_counted);
}

void add_prunings(Table& t) {
  t.group("prunings");
  const std::string on = "pruning.points=1 pruning.max_range=64 attention.points=4 attention.heads=2 ";
  for (const int at_once : {1, 2, 4}) {
    const auto name = [&](const char* what) { return fmt::format("{}, {} points a cycle", what, at_once); };
    const auto with = [&](int threshold) {
      return on + set("core.points_per_cycle", at_once) + set("workload.threshold", threshold);
    };
    t.add(name("nothing dropped"), with(no_threshold), "points.dropped=0" + reads);
    t.add(name("points without weight dropped"), with(no_weight) + set("workload.logits", mixed_logits),
          "points.dropped>0 heads.thinned>0" + reads);
    t.add(name("half of the points dropped"), with(mean_share), "heads.thinned>0" + reads);
    t.add(name("heads empty among others"), with(large_share) + set("workload.logits", mixed_logits),
          "heads.empty>0 heads.thinned>0" + reads);
    t.add(name("everything dropped"), with(all_points), "points.dropped=points.all corners.read=0");
    t.add(name("one group of one row"), with(large_share) + "workload.queries=1 gemm.rows=1", "queries=1");
    t.add(name("one place for a head"), with(mean_share) + "core.queued_heads=1", "heads.thinned>0" + reads);
  }
  const auto range = [](int r) { return set("workload.range", r) + set("workload.offsets", wide_offsets); };
  for (const int boxes : {no_boxes, random_boxes}) {
    const auto of = set("workload.boxes", boxes), name = std::string(boxes != no_boxes ? ", boxes" : "");
    t.add("ranges there but not asked for" + name, on + of + range(no_range), "moves.held=0" + reads);
    t.add("ranges of 0" + name, on + of + range(zero_range), "moves.held>0" + reads);
    t.add("ranges by level" + name, on + of + range(any_range), "moves.held>0" + reads);
  }
  t.add("the largest range", "pruning.max_range=1024 " + range(largest_range), reads);
  t.add("a range of 1 and far samples", "pruning.max_range=1 feature_cache.bypass_distance=1 " + range(largest_range),
        "moves.held>0" + reads);
  for (const int lanes : {2, 4})
    t.add(fmt::format("points dropped in {} lanes, ranges", lanes),
          "pruning.points=1 pruning.max_range=8 attention.points=4 core.points_per_cycle=2 attention.heads=4 "
          "attention.embed_dim=16 gemm.columns=16 memory.max_outstanding=16 feature_cache.kilobytes=2 " +
              set("core.head_lanes", lanes) + set("workload.threshold", mean_share) + range(any_range),
          "heads.thinned>0 moves.held>0" + reads);
  t.add("with an epilogue, a list of jobs after it",
        "network.epilogue=1 network.stream_bits=12 attention.embed_dim=16 workload.norm=1 workload.stream_queries=1 " +
            on + set("workload.threshold", mean_share) + range(any_range),
        "heads.thinned>0 moves.held>0");
}

/// Pixels that are seldom read: their counts, the mask that is written.
void add_pixels(Table& t) {
  t.group("prunings");
  const auto on = [](int share) { return "pruning.count_bits=16 " + set("workload.share", share); };
  const std::string compared = " compared.mask>0" + reads;
  t.add("pixels not counted", on(no_share), "pixels.all=0" + reads);
  t.add("pixels that nothing reads dropped", on(least_share), "pixels.dropped>0 pixels.kept>0" + compared);
  t.add("pixels below half the mean dropped", on(half_of_mean), "pixels.dropped>0 pixels.kept>0" + compared);
  t.add("pixels below the mean dropped, map given", on(whole_mean) + "workload.maps=1 workload.jobs=2",
        "pixels.dropped>0 pixels.kept>0 compared.mask>0");
  t.add("pixels below twice the mean dropped", on(twice_the_mean) + "memory.data_bits=64",
        "pixels.dropped>0 pixels.kept>0" + compared);
  t.add("counts at their limit stay",
        on(largest_share) + "pruning.count_bits=8 attention.levels=2 attention.max_queries=256 workload.queries=250 " +
            level(0, 1, 1) + level(1, 1, 2) + set("workload.offsets", zero_offsets),
        "counts.full>0 pixels.kept>0" + compared);
  t.add("every pixel dropped", on(largest_share) + "workload.queries=1", "pixels.dropped=pixels.all" + compared);
  for (const int padding : {same_as_mask, own_padding})
    t.add(padding == same_as_mask ? "padded image" : "padded image, another mask",
          on(half_of_mean) + "workload.padded_percent=30 " + set("workload.image_padding", padding),
          "pixels.padded>0 pixels.kept>0 corners.padded>0" + compared);
  t.add("mask of one byte", on(half_of_mean) + "attention.levels=1 " + level(0, 1, 1), "tokens=1" + compared);
  t.add("mask of whole beats", on(whole_mean) + "attention.levels=1 memory.data_bits=64 " + level(0, 8, 3),
        "tokens=24" + compared);
  t.add("odd rows across beats", on(whole_mean) + "attention.levels=1 memory.data_bits=64 " + level(0, 7, 9),
        "tokens=63" + compared);
  t.add("levels a pixel wide", on(whole_mean) + "attention.levels=2 " + level(0, 1, 13) + level(1, 15, 1),
        "tokens=28" + compared);
  for (const int lanes : {2, 4})
    t.add(fmt::format("pixels counted in {} lanes", lanes),
          "attention.heads=4 attention.embed_dim=16 gemm.columns=16 memory.max_outstanding=16 "
          "feature_cache.kilobytes=2 " +
              on(whole_mean) + set("core.head_lanes", lanes) + "workload.jobs=2",
          "pixels.dropped>0 pixels.kept>0" + compared);
  // The levels of a lane are counted in it alone, those of several head lanes in all of them.
  for (const auto& [lanes, heads] : {std::pair{2, 1}, {4, 1}, {2, 2}}) {
    const auto changes =
        fmt::format("attention.levels=4 attention.heads={0} attention.embed_dim={1} ", heads, 4 * heads) +
        "gemm.columns=16 memory.max_outstanding=16 " + set("core.level_lanes", lanes) + set("core.head_lanes", heads) +
        "feature_cache.ways=2 feature_cache.replacement=1 ";
    t.add(fmt::format("pixels counted in {} level lanes, {} head lanes", lanes, heads),
          changes + least_cache(changes) + on(whole_mean) + "pruning.points=1 workload.jobs=2 " +
              set("workload.threshold", mean_share),
          "pixels.dropped>0 pixels.kept>0" + compared);
  }
  t.add("points and pixels dropped",
        "pruning.points=1 attention.points=4 attention.heads=2 core.points_per_cycle=2 " +
            set("workload.threshold", mean_share) + on(half_of_mean),
        "pixels.dropped>0 heads.thinned>0" + compared);
  t.add("pixels, with an epilogue",
        "network.epilogue=1 network.stream_bits=12 attention.embed_dim=16 workload.norm=1 workload.stream_queries=1 " +
            on(whole_mean),
        "pixels.dropped>0 pixels.kept>0 compared.mask>0");
  t.add("pixels, with regions", "feature_cache.policy=1 feature_cache.kilobytes=8 " + on(whole_mean),
        "pixels.dropped>0 pixels.kept>0" + compared);
}

/// What shows that a format is in use: numbers that need every bit of it, and its last one.
std::string use_of(std::string_view format) {
  static const std::vector<std::pair<std::string_view, std::string>> uses = {
      {"query_bits", "query.full>0 query.odd>0"},
      {"query_weight_bits", "query_weight.full>0 query_weight.odd>0"},
      {"feature_bits", "source.full>0 value.full>0 value.odd>0"},
      {"feature_weight_bits", "value_weight.full>0 value_weight.odd>0"},
      {"head_bits", "head.full>0 head.odd>0"},
      {"output_weight_bits", "output_weight.full>0 output_weight.odd>0"},
      {"output_bits", "output.full>0 output.odd>0"},
      {"offset_int_bits", "offset.x.full>0 offset.y.full>0"},
      {"offset_frac_bits", "offset.x.odd>0 offset.y.odd>0"},
      {"interp_frac_bits", "location.odd>0"},
      {"logit_int_bits", "logit.full>0"},
      {"logit_frac_bits", "logit.odd>0"},
      {"attention_bits", "attention.full>0 attention.odd>0"},
      {"corner_bits", "corner_weight.full>0 corner_weight.odd>0"},
  };
  for (const auto& [name, claims] : uses)
    if (name == format) return claims;
  return fmt::format("{}.in_use>0", format);  // a new format without a claim is to be noticed
}

/// Each format at both ends of its legal range, the others as in mixed.
void add_formats(Table& t) {
  t.group("formats");
  // Numbers of every size in every stage.
  const auto plenty = "workload.queries=11 " + set("workload.references", on_edges) +
                      set("workload.offsets", mixed_offsets) + set("workload.logits", mixed_logits) +
                      set("workload.head_scales", mixed_scale) + level(0, 16, 16) + level(1, 15, 13);
  for (const auto& f : fields())
    for (const int bits : {f.min, f.max})
      if (f.section == "numerics")
        t.add(fmt::format("{} = {}", f.key, bits), set(f.path(), bits) + plenty, use_of(f.key) + reads);
}

void add_bus(Table& t) {
  t.group("bus");
  for (const int data : {64, 128, 256, 512})
    for (const int address : {32, 40, 64})
      t.add(fmt::format("{} bits of data, {} of address", data, address),
            set("memory.data_bits", data) + set("memory.address_bits", address),
            fmt::format("address.bits>{}", address - 4) + reads);
}

void add_cache(Table& t) {
  t.group("cache");
  for (const int ways : {1, 2, 4}) {
    const auto add = [&](const char* sets, int channels, const std::string& kilobytes, const char* claims) {
      t.add(fmt::format("{} ways, {} sets", ways, sets),
            set("feature_cache.ways", ways) + set("attention.embed_dim", channels) + kilobytes + level(0, 16, 16) +
                level(1, 15, 13),
            claims);
    };
    // Two sets are the least a tag bank has; with heads of this width 1 KiB is no more.
    add("two", 64 / ways, "feature_cache.kilobytes=1 ", "cache.sets=2 lines.read_again>0");
    add("many", 8, "feature_cache.kilobytes=4 ", "cache.sets>15 corners.read>0");
  }
  const std::string full_map = level(0, 16, 16) + level(1, 15, 13);
  for (const auto& [shape, name] :
       {std::pair(line_2x2, "2x2"), std::pair(line_2x1, "2x1"), std::pair(line_1x1, "1x1")}) {
    const auto add = [&, shape = shape, name = name](const char* what, const std::string& changes,
                                                     const std::string& claims) {
      t.add(fmt::format("lines {}, {}", name, what),
            set("feature_cache.line_shape", shape) + set("attention.embed_dim", 16) + changes + full_map, claims);
    };
    add("sets by all bits", "feature_cache.kilobytes=1 ", "lines.read_again>0" + reads);
    add("sets by the lowest bits", "feature_cache.kilobytes=1 feature_cache.hashing=0 ", "lines.read_again>0" + reads);
    // Everything fits: only what is far is read again.
    add("far samples", "feature_cache.kilobytes=64 feature_cache.ways=4 feature_cache.bypass_distance=1 ",
        "samples.far>50 lines.read_again>0" + reads);
    add("no sample far enough", "feature_cache.kilobytes=64 feature_cache.ways=4 feature_cache.bypass_distance=1024 ",
        "samples.far=0 lines.read_again=0" + reads);
    add("two a cycle", "feature_cache.kilobytes=1 feature_cache.lines_per_cycle=2 workload.latency=60 ",
        "cycles.waiting_for_lines>0 lines.read_again>0" + reads);
    add("two a cycle, most of them aside",
        "feature_cache.kilobytes=1 feature_cache.lines_per_cycle=2 feature_cache.bypass_distance=1 "
        "memory.max_outstanding=4 ",
        "samples.far>50 lines.read_again>0" + reads);
    add("shares of the levels", "feature_cache.kilobytes=2 feature_cache.ways=1 feature_cache.level_parts=1,1 ",
        "cache.sets>1 lines.read_again>0" + reads);
  }
  t.add("shares of three levels, lanes, lowest bits, far samples",
        "attention.levels=3 core.head_lanes=2 feature_cache.kilobytes=4 feature_cache.ways=1 "
        "feature_cache.hashing=0 feature_cache.bypass_distance=3 feature_cache.level_parts=1,2,1 "
        "attention.max_tokens=1024 " +
            full_map + level(2, 16, 16),
        "samples.far>10 lines.read_again>0" + reads);
  t.add("lines 1x1 of three beats",
        set("feature_cache.line_shape", line_1x1) +
            "attention.embed_dim=48 feature_cache.kilobytes=2 feature_cache.ways=1 " + full_map,
        "lines.read_again>0" + reads);
  t.add("8 ways, two sets",
        "feature_cache.ways=8 attention.embed_dim=16 feature_cache.kilobytes=2 workload.queries=33 " + full_map,
        "cache.sets=2 lines.read_again>0" + reads);
  for (const int ways : {2, 4, 8})
    t.add(fmt::format("{} ways, replaced by use", ways),
          set("feature_cache.ways", ways) + set("feature_cache.replacement", replace_by_use) +
              "attention.embed_dim=16 feature_cache.kilobytes=2 workload.queries=33 feature_cache.bypass_distance=4 " +
              full_map,
          "samples.far>0 lines.read_again>0" + reads);
  for (const bool copies : {false, true}) {
    const auto add = [&](const char* name, const std::string& changes, const char* claims) {
      t.add(
          fmt::format("regions, {}, {}", copies ? "copied" : "read again", name),
          set("feature_cache.policy", region_policy) + set("feature_cache.overlap", copies ? copy : refetch) + changes,
          claims + reads);
    };
    add("windows that fit", "feature_cache.kilobytes=64 workload.queries=33 " + full_map, "queries=33");
    add("small windows", "feature_cache.kilobytes=2 feature_cache.margin=1 workload.queries=33 " + full_map,
        "queries=33");
    add("one query each, groups of 16 rows",
        "feature_cache.kilobytes=4 feature_cache.region_queries=1 gemm.rows=16 workload.queries=33 " + full_map,
        "queries=33");
    add("two lanes, levels without a window",
        "attention.levels=3 attention.embed_dim=64 core.head_lanes=2 feature_cache.kilobytes=4 "
        "feature_cache.level_parts=2,1,1 feature_cache.region_queries=4 ",
        "lanes.reading>1");
    add("boxes, references around the map",
        set("workload.boxes", random_boxes) + set("workload.references", around_map) +
            "feature_cache.kilobytes=4 feature_cache.margin=3 workload.queries=21 " + full_map,
        "reference.outside>0");
  }
  // Nothing by demand: half sides of tori from 1 to 7, one lane and two, groups of one query and of several.
  for (const bool copies : {false, true}) {
    const auto add = [&](const char* name, int range, const std::string& changes, const std::string& claims) {
      t.add(fmt::format("regions of ranges, {}, {}", copies ? "copied" : "read again", name),
            set("feature_cache.policy", region_policy) + set("feature_cache.overlap", copies ? copy : refetch) +
                set("workload.range", range) + changes,
            claims + " lines.missed=0" + reads);
    };
    const std::string many = "workload.queries=33 " + set("workload.offsets", wide_offsets);
    add("all 0", largest_range,
        "pruning.max_range=1 feature_cache.region_ranges=0,0 feature_cache.kilobytes=1 " + many + full_map,
        "moves.held>0");
    add("all 1", largest_range,
        "pruning.max_range=1 feature_cache.region_ranges=1,1 feature_cache.kilobytes=2 " + many + full_map,
        "moves.held>0");
    add("sides of 6 and 10, around the map", largest_range,
        "pruning.max_range=8 feature_cache.region_ranges=4,8 feature_cache.kilobytes=16 attention.max_width=40 "
        "attention.max_height=24 attention.max_tokens=2048 " +
            many + set("workload.references", around_map) + level(0, 40, 24) + level(1, 37, 23),
        "reference.outside>0 moves.held>0");
    add("sides of 14, boxes, two lanes", any_range,
        "attention.embed_dim=64 core.head_lanes=2 pruning.max_range=11 feature_cache.region_ranges=11,5 "
        "feature_cache.kilobytes=256 attention.max_width=40 attention.max_height=30 attention.max_tokens=2048 " +
            many + set("workload.boxes", random_boxes) + level(0, 40, 30) + level(1, 9, 7),
        "moves.held>0 lanes.reading>1");
    add("more room, groups of many, a map of a row", largest_range,
        "attention.levels=3 pruning.max_range=3 feature_cache.region_ranges=3,0,2 feature_cache.kilobytes=16 "
        "attention.max_tokens=1024 feature_cache.region_queries=64 gemm.rows=16 " +
            many + full_map + level(2, 16, 1),
        "moves.held>0");
    // What comes into a region last goes on into the next one first.
    add("one head, a map of a row", largest_range,
        "attention.heads=1 attention.levels=1 attention.embed_dim=4 attention.max_width=24 pruning.max_range=1 "
        "feature_cache.region_ranges=1 feature_cache.kilobytes=1 feature_cache.region_queries=2 workload.queries=33 " +
            level(0, 24, 1),
        "queries=33");
    add("one query each", any_range,
        "pruning.max_range=2 feature_cache.region_ranges=2,1 feature_cache.kilobytes=4 "
        "feature_cache.region_queries=1 " +
            many + full_map,
        "moves.held>0");
  }
  t.add("run_ahead 8", "feature_cache.run_ahead=8 workload.latency=60", "cycles.waiting_for_lines>0");
  t.add("run_ahead 1024, many lines open",
        "feature_cache.run_ahead=1024 memory.max_outstanding=256 workload.latency=300 workload.queries=24 " +
            level(0, 16, 16) + level(1, 15, 16),
        "lines.open>32");
  t.add("max_outstanding 4", "memory.max_outstanding=4 workload.latency=60", "lines.open=4");
}

void add_order(Table& t) {
  t.group("order of responses");
  for (const int latency : {1, 40}) {
    const auto add = [&](const char* name, int percent, const std::string& claims) {
      t.add(fmt::format("{}, latency {}", name, latency),
            "workload.queries=24 " + set("workload.reorder_percent", percent) + set("workload.latency", latency) +
                level(0, 16, 16),
            claims + reads);
    };
    add("that of the requests", 0, "beats.overtaking=0 beats.interleaved=0");
    add("a quarter of the beats otherwise", 25, "beats.overtaking>0 beats.interleaved>0");
    add("any", 100, "beats.overtaking>100 beats.interleaved>100");
  }
}

}  // namespace

Case plain_case() {
  const std::vector<std::string> overrides = {"numerics.preset=mixed", "attention.embed_dim=8", "gemm.rows=4",
                                              "gemm.columns=8", "gemm.depth=4"};
  Case c;
  c.config = load_preset("nano", overrides);
  c.config.name = "named_case";
  auto& w = c.workload;
  w.content = 1;
  w.queries = 9;
  w.jobs = 2;
  w.width = {15, 10, 7, 2, 9, 1, 4, 1};
  w.height = {13, 11, 6, 5, 1, 6, 4, 1};
  w.latency = c.config.memory.latency_cycles;
  return c;
}

Case make_case(const NamedCase& named) {
  Case c = plain_case();
  apply(c, named.changes);
  validate(c);
  return c;
}

const std::vector<NamedCase>& named_cases() {
  static const auto all = [] {
    Table t;
    for (const auto add : {add_shapes, add_lanes, add_queries, add_levels, add_references, add_offsets, add_logits,
                           add_padding, add_maps, add_dense, add_network, add_self_attention, add_prunings, add_pixels,
                           add_extremes, add_formats, add_bus, add_cache, add_order})
      add(t);
    return t.cases;
  }();
  return all;
}

}  // namespace quillgen::fuzz
