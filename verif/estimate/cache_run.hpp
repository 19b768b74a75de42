// What the feature caching of a job comes to, whichever policy it has.
#pragma once
#include <cstdint>
#include <vector>

namespace quillgen::estimate {

/// Blocks (2x2 pixels) of a level, the first and the last included. Starts with none.
struct Window {
  int left = 0, right = -1, top = 0, bottom = -1;
  bool empty() const { return right < left || bottom < top; }
  bool holds(int row, int column) const { return left <= column && column <= right && top <= row && row <= bottom; }
  std::int64_t blocks() const { return empty() ? 0 : std::int64_t{right - left + 1} * (bottom - top + 1); }
  bool operator==(const Window&) const = default;
};

/// Queries that follow each other in the schedule and share a region: a window of each level, empty where it has none.
struct RegionGroup {
  int queries = 0;
  std::vector<Window> windows;
};

/// Lines (of one head) that are brought into the half of a group, of all lanes together.
struct Prefetch {
  std::int64_t fetched = 0;  ///< read from memory
  std::int64_t copied = 0;   ///< from the other half
};

struct CacheRun {
  // [queries in their order, M, L, K]; with the policy `region`, lines outside are those that miss:
  std::vector<std::uint8_t> missing;  ///< lines that the sample waits for
  std::vector<std::uint8_t> missed;   ///< which they are: LineCache::Result
  /// 1: the sample is dropped for its small weight (NUMERICS.md N19). Empty where the hardware drops none.
  std::vector<std::uint8_t> dropped;
  /// With FeatureCache::lines_per_cycle = 2, LineCache::Result::together of each sample; otherwise empty.
  std::vector<std::uint8_t> together;
  /// Of each lane: addresses in the value map of the lines that miss, in their order. Only where they are asked for.
  std::vector<std::vector<std::uint64_t>> addresses;
  std::int64_t hits = 0, misses = 0;  ///< look-ups of lines, of all lanes
  // With the policy `region` only, in the order of the schedule:
  std::vector<RegionGroup> groups;
  std::vector<Prefetch> prefetches;  ///< of each group

  /// Lines that are read from memory: those that miss, and those that are brought ahead.
  std::int64_t lines_read() const {
    std::int64_t lines = misses;
    for (const auto& p : prefetches) lines += p.fetched;
    return lines;
  }
};

}  // namespace quillgen::estimate
