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
      stage_ = next_.panel > 0 ? Stage::ask : Stage::done, due_ = clock_.now() + ask_delay;
      return clock_.acted();
    case Stage::ask:
      if (!clock_.due(due_) || !reader_.accepts()) return;
      reader_.request(left_ = next_.panel);
      stage_ = Stage::panel;
      return clock_.acted();
    case Stage::panel:
      if (take()) stage_ = Stage::done;
      return;
    case Stage::done:
      return;
  }
}

Lead Ahead::lead() const {
  Lead lead{stage_ != Stage::idle, 0, -1};
  const auto left_of = [&](std::int64_t all) { return left_ + (left_ == all ? latency_ : 0); };
  if (stage_ == Stage::descriptor) lead.descriptor = left_of(next_.descriptor) + check_;
  if (stage_ == Stage::check) lead.descriptor = due_ - clock_.now();
  if (stage_ == Stage::panel) lead.panel = left_of(next_.panel);
  if (stage_ == Stage::done && next_.panel > 0) lead.panel = 0;
  return lead;
}

}  // namespace quillgen::estimate
