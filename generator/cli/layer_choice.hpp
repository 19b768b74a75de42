// A layer to estimate or trace: of a workload file, or of a published model.
#pragma once
#include "cli/config_options.hpp"
#include "cli/pruning_options.hpp"
#include "estimate/demand.hpp"

namespace quillgen::cli {

struct LayerOptions {
  std::string workload, model;  ///< one of them is given
  synthetic::ModelOptions drawn;
};

struct LayerChoice {
  Config config;
  estimate::Demand demand;
  Pruning pruning;  ///< what is left out
};

/// The layer's demand, with what is left out, and the configuration, fitted to it if so chosen. Throws UserError.
LayerChoice chosen_layer(const ConfigOptions& config, const LayerOptions& layer, const PruningOptions& pruning);

/// The demand of a layer that was chosen with nothing left out.
estimate::Demand whole_layer(const LayerChoice& chosen, const LayerOptions& layer);

}  // namespace quillgen::cli
