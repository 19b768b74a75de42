// The line cache of a lane, in software: which look-ups miss. Written from its description (verif/estimate/README.md),
// independent of the netlist; the RTL's counter LINE_MISSES must equal it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "estimate/demand.hpp"

namespace quillgen::estimate {

/// Lines of the value map are 2x2 pixels of one head. Four banks by the parities of a line's block row and column, each
/// of `sets` sets of `ways` lines; in a set the ways are replaced in turn, whether used since or not.
class LineCache {
 public:
  /// Of one lane of `config`, empty.
  explicit LineCache(const Config& config);

  struct Result {
    int found = 0, missing = 0;  ///< lines of the sample, each counted once
  };
  /// Looks up the lines that hold a corner of the sample that is read, and enters those that miss. `head`: of the lane.
  Result look_up(const Place& place, int level, int head);

  /// Whether the line of block row `by`, block column `bx` is there. (For tests.)
  bool holds(int level, int head, int by, int bx) const;

 private:
  std::size_t first_way(std::uint32_t set_key, int by, int bx) const;
  std::uint32_t set_of(int level, int head, int by, int bx) const;
  bool enter(int level, int head, int by, int bx);

  int set_bits_ = 0, ways_ = 0, head_bits_ = 0, block_bits_ = 0;
  std::vector<std::uint32_t> spread_;      ///< of a block number: its bits from bit 1 on, two places apart
  std::vector<std::uint32_t> level_sets_;  ///< [L], exclusive-or-ed to the set
  std::vector<std::uint32_t> lines_;       ///< [bank, set, way], a name each
  std::vector<std::uint8_t> next_way_;     ///< [bank, set]
};

/// What a job does to the caches of all lanes.
struct CacheRun {
  std::vector<std::uint8_t> missing;  ///< [queries in their order, M, L, K], lines that the sample waits for
  std::int64_t hits = 0, misses = 0;
};
CacheRun run_caches(const Config& config, const Demand& demand);

}  // namespace quillgen::estimate
