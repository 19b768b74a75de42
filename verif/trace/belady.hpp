// Belady's rule (MIN): what no replacement can better, since it knows what comes. Of the lines of a set and the one
// that is brought, the one whose next use is farthest goes: where that is the one brought, it is used and not kept, as
// lines that are read aside are. So neither `turn` nor `use`, with whatever bypass_distance, reads fewer lines.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "estimate/demand.hpp"
#include "trace/lines.hpp"

namespace quillgen::trace {

/// Of each look-up of `lines` (each below `count`), numbered from 1, the number of the next one of the same line; 0:
/// none.
std::vector<std::uint32_t> next_uses(std::span<const std::uint32_t> lines, std::size_t count);

/// Which look-ups miss by Belady's rule in sets of `ways`: set[line] is where a line belongs, below `sets`.
std::vector<bool> misses_in_sets(std::span<const std::uint32_t> lines, std::span<const std::uint32_t> next,
                                 std::span<const std::uint32_t> set, std::size_t sets, int ways);

/// Which look-ups miss in one set of `capacity` lines (fully associative).
std::vector<bool> misses_anywhere(std::span<const std::uint32_t> next, std::size_t capacity);

/// The look-ups of a layer in the order in which they are made; of a configuration with the policy `line`. What it says
/// of lanes, line_shape and level_parts counts, its capacity and its ways do not.
class LookupList {
 public:
  LookupList(const Config& config, const estimate::Demand& demand, const std::vector<int>& order);

  /// Lines read by Belady's rule, of each level, in the sets and ways of `config`.
  std::vector<std::int64_t> least_in_sets(const Config& config) const;
  /// With any line in any place of its lane and, with level_parts, of its level's part.
  std::vector<std::int64_t> least_anywhere(const Config& config) const;

 private:
  /// What shares a part of the cache and nothing else: look-ups of a lane, with level_parts of one level.
  struct Part {
    int level = 0;       ///< with level_parts
    int level_lane = 0;  ///< of the lane
    std::vector<std::uint32_t> lines, next;
  };
  void count(const Part& part, const std::vector<bool>& missed, std::vector<std::int64_t>& of_level) const;

  Lines lines_;
  std::vector<Part> parts_;
};

}  // namespace quillgen::trace
