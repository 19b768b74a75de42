// The points of a sweep drawn: a self-contained SVG.
#pragma once
#include <span>
#include <string>

#include "explore/point.hpp"

namespace quillgen::explore {

/// The possible points over the first two objectives (the first upwards, the second to the right), those `on_front`
/// (indices into `points`) filled and numbered, the staircase of the best of these two between them, simulated cycles
/// as crosses where the first objective is cycles. Every point says what it is when pointed at. `title` stands on top.
std::string plot(std::span<const Point> points, std::span<const Axis> axes, std::span<const Objective> objectives,
                 std::span<const std::size_t> on_front, const std::string& title);

}  // namespace quillgen::explore
