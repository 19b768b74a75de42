// Accuracy as an objective of a sweep: SQNR of a workload, AP of a network.
#pragma once
#include <functional>

#include "cli/network_options.hpp"
#include "cli/progress.hpp"
#include "explore/run.hpp"

namespace quillgen::cli {

/// Sets what the objectives of the sweep ask for; each set of formats is computed once. What it refers to must outlive
/// it. Throws UserError where an objective has nothing to measure: sqnr without a workload, ap without scenes.
std::function<void(const Config&, explore::Figures&)> accuracy_of(const explore::Sweep& sweep,
                                                                  const explore::Demands& demands,
                                                                  const NetworkOptions& scenes, Progress& progress);

}  // namespace quillgen::cli
