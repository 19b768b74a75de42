#include "estimate/token_walk.hpp"

#include "model/token_groups.hpp"

namespace quillgen::estimate {
namespace {

constexpr int most_waiting = 2 * model::blocks_of_group;  // blocks that may wait for the map writer

}  // namespace

TokenWalk::TokenWalk(Clock& clock, const Workload& layer, int rows) : clock_(clock), layer_(layer), rows_(rows) {
  for (const auto& level : layer.level_shapes)
    block_count_ += std::int64_t{(level.height + 1) / 2} * ((level.width + 1) / 2);
}

bool TokenWalk::live() const {
  const auto& level = layer_.level_shapes[level_];
  const int x = x_ + pixel_ % 2, y = y_ + pixel_ / 2;
  if (x >= level.width || y >= level.height) return false;
  return layer_.padding.empty() || layer_.padding[static_cast<std::size_t>(token_at())] == 0;
}

std::int64_t TokenWalk::token_at() const {
  return static_cast<std::int64_t>(first_token_) + std::int64_t{y_ + pixel_ / 2} * layer_.level_shapes[level_].width +
         x_ + pixel_ % 2;
}

bool TokenWalk::take() {
  held_ = false;
  clock_.acted();
  return ends_group_;
}

void TokenWalk::next_block() {
  const auto& level = layer_.level_shapes[level_];
  pixel_ = 0, x_ += 2, state_ = State::look;
  if (x_ < level.width) return;
  x_ = 0, y_ += 2, state_ = State::place;
  if (y_ < level.height) return;
  y_ = 0, state_ = State::enter;
  first_token_ += static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width);
  if (++level_ == layer_.level_shapes.size()) state_ = State::over;
}

/// A step a cycle: a look-up and a decision for every pixel, one more for the block.
void TokenWalk::tick() {
  const Cycle now = clock_.now();
  switch (state_) {
    case State::over:
      return;
    case State::enter:
      state_ = State::place;
      break;
    case State::place:
      state_ = State::look;
      break;
    case State::look:
      state_ = State::decide;
      break;
    case State::decide: {
      const bool is_live = live();
      if (is_live && held_) {  // another token follows the one on offer
        known_ = std::min(known_, now + 1);
        clock_.wake(known_);
        return;
      }
      if (is_live) {
        const bool filled = row_ + 1 == rows_;
        held_ = true, held_token_ = token_at(), ends_group_ = filled, known_ = filled ? now + 1 : never;
        if (!open_) blocks_of_group_ = 0;
        waits_ += !waited_for_;
        row_ = filled ? 0 : row_ + 1, open_ = waited_for_ = !filled, frees_ += filled;
      }
      state_ = ++pixel_ == 4 ? State::end_block : State::look;
      break;
    }
    case State::end_block: {
      const auto& level = layer_.level_shapes[level_];
      const bool last = x_ + 2 >= level.width && y_ + 2 >= level.height && level_ + 1 == layer_.level_shapes.size();
      if (open_ && (last || blocks_of_group_ == model::blocks_of_group - 1)) {  // closed before it is full
        ends_group_ = true, known_ = std::min(known_, now + 1);
        row_ = 0, open_ = waited_for_ = false, ++frees_;
        break;
      }
      if (blocks_.size() == most_waiting) return;
      blocks_.push({now + fifo_delay, waits_, frees_});
      waits_ = frees_ = 0;
      if (open_) ++blocks_of_group_;
      next_block();
    }
  }
  clock_.acted();
}

}  // namespace quillgen::estimate
