#include "cli/layer_choice.hpp"

#include "cli/fit.hpp"

namespace quillgen::cli {

namespace {

LayerChoice drawn_layer(const ConfigOptions& options, const LayerOptions& layer, const PruningOptions& left_out) {
  synthetic::Random random(layer.drawn.seed);
  const auto drawn = synthetic::draw_layer(layer.model, layer.drawn, random);
  const auto config = chosen_config(options, drawn.shape);
  const auto pruning = hardware_pruning(left_out, config);
  auto demand = estimate::drawn_demand(drawn, random, pruning);
  demand.name = layer.model, demand.seed = layer.drawn.seed;
  return {config, std::move(demand), pruning};
}

}  // namespace

LayerChoice chosen_layer(const ConfigOptions& options, const LayerOptions& layer, const PruningOptions& left_out) {
  if (!layer.model.empty()) return drawn_layer(options, layer, left_out);
  const WorkloadFile file(layer.workload);
  const auto config = chosen_config(options, file.shape());
  check_fits(file.shape(), config);
  const auto pruning = hardware_pruning(left_out, config);
  return {config, estimate::demand_of(file.load(), config.numerics, pruning), pruning};
}

estimate::Demand whole_layer(const LayerChoice& chosen, const LayerOptions& layer) {
  const auto kept = indispensable(chosen.pruning, chosen.config);
  if (!layer.model.empty()) return estimate::model_demand(layer.model, layer.drawn, kept);
  return estimate::demand_of(load_workload(layer.workload), chosen.config.numerics, kept);
}

}  // namespace quillgen::cli
