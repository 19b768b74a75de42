// A sweep cut into independent jobs. Point p belongs to shard (p - 1) mod n + 1: dealt out like cards, so that slow
// regions of a sweep are shared out as well.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace quillgen::explore {

struct Shard {
  int number = 1, of = 1;  ///< 1 <= number <= of

  bool has(std::int64_t point) const { return (point - 1) % of == number - 1; }
  /// Those of the points 1..`points` that belong to it, ascending.
  std::vector<std::int64_t> points(std::int64_t points) const;
  std::string text() const;  ///< "3/8"
};

/// "3/8". Throws UserError unless it is a number from 1 to the count, and the count at most 10000.
Shard parse_shard(const std::string& text);

}  // namespace quillgen::explore
