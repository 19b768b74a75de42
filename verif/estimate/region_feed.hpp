// Regions on their way into the halves of a lane's buffer, in time: windows taken apart, runs of blocks read, lines
// written and copied.
#pragma once
#include <vector>

#include "config/config.hpp"
#include "estimate/cache_run.hpp"
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

class RegionFeed {
 public:
  RegionFeed(Clock& clock, const Config& config, const std::vector<RegionGroup>& groups);
  BurstReader& reader() { return reader_; }
  void tick();

  /// Queries of the group that is sampled.
  int queries() const { return groups_[static_cast<std::size_t>(sampled_)].queries; }
  /// Whether its half is filled.
  bool filled() { return !filled_.empty() && clock_.due(filled_.front()); }
  /// When it was.
  Cycle filled_at() const { return filled_.front(); }
  /// Whether a line is copied in this cycle, in place of reading a sample.
  bool copies() const { return copied_at_ == clock_.now(); }
  /// Its last sample leaves the queue.
  void sampled();

 private:
  /// Blocks of a row, fetched or copied together.
  struct Segment {
    int blocks;
    bool copied;
    bool opens_level, last;  ///< the first of a window; the last of a group
  };
  struct Listed {
    Cycle at;
    int lines;
    bool copied, last;
  };
  struct Run {
    Cycle at;
    int beats;
  };
  void take_apart(std::size_t group);
  void walk();
  void write();

  Clock& clock_;
  const std::vector<RegionGroup>& groups_;
  BurstReader reader_;
  int heads_, line_beats_, run_beats_, most_listed_;
  bool all_heads_, copy_;
  // Walk over the windows.
  std::size_t walked_ = 0, next_ = 0;  ///< group; segment
  std::vector<Segment> segments_;
  Cycle walk_at_ = 0;
  int free_ = 2;
  Queue<Cycle> freed_;
  Queue<Run> runs_;
  // Lines.
  Queue<Listed> list_;
  int lines_ = 0, beats_ = 0;
  Cycle copied_at_ = -1;
  Queue<Cycle> filled_;
  int sampled_ = 0;
};

}  // namespace quillgen::estimate
