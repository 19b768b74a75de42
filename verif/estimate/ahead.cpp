#include "estimate/ahead.hpp"

namespace quillgen::estimate {

/// A beat, if there is one. Whether it was the last one.
bool Ahead::take() {
  if (!reader_.ready()) return false;
  reader_.take();
  return --left_ == 0;
}

void Ahead::tick() {
  constexpr int ask_delay = 4;  // of a panel: started, sized, multiplied, asked for
  switch (stage_) {
    case Stage::idle:
      if (!wanted() || !reader_.accepts()) return;
      reader_.request(left_ = next_.descriptor);
      stage_ = Stage::descriptor;
      return clock_.acted();
    case Stage::descriptor:
      if (take()) stage_ = Stage::check, due_ = clock_.now() + check_;
      return;
    case Stage::check:
      if (!clock_.due(due_)) return;
      if (job_end_ < never) lead_.descriptor = clock_.now() - job_end_;
      stage_ = next_.panel > 0 ? Stage::ask : Stage::done, due_ = clock_.now() + ask_delay;
      return clock_.acted();
    case Stage::ask:
      if (!clock_.due(due_) || !reader_.accepts()) return;
      reader_.request(left_ = next_.panel);
      stage_ = Stage::panel;
      return clock_.acted();
    case Stage::panel:
      if (!take()) return;
      if (job_end_ < never) lead_.panel = clock_.now() - job_end_;
      stage_ = Stage::done;
      return;
    case Stage::done:
      return;
  }
}

void Ahead::end_job() {
  job_end_ = clock_.now();
  lead_.begun = stage_ != Stage::idle;
  if (stage_ == Stage::done && next_.panel > 0) lead_.panel = 0;
}

}  // namespace quillgen::estimate
