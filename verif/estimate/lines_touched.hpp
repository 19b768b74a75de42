// The compulsory lines of a demand.
#pragma once
#include <array>
#include <cstdint>

#include "estimate/demand.hpp"

namespace quillgen::estimate {

/// Distinct lines of the value map that the places of its wanted queries read, by LineShape.
std::array<std::int64_t, 3> lines_touched(const Demand& demand);

}  // namespace quillgen::estimate
