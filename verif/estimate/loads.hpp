// What a job reads beside its rows: panels of weights, mask, the other parameters.
#pragma once
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

/// One load after the other, in the order they were wanted; a beat is taken a cycle.
class Loads {
 public:
  Loads(Clock& clock, BurstReader& reader) : clock_(clock), reader_(reader) {}
  void want(std::int64_t beats) {
    if (beats > 0) wanted_.push(beats);
  }
  /// Whether all that was wanted is there.
  bool done() { return wanted_.empty() && left_ == 0 && clock_.due(free_); }
  void tick();

 private:
  Clock& clock_;
  BurstReader& reader_;
  Queue<std::int64_t> wanted_;
  std::int64_t left_ = 0;  ///< beats of the load in work
  bool asked_ = false;
  Cycle ask_ = 0, free_ = 0;
};

}  // namespace quillgen::estimate
