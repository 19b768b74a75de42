#include "network/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "reference/quantise.hpp"

namespace quillgen::network {

double Noise::sqnr_db() const { return noise == 0 ? HUGE_VAL : 10 * std::log10(signal / noise); }

void Evaluator::add(const Scene& scene) {
  std::vector<std::pair<std::string, model::Integers>> tensors;
  const auto source = quantised(scene.source, scales_.of("encoder.input"), config_.network.stream_bits);
  const auto found = model::run(integers_, source, [&](const std::string& name, std::span<const std::int32_t> values) {
    tensors.emplace_back(name, model::Integers(values.begin(), values.end()));
  });

  const auto whole = run_float(net_, {}, scene.source);
  const auto exact = pruning_.any() ? run_float(net_, pruning_, scene.source) : whole;
  // The results that came with a scene are those of the network as it was trained.
  if (net_.pruning == pruning_) compare_expected(scene, exact);
  else compare_expected(scene, net_.pruning.any() ? run_float(net_, net_.pruning, scene.source) : whole);
  model::add(sums_.dropped, found.dropped), model::add(sums_.dropped_float, exact.dropped);
  ++sums_.scenes;
  sums_.queries += net_.queries;
  for (const int q : exact.queries) sums_.shared_queries += std::ranges::count(found.queries, q);

  // Both with the same tokens and pixels, or their rows could not be compared.
  std::size_t next = 0;
  const Decisions decided{found.list, found.queries, found.masks};
  const auto compare = [&](const std::string& name, std::span<const double> values) {
    const auto& [same_name, integers] = tensors.at(next++);
    if (same_name != name || integers.size() != values.size())
      throw std::logic_error("tensor " + name + " is not computed in the same order");
    auto& noise = sums_.tensors[name];
    noise.bits = scale_bits(scale_name(name), config_);
    const double unit = scales_.of(name);
    for (std::size_t i = 0; i < values.size(); ++i) noise.add(values[i], integers[i] * unit);
  };
  run_float(net_, pruning_, scene.source, compare, &decided);

  Values logits, boxes;
  const double unit = scales_.of("decoder." + std::to_string(net_.decoder.size() - 1) + ".classes");
  for (const auto x : found.logits) logits.push_back(x * unit);
  for (const auto x : found.boxes) boxes.push_back(std::ldexp(x, -16));
  found_.add(detections(logits, boxes, net_.classes), scene.objects);
  found_float_.add(detections(whole.logits, whole.boxes, net_.classes), scene.objects);
  found_float_pruned_.add(detections(exact.logits, exact.boxes, net_.classes), scene.objects);
}

void Evaluator::compare_expected(const Scene& scene, const FloatDetections& results) {
  if (scene.expected_logits.empty() || scene.expected_boxes.empty() || scene.expected_queries.empty()) return;
  if (!sums_.expected) sums_.expected.emplace();
  auto& e = *sums_.expected;
  ++e.scenes;
  // The same queries may come in another order.
  const auto sorted = [](const std::vector<int>& queries) {
    std::map<int, std::size_t> rows;
    for (std::size_t row = 0; row < queries.size(); ++row) rows[queries[row]] = row;
    return rows;
  };
  const auto theirs = sorted(scene.expected_queries), ours = sorted(results.queries);
  if (!std::ranges::equal(theirs, ours, {}, &std::pair<const int, std::size_t>::first,
                          &std::pair<const int, std::size_t>::first))
    return;
  ++e.same_queries;
  const auto classes = static_cast<std::size_t>(net_.classes);
  for (const auto& [query, row] : ours) {
    const auto theirs_row = theirs.at(query);
    for (std::size_t i = 0; i < classes; ++i)
      e.logits.add(scene.expected_logits[theirs_row * classes + i], results.logits[row * classes + i]);
    for (std::size_t i = 0; i < 4; ++i)
      e.boxes.add(scene.expected_boxes[theirs_row * 4 + i], results.boxes[row * 4 + i]);
  }
}

Evaluation Evaluator::result() const {
  auto e = sums_;
  e.ap = found_.mean(), e.ap50 = found_.at(0.5);
  e.ap_float = found_float_.mean(), e.ap50_float = found_float_.at(0.5);
  e.ap_float_pruned = found_float_pruned_.mean(), e.ap50_float_pruned = found_float_pruned_.at(0.5);
  return e;
}

}  // namespace quillgen::network
