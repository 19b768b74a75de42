// The compulsory lines of a demand.
#pragma once
#include "estimate/demand.hpp"

namespace quillgen::estimate {

/// Distinct lines of the value map (2x2 pixels of one head) that the places of its wanted queries read.
std::int64_t lines_touched(const Demand& demand);

}  // namespace quillgen::estimate
