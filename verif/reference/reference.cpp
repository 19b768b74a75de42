#include "reference/reference.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace quillgen {
namespace {

using Values = std::vector<double>;

/// rows x weight^T + bias: [R, length] and [N, length] -> [R, N].
Values linear(const Values& rows, const Values& weight, const Values& bias, std::size_t length) {
  const std::size_t count = rows.size() / length, outputs = bias.size();
  Values result(count * outputs);
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t n = 0; n < outputs; ++n) {
      double sum = bias[n];
      for (std::size_t k = 0; k < length; ++k) sum += rows[r * length + k] * weight[n * length + k];
      result[r * outputs + n] = sum;
    }
  return result;
}

/// Softmax of each run of `length` logits.
Values softmax(const Values& logits, std::size_t length) {
  Values result(logits.size());
  for (std::size_t first = 0; first < logits.size(); first += length) {
    const double max = *std::max_element(&logits[first], &logits[first] + length);
    double sum = 0;
    for (std::size_t j = 0; j < length; ++j) sum += result[first + j] = std::exp(logits[first + j] - max);
    for (std::size_t j = 0; j < length; ++j) result[first + j] /= sum;
  }
  return result;
}

/// A level of the value map; pixels outside read as nothing.
struct Level {
  const double* value;  ///< first channel of the head in question of the first pixel
  std::size_t channels;
  model::LevelShape shape;

  /// Calls visit(pixel, weight) for the corners of the sample at (x, y) inside the map; a weight may be 0.
  template <typename Visit>
  void for_each_corner(double x, double y, double weight, Visit visit) const {
    if (x < -1 || y < -1 || x >= shape.width || y >= shape.height) return;
    const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) {
        const int px = x0 + j, py = y0 + i;
        if (px < 0 || py < 0 || px >= shape.width || py >= shape.height) continue;
        const double w = weight * (1 - std::abs(x - px)) * (1 - std::abs(y - py));
        visit(static_cast<std::size_t>(py * shape.width + px), w);
      }
  }
  /// Adds `weight` times the bilinear sample at (x, y) to sum[0 .. head_dim - 1].
  void add_sample(double x, double y, double weight, double* sum, std::size_t head_dim) const {
    for_each_corner(x, y, weight, [&](std::size_t pixel, double w) {
      for (std::size_t d = 0; d < head_dim; ++d) sum[d] += w * value[pixel * channels + d];
    });
  }
};

/// Calls visit(sample, query, head, level, point) for every sample in order, `sample` counting all of them.
template <typename Visit>
void for_each_sample(const Workload& w, Visit visit) {
  std::size_t sample = 0;
  for (std::size_t q = 0; q < static_cast<std::size_t>(w.queries); ++q)
    for (std::size_t m = 0; m < static_cast<std::size_t>(w.heads); ++m)
      for (std::size_t l = 0; l < static_cast<std::size_t>(w.levels); ++l)
        for (int k = 0; k < w.points_of(l); ++k) visit(sample++, q, m, l, k);
}

Values locate(const Workload& w, const Values& offsets, const std::vector<int>& range) {
  Values result(offsets.size());
  const auto anchors = static_cast<std::size_t>(w.anchors);
  for_each_sample(w, [&](std::size_t s, std::size_t q, std::size_t, std::size_t l, int k) {
    const auto anchor = (q * w.level_shapes.size() + l) * anchors + static_cast<std::size_t>(k) % anchors;
    const double* reference = &w.reference_points[(w.boxes ? 4 : 2) * anchor];
    const double sides[] = {static_cast<double>(w.level_shapes[l].width),
                            static_cast<double>(w.level_shapes[l].height)};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double scale = w.boxes ? reference[2 + axis] * sides[axis] / (2.0 * w.points) : 1;
      double move = offsets[2 * s + axis] * scale;
      if (!range.empty()) move = std::clamp(move, -1.0 * range[l], 1.0 * range[l]);
      result[2 * s + axis] = reference[axis] * sides[axis] + move - 0.5;
    }
  });
  return result;
}

/// Row of the value map where each level begins.
std::vector<std::size_t> first_tokens(const Workload& w) {
  std::vector<std::size_t> first_token(w.level_shapes.size());
  for (std::size_t l = 1; l < first_token.size(); ++l)
    first_token[l] = first_token[l - 1] + static_cast<std::size_t>(w.level_shapes[l - 1].height) *
                                              static_cast<std::size_t>(w.level_shapes[l - 1].width);
  return first_token;
}

Values aggregate(const Workload& w, const ReferenceStages& st, double least_weight) {
  const auto channels = static_cast<std::size_t>(w.embed_dim), head_dim = channels / static_cast<std::size_t>(w.heads);
  const auto first_token = first_tokens(w);
  Values result(static_cast<std::size_t>(w.queries) * channels);
  for_each_sample(w, [&](std::size_t s, std::size_t q, std::size_t m, std::size_t l, int) {
    if (st.attention[s] < least_weight) return;
    const Level level{&st.value[first_token[l] * channels + m * head_dim], channels, w.level_shapes[l]};
    level.add_sample(st.locations[2 * s], st.locations[2 * s + 1], st.attention[s],
                     &result[q * channels + m * head_dim], head_dim);
  });
  return result;
}

/// How often each query is computed.
std::vector<int> times_wanted(const Workload& w) {
  std::vector<int> times(static_cast<std::size_t>(w.queries));
  for (const int query : w.wanted()) ++times[static_cast<std::size_t>(query)];
  return times;
}

std::vector<std::int64_t> count_reads(const Workload& w, const ReferenceStages& st, double least_weight) {
  const auto first_token = first_tokens(w);
  const auto times = times_wanted(w);
  std::vector<std::int64_t> reads(static_cast<std::size_t>(w.tokens));
  for_each_sample(w, [&](std::size_t s, std::size_t q, std::size_t, std::size_t l, int) {
    if (st.attention[s] < least_weight) return;
    const Level level{nullptr, 0, w.level_shapes[l]};
    level.for_each_corner(st.locations[2 * s], st.locations[2 * s + 1], st.attention[s],
                          [&](std::size_t pixel, double) { reads[first_token[l] + pixel] += times[q]; });
  });
  return reads;
}

}  // namespace

ReferenceStages run_reference(const Workload& w, const Pruning& pruning) {
  const auto channels = static_cast<std::size_t>(w.embed_dim);
  ReferenceStages st;
  st.value = w.source_is_map ? w.source : linear(w.source, w.value_weight, w.value_bias, channels);
  for (std::size_t token = 0; token < w.padding.size(); ++token)
    if (w.padding[token] != 0) std::fill_n(&st.value[token * channels], channels, 0.0);
  st.offsets = linear(w.query, w.offset_weight, w.offset_bias, channels);
  st.logits = linear(w.query, w.logit_weight, w.logit_bias, channels);
  st.attention = softmax(st.logits, static_cast<std::size_t>(w.samples_per_head()));
  st.locations = locate(w, st.offsets, pruning.range);
  st.core_output = aggregate(w, st, pruning.points);
  st.output = linear(st.core_output, w.output_weight, w.output_bias, channels);
  if (pruning.pixels > 0) st.reads = count_reads(w, st, pruning.points);
  return st;
}

std::vector<model::Dropped> dropped_points(const Workload& w, const ReferenceStages& st, const Pruning& pruning) {
  const auto times = times_wanted(w);
  std::vector<model::Dropped> result(w.level_shapes.size());
  for_each_sample(w, [&](std::size_t s, std::size_t q, std::size_t, std::size_t l, int) {
    result[l] += {st.attention[s] < pruning.points ? times[q] : 0, times[q]};
  });
  return result;
}

double sqnr_db(std::span<const double> reference, std::span<const std::int32_t> y, double scale) {
  assert(reference.size() == y.size());
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double error = reference[i] - y[i] * scale;
    signal += reference[i] * reference[i];
    noise += error * error;
  }
  return noise == 0 ? HUGE_VAL : 10 * std::log10(signal / noise);
}

}  // namespace quillgen
