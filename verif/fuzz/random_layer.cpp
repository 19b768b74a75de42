#include "fuzz/random_layer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

#include "config/derived.hpp"
#include "config/region.hpp"
#include "fuzz/draw.hpp"
#include "model/boxes.hpp"

namespace quillgen::fuzz {
namespace {

using model::Requant;
using Integers = std::vector<std::int32_t>;

constexpr std::int32_t int32_min = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t int32_max = std::numeric_limits<std::int32_t>::max();

int log2_up(int n) { return std::bit_width(static_cast<unsigned>(n) - 1); }

/// A signed number of `bits` bits.
std::int32_t value(Draw& draw, int style, int bits) {
  const std::int32_t highest = (std::int32_t{1} << (bits - 1)) - 1, lowest = -highest - 1;
  switch (style) {
    case small_values:
      return draw.between(-1, 1);
    case zero_values:
      return 0;
    case lowest_values:
      return lowest;
    case highest_values:
      return highest;
    case corner_values:
      return draw.pick<std::int32_t>({lowest, lowest + 1, -1, 0, 1, highest - 1, highest});
    default:
      return draw.between(lowest, highest);
  }
}

Integers values(Draw& draw, int style, std::size_t count, int bits) {
  Integers all(count);
  for (auto& v : all) v = value(draw, style, bits);
  return all;
}

/// The scale that brings numbers of about 2^from to about 2^to.
Requant scale_from_to(Draw& draw, int from, int to) {
  return {0, static_cast<std::uint32_t>(draw.between(1 << 15, (1 << 16) - 1)),
          static_cast<std::uint32_t>(std::clamp(16 + from - to, 1, 47))};
}

/// A scale for sums of about 2^sum_bits, of which `bits` bits are to be left.
Requant scale(Draw& draw, int style, int sum_bits, int bits) {
  switch (style) {
    case saturating_scale:
      return {0, 65535, 1};
    case vanishing_scale:
      return {0, 1, 47};
    case zero_scale:
      return {0, 0, static_cast<std::uint32_t>(draw.between(1, 47))};
    case random_scale:
      return {0, static_cast<std::uint32_t>(draw.below(1 << 16)), static_cast<std::uint32_t>(draw.between(1, 47))};
    case mixed_scale:
      return scale(draw, draw.below(mixed_scale), sum_bits, bits);
    default:
      return scale_from_to(draw, sum_bits, bits - 1 + draw.between(-1, 1));
  }
}

/// Bias of sums of about 2^sum_bits: of their size, or as large as it may be.
std::int32_t bias(Draw& draw, int sum_bits) {
  const int kind = draw.below(8);
  if (kind == 0) return draw.pick<std::int32_t>({int32_min, int32_max, -1, 1});
  if (kind < 3) return 0;
  const int limit = 1 << std::min(sum_bits, 30);
  return draw.between(-limit, limit);
}

std::vector<Requant> scales(Draw& draw, int style, int count, int sum_bits, int bits, bool with_bias) {
  std::vector<Requant> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(scale(draw, style, sum_bits, bits));
    if (with_bias) all.back().bias = bias(draw, sum_bits);
  }
  return all;
}

/// A dot product of `length` random numbers of a and b bits is of about 2^this.
int dot_bits(int a, int b, int length) { return a + b - 2 + log2_up(length) / 2 - 1; }

/// An output of the query projection that is `number` whatever the query: no weights, and a bias that requantises
/// to it. `number` is in units of the output and is saturated to its format.
void pin(Integers& weight, std::size_t row, std::size_t length, Requant& requant, std::int32_t number) {
  std::fill_n(weight.begin() + static_cast<std::ptrdiff_t>(row * length), length, 0);
  requant = {number * 2, 1, 1};
}

void make_offsets(Draw& draw, const Case& c, model::QuantisedLayer& layer) {
  const auto& n = layer.numerics;
  const int length = layer.attention.embed_dim, count = 2 * layer.attention.samples_per_query();
  const auto row_length = static_cast<std::size_t>(length);
  const int sum_bits = dot_bits(n.query_bits, n.query_weight_bits, length);
  layer.offset_weight =
      values(draw, c.workload.query_weights, static_cast<std::size_t>(count) * row_length, n.query_weight_bits);
  const std::int32_t highest = (1 << (n.offset_bits() - 1)) - 1;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    auto& requant = layer.offset_requant.emplace_back();
    const int style = c.workload.offsets == mixed_offsets ? draw.below(mixed_offsets) : c.workload.offsets;
    if (style == near_offsets) requant = scale_from_to(draw, sum_bits, n.offset_frac_bits + draw.between(0, 2));
    else if (style == wide_offsets) requant = scale_from_to(draw, sum_bits, n.offset_bits() - 1);
    else if (style == zero_offsets) pin(layer.offset_weight, i, row_length, requant, 0);
    else if (style == clamped_offsets)
      pin(layer.offset_weight, i, row_length, requant, draw.chance(50) ? 2 * highest : -3 * highest);
    else pin(layer.offset_weight, i, row_length, requant, draw.chance(50) ? highest : -highest - 1);
    if (style == near_offsets || style == wide_offsets) requant.bias = bias(draw, sum_bits);
  }
}

/// The logits of one head.
void make_head_logits(Draw& draw, int style, std::size_t first, model::QuantisedLayer& layer) {
  const auto& n = layer.numerics;
  const int length = layer.attention.embed_dim, count = layer.attention.samples_per_head();
  const int sum_bits = dot_bits(n.query_bits, n.query_weight_bits, length);
  const std::int32_t highest = (1 << (n.logit_bits() - 1)) - 1;
  const int chosen = draw.below(count);
  const std::int32_t level = draw.between(-highest - 1, highest);
  for (int j = 0; j < count; ++j) {
    const auto row = first + static_cast<std::size_t>(j);
    auto& requant = layer.logit_requant[row];
    const auto pinned = [&](std::int32_t number) {
      pin(layer.logit_weight, row, static_cast<std::size_t>(length), requant, number);
    };
    if (style == equal_logits) pinned(level);
    else if (style == dominant_logit) pinned(j == chosen ? highest : draw.chance(90) ? -highest - 1 : -highest);
    else if (style == extreme_logits) pinned(draw.chance(50) ? highest : -highest - 1);
    else if (style == clamped_logits) pinned(draw.chance(50) ? 2 * highest : -3 * highest);
    else if (style == lowest_logits) pinned(-highest - 1);
    else if (style == highest_logits) pinned(highest);
    else if (style == wild_logits) requant = scale_from_to(draw, sum_bits, n.logit_bits() - 1);
    else requant = scale_from_to(draw, sum_bits, n.logit_frac_bits + draw.between(-1, 2));
    if (style == wild_logits || style == spread_logits) requant.bias = bias(draw, sum_bits);
  }
}

void make_logits(Draw& draw, const Case& c, model::QuantisedLayer& layer) {
  const auto& a = layer.attention;
  const auto samples = static_cast<std::size_t>(a.samples_per_query());
  layer.logit_weight = values(draw, c.workload.query_weights, samples * static_cast<std::size_t>(a.embed_dim),
                              layer.numerics.query_weight_bits);
  layer.logit_requant.resize(samples);
  for (int head = 0; head < a.heads; ++head) {
    const int style = c.workload.logits == mixed_logits ? draw.below(mixed_logits) : c.workload.logits;
    make_head_logits(draw, style, static_cast<std::size_t>(head) * static_cast<std::size_t>(a.samples_per_head()),
                     layer);
  }
}

/// A coordinate on a level of that side: 16 fraction bits, 1.0 is the side.
std::int32_t reference(Draw& draw, int style, int side) {
  switch (style) {
    case on_edges: {  // on pixel centres and borders, and a bit beside them
      const auto half_pixels = std::int64_t{draw.between(-1, 2 * side + 1)};
      return static_cast<std::int32_t>(half_pixels * 65536 / (2 * side)) + draw.between(-1, 1);
    }
    case around_map:
      return draw.between(-65536, 2 * 65536);
    case far_outside:
      return draw.chance(30) ? draw.pick<std::int32_t>({int32_min, int32_max, int32_min + 1, int32_max - 1})
                             : static_cast<std::int32_t>(static_cast<std::uint32_t>(draw.bits()));
    case mixed_references:
      return reference(draw, draw.below(mixed_references), side);
    default:
      return draw.between(0, 65536);
  }
}

/// Width or height of a box: 16 fraction bits, below 2.
std::int32_t box_size(Draw& draw, int style) {
  constexpr std::int32_t highest = (1 << 17) - 1;
  if (style == zero_boxes) return 0;
  if (style == largest_boxes) return highest;
  return draw.chance(20) ? draw.pick<std::int32_t>({0, 1, 65536, highest})
                         : draw.between(0, draw.chance(50) ? 65536 : highest);
}

/// 1 for tokens that are masked; empty when none is.
std::vector<std::uint8_t> padding(Draw& draw, const Workload& w, const std::vector<model::LevelShape>& levels) {
  std::vector<std::uint8_t> mask;
  if (w.padding == random_padding && w.padded_percent == 0) return mask;
  for (const auto& l : levels) {
    std::vector<bool> blocks;  // that are masked as a whole
    for (int block = 0; w.padding == block_padding && block < (l.height + 1) / 2 * ((l.width + 1) / 2); ++block)
      blocks.push_back(draw.chance(w.padded_percent));
    const auto masked = [&](int x, int y) {
      const bool border = x == 0 || y == 0 || x == l.width - 1 || y == l.height - 1;
      switch (w.padding) {
        case border_padding:
          return border;
        case inner_padding:
          return !border;
        case lower_padding:  // as where an image is smaller than the largest of its batch
          return y >= (l.height + 1) / 2;
        case block_padding:
          return static_cast<bool>(blocks[static_cast<std::size_t>(y / 2 * ((l.width + 1) / 2) + x / 2)]);
        default:
          return draw.chance(w.padded_percent);
      }
    };
    for (int y = 0; y < l.height; ++y)
      for (int x = 0; x < l.width; ++x) mask.push_back(masked(x, y) ? 1 : 0);
  }
  return mask;
}

model::Norm random_norm(Draw& draw, int style, int channels) {
  model::Norm norm;
  norm.shift = style == any_norm ? draw.between(1, 31) : 12;
  norm.epsilon = style == any_norm && draw.chance(50) ? std::int64_t{1} << draw.between(0, 50) : draw.between(1, 1000);
  for (int c = 0; c < channels; ++c) {
    norm.gamma.push_back(style == any_norm ? value(draw, draw.chance(20) ? corner_values : random_values, 16)
                                           : draw.between(1 << 10, 1 << 14));
    norm.beta.push_back(style == any_norm && draw.chance(20) ? draw.pick<std::int32_t>({int32_min, int32_max, 0})
                                                             : draw.between(-(1 << 22), 1 << 22));
  }
  return norm;
}

/// The numbers of the stream of `rows` rows for operands, replacing these.
void form(Draw& draw, const Case& c, int style, std::optional<Requant>& scale_of, Integers& stream, Integers& positions,
          bool with_positions, Integers& operands, int bits) {
  const int from = c.config.network.stream_bits;
  scale_of = scale(draw, c.workload.operand_scales, from - 1, bits);
  stream = values(draw, style, operands.size(), from);
  if (with_positions) positions = values(draw, style, operands.size(), from);
  operands = model::form_operands(stream, with_positions ? positions : Integers(), *scale_of, bits);
}

/// What becomes of `rows` rows of `channels` results.
void add_norm(Draw& draw, const Case& c, int rows, int channels, model::Stream& stream) {
  const int style = c.workload.norm;
  stream.norm = random_norm(draw, style, channels);
  stream.residual = values(draw, style == flat_norm ? zero_values : c.workload.source_values,
                           static_cast<std::size_t>(rows) * static_cast<std::size_t>(channels), stream.bits);
}

std::vector<std::uint8_t> bits_of_tokens(Draw& draw, int tokens) {
  std::vector<std::uint8_t> bits(static_cast<std::size_t>(tokens));
  for (auto& bit : bits) bit = draw.chance(20);
  return bits;
}

/// Of a layer whose levels are there; what the configuration has nothing for stays.
model::Pruning pruning(Draw& draw, const Case& c, std::size_t levels) {
  const auto& w = c.workload;
  model::Pruning left_out;
  const int one = 1 << c.config.numerics.attention_bits,
            mean = std::max(1, one / c.config.attention.samples_per_head());
  if (c.config.pruning.points != 0)
    left_out.threshold = std::min(one + 1, std::array{0, 1, std::max(1, mean / 4), mean, 2 * mean, one + 1}.at(
                                               static_cast<std::size_t>(w.threshold)));
  if (c.config.pruning.max_range > 0 && w.range != no_range)
    for (std::size_t l = 0; l < levels; ++l) {
      const int most =
          has_ranged_regions(c.config) ? c.config.feature_cache.region_ranges[l] : c.config.pruning.max_range;
      left_out.range.push_back(w.range == zero_range ? 0
                               : w.range == largest_range
                                   ? most
                                   : draw.between(0, draw.chance(80) ? std::min(most, 6) : most));
    }
  if (c.config.pruning.count_bits == 0) return left_out;
  constexpr std::int64_t mean_of_level = std::int64_t{1} << model::share_frac_bits, most_share = 0xFFFFFFFF;
  left_out.count_bits = c.config.pruning.count_bits;
  left_out.share =
      std::array<std::int64_t, 6>{0, 1, mean_of_level / 2, mean_of_level, 2 * mean_of_level, most_share}.at(
          static_cast<std::size_t>(w.share));
  return left_out;
}

}  // namespace

model::QuantisedLayer random_layer(const Case& c, int job) {
  Draw draw(c.workload.content + static_cast<std::uint64_t>(job));
  const auto& w = c.workload;
  const auto& n = c.config.numerics;
  const auto& a = c.config.attention;
  const int channels = a.embed_dim;
  const auto square = static_cast<std::size_t>(channels) * static_cast<std::size_t>(channels);

  model::QuantisedLayer layer;
  layer.attention = a;
  layer.numerics = n;
  layer.queries = job == 0 ? w.queries : (w.queries + 1) / 2;
  for (int l = 0; l < a.levels; ++l) {
    const auto from = static_cast<std::size_t>((l + job) % a.levels);
    layer.levels.push_back({w.height[from], w.width[from]});
  }
  const auto rows = [&](int count) { return static_cast<std::size_t>(count) * static_cast<std::size_t>(channels); };
  layer.boxes = w.boxes != 0;
  layer.query = values(draw, w.query_values, rows(layer.queries), n.query_bits);
  for (int q = 0; q < layer.queries; ++q)
    for (const auto& level : layer.levels)
      for (int anchor = 0; anchor < a.anchors; ++anchor) {
        for (const int side : {level.width, level.height})
          layer.reference.push_back(reference(draw, w.references, side));
        for (int i = 0; layer.boxes && i < 2; ++i) layer.reference.push_back(box_size(draw, w.boxes));
      }
  layer.padding = padding(draw, w, layer.levels);
  layer.source = values(draw, w.source_values, rows(layer.tokens()), n.feature_bits);
  layer.value_weight = values(draw, w.feature_weights, square, n.feature_weight_bits);
  layer.value_requant = scales(draw, w.value_scales, channels,
                               dot_bits(n.feature_bits, n.feature_weight_bits, channels), n.feature_bits, true);
  make_offsets(draw, c, layer);
  make_logits(draw, c, layer);
  Draw of_pruning(w.content + 8 + static_cast<std::uint64_t>(job));
  layer.pruning = pruning(of_pruning, c, layer.levels.size());
  if (layer.pruning.share > 0 && w.image_padding != no_image_padding)
    layer.image_padding = w.image_padding == same_as_mask ? layer.padding : bits_of_tokens(of_pruning, layer.tokens());
  layer.head_requant = scales(draw, w.head_scales, channels, n.corner_bits + n.feature_bits - 2, n.head_bits, false);
  layer.output_weight = values(draw, w.output_weights, square, n.output_weight_bits);
  auto& stream = layer.stream;
  if (c.config.network.epilogue != 0) {
    Draw of_stream(c.workload.content + 3 + static_cast<std::uint64_t>(job));
    stream.bits = c.config.network.stream_bits;
    Integers none;
    if (w.stream_queries != 0)
      form(of_stream, c, w.query_values, stream.query, stream.queries, stream.positions, w.positions != 0, layer.query,
           n.query_bits);
    if (w.stream_sources != 0)
      form(of_stream, c, w.source_values, stream.source, stream.sources, none, false, layer.source, n.feature_bits);
    if (w.reference_gap > 0) {
      const int beat = beat_bytes(c.config.memory);
      stream.reference_stride =
          (divide_up(reference_row_bytes(c.config, layer.boxes), beat) + w.reference_gap - 1) * beat;
    }
    if (w.norm != no_norm) {
      layer.numerics.output_bits = branch_bits(c.config);
      add_norm(of_stream, c, layer.queries, channels, stream);
    }
  }
  layer.output_requant = scales(draw, w.norm == flat_norm && stream.norm ? zero_scale : w.output_scales, channels,
                                dot_bits(n.head_bits, n.output_weight_bits, channels), layer.numerics.output_bits,
                                !(w.norm == flat_norm && stream.norm));
  return layer;
}

/// By linear pieces, to results of `bits` bits that use their format, saturate it or leave most of it.
model::Activation activation(const Case& c, int code, int bits) {
  Draw draw(c.workload.content + 7);
  const auto function = static_cast<model::Function>(static_cast<int>(model::Function::gelu) + code - 1);
  const auto mult = static_cast<std::uint32_t>(draw.chance(10) ? draw.between(0, 65535) : draw.between(1 << 15, 65535));
  return {function, {0, mult, static_cast<std::uint32_t>(std::clamp(16 + 16 - bits + draw.between(-2, 2), 1, 47))}};
}

model::DenseLayer random_dense(const Case& c) {
  Draw draw(c.workload.content + 2);
  const auto& w = c.workload;
  const auto& n = c.config.numerics;
  const auto elements = [](int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  };
  const bool with_stream = c.config.network.epilogue != 0, norm = with_stream && w.norm != no_norm;
  const bool boxes = with_stream && !norm && w.result_format == 3;
  const int outputs = norm ? c.config.attention.embed_dim : boxes ? 4 : w.dense_outputs;
  model::DenseLayer layer{n, w.dense_rows, w.dense_inner, outputs, {}, {}, {}, model::relu_if(w.relu != 0)};
  layer.input = values(draw, w.query_values, elements(w.dense_rows, w.dense_inner), n.query_bits);
  layer.weight = values(draw, w.query_weights, elements(w.dense_inner, outputs), n.query_weight_bits);
  if (with_stream) {
    Draw of_stream(c.workload.content + 5);
    auto& stream = layer.stream;
    stream.bits = c.config.network.stream_bits;
    if (w.stream_queries != 0)
      form(of_stream, c, w.query_values, stream.query, stream.queries, stream.positions, w.positions != 0, layer.input,
           n.query_bits);
    if (norm) add_norm(of_stream, c, w.dense_rows, outputs, stream);
    const int formats[] = {n.output_bits, n.query_bits, stream.bits, model::box_delta_bits};
    if (boxes) {
      layer.box_levels = c.config.attention.levels;
      for (int i = 0; i < 4 * w.dense_rows; ++i)
        layer.boxes.push_back(of_stream.chance(20)
                                  ? of_stream.pick<std::int32_t>({-model::box_logit_limit, model::box_logit_limit, 0})
                                  : of_stream.between(-model::box_logit_limit, model::box_logit_limit));
    }
    layer.result_bits = norm ? branch_bits(c.config) : formats[w.result_format];
    layer.gathers = w.dense_list == gathered || w.dense_list == both_listed;
    layer.scatters = norm && w.dense_list >= scattered;
    if (layer.gathers || layer.scatters) {
      layer.list_rows = std::min(c.config.attention.max_queries, 2 * w.dense_rows + 3);
      std::vector<int> all(static_cast<std::size_t>(layer.list_rows));
      std::iota(all.begin(), all.end(), 0);
      for (std::size_t i = all.size() - 1; i > 0; --i)
        std::swap(all[i], all[static_cast<std::size_t>(of_stream.below(static_cast<int>(i) + 1))]);
      layer.index_list.assign(all.begin(), all.begin() + w.dense_rows);
    }
  }
  if (!norm && !boxes && w.relu == 0 && has_activation(c.config.network, w.activation))
    layer.activation = activation(c, w.activation, layer.product_bits());
  const bool flat = norm && w.norm == flat_norm;
  layer.requant =
      scales(draw, flat ? zero_scale : w.output_scales, outputs,
             std::max(1, dot_bits(n.query_bits, n.query_weight_bits, w.dense_inner)), layer.sum_bits(), !flat);
  return layer;
}

SelfRows random_self(const Case& c) {
  Draw draw(c.workload.content + 6);
  const auto& w = c.workload;
  const auto& a = c.config.attention;
  const int bits = c.config.numerics.query_bits;
  const auto count = static_cast<std::size_t>(w.self_rows) * static_cast<std::size_t>(a.embed_dim);
  SelfRows rows;
  rows.query = values(draw, w.self_operands, count, bits);
  rows.key = values(draw, w.self_operands, count, bits);
  rows.value = values(draw, w.self_values, count, bits);
  // Scores of some units of the exponent.
  const int fitting = dot_bits(bits, bits, a.head_dim()) - 9 + draw.between(-2, 2);
  rows.scales = {a.heads, bits, w.self_shift != 0 ? w.self_shift : std::clamp(fitting, 1, 40), w.self_gain};
  return rows;
}

}  // namespace quillgen::fuzz
