#include "estimate/pe_array.hpp"

namespace quillgen::estimate {

Cycle Tiles::tile(Cycle issue, int steps) {
  issue += steps;
  const Cycle done = issue - 1 + t_.delay;
  copied_ = std::max(done, drained_);
  if (copied_ > done) issue += copied_ - done, frozen_ = issue;
  drained_ = copied_ + t_.drain;
  return issue;
}

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
  Cycle issue = std::max(clock_.now(), tiles_.frozen());  // of the next step
  for (int tile = 0; tile < t_.tiles; ++tile) {
    end_ = issue + t_.steps - 1;
    issue = tiles_.tile(issue, t_.steps);
  }
  busy_ += std::int64_t{t_.tiles} * t_.steps;
  results_.push(tiles_.drained() + t_.finish);
}

}  // namespace quillgen::estimate
