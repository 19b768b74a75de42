// From a detector in floating point to the integers of NUMERICS.md.
#pragma once
#include "config/config.hpp"
#include "model/network.hpp"
#include "network/network.hpp"
#include "network/scales.hpp"
#include "reference/workload.hpp"

namespace quillgen::network {

/// The dimensions of the layers of a network, without numbers.
Workload shape_of(const Network& network);

/// Throws UserError unless `config` was made for a network of these dimensions and is large enough for it.
void check_fits(const Network& network, const Config& config);

/// The network, leaving out `pruning`. Throws UserError when it does not fit the configuration, a scale is missing or a
/// number does not fit N2.
model::Network quantise(const Network& network, const Scales& scales, const Config& config,
                        const Pruning& pruning = {});

}  // namespace quillgen::network
