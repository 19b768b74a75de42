// quillgen estimate of a whole network.
#pragma once
#include "cli/area.hpp"
#include "cli/config_options.hpp"
#include "cli/network_options.hpp"
#include "cli/pruning_options.hpp"
#include "estimate/estimate.hpp"
#include "estimate/rate.hpp"

namespace quillgen::cli {

struct NetworkEstimateOptions {
  NetworkOptions network;
  PruningOptions pruning;
  bool by_job = false;     ///< a line for every job, not for every layer
  std::string timeline;    ///< SVG of the last scene; empty: none
  std::uint64_t seed = 1;  ///< without scenes: of what is drawn
};

/// On the scenes that are chosen, or, without any, on what is drawn.
void estimate_network(const NetworkEstimateOptions& options, const ConfigOptions& config,
                      const estimate::Conditions& conditions, const estimate::Pace& pace, const AreaOptions& area,
                      const std::string& json);

}  // namespace quillgen::cli
