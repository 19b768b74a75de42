// quillgen model --network: a detector in integers against the same in floating point.
#pragma once
#include <string>

#include "cli/config_options.hpp"
#include "cli/network_options.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "network/evaluate.hpp"

namespace quillgen::cli {

/// Runs the chosen scenes in integers, with what `pruning` leaves out, and in floating point. Throws UserError when the
/// network is too large for `config`, when the scales are of another network or of other formats, and for scenes that
/// the file has not.
network::Evaluation evaluate_scenes(const network::Network& net, const NetworkOptions& options, const Pruning& pruning,
                                    const Config& config, Progress& progress);

/// Runs the scenes, prints a table of the tensors, the average precision of both and what was left out, and writes
/// `json` unless it is empty. Returns the exit status: 1 when the file's own float results are others than the
/// program's.
int run_model_network(const NetworkOptions& options, const PruningOptions& left_out, const ConfigOptions& chosen,
                      const std::string& json);

}  // namespace quillgen::cli
