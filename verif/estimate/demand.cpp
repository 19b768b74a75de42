#include "estimate/demand.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/error.hpp"
#include "estimate/lines_touched.hpp"
#include "model/layer.hpp"
#include "model/order.hpp"
#include "model/self_attention.hpp"
#include "model/steps.hpp"
#include "reference/quantise.hpp"

namespace quillgen::estimate {
namespace {

/// What check_fits and the estimate need of a workload: no tensor but the padding.
Workload without_tensors(const Workload& w) {
  Workload layer;
  layer.file = w.file;
  layer.embed_dim = w.embed_dim, layer.heads = w.heads, layer.levels = w.levels, layer.points = w.points;
  layer.queries = w.queries, layer.tokens = w.tokens;
  layer.level_shapes = w.level_shapes;
  layer.level_points = w.level_points, layer.anchors = w.anchors;
  layer.boxes = w.boxes;
  layer.padding = w.padding;
  layer.index_list = w.index_list;
  return layer;
}

std::vector<Place> places_of(const model::Stages& stages, const Numerics& n, int threshold) {
  std::vector<Place> places(stages.attention.size());
  for (std::size_t s = 0; s < places.size(); ++s) {
    places[s].x = static_cast<std::int16_t>(model::split(stages.location[2 * s], n).pixel);
    places[s].y = static_cast<std::int16_t>(model::split(stages.location[2 * s + 1], n).pixel);
    places[s].dropped = stages.attention[s] < threshold;
    places[s].distance = static_cast<std::uint16_t>(std::min(stages.distance[s], 0xFFFF));
    for (unsigned i = 0; i < 4; ++i)
      if (stages.corner_weight[4 * s + i] != 0) places[s].corners |= static_cast<std::uint8_t>(1u << i);
  }
  return places;
}

StreamDemand stream_demand(const model::Stream& s) {
  StreamDemand demand;
  demand.queries = s.query.has_value(), demand.sources = s.source.has_value();
  demand.positions = !s.positions.empty(), demand.norm = s.norm.has_value();
  return demand;
}

}  // namespace

bool Demand::holds_for(const Config& config) const {
  if (dense || synthetic) return true;
  const auto shaping = [](const Numerics& n) {
    return std::array{n.query_bits,     n.query_weight_bits, n.offset_int_bits, n.offset_frac_bits, n.interp_frac_bits,
                      n.logit_int_bits, n.logit_frac_bits,   n.attention_bits,  n.corner_bits};
  };
  return shaping(numerics) == shaping(config.numerics);
}

std::vector<int> Demand::schedule(const Config& config) const {
  const auto row = static_cast<std::size_t>(layer.levels * layer.anchors * (layer.boxes ? 4 : 2));
  std::vector<model::OrderPoint> points;
  for (std::size_t r = 0; r < references.size(); r += row)
    points.push_back(model::order_point(references[r], references[r + 1]));
  return model::schedule(config, points, index_list);
}

Demand demand_of(const Workload& workload, const Numerics& numerics, const Pruning& pruning) {
  Demand demand;
  demand.name = workload.file;
  demand.layer = without_tensors(workload);
  demand.numerics = numerics;
  Config config;  // just large enough
  config.numerics = numerics;
  auto& a = config.attention;
  a.embed_dim = workload.embed_dim, a.heads = workload.heads, a.levels = workload.levels, a.points = workload.points;
  a.level_points = workload.level_points, a.anchors = workload.anchors;
  a.max_width = a.max_height = 1024;
  a.max_queries = workload.queries, a.max_tokens = workload.tokens;
  // Scales of value, head and output, which the reference is run for, move no sample: without it they are 1.
  const auto layer = quantise(workload, {}, config, pruning);
  const auto stages = model::run_sampling(layer);
  demand.map_given = workload.source_is_map;
  demand.references = layer.reference;
  demand.index_list = workload.index_list;
  demand.places = places_of(stages, numerics, layer.pruning.threshold);
  demand.counts_pixels = layer.pruning.share > 0;
  demand.padded_image = demand.counts_pixels && !layer.image_padding.empty();
  demand.lines_touched = lines_touched(demand);
  return demand;
}

Demand demand_of(const model::QuantisedLayer& layer, const model::Stages& stages) {
  Demand demand;
  const auto& a = layer.attention;
  demand.layer.embed_dim = a.embed_dim, demand.layer.heads = a.heads, demand.layer.levels = a.levels;
  demand.layer.points = a.points, demand.layer.queries = layer.queries, demand.layer.tokens = layer.tokens();
  demand.layer.level_points = a.level_points, demand.layer.anchors = a.anchors;
  demand.map_given = layer.map_given();
  demand.layer.level_shapes = layer.levels, demand.layer.boxes = layer.boxes;
  demand.numerics = layer.numerics;
  demand.references = layer.reference;
  demand.index_list = layer.index_list;
  demand.places = places_of(stages, layer.numerics, layer.pruning.threshold);
  demand.layer.padding = layer.padding;
  demand.counts_pixels = layer.pruning.share > 0;
  demand.padded_image = demand.counts_pixels && !layer.image_padding.empty();
  demand.lines_touched = lines_touched(demand);
  demand.stream = stream_demand(layer.stream);
  demand.stream.reference_stride = layer.stream.reference_stride;
  return demand;
}

Demand demand_of(const model::DenseLayer& layer) {
  auto demand = dense_demand({layer.rows, layer.inner, layer.outputs});
  demand.stream = stream_demand(layer.stream);
  demand.stream.boxes = !layer.boxes.empty();
  demand.stream.gathers = layer.gathers, demand.stream.scatters = layer.scatters;
  demand.stream.activation = model::by_pieces(layer.activation.function);
  return demand;
}

Demand self_demand(int rows, int channels, int operand_bits) {
  auto demand = dense_demand({rows, channels, channels});
  demand.self_parts = model::exponential_parts(operand_bits);
  return demand;
}

Demand dense_demand(const DenseShape& shape) {
  const auto check = [](const char* what, int value, int most) {
    if (value < 1 || value > most)
      throw UserError(fmt::format("--dense: {} = {}: must be from 1 to {}", what, value, most));
  };
  check("rows", shape.rows, 1 << 24);
  check("inner", shape.inner, 65535);
  check("outputs", shape.outputs, 65535);
  Demand demand;
  demand.name = fmt::format("dense {}x{}x{}", shape.rows, shape.inner, shape.outputs);
  demand.layer.file = demand.name;
  demand.dense = true;
  demand.shape = shape;
  return demand;
}

void check_fits(const Demand& demand, const Config& config) {
  if (!demand.dense) return check_fits(demand.layer, config);
  const auto refuse = [&](const char* what, int value, const char* path, int most) {
    if (value > most)
      throw UserError(fmt::format("{}: {} {} exceeds {} = {}; raise it with --set {}={} or take fewer", demand.name,
                                  value, what, path, most, path, value));
  };
  refuse("rows", demand.shape.rows, "attention.max_queries", config.attention.max_queries);
  refuse("elements of a row", demand.shape.inner, "gemm.max_inner", config.gemm.max_inner);
}

}  // namespace quillgen::estimate
