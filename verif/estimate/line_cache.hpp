// The line cache of a lane, in software: which look-ups miss. Written from its description (generator/accel/README.md),
// independent of the netlist; the RTL's counter LINE_MISSES must equal it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/derived.hpp"
#include "estimate/cache_run.hpp"
#include "estimate/demand.hpp"

namespace quillgen::estimate {

/// Lines are 2x2, 2x1 or 1x1 pixels of one head. Four banks by the parities of a line's row and column, counted in
/// lines, each of some sets of `ways` lines; in a set the ways are replaced in turn, whether used since or not, or the
/// way used longest ago is (FeatureCache::replacement), those first that hold nothing.
class LineCache {
 public:
  /// Of the lane of a level lane of `config`, empty.
  explicit LineCache(const Config& config, int level_lane = 0);

  struct Result {
    int found = 0, missing = 0;  ///< lines of the sample, each counted once
    std::uint8_t missed = 0;     ///< bit i: the line of corner i is missing; of its corners one that is read
    /// Bit i: lines i and i + 1 of those that miss share no data bank. They are asked for column after column.
    std::uint8_t together = 0;
  };
  /// Looks up the lines that hold a corner of the sample that is read, and enters those that miss unless the sample
  /// lies bypass_distance or more off its reference, which is no use of a line either. `level`, `head`: of the lane.
  Result look_up(const Place& place, int level, int head);

  /// Whether the line of row `row`, column `column`, counted in lines, is there. (For tests.)
  bool holds(int level, int head, int row, int column) const;

  /// Number of the set that the line belongs in, below sets().
  std::size_t set_of(int level, int head, int row, int column) const;
  std::size_t sets() const { return tag_banks * sets_; }  ///< of all banks

 private:
  struct Level {
    std::size_t first_set = 0;  ///< of the level, in each bank
    int set_bits = 0;
    std::uint32_t apart = 0;  ///< exclusive-or-ed to the set
  };
  bool find_or_enter(int level, int head, int row, int column, bool enter);

  int shape_, ways_, bypass_distance_, head_bits_ = 0;
  bool hashing_;
  std::size_t sets_;                   ///< of a bank
  std::vector<std::uint32_t> spread_;  ///< of a row or column: its bits from bit 1 on, two places apart
  std::vector<Level> levels_;
  std::vector<std::uint32_t> lines_;     ///< [bank, set, way], a name each
  std::vector<std::uint8_t> next_way_;   ///< [bank, set], replaced in turn
  std::vector<std::uint64_t> last_use_;  ///< [bank, set, way], replaced by use: number of the last one; 0: none
  std::uint64_t uses_ = 0;
};

/// What a job does to the caches of all lanes, whichever policy the configuration has.
CacheRun run_caches(const Config& config, const Demand& demand, bool with_addresses = false);

}  // namespace quillgen::estimate
