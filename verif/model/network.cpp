#include "model/network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "model/boxes.hpp"
#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {
namespace {

/// N12, of rows without positions.
Integers operands(const Integers& rows, const Requant& r, int bits) { return form_operands(rows, {}, r, bits); }

Integers gather(const Integers& rows, const std::vector<int>& list, std::size_t length) {
  Integers result;
  for (const int i : list) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * length);
    result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(length));
  }
  return result;
}

Integers project(const Projection& p, const Integers& rows) {
  auto result =
      linear(rows, p.weight, p.requant, p.length, by_pieces(p.activation.function) ? activation_bits : p.bits);
  for (auto& y : result) y = activate(p.activation, y, p.bits);
  return result;
}

/// A network at work on one scene.
class Run {
 public:
  Run(const Network& network, const ObserveIntegers& observe, const Decisions* decided)
      : net_(network), observe_(observe), decided_(decided) {}

  Detections detect(const Integers& source) {
    check(source.size() == net_.position.size() && all_fit(source, net_.stream_bits), "network: source");
    seen("encoder.input", source);
    Detections result;
    result.list = chosen_tokens(source);
    memory_ = source;
    for (std::size_t i = 0; i < net_.encoder.size(); ++i) encode(i, result.list);
    result.queries = propose();
    for (std::size_t i = 0; i < net_.decoder.size(); ++i) decode(i);
    result.boxes = references();
    result.logits = classes_;
    result.masks = std::move(masks_), result.dropped = std::move(dropped_);
    return result;
  }

 private:
  const Integers& seen(const std::string& name, const Integers& values) const {
    if (observe_) observe_(name, values);
    return values;
  }

  std::vector<int> chosen_tokens(const Integers& source) const {
    if (net_.listed == 0) return {};
    const auto operand = seen("score_operand", operands(source, net_.score_operand, net_.query_bits));
    const auto score = seen("score", project(net_.score, operand));
    return decided_ ? decided_->list : best_rows(score, 1, static_cast<std::size_t>(net_.listed));
  }

  Integers mlp(const std::string& name, const Mlp& m, const Integers& rows) const {
    const auto operand = seen(name + ".operand", operands(rows, m.operand, net_.query_bits));
    return project(m.output, seen(name + ".hidden", project(m.hidden, operand)));
  }

  /// MSDeformAttn of query rows `x`, positions added, over the map of source rows.
  Integers attend(const std::string& name, const StreamAttention& a, const Integers& x, const Integers& positions,
                  const Integers& source, const Integers& reference, bool boxes) {
    QuantisedLayer layer = a.layer;
    layer.query = seen(name + ".query", form_operands(x, positions, a.query, layer.numerics.query_bits));
    layer.source = seen(name + ".source", operands(source, a.source, layer.numerics.feature_bits));
    layer.reference = reference;
    layer.boxes = boxes;
    layer.queries = static_cast<int>(x.size() / channels());
    if (!masks_.empty()) layer.padding = masks_.back();
    const auto stages = run_without_lines(layer);
    seen(name + ".value", stages.value);
    seen(name + ".heads", stages.head);
    if (layer.pruning.share > 0)
      masks_.push_back(decided_ ? decided_->masks.at(masks_.size())
                                : dropped_pixels(stages.reads, layer.levels, layer.pruning));
    count_dropped(layer, stages);
    return stages.output;
  }

  void count_dropped(const QuantisedLayer& layer, const Stages& stages) {
    dropped_.resize(layer.levels.size());
    const auto points = dropped_points(layer, stages);
    for (std::size_t l = 0; l < points.size(); ++l)
      (layer.boxes ? dropped_[l].decoder_points : dropped_[l].encoder_points) += points[l];
    if (layer.pruning.share == 0) return;
    const auto pixels = count_mask(masks_.back(), layer.levels);
    for (std::size_t l = 0; l < pixels.size(); ++l) dropped_[l].pixels += pixels[l];
  }

  void encode(std::size_t index, const std::vector<int>& list) {
    const auto& layer = net_.encoder[index];
    const auto name = fmt::format("encoder.{}", index);
    const auto rows = [&](const Integers& all, std::size_t length) {
      return list.empty() ? all : gather(all, list, length);
    };
    auto x = rows(memory_, channels());
    const auto levels = layer.attention.layer.levels.size();
    const auto branch = attend(name, layer.attention, x, rows(net_.position, channels()), memory_,
                               rows(net_.reference, 2 * levels), false);
    x = seen(name + ".norm1", add_and_norm(x, branch, layer.norm1, net_.stream_bits));
    x = seen(name + ".norm2", add_and_norm(x, mlp(name + ".ffn", layer.ffn, x), layer.norm2, net_.stream_bits));
    if (list.empty()) memory_ = std::move(x);
    else
      for (std::size_t i = 0; i < list.size(); ++i)
        std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(i * channels()), channels(),
                    memory_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(list[i]) * channels()));
  }

  std::vector<int> propose() {
    const auto operand = seen("proposal.operand", operands(memory_, net_.proposal_operand, net_.query_bits));
    const auto scores = seen("proposal.classes", project(net_.proposal, operand));
    const auto chosen =
        decided_ ? decided_->queries
                 : best_rows(scores, static_cast<std::size_t>(net_.classes), static_cast<std::size_t>(net_.queries));
    boxes_ = gather(net_.anchor, chosen, 4);
    move_boxes(mlp("proposal.box", net_.proposal_box, gather(memory_, chosen, channels())));
    target_ = seen("decoder.content", project(net_.content, gather(operand, chosen, channels())));
    return chosen;
  }

  void decode(std::size_t index) {
    const auto& layer = net_.decoder[index];
    const auto name = fmt::format("decoder.{}", index);
    const auto boxes = references();
    const auto position =
        seen(name + ".position", project(net_.query_position, sine_embedding(boxes, net_.query_bits)));

    const auto with_position =
        seen(name + ".self.query", form_operands(target_, position, layer.self_query, net_.query_bits));
    const auto alone = seen(name + ".self.source", operands(target_, layer.self_source, net_.query_bits));
    const auto q = seen(name + ".self.q", project(layer.query, with_position)),
               k = seen(name + ".self.k", project(layer.key, with_position)),
               v = seen(name + ".self.v", project(layer.value, alone));
    const auto heads = run_self_attention(layer.self, q, k, v, channels());
    add(project(layer.output, seen(name + ".self.heads", heads)), layer.norm2, name + ".norm2");

    const auto levels = layer.cross.layer.levels.size();
    Integers reference;
    for (std::size_t q = 0; q < boxes.size(); q += 4)
      for (std::size_t l = 0; l < levels; ++l) reference.insert(reference.end(), &boxes[q], &boxes[q] + 4);
    add(attend(name + ".cross", layer.cross, target_, position, memory_, reference, true), layer.norm1,
        name + ".norm1");
    add(mlp(name + ".ffn", layer.ffn, target_), layer.norm3, name + ".norm3");
    move_boxes(mlp(name + ".box", layer.box, target_));
    const auto operand = operands(target_, layer.classes_operand, net_.query_bits);
    classes_ = seen(name + ".classes", project(layer.classes, operand));
  }

  void add(const Integers& branch, const Norm& norm, const std::string& name) {
    target_ = seen(name, add_and_norm(target_, branch, norm, net_.stream_bits));
  }

  void move_boxes(const Integers& deltas) {
    for (std::size_t i = 0; i < boxes_.size(); ++i) boxes_[i] = refine(boxes_[i], deltas[i]);
  }
  Integers references() const {
    Integers result;
    for (const auto logit : boxes_) result.push_back(box_reference(logit));
    return result;
  }

  std::size_t channels() const { return static_cast<std::size_t>(net_.channels); }

  const Network& net_;
  const ObserveIntegers& observe_;
  const Decisions* decided_;
  Integers memory_;   ///< [S, C], the encoder's stream
  Integers target_;   ///< [Q, C], the decoder's stream
  Integers boxes_;    ///< [Q, 4], box logits
  Integers classes_;  ///< [Q, classes] of the layer before
  std::vector<Mask> masks_ = {};
  DroppedByLevel dropped_ = {};
};

}  // namespace

Detections run(const Network& network, const Integers& source, const ObserveIntegers& observe,
               const Decisions* decided) {
  return Run(network, observe, decided).detect(source);
}

std::vector<int> best_rows(std::span<const std::int32_t> scores, std::size_t columns, std::size_t count) {
  const std::size_t rows = scores.size() / columns;
  check(count <= rows, "N18: more rows wanted than there are");
  Integers best;
  for (std::size_t r = 0; r < rows; ++r)
    best.push_back(*std::ranges::max_element(scores.subspan(r * columns, columns)));
  std::vector<int> order(rows);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](int r) { return best[static_cast<std::size_t>(r)]; });
  order.resize(count);
  return order;
}

Integers sine_embedding(std::span<const std::int32_t> boxes, int bits) {
  constexpr int numbers = 32;
  const double unit = std::exp2(bits - 1) - 1;
  Integers result;
  for (const auto v : boxes)
    for (int j = 0; j < numbers; ++j) {
      const double period = std::pow(1000.0, 2.0 * (j / 2) / numbers);
      const double angle = std::ldexp(v, -16) * 6 * std::numbers::pi / period;
      result.push_back(
          static_cast<std::int32_t>(std::floor((j % 2 == 0 ? std::sin(angle) : std::cos(angle)) * unit + 0.5)));
    }
  return result;
}

}  // namespace quillgen::model
