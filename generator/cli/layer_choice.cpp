#include "cli/layer_choice.hpp"

#include "cli/fit.hpp"

namespace quillgen::cli {

LayerChoice chosen_layer(const ConfigOptions& options, const LayerOptions& layer) {
  if (!layer.model.empty()) {
    auto demand = estimate::model_demand(layer.model, layer.drawn);
    return {chosen_config(options, demand.layer), std::move(demand)};
  }
  const WorkloadFile file(layer.workload);
  const auto config = chosen_config(options, file.shape());
  check_fits(file.shape(), config);
  return {config, estimate::demand_of(file.load(), config.numerics)};
}

}  // namespace quillgen::cli
