// A picture of a scene: the objects that are in it, and over them what a detector found.
#pragma once
#include <span>
#include <string>

#include "network/average_precision.hpp"

namespace quillgen::network {

/// What was found with a lower score is neither drawn nor listed.
inline constexpr double least_score = 0.3;

/// SVG, 640 pixels square. Both titles are a line; what is too long of the first is cut.
std::string scene_picture(const std::string& title, const std::string& subtitle, std::span<const Object> objects,
                          std::span<const Detection> found);

}  // namespace quillgen::network
