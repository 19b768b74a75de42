#include "network/float_network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "reference/reference.hpp"

namespace quillgen::network {
namespace {

/// rows x weight^T + bias: [R, K] -> [R, N].
Values evaluate(const Linear& layer, const Values& rows) {
  const std::size_t outputs = layer.bias.size(), length = layer.weight.size() / outputs, count = rows.size() / length;
  Values result(count * outputs);
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t n = 0; n < outputs; ++n)
      result[r * outputs + n] =
          std::inner_product(&rows[r * length], &rows[r * length] + length, &layer.weight[n * length], layer.bias[n]);
  return result;
}

Values plus(Values a, const Values& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Values normalised(Values rows, const Norm& norm, double epsilon) {
  const std::size_t channels = norm.gamma.size();
  for (std::size_t first = 0; first < rows.size(); first += channels) {
    double mean = 0, variance = 0;
    for (std::size_t c = 0; c < channels; ++c) mean += rows[first + c] / static_cast<double>(channels);
    for (std::size_t c = 0; c < channels; ++c)
      variance += (rows[first + c] - mean) * (rows[first + c] - mean) / static_cast<double>(channels);
    for (std::size_t c = 0; c < channels; ++c)
      rows[first + c] = (rows[first + c] - mean) / std::sqrt(variance + epsilon) * norm.gamma[c] + norm.beta[c];
  }
  return rows;
}

Values chosen_rows(const Values& rows, const std::vector<int>& list, std::size_t length) {
  Values result;
  for (const int i : list) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * length);
    result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(length));
  }
  return result;
}

/// The `count` rows whose largest number is largest, in that order.
std::vector<int> highest_rows(const Values& scores, std::size_t columns, int count) {
  std::vector<int> order(scores.size() / columns);
  std::iota(order.begin(), order.end(), 0);
  const auto best = [&](int r) {
    const double* row = &scores[static_cast<std::size_t>(r) * columns];
    return *std::max_element(row, row + columns);
  };
  std::ranges::stable_sort(order, std::greater<>(), best);
  order.resize(static_cast<std::size_t>(count));
  return order;
}

double inverse_sigmoid(double x) {
  x = std::clamp(x, 1e-4, 1 - 1e-4);
  return std::log(x / (1 - x));
}

/// 32 numbers a coordinate, sine and cosine in turn.
Values sine(const Values& boxes) {
  Values result;
  for (const double v : boxes)
    for (int j = 0; j < 32; ++j) {
      const double angle = v * 6 * std::numbers::pi / std::pow(1000.0, 2.0 * (j / 2) / 32);
      result.push_back(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  return result;
}

/// Softmax attention of every row to every row, heads side by side.
Values self_attention(const Values& query, const Values& key, const Values& value, std::size_t channels,
                      std::size_t heads) {
  const std::size_t rows = query.size() / channels, depth = channels / heads;
  Values result(query.size()), weight(rows);
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t r = 0; r < rows; ++r) {
      const double* q = &query[r * channels + h * depth];
      for (std::size_t k = 0; k < rows; ++k)
        weight[k] = std::inner_product(q, q + depth, &key[k * channels + h * depth], 0.0) /
                    std::sqrt(static_cast<double>(depth));
      const double max = *std::ranges::max_element(weight);
      double sum = 0;
      for (auto& w : weight) sum += w = std::exp(w - max);
      for (std::size_t k = 0; k < rows; ++k)
        for (std::size_t d = 0; d < depth; ++d)
          result[r * channels + h * depth + d] += weight[k] / sum * value[k * channels + h * depth + d];
    }
  return result;
}

class FloatRun {
 public:
  FloatRun(const Network& network, const Pruning& pruning, const Observe& observe, const Decisions* decided)
      : net_(network), encoder_pruning_(pruning), decoder_pruning_(pruning), observe_(observe), decided_(decided) {
    decoder_pruning_.pixels = 0;  // it reads by the last mask of the encoder, and makes none
  }

  FloatDetections detect(const Values& source) {
    FloatDetections result;
    memory_ = seen("encoder.input", source);
    result.list = chosen_tokens(source);
    for (std::size_t i = 0; i < net_.encoder.size(); ++i) encode(i, result.list);
    result.queries = propose();
    for (std::size_t i = 0; i < net_.decoder.size(); ++i) decode(i);
    result.logits = classes_, result.boxes = boxes_;
    result.masks = std::move(masks_), result.dropped = std::move(dropped_);
    return result;
  }

 private:
  const Values& seen(const std::string& name, const Values& values) const {
    if (observe_) observe_(name, values);
    return values;
  }

  std::vector<int> chosen_tokens(const Values& source) const {
    if (!net_.score) return {};
    const auto score = seen("score", evaluate(*net_.score, seen("score_operand", source)));
    return decided_ ? decided_->list : highest_rows(score, 1, net_.listed());
  }

  Values mlp(const std::string& name, const Mlp& m, const Values& rows,
             model::Function activation = model::Function::relu) const {
    auto hidden = evaluate(m.hidden, seen(name + ".operand", rows));
    for (auto& h : hidden) h = model::exact(activation, h);
    return evaluate(m.output, seen(name + ".hidden", hidden));
  }

  Values attend(const std::string& name, const DeformableAttention& a, const Values& query, const Values& source,
                const Values& references, bool boxes) {
    Workload w;
    w.embed_dim = net_.channels, w.heads = net_.heads, w.levels = net_.levels, w.points = net_.points;
    w.queries = static_cast<int>(query.size() / channels()), w.tokens = net_.tokens();
    w.level_shapes = net_.level_shapes;
    w.query = seen(name + ".query", query), w.source = seen(name + ".source", source);
    w.boxes = boxes;
    const std::size_t numbers = boxes ? 4 : 2;
    for (std::size_t q = 0; q < references.size(); q += numbers)
      for (int l = 0; l < net_.levels; ++l)
        w.reference_points.insert(w.reference_points.end(), &references[q], &references[q] + numbers);
    w.value_weight = a.value.weight, w.value_bias = a.value.bias;
    w.offset_weight = a.offsets.weight, w.offset_bias = a.offsets.bias;
    w.logit_weight = a.logits.weight, w.logit_bias = a.logits.bias;
    w.output_weight = a.output.weight, w.output_bias = a.output.bias;
    if (!masks_.empty()) w.padding = masks_.back();
    const auto& pruning = boxes ? decoder_pruning_ : encoder_pruning_;
    const auto stages = run_reference(w, pruning);
    seen(name + ".value", stages.value);
    seen(name + ".heads", stages.core_output);
    if (pruning.pixels > 0)
      masks_.push_back(decided_ ? decided_->masks.at(masks_.size())
                                : dropped_pixels(stages.reads, w.level_shapes, pruning.pixels));
    count_dropped(w, stages);
    return stages.output;
  }

  void count_dropped(const Workload& w, const ReferenceStages& stages) {
    dropped_.resize(w.level_shapes.size());
    const auto points = dropped_points(w, stages, w.boxes ? decoder_pruning_ : encoder_pruning_);
    for (std::size_t l = 0; l < points.size(); ++l)
      (w.boxes ? dropped_[l].decoder_points : dropped_[l].encoder_points) += points[l];
    if (w.boxes || masks_.empty()) return;
    const auto pixels = model::count_mask(masks_.back(), w.level_shapes);
    for (std::size_t l = 0; l < pixels.size(); ++l) dropped_[l].pixels += pixels[l];
  }

  void encode(std::size_t index, const std::vector<int>& list) {
    const auto& layer = net_.encoder[index];
    const auto name = fmt::format("encoder.{}", index);
    const auto rows = [&](const Values& all, std::size_t length) {
      return list.empty() ? all : chosen_rows(all, list, length);
    };
    auto x = rows(memory_, channels());
    const auto query = plus(x, rows(net_.position, channels()));
    x = normalised(plus(x, attend(name, layer.attention, query, memory_, rows(net_.references, 2), false)), layer.norm1,
                   net_.norm_epsilon);
    seen(name + ".norm1", x);
    x = seen(name + ".norm2",
             normalised(plus(x, mlp(name + ".ffn", layer.ffn, x, net_.activation)), layer.norm2, net_.norm_epsilon));
    if (list.empty()) memory_ = std::move(x);
    else
      for (std::size_t i = 0; i < list.size(); ++i)
        std::copy_n(&x[i * channels()], channels(), &memory_[static_cast<std::size_t>(list[i]) * channels()]);
  }

  std::vector<int> propose() {
    const auto scores = seen("proposal.classes", evaluate(net_.proposal, seen("proposal.operand", memory_)));
    const auto chosen =
        decided_ ? decided_->queries : highest_rows(scores, static_cast<std::size_t>(net_.classes), net_.queries);
    boxes_ = chosen_rows(net_.anchors, chosen, 4);
    move_boxes(mlp("proposal.box", net_.proposal_box, chosen_rows(memory_, chosen, channels())));
    target_ = seen("decoder.content", evaluate(net_.content, chosen_rows(memory_, chosen, channels())));
    return chosen;
  }

  void decode(std::size_t index) {
    const auto& layer = net_.decoder[index];
    const auto name = fmt::format("decoder.{}", index);
    const auto position = seen(name + ".position", evaluate(net_.query_position, sine(boxes_)));
    const auto with_position = seen(name + ".self.query", plus(target_, position));
    const auto alone = seen(name + ".self.source", target_);
    const auto q = seen(name + ".self.q", evaluate(layer.query, with_position)),
               k = seen(name + ".self.k", evaluate(layer.key, with_position)),
               v = seen(name + ".self.v", evaluate(layer.value, alone));
    const auto heads = self_attention(q, k, v, channels(), static_cast<std::size_t>(net_.heads));
    add(evaluate(layer.output, seen(name + ".self.heads", heads)), layer.norm2, name + ".norm2");
    add(attend(name + ".cross", layer.cross, plus(target_, position), memory_, boxes_, true), layer.norm1,
        name + ".norm1");
    add(mlp(name + ".ffn", layer.ffn, target_, net_.activation), layer.norm3, name + ".norm3");
    move_boxes(mlp(name + ".box", layer.box, target_));
    classes_ = seen(name + ".classes", evaluate(layer.classes, target_));
  }

  void add(const Values& branch, const Norm& norm, const std::string& name) {
    target_ = seen(name, normalised(plus(target_, branch), norm, net_.norm_epsilon));
  }
  void move_boxes(const Values& deltas) {
    for (std::size_t i = 0; i < boxes_.size(); ++i)
      boxes_[i] = 1 / (1 + std::exp(-(deltas[i] + inverse_sigmoid(boxes_[i]))));
  }

  std::size_t channels() const { return static_cast<std::size_t>(net_.channels); }

  const Network& net_;
  Pruning encoder_pruning_, decoder_pruning_;
  const Observe& observe_;
  const Decisions* decided_;
  Values memory_;   ///< [S, C]
  Values target_;   ///< [Q, C]
  Values boxes_;    ///< [Q, 4]
  Values classes_;  ///< [Q, classes]
  std::vector<model::Mask> masks_ = {};
  model::DroppedByLevel dropped_ = {};
};

}  // namespace

FloatDetections run_float(const Network& network, const Pruning& pruning, const Values& source, const Observe& observe,
                          const Decisions* decided) {
  return FloatRun(network, pruning, observe, decided).detect(source);
}

}  // namespace quillgen::network
