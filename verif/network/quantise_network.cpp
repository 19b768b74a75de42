#include "network/quantise_network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "model/boxes.hpp"
#include "reference/quantise.hpp"

namespace quillgen::network {
namespace {

using model::Integers;
using model::Requant;

/// Scales and formats at hand while a network is quantised.
class Quantiser {
 public:
  Quantiser(const Network& network, const Scales& scales, const Config& config)
      : net_(network), scales_(scales), config_(config), n_(config.numerics) {}

  model::Network network() const {
    model::Network q;
    q.channels = net_.channels, q.queries = net_.queries, q.classes = net_.classes;
    q.stream_bits = config_.network.stream_bits, q.query_bits = n_.query_bits;
    q.position = quantised(net_.position, scale("encoder.stream"), q.stream_bits);
    places(q);
    for (std::size_t i = 0; i < net_.encoder.size(); ++i) q.encoder.push_back(encoder_layer(i));
    if (net_.score) {
      q.listed = net_.listed();
      q.score_operand = between("encoder.stream", "score_operand");
      q.score = projection("score", *net_.score, "score_operand", 1 / scale("score"), n_.output_bits);
    }
    const std::string operand = "proposal.operand";
    q.proposal_operand = between("encoder.stream", operand);
    q.proposal = projection("enc_class_embed", net_.proposal, operand, 1 / scale("proposal.classes"), n_.output_bits);
    q.proposal_box = box_mlp("proposal.box", net_.proposal_box, "encoder.stream");
    q.content = projection("query_content", net_.content, operand, 1 / scale("decoder.stream"), q.stream_bits);
    q.query_position = projection_of("query_pos", net_.query_position, 1 / (std::exp2(n_.query_bits - 1) - 1),
                                     1 / scale("decoder.stream"), q.stream_bits);
    for (std::size_t i = 0; i < net_.decoder.size(); ++i) q.decoder.push_back(decoder_layer(i));
    return q;
  }

  bool asked(const std::string& name) const { return asked_.contains(name); }

 private:
  double scale(const std::string& name) const {
    asked_.insert(scale_name(name));
    return scales_.of(name);
  }

  Requant ratio(const std::string& name, double value) const {
    try {
      return requant_of(value);
    } catch (const UserError& e) {
      throw UserError(fmt::format("{}: {}: {}", net_.file, name, e.what()));
    }
  }
  /// N12: from the stream to an operand.
  Requant between(const std::string& stream, const std::string& operand) const {
    return ratio(operand, scale(stream) / scale(operand));
  }

  model::Projection projection_of(const std::string& name, const Linear& layer, double input, double per_unit,
                                  int bits) const {
    auto q = quantise_linear(fmt::format("{}: projection {}", net_.file, name), layer.weight, layer.bias, input,
                             per_unit, n_.query_weight_bits);
    return {std::move(q.weight), std::move(q.requant), layer.weight.size() / layer.bias.size(), bits, {}};
  }
  model::Projection projection(const std::string& name, const Linear& layer, const std::string& input, double per_unit,
                               int bits) const {
    return projection_of(name, layer, scale(input), per_unit, bits);
  }

  model::Mlp mlp(const std::string& name, const Mlp& layer, const std::string& stream, double per_unit, int bits,
                 model::Function activation) const {
    model::Mlp q;
    q.operand = between(stream, name + ".operand");
    const auto hidden = name + ".hidden";
    const bool pieces = model::by_pieces(activation);
    q.hidden = projection(hidden, layer.hidden, name + ".operand",
                          pieces ? std::exp2(model::activation_frac_bits) : 1 / scale(hidden), n_.query_bits);
    q.hidden.activation.function = activation;
    if (pieces) q.hidden.activation.scale = ratio(hidden, std::exp2(-model::activated_frac_bits) / scale(hidden));
    q.output = projection(name + ".output", layer.output, name + ".hidden", per_unit, bits);
    return q;
  }
  model::Mlp ffn(const std::string& name, const Mlp& layer, const std::string& stream) const {
    return mlp(name, layer, stream, 1 / scale(stream), config_.network.stream_bits + 2, net_.activation);
  }
  model::Mlp box_mlp(const std::string& name, const Mlp& layer, const std::string& stream) const {
    return mlp(name, layer, stream, std::exp2(model::box_logit_frac_bits), model::box_delta_bits,
               model::Function::relu);
  }

  /// N14.
  model::Norm norm(const Norm& norm, const std::string& stream) const {
    const double unit = scale(stream), channels = net_.channels;
    double largest_gamma = 0, largest_beta = 0;
    for (const double g : norm.gamma) largest_gamma = std::max(largest_gamma, std::abs(g) / unit);
    for (const double b : norm.beta) largest_beta = std::max(largest_beta, std::abs(b) / unit);
    const auto fits = [&](int shift) {
      return std::ldexp(largest_gamma, shift - model::normalised_frac_bits) < 32767 &&
             std::ldexp(largest_beta, shift) < std::exp2(30);
    };
    model::Norm q;
    while (q.shift < 31 && fits(q.shift + 1)) ++q.shift;
    if (!fits(q.shift))
      throw UserError(fmt::format("{}: a norm behind {}: gamma or beta is too large for the stream; check the network",
                                  net_.file, stream));
    for (const double g : norm.gamma)
      q.gamma.push_back(rounded(std::ldexp(g / unit, q.shift - model::normalised_frac_bits)));
    for (const double b : norm.beta) q.beta.push_back(rounded(std::ldexp(b / unit, q.shift)));
    const double epsilon = channels * channels * net_.norm_epsilon / (unit * unit);
    q.epsilon = static_cast<std::int64_t>(std::clamp(std::floor(epsilon + 0.5), 1.0, std::exp2(50)));
    return q;
  }
  static std::int32_t rounded(double x) { return static_cast<std::int32_t>(std::floor(x + 0.5)); }

  model::StreamAttention attention(const std::string& name, const DeformableAttention& a,
                                   const std::string& stream) const {
    model::StreamAttention q;
    const auto query = name + ".query", source = name + ".source", value = name + ".value", heads = name + ".heads";
    q.query = between(stream, query);
    q.source = between("encoder.stream", source);
    auto& layer = q.layer;
    layer.attention = config_.attention;
    layer.numerics = n_;
    layer.numerics.output_bits = config_.network.stream_bits + 2;
    layer.levels = net_.level_shapes;
    layer.value_scale = scale(value), layer.head_scale = scale(heads), layer.output_scale = scale(stream);
    const auto install = [&](const char* part, const Linear& linear, double input, double per_unit, int bits,
                             Integers& weight, std::vector<Requant>& requant) {
      auto p = quantise_linear(fmt::format("{}: projection {}.{}", net_.file, name, part), linear.weight, linear.bias,
                               input, per_unit, bits);
      weight = std::move(p.weight), requant = std::move(p.requant);
    };
    install("value_proj", a.value, scale(source), 1 / layer.value_scale, n_.feature_weight_bits, layer.value_weight,
            layer.value_requant);
    install("sampling_offsets", a.offsets, scale(query), std::exp2(n_.offset_frac_bits), n_.query_weight_bits,
            layer.offset_weight, layer.offset_requant);
    install("attention_weights", a.logits, scale(query), std::numbers::log2e * std::exp2(n_.logit_frac_bits),
            n_.query_weight_bits, layer.logit_weight, layer.logit_requant);
    install("output_proj", a.output, layer.head_scale, 1 / layer.output_scale, n_.output_weight_bits,
            layer.output_weight, layer.output_requant);
    const auto head = ratio(heads, std::ldexp(layer.value_scale, -n_.corner_bits) / layer.head_scale);
    layer.head_requant.assign(static_cast<std::size_t>(net_.channels), head);
    return q;
  }

  model::EncoderLayer encoder_layer(std::size_t index) const {
    const auto name = fmt::format("encoder.{}", index);
    const std::string stream = "encoder.stream";
    const auto& layer = net_.encoder[index];
    return {attention(name, layer.attention, stream), norm(layer.norm1, stream), ffn(name + ".ffn", layer.ffn, stream),
            norm(layer.norm2, stream)};
  }

  model::DecoderLayer decoder_layer(std::size_t index) const {
    const auto name = fmt::format("decoder.{}", index);
    const std::string stream = "decoder.stream";
    const auto& layer = net_.decoder[index];
    model::DecoderLayer q;
    self_attention(name + ".self", layer, q);
    q.norm2 = norm(layer.norm2, stream);
    q.cross = attention(name + ".cross", layer.cross, stream);
    q.norm1 = norm(layer.norm1, stream);
    q.ffn = ffn(name + ".ffn", layer.ffn, stream);
    q.norm3 = norm(layer.norm3, stream);
    q.box = box_mlp(name + ".box", layer.box, stream);
    q.classes_operand = between(stream, name + ".box.operand");
    q.classes = projection(name + ".classes", layer.classes, name + ".box.operand", 1 / scale(name + ".classes"),
                           n_.output_bits);
    return q;
  }

  /// N16.
  void self_attention(const std::string& name, const DecoderLayer& layer, model::DecoderLayer& q) const {
    const std::string stream = "decoder.stream";
    const auto query = name + ".query", source = name + ".source";
    q.self_query = between(stream, query), q.self_source = between(stream, source);
    q.self.heads = net_.heads, q.self.operand_bits = n_.query_bits;
    q.self.score_shift = power_of_two(name + ".q, " + name + ".k", noted_score_unit(name), 1, 40);
    const double value_scale = scale(name + ".v");
    q.self.gain = power_of_two(name + ".heads", scale(name + ".heads") / value_scale, 0, 7);
    q.query = projection(name + ".q", layer.query, query, 1 / scale(name + ".q"), n_.query_bits);
    q.key = projection(name + ".k", layer.key, query, 1 / scale(name + ".k"), n_.query_bits);
    q.value = projection(name + ".v", layer.value, source, 1 / value_scale, n_.query_bits);
    q.output = projection_of(name + ".output", layer.output, std::ldexp(value_scale, -q.self.gain), 1 / scale(stream),
                             config_.network.stream_bits + 2);
  }

  double noted_score_unit(const std::string& self) const {
    asked_.insert({self + ".q", self + ".k"});
    return score_unit(scales_, self, net_);
  }
  /// n of a unit that is 2^-n, low .. high. A message calls it `names`.
  int power_of_two(const std::string& names, double unit, int low, int high) const {
    const double n = std::floor(0.5 - std::log2(unit));
    if (!(std::abs(unit * std::exp2(n) - 1) < 1e-6 && n >= low && n <= high))
      throw UserError(fmt::format("{}: units of {}: make no power of two, 2^-{} .. 2^-{}, but {}; calibrate anew",
                                  scales_.file, names, low, high, unit));
    return static_cast<int>(n);
  }

  /// References of every level, anchors as logits.
  void places(model::Network& q) const {
    Values references;
    for (std::size_t t = 0; t < net_.references.size(); t += 2)
      for (int l = 0; l < net_.levels; ++l)
        references.insert(references.end(), {net_.references[t], net_.references[t + 1]});
    q.reference = quantised_references(references, false);
    for (const double a : net_.anchors) {
      const double x = std::clamp(a, 1e-4, 1 - 1e-4);
      const auto logit = rounded(std::ldexp(std::log(x / (1 - x)), model::box_logit_frac_bits));
      q.anchor.push_back(std::clamp(logit, -model::box_logit_limit, model::box_logit_limit));
    }
  }

  const Network& net_;
  const Scales& scales_;
  const Config& config_;
  const Numerics& n_;
  mutable std::set<std::string> asked_;  ///< scales that were needed
};

}  // namespace

double score_unit(const Scales& scales, const std::string& self, const Network& network) {
  const double depth = static_cast<double>(network.channels) / network.heads;
  return scales.of(self + ".q") * scales.of(self + ".k") * std::numbers::log2e / std::sqrt(depth) *
         std::exp2(model::score_frac_bits);
}

Workload shape_of(const Network& network) {
  Workload shape;
  shape.file = network.file;
  shape.embed_dim = network.channels, shape.heads = network.heads, shape.levels = network.levels;
  shape.points = network.points, shape.level_shapes = network.level_shapes;
  shape.queries = shape.tokens = network.tokens();
  return shape;
}

void check_fits(const Network& network, const Config& config) {
  quillgen::check_fits(shape_of(network), config);
  const int longest = std::max(network.hidden, 128);
  if (longest > config.gemm.max_inner)
    throw UserError(
        fmt::format("{}: rows of {} numbers (ffn, sine embedding): gemm.max_inner = {} is less; set it to "
                    "{} or more",
                    network.file, longest, config.gemm.max_inner, longest));
  if (!model::by_pieces(network.activation)) return;
  const bool gelu = network.activation == model::Function::gelu;
  if (!has_activation(config.network, gelu ? only_gelu : only_silu))
    throw UserError(fmt::format(
        "{}: metadata activation = {}: the hardware has no such activation; set network.activations to {} or all",
        network.file, gelu ? "gelu" : "silu", gelu ? "gelu" : "silu"));
}

model::Network quantise(const Network& network, const Scales& scales, const Config& config, const Pruning& pruning) {
  check_fits(network, config);
  const Quantiser quantiser(network, scales, config);
  auto result = quantiser.network();
  auto left_out = quantised_pruning(pruning, config.numerics, config.pruning.count_bits);
  for (auto& layer : result.encoder) layer.attention.layer.pruning = left_out;
  left_out.share = 0;  // a decoder layer reads by the last mask of the encoder, and makes none (N20)
  for (auto& layer : result.decoder) layer.cross.layer.pruning = left_out;
  for (const auto& [name, unit] : scales.unit)
    if (!quantiser.asked(name))
      throw UserError(
          fmt::format("{}: units.{}: is no tensor of {}; calibrate anew", scales.file, shown(name), network.file));
  return result;
}

}  // namespace quillgen::network
