// The points of a sweep as comma-separated values (RFC 4180), for spreadsheets and data frames.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "estimate/rate.hpp"
#include "explore/point.hpp"

namespace quillgen::explore {

/// A field of a line: in quotes, doubled inside, when it holds a comma, a quote or a line break.
std::string csv_field(const std::string& text);

/// A line for each point below a line of names: the number, a column for each axis, the figures, with a pace the rate,
/// `front` (1 for those in `on_front`, indices into `points`), the simulation, and why a point was refused. What a
/// point does not have is empty.
std::string csv(std::span<const Point> points, std::span<const Axis> axes, std::span<const std::size_t> on_front,
                const estimate::Pace& pace = {});

}  // namespace quillgen::explore
