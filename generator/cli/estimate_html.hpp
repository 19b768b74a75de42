// The page of an estimate.
#pragma once
#include <string>

#include "estimate/estimate.hpp"

namespace quillgen::cli {

/// One HTML page, complete in itself: figures, roofline and timeline drawn as SVG.
std::string estimate_page(const Config& config, const estimate::Demand& demand, const estimate::Estimate& estimate,
                          int latency);

}  // namespace quillgen::cli
