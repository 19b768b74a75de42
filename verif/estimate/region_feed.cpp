#include "estimate/region_feed.hpp"

#include <algorithm>

#include "config/derived.hpp"
#include "estimate/region_cache.hpp"

namespace quillgen::estimate {
namespace {

constexpr int run_address_stages = 3;  ///< of a run
constexpr int write_delay = 2;  ///< from a line to its place in the half, and to the sample that may be read then
constexpr int read_delay = 2;   ///< from the queue to the last read of a half, and to its use by the next

int buffer_beats(const Config& c) {
  return power_of_two(c.memory.latency_cycles / c.core.lanes() + 2 * most_burst_beats);
}

}  // namespace

RegionFeed::RegionFeed(Clock& clock, const Config& c, const std::vector<RegionGroup>& groups)
    : clock_(clock),
      groups_(groups),
      reader_(clock, beat_bytes(c.memory), buffer_beats(c)),
      heads_(c.attention.heads / c.core.head_lanes),
      line_beats_(line_beats(c)),
      run_beats_(heads_ * line_beats_),
      most_listed_(std::max(4, power_of_two(std::max(1, buffer_beats(c) / run_beats_)))),
      all_heads_(c.core.lanes() == 1),
      copy_(c.feature_cache.overlap == copy) {}

/// Row after row: blocks that the group before has too are copied, others fetched, those between in one run.
void RegionFeed::take_apart(std::size_t group) {
  segments_.clear();
  next_ = 0;
  for (std::size_t l = 0; l < groups_[group].windows.size(); ++l) {
    const Window& w = groups_[group].windows[l];
    const Window both = copy_ && group > 0 ? shared(w, groups_[group - 1].windows[l]) : Window{};
    bool opens = true;
    for (int row = w.top; row <= w.bottom && !w.empty(); ++row)
      for (int column = w.left; column <= w.right;) {
        const bool copied = both.holds(row, column),
                   left_of_it = !both.empty() && row >= both.top && row <= both.bottom && column < both.left;
        int end = copied ? both.right : left_of_it ? both.left - 1 : w.right;
        if (!copied && !all_heads_) end = column;
        segments_.push_back({end - column + 1, copied, opens, false});
        opens = false, column = end + 1;
      }
  }
  segments_.back().last = true;
}

void RegionFeed::walk() {
  if (!freed_.empty() && clock_.due(freed_.front())) freed_.pop(), ++free_, clock_.acted();
  if (next_ == segments_.size()) {
    if (walked_ == groups_.size() || free_ == 0 || !clock_.due(walk_at_)) return;
    --free_;
    take_apart(walked_++);
    walk_at_ = clock_.now() + 2;  // the group, and its first window
    clock_.acted();
    return;
  }
  if (!clock_.due(walk_at_) || static_cast<int>(list_.size()) >= most_listed_) return;
  const auto& s = segments_[next_];
  if (!s.copied && runs_.size() > run_address_stages) return;
  list_.push({clock_.now() + 1, s.blocks * heads_, s.copied, s.last});
  if (!s.copied) runs_.push({clock_.now() + run_address_stages, s.blocks * run_beats_});
  ++next_;
  walk_at_ = clock_.now() + (next_ < segments_.size() && segments_[next_].opens_level ? 2 : 1);
  clock_.acted();
}

/// A beat, or a copied line, a cycle.
void RegionFeed::write() {
  if (list_.empty() || !clock_.due(list_.front().at)) return;
  if (list_.front().copied) {
    copied_at_ = clock_.now() + 1;
  } else {
    if (!reader_.ready()) return;
    reader_.take();
    if (++beats_ < line_beats_) return;
    beats_ = 0;
  }
  clock_.acted();
  if (++lines_ < list_.front().lines) return;
  if (list_.front().last) filled_.push(clock_.now() + write_delay);
  lines_ = 0;
  list_.pop();
}

void RegionFeed::tick() {
  if (!runs_.empty() && clock_.due(runs_.front().at) && reader_.accepts()) {
    reader_.request(runs_.front().beats);
    runs_.pop();
    clock_.acted();
  }
  walk();
  write();
}

void RegionFeed::sampled() {
  filled_.pop();
  freed_.push(clock_.now() + read_delay);
  ++sampled_;
}

}  // namespace quillgen::estimate
