#include "cli/layer_choice.hpp"

#include "cli/fit.hpp"

namespace quillgen::cli {

LayerChoice chosen_layer(const ConfigOptions& options, const LayerOptions& layer) {
  if (!layer.model.empty()) {
    auto demand = estimate::model_demand(layer.model, layer.drawn);
    return {chosen_config(options, demand.layer), std::move(demand)};
  }
  const auto workload = load_workload(layer.workload);
  const auto config = chosen_config(options, workload);
  check_fits(workload, config);
  return {config, estimate::demand_of(workload, config.numerics)};
}

}  // namespace quillgen::cli
