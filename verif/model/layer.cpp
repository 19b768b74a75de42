// What a quantised layer must satisfy before the model runs it: sizes, formats, bounds of the accumulators.
#include "model/layer.hpp"

#include <algorithm>
#include <numeric>

#include "model/check.hpp"

namespace quillgen::model {

std::vector<int> QuantisedLayer::wanted() const {
  if (!index_list.empty()) return index_list;
  std::vector<int> all(static_cast<std::size_t>(queries));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void validate(const QuantisedLayer& layer) {
  const auto& a = layer.attention;
  const auto& n = layer.numerics;
  const int c = a.embed_dim, samples = a.samples_per_query();
  check(c > 0 && a.heads > 0 && c % a.heads == 0 && a.samples_per_head() > 0, "layer: dimensions");
  check(layer.queries > 0, "layer: no queries");
  check(std::ranges::all_of(layer.index_list, [&](int i) { return i >= 0 && i < layer.queries; }),
        "layer: an index of the list");
  check(static_cast<int>(layer.levels.size()) == a.levels, "layer: number of levels");
  check(std::all_of(layer.levels.begin(), layer.levels.end(),
                    [](LevelShape l) { return l.height > 0 && l.height <= 1024 && l.width > 0 && l.width <= 1024; }),
        "layer: level side out of 1..1024");
  check(has_shape(layer.query, layer.queries, c) && all_fit(layer.query, n.query_bits), "layer: query");
  check(has_shape(layer.reference, layer.queries, a.levels * a.anchors * layer.reference_numbers()),
        "layer: reference");
  for (std::size_t i = 0; layer.boxes && i < layer.reference.size(); ++i)
    check(i % 4 < 2 || (layer.reference[i] >= 0 && layer.reference[i] < 1 << 17), "layer: size of a box");
  check(layer.padding.empty() || has_shape(layer.padding, layer.tokens(), 1), "layer: padding");
  check(layer.image_padding.empty() || has_shape(layer.image_padding, layer.tokens(), 1),
        "layer: padding of the image");
  const auto& p = layer.pruning;
  check(p.range.empty() || static_cast<int>(p.range.size()) == a.levels, "layer: ranges of the levels");
  check(std::ranges::all_of(p.range, [](int r) { return r >= 0 && r <= largest_range; }), "layer: range of a level");
  check(p.threshold >= 0 && p.threshold <= (1 << n.attention_bits) + 1, "layer: threshold of points");
  check(p.share >= 0 && p.share < std::int64_t{1} << 32 && p.count_bits >= 1 && p.count_bits <= 32,
        "layer: share of pixels");
  check(has_shape(layer.source, layer.tokens(), c) && all_fit(layer.source, n.feature_bits), "layer: source");
  check(layer.map.empty() || (has_shape(layer.map, layer.tokens(), c) && all_fit(layer.map, n.feature_bits)),
        "layer: map");
  check(has_shape(layer.value_weight, c, c) && all_fit(layer.value_weight, n.feature_weight_bits),
        "layer: value_weight");
  check(has_shape(layer.offset_weight, samples * 2, c) && all_fit(layer.offset_weight, n.query_weight_bits),
        "layer: offset_weight");
  check(has_shape(layer.logit_weight, samples, c) && all_fit(layer.logit_weight, n.query_weight_bits),
        "layer: logit_weight");
  check(has_shape(layer.output_weight, c, c) && all_fit(layer.output_weight, n.output_weight_bits),
        "layer: output_weight");
  check(has_shape(layer.value_requant, c, 1) && all_legal(layer.value_requant), "layer: value_requant");
  check(has_shape(layer.offset_requant, samples * 2, 1) && all_legal(layer.offset_requant), "layer: offset_requant");
  check(has_shape(layer.logit_requant, samples, 1) && all_legal(layer.logit_requant), "layer: logit_requant");
  check(has_shape(layer.head_requant, c, 1) && all_legal(layer.head_requant), "layer: head_requant");
  check(has_shape(layer.output_requant, c, 1) && all_legal(layer.output_requant), "layer: output_requant");
  check(std::all_of(layer.head_requant.begin(), layer.head_requant.end(), [](const Requant& r) { return r.bias == 0; }),
        "layer: head_requant has a bias");
  const auto& s = layer.stream;
  check(!s.query || form_operands(s.queries, s.positions, *s.query, n.query_bits) == layer.query,
        "layer: operands of queries");
  check(!s.source || form_operands(s.sources, {}, *s.source, n.feature_bits) == layer.source,
        "layer: operands of sources");
  check(!s.norm ||
            (n.output_bits == s.bits + 2 && has_shape(s.residual, layer.queries, c) && all_fit(s.residual, s.bits)),
        "layer: residual");
  check(n.attention_bits + 2 * n.interp_frac_bits >= n.corner_bits && 2 * a.samples_per_head() <= 1 << n.corner_bits,
        "layer: corner_bits");
}

}  // namespace quillgen::model
