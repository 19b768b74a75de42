// Groups of tokens whose values the PE array projects together: a rule of the schedule, no number depends on it.
#pragma once
#include <cstdint>
#include <vector>

#include "model/layer.hpp"

namespace quillgen::model {

/// Tokens go in the order of the value map. A group is closed when it is full, at the end of so many 2x2 blocks since
/// its first token, and at the end of the map.
inline constexpr int blocks_of_group = 16;

/// How many there are of `rows` tokens each, padded ones left out: padding [S], or empty.
std::int64_t token_groups(const std::vector<LevelShape>& levels, const std::vector<std::uint8_t>& padding, int rows);

}  // namespace quillgen::model
