#include "estimate/loads.hpp"

namespace quillgen::estimate {

void Loads::tick() {
  if (left_ == 0) {
    if (wanted_.empty() || !clock_.due(free_)) return;
    left_ = wanted_.front();
    wanted_.pop();
    asked_ = false, ask_ = clock_.now() + 3;  // chosen, sized, multiplied
  }
  if (!asked_) {
    if (!clock_.due(ask_) || !reader_.accepts()) return;
    reader_.request(left_);
    asked_ = true;
  }
  if (!reader_.ready()) return;
  reader_.take();
  if (--left_ == 0) free_ = clock_.now() + 2;
}

}  // namespace quillgen::estimate
