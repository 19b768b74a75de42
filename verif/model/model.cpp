// The whole layer, stage by stage, from the steps of NUMERICS.md.
#include <algorithm>
#include <span>

#include "model/check.hpp"
#include "model/layer.hpp"
#include "model/steps.hpp"

namespace quillgen::model {
namespace {

using Tensor = std::vector<std::int32_t>;

/// N4 of all rows: logits [Lq, M, L*K] -> weights of the same shape.
Tensor attend(const Tensor& logits, std::size_t samples_per_head, const Numerics& n) {
  const auto table = exp2_table(n);
  Tensor weights(logits.size());
  for (std::size_t first = 0; first < logits.size(); first += samples_per_head)
    softmax_row(std::span(logits).subspan(first, samples_per_head), table, n,
                std::span(weights).subspan(first, samples_per_head));
  return weights;
}

/// Where the samples of a layer lie: [query, head, level, point] unrolled.
struct Samples {
  explicit Samples(const QuantisedLayer& layer) : layer(layer) {
    std::size_t token = 0;
    for (const auto& l : layer.levels) {
      first_token.push_back(token);
      token += static_cast<std::size_t>(l.height) * static_cast<std::size_t>(l.width);
    }
  }
  std::size_t count() const {
    return static_cast<std::size_t>(layer.queries) * static_cast<std::size_t>(layer.attention.samples_per_query());
  }
  std::size_t query(std::size_t s) const { return s / static_cast<std::size_t>(layer.attention.samples_per_query()); }
  std::size_t level(std::size_t s) const { return static_cast<std::size_t>(layer.attention.level_of(of_head(s))); }
  /// Number of the sample among those of its head, and of its level.
  int of_head(std::size_t s) const {
    return static_cast<int>(s % static_cast<std::size_t>(layer.attention.samples_per_head()));
  }
  int point(std::size_t s) const { return of_head(s) - layer.attention.first_point(static_cast<int>(level(s))); }
  std::size_t head(std::size_t s) const {
    const auto& a = layer.attention;
    return s / static_cast<std::size_t>(a.samples_per_head()) % static_cast<std::size_t>(a.heads);
  }

  const QuantisedLayer& layer;
  std::vector<std::size_t> first_token;  ///< [L], row of the value map where a level begins
};

/// N5 of all samples: offsets [Lq, M*L*K, 2] -> locations of the same shape and distances [Lq, M*L*K].
void locate(const Samples& samples, const Tensor& offset, Tensor& position, Tensor& distance) {
  const auto& layer = samples.layer;
  position.resize(offset.size()), distance.resize(samples.count());
  for (std::size_t s = 0; s < samples.count(); ++s) {
    const auto level = samples.level(s);
    const auto numbers = static_cast<std::size_t>(layer.reference_numbers());
    const int anchors = layer.attention.anchors;
    const auto anchor = (samples.query(s) * layer.levels.size() + level) * static_cast<std::size_t>(anchors) +
                        static_cast<std::size_t>(samples.point(s) % anchors);
    const auto* reference = &layer.reference[numbers * anchor];
    const int sides[] = {layer.levels[level].width, layer.levels[level].height};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      auto moved = layer.boxes ? move_in_box(offset[2 * s + axis], reference[2 + axis], sides[axis],
                                             layer.attention.points, layer.numerics)
                               : move_from_point(offset[2 * s + axis], layer.numerics);
      if (!layer.pruning.range.empty()) moved = held(moved, layer.pruning.range[level]);
      position[2 * s + axis] = location(reference[axis], moved, sides[axis], layer.numerics);
      distance[s] = std::max(distance[s], whole_pixels(moved));
    }
  }
}

/// N6 of all samples, those that N19 drops without weight: -> [Lq, M*L*K, 4].
Tensor weigh(const Samples& samples, const Tensor& attention, const Tensor& position) {
  const auto& layer = samples.layer;
  Tensor result(4 * samples.count());
  for (std::size_t s = 0; s < samples.count(); ++s) {
    const auto w = corner_weights(kept(attention[s], layer.pruning.threshold), position[2 * s], position[2 * s + 1],
                                  layer.levels[samples.level(s)], layer.numerics);
    std::copy(w.begin(), w.end(), result.begin() + static_cast<std::ptrdiff_t>(4 * s));
  }
  return result;
}

/// The pixel of corner i of sample s (i as in w00, w01, w10, w11).
struct Corner {
  std::int32_t x, y;
};
Corner corner(const Tensor& position, std::size_t s, std::size_t i, const Numerics& n) {
  return {split(position[2 * s], n).pixel + static_cast<std::int32_t>(i % 2),
          split(position[2 * s + 1], n).pixel + static_cast<std::int32_t>(i / 2)};
}

std::size_t token_of(const Samples& samples, std::size_t level, const Corner& pixel) {
  return samples.first_token[level] + static_cast<std::size_t>(pixel.y * samples.layer.levels[level].width + pixel.x);
}

/// N20: [S], masked pixels counted as well.
std::vector<std::int64_t> count_reads(const Samples& samples, const Stages& st) {
  const auto& layer = samples.layer;
  const auto per_query = static_cast<std::size_t>(layer.attention.samples_per_query());
  std::vector<std::int64_t> reads(static_cast<std::size_t>(layer.tokens()));
  for (const int query : layer.wanted())
    for (std::size_t in_query = 0; in_query < per_query; ++in_query) {
      const auto s = static_cast<std::size_t>(query) * per_query + in_query;
      for (std::size_t i = 0; i < 4; ++i)
        if (st.corner_weight[4 * s + i] != 0)
          ++reads[token_of(samples, samples.level(s), corner(st.location, s, i, layer.numerics))];
    }
  return reads;
}

/// N7: exact sums of w * value: [Lq, C].
std::vector<std::int64_t> aggregate(const Samples& samples, const Stages& st) {
  const auto& layer = samples.layer;
  const auto channels = static_cast<std::size_t>(layer.attention.embed_dim);
  const auto head_dim = static_cast<std::size_t>(layer.attention.head_dim());
  std::vector<std::int64_t> acc(static_cast<std::size_t>(layer.queries) * channels);
  for (std::size_t s = 0; s < samples.count(); ++s) {
    const auto level = samples.level(s), first_channel = samples.head(s) * head_dim;
    std::int64_t* sum = &acc[samples.query(s) * channels + first_channel];
    for (std::size_t i = 0; i < 4; ++i) {
      const std::int64_t w = st.corner_weight[4 * s + i];
      if (w == 0) continue;
      const auto token = token_of(samples, level, corner(st.location, s, i, layer.numerics));
      const std::int32_t* value = &st.value[token * channels + first_channel];
      for (std::size_t d = 0; d < head_dim; ++d) sum[d] += w * value[d];
    }
  }
  return acc;
}

/// N8: [Lq, C].
Tensor head_vectors(const std::vector<std::int64_t>& acc, const QuantisedLayer& layer) {
  const auto& n = layer.numerics;
  const std::int64_t limit = std::int64_t{1} << (n.feature_bits + n.corner_bits);
  Tensor result(acc.size());
  for (std::size_t i = 0; i < acc.size(); ++i) {
    check(acc[i] >= -limit && acc[i] < limit, "N7: accumulator exceeds its stated width");
    result[i] = requantise(acc[i], layer.head_requant[i % layer.head_requant.size()], n.head_bits);
  }
  return result;
}

/// The lines of the value map, `width` x `height` pixels: which were read by any sample, and how often one was looked
/// up.
class LineCount {
 public:
  LineCount(const QuantisedLayer& layer, int width, int height)
      : width_(width), height_(height), heads_(static_cast<std::size_t>(layer.attention.heads)) {
    std::size_t lines = 0;
    for (const auto& l : layer.levels) {
      first_line_.push_back(lines);
      columns_.push_back((l.width + width - 1) / width);
      lines += static_cast<std::size_t>((l.height + height - 1) / height) * static_cast<std::size_t>(columns_.back());
    }
    touched_.resize(lines * heads_);
  }

  /// Counts the distinct lines of one sample.
  void sample(const Samples& samples, const Stages& st, std::size_t s) {
    std::vector<std::size_t> lines;
    for (std::size_t i = 0; i < 4; ++i) {
      if (st.corner_weight[4 * s + i] == 0) continue;
      const auto [x, y] = corner(st.location, s, i, samples.layer.numerics);
      const auto level = samples.level(s);
      const auto in_level = static_cast<std::size_t>(y / height_ * columns_[level] + x / width_);
      const auto line = (first_line_[level] + in_level) * heads_ + samples.head(s);
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
    }
    lookups_ += static_cast<std::int64_t>(lines.size());
    for (const auto line : lines) touched_[line] = true;
  }

  std::int64_t touched() const { return std::count(touched_.begin(), touched_.end(), true); }
  std::int64_t lookups() const { return lookups_; }

 private:
  int width_, height_;
  std::size_t heads_;
  std::vector<std::size_t> first_line_;  ///< [L]
  std::vector<int> columns_;             ///< [L], lines of a row
  std::vector<bool> touched_;            ///< [line, head]
  std::int64_t lookups_ = 0;
};

}  // namespace

std::vector<Dropped> dropped_points(const QuantisedLayer& layer, const Stages& st) {
  const Samples samples(layer);
  const auto per_query = static_cast<std::size_t>(layer.attention.samples_per_query());
  std::vector<Dropped> result(layer.levels.size());
  for (const int query : layer.wanted())
    for (std::size_t in_query = 0; in_query < per_query; ++in_query) {
      const auto s = static_cast<std::size_t>(query) * per_query + in_query;
      result[samples.level(s)] += {st.attention[s] < layer.pruning.threshold ? 1 : 0, 1};
    }
  return result;
}

std::vector<std::uint8_t> mask_passed_on(const QuantisedLayer& layer, const Stages& stages) {
  if (layer.pruning.share == 0) return {};
  auto mask = dropped_pixels(stages.reads, layer.levels, layer.pruning);
  for (std::size_t token = 0; token < layer.image_padding.size(); ++token)
    if (layer.image_padding[token] != 0) mask[token] = 1;
  return mask;
}

Stages run_sampling(const QuantisedLayer& layer) {
  validate(layer);
  const auto& n = layer.numerics;
  const auto channels = static_cast<std::size_t>(layer.attention.embed_dim);
  const Samples samples(layer);
  Stages st;
  st.offset = linear(layer.query, layer.offset_weight, layer.offset_requant, channels, n.offset_bits());  // N3
  st.logit = linear(layer.query, layer.logit_weight, layer.logit_requant, channels, n.logit_bits());      // N3
  st.attention = attend(st.logit, static_cast<std::size_t>(layer.attention.samples_per_head()), n);       // N4
  locate(samples, st.offset, st.location, st.distance);                                                   // N5
  st.corner_weight = weigh(samples, st.attention, st.location);                                           // N6
  return st;
}

Stages run_without_lines(const QuantisedLayer& layer) {
  Stages st = run_sampling(layer);
  const auto& n = layer.numerics;
  const auto channels = static_cast<std::size_t>(layer.attention.embed_dim);
  const Samples samples(layer);
  st.value = layer.map_given()
                 ? layer.map
                 : linear(layer.source, layer.value_weight, layer.value_requant, channels, n.feature_bits);  // N3
  for (std::size_t token = 0; token < layer.padding.size(); ++token)
    if (layer.padding[token] != 0) std::fill_n(&st.value[token * channels], channels, 0);
  st.head = head_vectors(aggregate(samples, st), layer);                                            // N7, N8
  st.output = linear(st.head, layer.output_weight, layer.output_requant, channels, n.output_bits);  // N9, N10
  const auto& stream = layer.stream;
  if (stream.norm) st.normed = add_and_norm(stream.residual, st.output, *stream.norm, stream.bits);  // N13, N14
  if (layer.pruning.share > 0) st.reads = count_reads(samples, st);                                  // N20
  return st;
}

Stages run(const QuantisedLayer& layer) {
  Stages st = run_without_lines(layer);
  const Samples samples(layer);
  constexpr std::array<std::array<int, 2>, 3> shapes = {{{2, 2}, {2, 1}, {1, 1}}};  // width, height, by LineShape
  const auto per_query = static_cast<std::size_t>(layer.attention.samples_per_query());
  for (std::size_t shape = 0; shape < shapes.size(); ++shape) {
    LineCount lines(layer, shapes[shape][0], shapes[shape][1]);
    for (const int query : layer.wanted())
      for (std::size_t s = 0; s < per_query; ++s)
        lines.sample(samples, st, static_cast<std::size_t>(query) * per_query + s);
    st.lines_touched[shape] = lines.touched();
    st.line_lookups[shape] = lines.lookups();
  }
  return st;
}

}  // namespace quillgen::model
