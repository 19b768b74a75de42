#include "fuzz/random_network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "config/derived.hpp"
#include "fuzz/draw.hpp"
#include "fuzz/random_layer.hpp"
#include "model/boxes.hpp"

namespace quillgen::fuzz {
namespace {

using model::Integers;
using model::Requant;

constexpr int sine_numbers = 128;

/// Sums and numbers of about 2^from to about 2^to.
Requant scale(Draw& draw, int from, int to) {
  const auto mult = static_cast<std::uint32_t>(draw.between(1 << 15, (1 << 16) - 1));
  return {0, mult, static_cast<std::uint32_t>(std::clamp(16 + from - to, 1, 47))};
}

class Maker {
 public:
  Maker(const Config& config, std::uint64_t seed, const std::optional<NetworkShape>& shape)
      : config_(config), n_(config.numerics), shape_(shape), draw_(seed), seed_(seed) {}

  RandomNetwork make() {
    RandomNetwork result;
    auto& net = result.network;
    const auto& a = config_.attention;
    net.channels = a.embed_dim, net.stream_bits = config_.network.stream_bits, net.query_bits = n_.query_bits;
    choose_shapes();
    const int tokens = this->tokens();
    net.queries = shape_ ? shape_->queries : draw_.between(1, std::min(tokens, 20));
    net.classes = classes_ = draw_.between(1, 6);
    hidden_ = shape_ ? shape_->hidden : draw_.between(1, std::min(config_.gemm.max_inner, 3 * a.embed_dim));
    const auto activations = config_.network.activations;
    if (activations != no_activations)
      activation_ = draw_.chance(20)                 ? model::Function::relu
                    : activations != all_activations ? function_of(activations)
                                                     : function_of(draw_.between(only_gelu, only_sigmoid));
    net.position = rows(tokens, a.embed_dim, net.stream_bits - 2);
    for (int i = 0; i < tokens * a.levels * 2; ++i) net.reference.push_back(draw_.between(0, 65536));
    for (int i = 0; i < tokens * 4; ++i) net.anchor.push_back(draw_.between(-6000, 6000));
    for (int left = shape_ ? shape_->encoder_layers : draw_.between(1, 2); left > 0; --left)
      net.encoder.push_back(encoder_layer());
    if (!shape_ && draw_.chance(50)) {
      net.listed = draw_.between(1, tokens);
      net.score_operand = operand();
      net.score = projection(a.embed_dim, 1, n_.output_bits);
    }
    net.proposal_operand = operand();
    net.proposal = projection(a.embed_dim, net.classes, n_.output_bits);
    net.content = projection(a.embed_dim, a.embed_dim, net.stream_bits);
    net.proposal_box = mlp(4, model::box_delta_bits);
    net.query_position = projection(sine_numbers, a.embed_dim, net.stream_bits);
    for (int left = shape_ ? shape_->decoder_layers : draw_.between(1, 2); left > 0; --left)
      net.decoder.push_back(decoder_layer());
    result.source = rows(tokens, a.embed_dim, net.stream_bits);
    return result;
  }

 private:
  Integers rows(int count, int length, int bits) {
    Integers all(static_cast<std::size_t>(count) * static_cast<std::size_t>(length));
    const int highest = (1 << (bits - 1)) - 1;
    for (auto& v : all)
      v = draw_.chance(2) ? draw_.pick<int>({-highest - 1, highest}) : draw_.between(-highest - 1, highest);
    return all;
  }
  void choose_shapes() {
    if (shape_) {
      levels_ = shape_->levels;
      return;
    }
    const auto& a = config_.attention;
    const int most = std::min({a.max_queries, a.max_tokens, 100});
    do {
      levels_.clear();
      for (int l = 0; l < a.levels; ++l)
        levels_.push_back({draw_.between(1, std::min(a.max_height, 8)), draw_.between(1, std::min(a.max_width, 8))});
    } while (tokens() > most);
  }
  int tokens() const {
    int sum = 0;
    for (const auto& l : levels_) sum += l.height * l.width;
    return sum;
  }

  Requant operand() { return scale(draw_, config_.network.stream_bits, n_.query_bits + draw_.between(-1, 1)); }

  model::Projection projection(int length, int outputs, int bits) {
    model::Projection p;
    p.weight = rows(outputs, length, n_.query_weight_bits);
    p.length = static_cast<std::size_t>(length), p.bits = bits;
    const int sum = n_.query_bits + n_.query_weight_bits - 3 + std::bit_width(static_cast<unsigned>(length)) / 2;
    for (int i = 0; i < outputs; ++i) {
      p.requant.push_back(scale(draw_, sum, bits - draw_.between(1, 2)));
      p.requant.back().bias = draw_.between(-(1 << std::min(sum, 30)), 1 << std::min(sum, 30));
    }
    return p;
  }
  static model::Function function_of(int activation) {
    return static_cast<model::Function>(static_cast<int>(model::Function::gelu) + activation - 1);
  }
  model::Mlp mlp(int outputs, int bits, model::Function activation = model::Function::relu) {
    model::Mlp m;
    m.operand = operand();
    const bool pieces = model::by_pieces(activation);
    m.hidden = projection(config_.attention.embed_dim, hidden_, pieces ? model::activation_bits - 2 : n_.query_bits);
    m.hidden.bits = n_.query_bits;
    m.hidden.activation.function = activation;
    if (pieces) m.hidden.activation.scale = scale(draw_, model::activation_bits - 1, n_.query_bits);
    m.output = projection(hidden_, outputs, bits);
    return m;
  }
  model::Norm norm() {
    model::Norm norm;
    const int bits = config_.network.stream_bits;
    norm.shift = 11 + draw_.between(0, 3);
    norm.epsilon = draw_.between(1, 100000);
    for (int c = 0; c < config_.attention.embed_dim; ++c) {
      norm.gamma.push_back(draw_.between(1, (1 << std::min(bits - 3 + norm.shift - 11, 14))));
      norm.beta.push_back(draw_.between(-(1 << (bits - 3 + 11)), 1 << (bits - 3 + 11)));
    }
    return norm;
  }
  model::StreamAttention attention() {
    Case c;
    c.config = config_;
    c.workload.content = seed_ + ++layers_ * 1000;
    c.workload.norm = usual_norm;
    for (std::size_t l = 0; l < levels_.size(); ++l)
      c.workload.width[l] = levels_[l].width, c.workload.height[l] = levels_[l].height;
    model::StreamAttention a;
    a.layer = random_layer(c, 0);
    for (auto* tensor : {&a.layer.query, &a.layer.source, &a.layer.reference}) tensor->clear();
    a.layer.stream = {};
    a.layer.padding.clear();
    a.query = operand();
    a.source = scale(draw_, config_.network.stream_bits, n_.feature_bits + draw_.between(-1, 1));
    return a;
  }
  model::EncoderLayer encoder_layer() {
    model::EncoderLayer layer;
    layer.attention = attention();
    if (config_.pruning.count_bits > 0) {
      Draw draw(seed_ + layers_ * 1000 + 9);
      auto& pruning = layer.attention.layer.pruning;
      pruning.count_bits = config_.pruning.count_bits;
      pruning.share = draw.chance(20) ? 0 : std::int64_t{draw.between(1, 3)} << (model::share_frac_bits - 1);
    }
    layer.norm1 = norm();
    layer.ffn = mlp(config_.attention.embed_dim, branch_bits(config_), activation_);
    layer.norm2 = norm();
    return layer;
  }
  model::DecoderLayer decoder_layer() {
    const int channels = config_.attention.embed_dim;
    model::DecoderLayer layer;
    layer.self_query = operand(), layer.self_source = operand();
    for (auto* p : {&layer.query, &layer.key, &layer.value}) *p = projection(channels, channels, n_.query_bits);
    layer.output = projection(channels, channels, branch_bits(config_));
    layer.self.heads = config_.attention.heads, layer.self.operand_bits = n_.query_bits;
    const int depth_bits = std::bit_width(static_cast<unsigned>(config_.attention.head_dim()));
    layer.self.score_shift =
        std::clamp(2 * n_.query_bits - 2 + depth_bits / 2 - model::score_bits + draw_.between(0, 3), 1, 40);
    layer.self.gain = draw_.between(0, 2);
    layer.norm2 = norm();
    layer.cross = attention();
    layer.norm1 = norm();
    layer.ffn = mlp(channels, branch_bits(config_), activation_);
    layer.norm3 = norm();
    layer.box = mlp(4, model::box_delta_bits);
    layer.classes_operand = operand();
    layer.classes = projection(channels, classes_, n_.output_bits);
    return layer;
  }

  const Config& config_;
  const Numerics& n_;
  const std::optional<NetworkShape>& shape_;
  Draw draw_;
  std::uint64_t seed_, layers_ = 0;
  std::vector<model::LevelShape> levels_ = {};
  int hidden_ = 1, classes_ = 0;
  model::Function activation_ = model::Function::relu;  // of FFNs
};

}  // namespace

RandomNetwork random_network(const Config& config, std::uint64_t seed, const std::optional<NetworkShape>& shape) {
  return Maker(config, seed, shape).make();
}

}  // namespace quillgen::fuzz
