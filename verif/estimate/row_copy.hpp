// Rows of results from the result buffer to memory, when nothing is added to them.
#pragma once
#include "estimate/burst_writer.hpp"

namespace quillgen::estimate {

/// One row after the other; while one is read, the beats of the next one of its group are asked for.
class RowCopy {
 public:
  RowCopy(Clock& clock, BurstWriter& writer, int beats) : clock_(clock), writer_(writer), beats_(beats) {}
  /// `groups`: when each is there. Whether a row has been copied now.
  bool tick(const Queue<Cycle>& groups, bool first_of_group) {
    if (copied_ < never) {
      if (!clock_.due(copied_)) return false;
      copied_ = never;
      return true;
    }
    if (groups.empty() || !clock_.due(groups.front())) return false;
    const Cycle now = clock_.now(), asked = writer_.request(first_of_group ? now : next_asked_),
                begin = std::max(asked + 1, now);
    next_asked_ = begin;
    copied_ = begin + beats_ - 1 + writer_.run(begin + 1, beats_, beats_);
    clock_.acted();
    return false;
  }

 private:
  Clock& clock_;
  BurstWriter& writer_;
  int beats_;
  Cycle copied_ = never, next_asked_ = 0;  ///< of the row in work; when the next one of the group can be asked for
};

}  // namespace quillgen::estimate
