#include "fuzz/facts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <sstream>

#include "config/derived.hpp"
#include "config/region.hpp"
#include "harness/parameters.hpp"
#include "model/steps.hpp"

namespace quillgen::fuzz {
namespace {

using Numbers = std::span<const std::int32_t>;

void most(std::int64_t& fact, std::int64_t value) { fact = std::max(fact, value); }

/// Numbers of low .. high; one that is beyond half of that needs every bit.
void add_numbers(Facts& facts, const std::string& name, Numbers numbers, std::int64_t low, std::int64_t high) {
  const auto count = [&](const char* what, const auto& holds) {
    facts[name + what] += std::count_if(numbers.begin(), numbers.end(), holds);
  };
  count(".count", [](auto) { return true; });
  count(".lowest", [&](auto v) { return v == low; });
  count(".highest", [&](auto v) { return v == high; });
  count(".full", [&](auto v) { return v < low / 2 || v > high / 2; });
  count(".odd", [](auto v) { return v % 2 != 0; });
}

void add_signed(Facts& facts, const std::string& name, Numbers numbers, int bits) {
  const auto half = std::int64_t{1} << (bits - 1);
  add_numbers(facts, name, numbers, -half, half - 1);
}

/// Every `step`-th number from `first`.
std::vector<std::int32_t> every(Numbers numbers, std::size_t step, std::size_t first) {
  std::vector<std::int32_t> chosen;
  for (std::size_t i = first; i < numbers.size(); i += step) chosen.push_back(numbers[i]);
  return chosen;
}

/// Outputs of a projection whose exact number is beyond the format.
void add_saturated(Facts& facts, const std::string& name, Numbers rows, Numbers weight,
                   const std::vector<model::Requant>& requant, int bits) {
  const std::size_t outputs = requant.size(), length = weight.size() / outputs;
  for (std::size_t first = 0; first < rows.size(); first += length)
    for (std::size_t n = 0; n < outputs; ++n) {
      const auto& r = requant[n];
      const auto acc = model::dot(rows.subspan(first, length), weight.subspan(n * length, length)) + r.bias;
      const auto exact = model::round_shift(acc * r.mult, static_cast<int>(r.shift));
      facts[name + ".saturated"] += exact != model::saturate(exact, bits);
    }
}

void add_equal_rows(Facts& facts, const std::string& name, Numbers numbers, std::size_t length) {
  for (std::size_t first = 0; first < numbers.size(); first += length) {
    const auto row = numbers.subspan(first, length);
    ++facts[name + ".rows"];
    facts[name + ".equal_rows"] += std::adjacent_find(row.begin(), row.end(), std::not_equal_to<>()) == row.end();
  }
}

void add_references(Facts& facts, const model::QuantisedLayer& layer) {
  facts["box.count"] += 0;
  const auto numbers = static_cast<std::size_t>(layer.reference_numbers());
  for (std::size_t i = 0; i < layer.reference.size(); ++i) {
    const auto v = layer.reference[i];
    if (i % numbers >= 2) {
      ++facts["box.count"];
      facts["box.zero"] += v == 0;
      facts["box.largest"] += v == (1 << 17) - 1;
    } else {
      facts["reference.outside"] += v < 0 || v > 1 << 16;
      facts["reference.lowest"] += v == std::numeric_limits<std::int32_t>::min();
      facts["reference.highest"] += v == std::numeric_limits<std::int32_t>::max();
    }
  }
}

/// The level of a sample, counted over all queries.
std::size_t level_of(const Attention& a, std::size_t sample) {
  return static_cast<std::size_t>(
      a.level_of(static_cast<int>(sample % static_cast<std::size_t>(a.samples_per_head()))));
}

/// Where the samples lie, and the corners that count.
void add_samples(Facts& facts, const model::QuantisedLayer& layer, const model::Stages& st) {
  const auto& a = layer.attention;
  const auto& n = layer.numerics;
  for (const char* none_yet : {"corners.read", "corners.padded"}) facts[none_yet] += 0;
  for (std::size_t s = 0; s < st.attention.size(); ++s) {
    const auto l = level_of(a, s);
    const auto [height, width] = layer.levels[l];
    const auto x = model::split(st.location[2 * s], n), y = model::split(st.location[2 * s + 1], n);
    facts["location.x.low"] += x.pixel == -2, facts["location.x.high"] += x.pixel == width + 1;
    facts["location.y.low"] += y.pixel == -2, facts["location.y.high"] += y.pixel == height + 1;
    std::size_t level_begin = 0;
    for (std::size_t i = 0; i < l; ++i)
      level_begin += static_cast<std::size_t>(layer.levels[i].width) * static_cast<std::size_t>(layer.levels[i].height);
    for (int i = 0; i < 4; ++i) {
      const int cx = x.pixel + i % 2, cy = y.pixel + i / 2;
      const bool inside = cx >= 0 && cx < width && cy >= 0 && cy < height;
      ++facts["corners.all"];
      facts["corners.outside"] += !inside;
      if (!inside || st.corner_weight[4 * s + static_cast<std::size_t>(i)] == 0) continue;
      ++facts["corners.read"];
      const auto token = level_begin + static_cast<std::size_t>(cy * width + cx);
      facts["corners.padded"] += !layer.padding.empty() && layer.padding[token] != 0;
    }
  }
}

/// Points and heads that are dropped, moves that are held.
void add_pruning(Facts& facts, const model::QuantisedLayer& layer, const model::Stages& st) {
  for (const auto& level : model::dropped_points(layer, st))
    facts["points.all"] += level.of, facts["points.dropped"] += level.dropped;
  const auto of_head = static_cast<std::size_t>(layer.attention.samples_per_head());
  facts["heads.empty"] += 0, facts["heads.thinned"] += 0;
  for (std::size_t s = 0; s < st.attention.size(); s += of_head) {
    const auto dropped = std::count_if(st.attention.begin() + static_cast<std::ptrdiff_t>(s),
                                       st.attention.begin() + static_cast<std::ptrdiff_t>(s + of_head),
                                       [&](auto weight) { return weight < layer.pruning.threshold; });
    facts["heads.empty"] += dropped == static_cast<std::ptrdiff_t>(of_head);
    facts["heads.thinned"] += dropped > 0 && dropped < static_cast<std::ptrdiff_t>(of_head);
  }
  const auto mask = model::mask_passed_on(layer, st);
  facts["pixels.all"] += static_cast<std::int64_t>(mask.size());
  facts["pixels.dropped"] += std::ranges::count(mask, 1), facts["pixels.kept"] += std::ranges::count(mask, 0);
  facts["pixels.padded"] += mask.empty() ? 0 : std::ranges::count(layer.image_padding, 1);
  facts["counts.full"] +=
      std::ranges::count_if(st.reads, [&](auto n) { return n >= (std::int64_t{1} << layer.pruning.count_bits) - 1; });
  facts["moves.held"] += 0;
  for (std::size_t s = 0; !layer.pruning.range.empty() && s < st.distance.size(); ++s) {
    const auto l = level_of(layer.attention, s);
    facts["moves.held"] += st.distance[s] >= layer.pruning.range[l];
  }
}

void add_levels(Facts& facts, const model::QuantisedLayer& layer) {
  for (const auto& l : layer.levels) {
    facts["levels.odd"] += l.width % 2 == 1 && l.height % 2 == 1;
    facts["levels.one_wide"] += l.width == 1 && l.height > 1;
    facts["levels.one_high"] += l.height == 1 && l.width > 1;
    facts["levels.one_pixel"] += l.width == 1 && l.height == 1;
    most(facts["levels.widest"], l.width);
    most(facts["levels.highest"], l.height);
  }
}

/// Operands whose exact number is beyond the format.
void add_formed(Facts& facts, Numbers rows, Numbers positions, const std::optional<model::Requant>& scale, int bits) {
  facts["formed.saturated"] += 0;
  for (std::size_t i = 0; scale && i < rows.size(); ++i) {
    const auto sum = std::int64_t{rows[i]} + (positions.empty() ? 0 : positions[i]);
    const auto exact = model::round_shift(sum * scale->mult, static_cast<int>(scale->shift));
    facts["formed.saturated"] += exact != model::saturate(exact, bits);
  }
}

/// Jobs with operands formed and with norms, and the rows around these.
void add_stream(Facts& facts, const model::Stream& stream, Numbers normed, const Numerics& n) {
  facts["formed.queries"] += stream.query.has_value();
  facts["formed.positions"] += !stream.positions.empty();
  facts["formed.sources"] += stream.source.has_value();
  add_formed(facts, stream.queries, stream.positions, stream.query, n.query_bits);
  add_formed(facts, stream.sources, {}, stream.source, n.feature_bits);
  facts["norms"] += stream.norm.has_value();
  if (!stream.norm) return;
  add_signed(facts, "residual", stream.residual, stream.bits);
  add_signed(facts, "normed", normed, stream.bits);
}

/// Sums of N13 and results of N14 beyond their format.
void add_norm(Facts& facts, const model::Stream& stream, Numbers branch) {
  if (!stream.norm) return;
  const auto& norm = *stream.norm;
  const auto channels = norm.gamma.size();
  for (std::size_t first = 0; first < branch.size(); first += channels) {
    std::vector<std::int32_t> row;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto sum = std::int64_t{stream.residual[first + c]} + branch[first + c];
      row.push_back(static_cast<std::int32_t>(model::saturate(sum, stream.bits + 2)));
      facts["sums.saturated"] += sum != row.back();
    }
    const auto t = model::normalise(row, norm.epsilon);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto exact = model::round_shift(std::int64_t{t[c]} * norm.gamma[c] + norm.beta[c], norm.shift);
      facts["normed.saturated"] += exact != model::saturate(exact, stream.bits);
    }
  }
}

}  // namespace

void add_layer(Facts& facts, const model::QuantisedLayer& layer, const model::Stages& st) {
  const auto& n = layer.numerics;
  add_signed(facts, "query", layer.query, n.query_bits);
  add_signed(facts, "query_weight", layer.offset_weight, n.query_weight_bits);
  add_signed(facts, "query_weight", layer.logit_weight, n.query_weight_bits);
  add_signed(facts, "source", layer.source, n.feature_bits);
  add_signed(facts, "value_weight", layer.value_weight, n.feature_weight_bits);
  add_signed(facts, "value", st.value, n.feature_bits);
  add_signed(facts, "offset.x", every(st.offset, 2, 0), n.offset_bits());
  add_signed(facts, "offset.y", every(st.offset, 2, 1), n.offset_bits());
  add_signed(facts, "logit", st.logit, n.logit_bits());
  add_numbers(facts, "attention", st.attention, 0, std::int64_t{1} << n.attention_bits);
  facts["location.odd"] += std::count_if(st.location.begin(), st.location.end(), [](auto v) { return v % 2 != 0; });
  add_numbers(facts, "corner_weight", st.corner_weight, 0, std::int64_t{1} << n.corner_bits);
  add_signed(facts, "head", st.head, n.head_bits);
  add_signed(facts, "output_weight", layer.output_weight, n.output_weight_bits);
  add_signed(facts, "output", st.output, n.output_bits);
  add_stream(facts, layer.stream, st.normed, n);
  add_norm(facts, layer.stream, st.output);
  add_saturated(facts, "offset", layer.query, layer.offset_weight, layer.offset_requant, n.offset_bits());
  add_saturated(facts, "logit", layer.query, layer.logit_weight, layer.logit_requant, n.logit_bits());
  add_saturated(facts, "output", st.head, layer.output_weight, layer.output_requant, n.output_bits);
  add_equal_rows(facts, "logit", st.logit, static_cast<std::size_t>(layer.attention.samples_per_head()));
  add_references(facts, layer);
  add_samples(facts, layer, st);
  add_pruning(facts, layer, st);
  add_levels(facts, layer);
  most(facts["queries"], layer.queries);
  most(facts["tokens"], layer.tokens());
  facts["tokens.all"] += layer.tokens();
  facts["tokens.padded"] += std::count(layer.padding.begin(), layer.padding.end(), 1);
}

void add_self(Facts& facts, const Config& config, const SelfRows& rows, const std::vector<std::int32_t>& output) {
  most(facts["self.rows"], static_cast<std::int64_t>(output.size()) / config.attention.embed_dim);
  most(facts["self.key_tiles"],
       divide_up(static_cast<int>(output.size()) / config.attention.embed_dim, config.gemm.columns));
  most(facts["self.shift"], rows.scales.score_shift);
  add_signed(facts, "self.output", output, config.numerics.query_bits);
}

void add_dense(Facts& facts, const Config& config, const model::DenseLayer& layer,
               const std::vector<std::int32_t>& product) {
  most(facts["dense.rows"], layer.rows);
  most(facts["dense.inner"], layer.inner);
  most(facts["dense.outputs"], layer.outputs);
  const int tiles = divide_up(layer.outputs, config.gemm.columns);
  const int of_panel = harness::panel_tiles(config, layer.inner, layer.outputs);
  most(facts["dense.panels"], divide_up(tiles, of_panel));
  facts["dense.last_panel_smaller"] += tiles % of_panel != 0;
  facts["boxes.refined"] += static_cast<std::int64_t>(layer.boxes.size() / 4);
  facts["dense.gathered"] += layer.gathers, facts["dense.scattered"] += layer.scatters;
  add_signed(facts, "dense.product", product, layer.stream.norm ? layer.stream.bits : layer.product_bits());
  most(facts["dense.bits"], layer.product_bits());
  add_stream(facts, layer.stream, layer.stream.norm ? product : std::vector<std::int32_t>(), layer.numerics);
  facts["dense.negative"] += std::count_if(product.begin(), product.end(), [](auto v) { return v < 0; });
  facts["dense.zero"] += std::count(product.begin(), product.end(), 0);
  add_saturated(facts, "dense", layer.input, layer.weight, layer.requant, layer.sum_bits());
  if (!model::by_pieces(layer.activation.function)) return;
  facts["activation.function"] = static_cast<int>(layer.activation.function);
  const auto sums = model::linear(layer.input, layer.weight, layer.requant, static_cast<std::size_t>(layer.inner),
                                  model::activation_bits);
  add_signed(facts, "activation", sums, model::activation_bits);
}

void add_run(Facts& facts, const Config& config, const harness::JobResult& result, const harness::Work& work) {
  const auto* const attention = std::get_if<harness::AttentionWork>(&work);
  const std::string kind = attention ? "" : std::holds_alternative<harness::DenseWork>(work) ? "dense_" : "self_";
  for (const auto& stage : result.stages) facts["compared." + kind + stage.name] += stage.compared;
  if (kind == "self_")
    facts["self.cycles"] += result.counters.cycles, facts["self.busy"] += result.counters.gemm_busy,
        facts["self.waits_rows"] += result.counters.gemm_rows, facts["self.waits_room"] += result.counters.gemm_room,
        facts["self.idle"] += result.counters.gemm_idle;
  facts["maps.given"] += attention && attention->map_given;
  facts["cycles.waiting_for_rows"] += result.counters.gemm_rows;
  facts["cycles.waiting_for_room"] += result.counters.gemm_room;
  const auto& traffic = result.traffic;
  facts["beats.overtaking"] += static_cast<std::int64_t>(traffic.overtaking);
  facts["beats.interleaved"] += static_cast<std::int64_t>(traffic.interleaved);
  most(facts["address.bits"], std::bit_width(traffic.highest_address));
  most(facts["lines.open"], traffic.most_open[harness::id_feature]);
  const auto features = traffic.most_open.begin() + harness::id_feature;
  most(facts["lanes.reading"],
       std::count_if(features, features + feature_ids(config), [](int open) { return open > 0; }));
  const auto shape = static_cast<std::size_t>(config.feature_cache.line_shape);
  if (attention) facts["lines.read_again"] += result.counters.line_misses - attention->stages.lines_touched[shape];
  facts["lines.missed"] += result.counters.line_misses;
  facts["cycles.waiting_for_lines"] += result.counters.wait_feature;
  facts["cycles.waiting_for_points"] += result.counters.wait_point;
}

std::string broken_claim(const Facts& facts, const std::string& claims) {
  std::istringstream words(claims);
  for (std::string claim; words >> claim;) {
    const auto sign = std::min(claim.find_first_of("=>"), claim.size() - 1);
    const auto number = [&](const std::string& text) -> std::optional<std::int64_t> {
      std::int64_t value = 0;
      const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error == std::errc() && rest == text.data() + text.size()) return value;
      const auto found = facts.find(text);
      return found == facts.end() ? std::nullopt : std::optional(found->second);
    };
    const auto left = number(claim.substr(0, sign)), right = number(claim.substr(sign + 1));
    if (!left || !right) return claim + ": no such fact";
    if (claim[sign] == '>' ? *left > *right : *left == *right) continue;
    return fmt::format("{}: it is {}", claim, *left);
  }
  return "";
}

}  // namespace quillgen::fuzz
