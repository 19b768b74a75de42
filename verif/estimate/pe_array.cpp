#include "estimate/pe_array.hpp"

namespace quillgen::estimate {

void PeArray::tick() {
  if (running_ && clock_.due(end_)) {
    running_ = false;
    loaded_.pop();
    ++held_;
    clock_.acted();
    return;
  }
  if (!running_ && held_ < most_ && !loaded_.empty() && clock_.due(loaded_.front())) {
    compute();
    clock_.acted();
  }
}

/// The whole group from now on: nothing that can still happen changes it.
void PeArray::compute() {
  running_ = true;
  Cycle issue = std::max(clock_.now(), frozen_);  // of the next step
  for (int tile = 0; tile < t_.tiles; ++tile) {
    issue += t_.steps;
    end_ = issue - 1;
    const Cycle done = end_ + t_.delay, copied = std::max(done, drained_);
    if (copied > done) issue += copied - done, frozen_ = issue;
    drained_ = copied + t_.drain;
  }
  busy_ += std::int64_t{t_.tiles} * t_.steps;
  results_.push(drained_ + t_.finish);
}

}  // namespace quillgen::estimate
