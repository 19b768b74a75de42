// quillgen simulate --network: a whole detector in RTL, from tokens to boxes, job by job against the model.
#pragma once
#include "cli/simulate_options.hpp"
#include "cli/waveform.hpp"

namespace quillgen::cli {

/// The exit status.
int simulate_network(const SimulateOptions& options, std::optional<Waveform>& waveform);

}  // namespace quillgen::cli
