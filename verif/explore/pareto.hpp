// The points worth having: those that no other point beats.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "explore/point.hpp"

namespace quillgen::explore {

/// The points that no other possible point dominates (is no worse in every objective and better in one), as indices
/// into `points`, by the first objective, then the others, then number. Refused points never count.
std::vector<std::size_t> front(std::span<const Point> points, std::span<const Objective> objectives);

/// The best `count` points: those of the front in its order, then those of the front of what is left, and so on. Fewer
/// when there are fewer possible ones.
std::vector<std::size_t> best(std::span<const Point> points, std::span<const Objective> objectives, std::size_t count);

}  // namespace quillgen::explore
