#include "fuzz/random_case.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "config/derived.hpp"
#include "config/fields.hpp"
#include "config/region.hpp"
#include "fuzz/cost.hpp"
#include "fuzz/draw.hpp"

namespace quillgen::fuzz {
namespace {

int log2_floor(int n) { return std::bit_width(static_cast<unsigned>(n)) - 1; }
int log2_ceil(int n) { return std::bit_width(static_cast<unsigned>(n) - 1); }
int power_between(Draw& draw, int low, int high) { return 1 << draw.corner(log2_ceil(low), log2_floor(high)); }

int any_of(Draw& draw, const Field& f) {
  if (f.shape == Shape::PowerOfTwo) return power_between(draw, f.min, f.max);
  return draw.corner(f.min, f.max);
}

/// Numbers that add up to `total`, 2^ceil(log2(count)) or a multiple: the largest one is halved, the last of several.
std::vector<int> split(int total, int count) {
  std::vector<int> parts(1, total);
  while (static_cast<int>(parts.size()) < count) {
    const auto largest = std::max_element(parts.rbegin(), parts.rend());
    *largest /= 2;
    parts.insert(largest.base(), *largest);
  }
  return parts;
}

/// A line shape whose bytes are whole beats; as many kilobytes as all sets need; shares of as many levels as there are.
void mend_cache(Config& c) {
  auto& cache = c.feature_cache;
  while (line_bytes(c) % beat_bytes(c.memory) != 0) --cache.line_shape;
  auto& shares = cache.level_parts;
  if (cache.policy == region_policy && c.attention.max_width == 1) ++c.attention.max_width;
  if (std::max(c.attention.max_width, c.attention.max_height) <= 2) cache.region_ranges.clear();
  if (has_ranged_regions(c)) {  // one for each level, as large as there is room for
    cache.region_ranges.resize(static_cast<std::size_t>(c.attention.levels), 0);
    shares.clear();
    while (least_region_bytes(c) > std::int64_t{1024} * 1024 && std::ranges::max(cache.region_ranges) > 0)
      for (int& range : cache.region_ranges) range /= 2;
    c.pruning.max_range = std::max(1, std::ranges::max(cache.region_ranges));
    const auto kilobytes = static_cast<int>((least_region_bytes(c) + 1023) / 1024);
    cache.kilobytes = std::max(cache.kilobytes, power_of_two(kilobytes));
  } else if (cache.policy == region_policy) {  // 2x2 blocks in each half, of each level where all have the same share
    const int blocks = divide_up(2 * 4 * line_bytes(c) * region_heads(c) * c.core.lanes(), 1024);
    cache.kilobytes = std::max(cache.kilobytes, 1 << (log2_ceil(blocks) + log2_ceil(c.attention.levels)));
  }
  const int levels = shares.empty() ? 1 : c.attention.levels;
  const int least = divide_up(2 * tag_banks * cache.ways * cached_line_bytes(c) * c.core.lanes(), 1024);
  cache.kilobytes = std::max(cache.kilobytes, 1 << (log2_ceil(least) + log2_ceil(levels)));
  if (shares.empty()) return;
  if (c.core.level_lanes == 1) {
    shares = split(cache.kilobytes, levels);
    return;
  }
  // What the levels of a lane have together is a power of two; of four lanes it differs.
  shares.clear();
  const int whole = 1 << log2_ceil(lane_levels(c));
  const auto of_lanes =
      c.core.level_lanes == 4 ? std::vector<int>{4, 2, 1, 1} : std::vector<int>(c.core.level_lanes, 1);
  for (const int of_lane : of_lanes)
    for (const int part : split(of_lane * whole, lane_levels(c))) shares.push_back(part);
  const int sum = std::accumulate(shares.begin(), shares.end(), 0),
            kilobytes = divide_up(2 * tag_banks * cache.ways * cached_line_bytes(c) * c.core.head_lanes * sum, 1024);
  cache.kilobytes = std::max(cache.kilobytes, 1 << log2_ceil(kilobytes));
  if (cache.kilobytes > 1024) shares.clear(), cache.kilobytes = std::max(1 << log2_ceil(least), 1024);
}

/// Lists of points and references of points, as far as the rest of the configuration allows them.
void mend_points(Config& c) {
  auto& a = c.attention;
  auto& list = a.level_points;
  if (c.core.level_lanes > 1 && !list.empty()) list.clear();
  if (!list.empty()) {
    list.resize(static_cast<std::size_t>(a.levels), list.front());
    for (int& points : list) points = std::min(points, a.points);
    a.points = *std::ranges::max_element(list);
  }
  a.anchors = std::min(a.anchors, a.points);
  if (c.core.level_lanes > 1 || c.core.points_per_cycle > 1 || c.feature_cache.policy == region_policy ||
      c.network.epilogue != 0)
    a.anchors = 1;
}

/// Lowers what depends on other numbers to where it is legal again.
void mend(Config& c) {
  auto& a = c.attention;
  auto& n = c.numerics;
  if (a.embed_dim < 4) a.embed_dim = 4 * a.heads;
  mend_points(c);
  while (a.heads % c.core.head_lanes != 0) c.core.head_lanes /= 2;
  if (c.feature_cache.policy == region_policy) c.core.level_lanes = 1;
  while (a.levels % c.core.level_lanes != 0 || (c.core.lanes() > 32 && c.core.level_lanes > 1)) c.core.level_lanes /= 2;
  while (columns_step(c) > most_columns && c.core.level_lanes > 1) c.core.level_lanes /= 2;
  while (columns_step(c) > most_columns) c.core.head_lanes /= 2;
  c.gemm.columns = fitting_columns(c);
  if (c.feature_cache.policy == region_policy) c.pruning.points = 0;
  if (c.pruning.points == 0) c.core.points_per_cycle = 1;
  const auto divides = [&](int number) { return number % c.core.points_per_cycle == 0; };
  const auto divides_levels = [&] {
    return divides(a.points) && std::ranges::all_of(a.level_points, divides) && divides(lane_points(c));
  };
  while (!divides_levels()) c.core.points_per_cycle /= 2;
  c.memory.max_outstanding = std::max(c.memory.max_outstanding, 4 * c.core.lanes());
  c.core.projection_columns = std::min(c.core.projection_columns, 1 << log2_floor(a.embed_dim));
  n.corner_bits = std::clamp(n.corner_bits, std::max(6, log2_ceil(2 * a.samples_per_head())),
                             std::min(16, n.attention_bits + 2 * n.interp_frac_bits));
  while (block_beats(c) > 16) c.memory.data_bits *= 2;
  if (a.embed_dim % (beat_bytes(c.memory) / element_bytes(result_width(c))) != 0) c.network.epilogue = 0;
  if (c.network.epilogue == 0) c.network.activations = no_activations;
  if (c.network.epilogue == 0 || n.query_bits > std::max(n.query_weight_bits, n.feature_weight_bits) ||
      a.head_dim() % c.gemm.depth != 0)
    c.network.self_attention = 0;
  c.network.self_attention = std::min(c.network.self_attention, a.max_queries);
  while (weight_words(c) > 1 << 16) c.gemm.depth *= 2, c.gemm.max_inner = 1 + c.gemm.max_inner / 2;
  // Weight memories are only large to the simulators.
  const auto weight_bits = [&] { return double(weight_words(c)) * c.gemm.columns * c.gemm.depth * 16; };
  while (weight_bits() > 1e8 && c.gemm.max_inner > 1) c.gemm.max_inner = (c.gemm.max_inner + 1) / 2;
  mend_cache(c);
}

Config random_config(Draw& draw) {
  Config c;
  for (const auto& f : fields())
    if (f.key == "head_lanes") f.in(c) = power_between(draw, 1, 4);
    else if (!f.is_optional()) f.in(c) = any_of(draw, f);
  // Half of the numbers of heads can be shared out to lanes.
  if (draw.chance(50)) c.attention.heads = 4 * draw.between(1, 4);
  c.attention.embed_dim = c.attention.heads * 2 * draw.corner(1, 32);
  // A large cache is only large to the simulators: the smallest ones are those that evict.
  c.feature_cache.kilobytes = draw.chance(70) ? 1 : power_between(draw, 1, 1024);
  mend(c);
  return c;
}

/// Reset and clock gating change no result: they have numbers of their own, so that known seeds keep their cases.
void choose_implementation(Config& c, std::uint64_t seed) {
  Draw draw(~seed);
  for (const auto& f : fields())
    if (f.section == "implementation") f.in(c) = draw.between(f.min, f.max);
}

/// So have the order of queries ..
void choose_order(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x6f72646572);
  if (draw.chance(40)) return;
  auto& order = c.order;
  order.bucket_bits = draw.corner(0, 6);
  order.window = power_between(draw, 1, 64);
  order.distance_units = power_between(draw, 1, order.window);
  order.starvation_bound = draw.chance(50) ? draw.between(1, 8) : draw.corner(1, 65535);
  if (order.bucket_bits == 0 || draw.chance(40)) return;
  order.curve = strip_curve;
  order.strip_width = draw.chance(30) ? 0 : draw.between(1, 1 << order.bucket_bits);
}

/// .. and what a line is and where it goes.
void choose_lines(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x6c696e6573);
  auto& cache = c.feature_cache;
  cache.line_shape = draw.between(line_2x2, line_1x1);
  // Pixels are whole beats of a narrow bus where heads are wide.
  if (cache.line_shape != line_2x2 && draw.chance(60)) {
    c.memory.data_bits = 64;
    c.attention.embed_dim = c.attention.heads * 8 * draw.between(1, 4);
  }
  cache.hashing = draw.below(2);
  cache.bypass_distance = draw.chance(50) ? 0 : draw.chance(50) ? draw.between(1, 8) : draw.between(1, 1024);
  if (draw.chance(50)) cache.level_parts = {cache.kilobytes};
  mend(c);
}

/// .. and which line of a set goes.
void choose_replacement(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x7265706c616365);
  c.feature_cache.replacement = draw.between(replace_in_turn, replace_by_use);
}

/// .. and how many lines are written in a cycle.
void choose_line_pairs(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x7061697273);
  c.feature_cache.lines_per_cycle = draw.between(1, 2);
}

/// .. and whether there are regions instead.
void choose_regions(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x726567696f6e);
  if (draw.chance(60)) return;
  auto& cache = c.feature_cache;
  cache.policy = region_policy, cache.line_shape = line_2x2, cache.hashing = 1, cache.bypass_distance = 0;
  cache.lines_per_cycle = 1;
  cache.margin = draw.chance(60) ? draw.between(0, 8) : draw.corner(0, 64);
  cache.region_queries = power_between(draw, 1, draw.chance(70) ? 8 : 256);
  cache.overlap = draw.below(2);
  mend(c);
}

/// .. and whether there is an epilogue; rows of C elements are whole beats then.
void choose_network(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x6e6574776f726b);
  c.network.stream_bits = draw.corner(8, 16);
  if (draw.chance(50)) return;
  c.network.epilogue = 1;
  mend(c);
}

/// .. and which activations dense jobs may have.
void choose_activations(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x70696563);
  if (c.network.epilogue != 0)
    c.network.activations = draw.chance(40) ? no_activations : draw.between(1, all_activations);
}

/// .. and what jobs can leave out.
void choose_prunings(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x7072756e65);
  c.core.points_per_cycle = power_between(draw, 1, 4), c.core.queued_heads = draw.corner(1, 64);
  if (draw.chance(50)) c.pruning.max_range = draw.corner(1, 1024);
  c.pruning.points = draw.below(100) < 60;
  // Half of the softmaxes that could find several weights in a cycle do.
  if (c.pruning.points != 0 && draw.chance(50)) c.attention.points = draw.chance(50) ? 4 : 8;
  if (draw.chance(50)) c.pruning.count_bits = draw.between(8, 16);
  mend(c);
}

/// .. and how many lanes share the levels; then there may be many of the heads, too.
void choose_level_lanes(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x6c6576656c73);
  if (draw.chance(60)) return;
  c.core.level_lanes = power_between(draw, 2, 8);
  if (draw.chance(60)) c.attention.levels = c.core.level_lanes * draw.between(1, 8 / c.core.level_lanes);
  if (draw.chance(20)) c.core.head_lanes = power_between(draw, 1, 16);
  mend(c);
}

/// .. and whether regions hold all that is read.
void choose_ranged_regions(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x72616e676564);
  if (c.feature_cache.policy != region_policy || draw.chance(40)) return;
  const int most = draw.chance(70) ? 8 : draw.chance(70) ? 24 : 1024;
  for (int l = 0; l < c.attention.levels; ++l)
    c.feature_cache.region_ranges.push_back(draw.chance(20) ? 0 : draw.between(0, most));
  mend(c);
}

/// .. and whether levels have different numbers of points, and points several references.
void choose_points(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x706f696e7473);
  auto& a = c.attention;
  if (draw.chance(30))
    for (int l = 0; l < a.levels; ++l)
      a.level_points.push_back(c.core.points_per_cycle * draw.between(1, a.points / c.core.points_per_cycle));
  if (draw.chance(25)) a.anchors = draw.between(1, a.points);
  mend(c);
}

/// .. and do.
void choose_left_out(Workload& w, const Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x6c65667465);
  w.threshold = draw.chance(20) ? no_threshold : draw.between(no_weight, all_points);
  w.range = draw.chance(30) ? no_range : draw.between(zero_range, largest_range);
  if (has_ranged_regions(c) && w.range == no_range) w.range = largest_range;
  w.share = draw.chance(20) ? no_share : draw.between(least_share, largest_share);
  w.image_padding = draw.between(no_image_padding, own_padding);
}

/// .. and whether its jobs may be self-attention.
void choose_self_attention(Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x73656c66);
  if (c.network.epilogue == 0 || draw.chance(30)) return;
  auto& n = c.numerics;
  while (c.attention.head_dim() % c.gemm.depth != 0) c.gemm.depth /= 2;
  n.query_weight_bits = std::max(n.query_weight_bits, n.query_bits);
  const int few = std::min(1024, 3 * c.gemm.columns + 3 * c.gemm.rows);
  c.network.self_attention = std::min(c.attention.max_queries, draw.chance(10) ? 1024 : draw.corner(1, few));
  mend(c);
}

/// The rows of such a job.
void choose_self_rows(Workload& w, const Config& c, std::uint64_t seed) {
  Draw draw(seed ^ 0x726f7773);
  const int most = std::min(c.network.self_attention, 3 * c.gemm.columns + 3 * c.gemm.rows);
  if (most == 0) return;
  w.self_rows = draw.corner(1, most);
  w.self_operands = draw.chance(60) ? random_values : draw.between(0, corner_values);
  w.self_values = draw.chance(60) ? random_values : draw.between(0, corner_values);
  w.self_shift = draw.chance(60) ? 0 : draw.between(1, 40);
  w.self_gain = draw.chance(40) ? 0 : draw.between(0, 7);
}

/// What the jobs make of it; numbers of their own, too.
void choose_streams(Workload& w, std::uint64_t seed) {
  Draw draw(seed ^ 0x73747265616d);
  for (int* flag : {&w.stream_queries, &w.positions, &w.stream_sources}) *flag = draw.below(2);
  w.operand_scales = draw.chance(70) ? useful_scale : draw.between(0, mixed_scale);
  w.norm = draw.chance(40) ? no_norm : draw.between(usual_norm, flat_norm);
  w.result_format = draw.below(4);
  w.activation = Draw(seed ^ 0x6163746976).below(4);
  w.reference_gap = draw.chance(60) ? 0 : draw.between(1, 8);
  w.dense_list = draw.chance(50) ? no_list : draw.between(gathered, both_listed);
}

Workload random_workload(Draw& draw, const Config& config) {
  Workload w;
  const auto& a = config.attention;
  w.content = draw.bits();
  // One query, a group, a few groups and a part of one.
  const int rows = config.gemm.rows;
  const int more = draw.chance(50) ? 7 : 0;
  w.queries = std::min(a.max_queries, draw.chance(8) ? 1 : draw.between(1, 4 * rows) + more);
  if (rows > 1 && w.queries > 1 && w.queries % rows == 0 && draw.chance(85)) --w.queries;
  w.jobs = draw.between(1, 2);
  for (std::size_t l = 0; l < 8; ++l) {
    const auto side = [&](int most) { return draw.chance(20) ? 1 : draw.between(1, std::min(most, 24)); };
    w.width[l] = draw.chance(10) ? a.max_width : side(a.max_width);
    w.height[l] = draw.chance(10) ? a.max_height : side(a.max_height);
  }
  // Half of the layers are plain in their numbers, so that a wrong address or order shows: extreme ones hide it.
  const bool plain = draw.chance(50);
  const auto style = [&](int most) { return plain || draw.chance(60) ? 0 : draw.between(0, most); };
  w.query_values = style(corner_values), w.source_values = style(corner_values);
  w.query_weights = style(corner_values), w.feature_weights = style(corner_values);
  w.output_weights = style(corner_values);
  w.value_scales = style(mixed_scale), w.head_scales = style(mixed_scale), w.output_scales = style(mixed_scale);
  // For the same reason half of the samples are to lie in the map.
  w.offsets = draw.chance(40) ? near_offsets : draw.between(0, mixed_offsets);
  w.logits = draw.between(0, mixed_logits);
  w.references = draw.chance(40) ? inside_map : draw.between(0, mixed_references);
  w.stall_percent = draw.chance(40) ? 0 : draw.chance(20) ? 90 : draw.between(1, 70);
  w.latency = draw.chance(30) ? 1 : draw.chance(50) ? draw.between(1, 60) : config.memory.latency_cycles;
  w.boxes = draw.chance(40) ? 1 : 0;
  w.padded_percent = draw.chance(60) ? 0 : draw.pick<int>({5, 50, 95, 100});
  w.padding = draw.chance(60) ? random_padding : draw.between(border_padding, block_padding);
  w.maps = draw.chance(70) ? computed_maps : draw.between(first_map_given, maps_given);
  if (draw.chance(50)) {
    const int columns = config.gemm.columns;
    w.dense_rows = std::min(a.max_queries, draw.chance(20) ? 1 : draw.between(1, 3 * rows + 1));
    w.dense_inner = draw.corner(1, config.gemm.max_inner);
    w.dense_outputs = draw.chance(20)   ? 1
                      : draw.chance(50) ? draw.between(1, 2 * columns)
                                        : draw.between(1, 12 * columns);
    w.relu = draw.below(2);
  }
  return w;
}

/// What the value map takes.
double map_elements(const Case& c) { return double(tokens(c)) * c.config.attention.embed_dim; }

void shrink_map(Case& c) {
  auto& w = c.workload;
  std::size_t largest = 0;
  for (std::size_t l = 0; l < static_cast<std::size_t>(c.config.attention.levels); ++l)
    if (w.width[l] * w.height[l] > w.width[largest] * w.height[largest]) largest = l;
  auto& side = w.width[largest] > w.height[largest] ? w.width[largest] : w.height[largest];
  side = (side + 1) / 2;
}

/// Makes one of the numbers that cost most smaller, whichever chance takes.
void lower_something(Draw& draw, Case& c) {
  auto& a = c.config.attention;
  const int head_dim = a.head_dim();
  const auto half = [](int& n, int least) { n = std::max(least, n / 2); };
  switch (draw.below(11)) {
    case 0:
      a.heads = std::max(1, a.heads / 2);
      a.embed_dim = a.heads * head_dim;
      break;
    case 1:
      a.embed_dim = a.heads * std::max(2, head_dim / 4 * 2);
      break;
    case 2:
      a.levels = std::max(1, a.levels * 3 / 4);
      break;
    case 3:
      a.points = std::max(1, a.points * 3 / 4);
      break;
    case 4:
      half(c.config.gemm.rows, 1);
      break;
    case 5:
      c.config.gemm.columns = std::max(1, c.config.gemm.columns / 2);  // and up to a legal number
      break;
    case 6:
      half(c.config.gemm.depth, 2);
      break;
    case 7:
      half(c.config.core.projection_columns, 1);
      break;
    case 8:
      half(c.config.core.level_lanes > 1 ? c.config.core.level_lanes : c.config.core.head_lanes, 1);
      break;
    case 9:
      if (c.workload.dense_rows > 0) half(c.workload.dense_rows, 1);
      half(c.workload.dense_inner, 1);
      half(c.workload.dense_outputs, 1);
      if (c.workload.self_rows > 0) half(c.workload.self_rows, 1);
      break;
    default:
      c.workload.queries = std::max(1, c.workload.queries * 2 / 3);
      half(c.workload.stall_percent, 0);
      half(c.workload.boxes, 0);
      half(c.workload.padded_percent, 0);
      half(c.workload.latency, 1);
  }
  mend(c.config);
  c.workload.dense_inner = std::min(c.workload.dense_inner, c.config.gemm.max_inner);
  c.workload.self_rows = std::min(c.workload.self_rows, c.config.network.self_attention);
}

}  // namespace

Case random_case(std::uint64_t seed) {
  Draw draw(seed);
  Case c;
  c.seed = seed;
  c.config = random_config(draw);
  c.config.name = fmt::format("fuzz_{}", seed);
  choose_implementation(c.config, seed);
  choose_order(c.config, seed);
  choose_lines(c.config, seed);
  choose_replacement(c.config, seed);
  choose_line_pairs(c.config, seed);
  choose_regions(c.config, seed);
  choose_network(c.config, seed);
  choose_self_attention(c.config, seed);
  choose_activations(c.config, seed);
  choose_prunings(c.config, seed);
  choose_level_lanes(c.config, seed);
  choose_ranged_regions(c.config, seed);
  choose_points(c.config, seed);
  c.workload = random_workload(draw, c.config);
  choose_streams(c.workload, seed);
  choose_self_rows(c.workload, c.config, seed);
  choose_left_out(c.workload, c.config, seed);
  const int kind = draw.below(100);
  const double budget = kind < 70 ? 1.5e8 : kind < 96 ? 5e8 : 2.5e9;
  const bool widest = kind >= 98;  // 1024 channels, which chance alone would always lower
  if (widest) {
    c.config.attention.heads = 16, c.config.attention.embed_dim = 1024;
    c.workload.jobs = 1;
    mend(c.config);
  }
  // What lowers the cost is lowered; other numbers keep their corners, and the map its size, unless nothing else is
  // left.
  int in_vain = 0;
  while (estimated_cost(c) > budget) {
    Case lower = c;
    lower_something(draw, lower);
    if (widest && lower.config.attention.embed_dim != c.config.attention.embed_dim) continue;
    if (estimated_cost(lower) > 0.9 * estimated_cost(c)) {
      if (++in_vain < 50) continue;
      shrink_map(lower);
      if (estimated_cost(lower) >= estimated_cost(c) && tokens(c) == c.config.attention.levels) break;
    }
    c = lower;
    in_vain = 0;
  }
  while (map_elements(c) > 20000 || map_elements(c) * c.config.attention.embed_dim > 2e7) {
    bool all_small = true;
    for (std::size_t l = 0; l < static_cast<std::size_t>(c.config.attention.levels); ++l)
      all_small = all_small && c.workload.width[l] == 1 && c.workload.height[l] == 1;
    if (all_small) break;
    shrink_map(c);
  }
  // As many tokens as there may be, or fewer.
  auto& most = c.config.attention.max_tokens;
  if (tokens(c) > most || draw.chance(30)) most = static_cast<int>(tokens(c));
  return c;
}

}  // namespace quillgen::fuzz
