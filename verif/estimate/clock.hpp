// Time of the cycle model. In a cycle every part is asked once whether it can do something; when none could, time jumps
// to the next moment at which one has a reason to.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace quillgen::estimate {

using Cycle = std::int64_t;
inline constexpr Cycle never = std::numeric_limits<Cycle>::max() / 4;

class Clock {
 public:
  Cycle now() const { return now_; }
  /// Something happened: everybody looks again in the next cycle.
  void acted() { next_ = now_ + 1; }
  /// Nothing before `at`, as far as the caller knows; `at` may be past or never.
  void wake(Cycle at) {
    if (at > now_) next_ = std::min(next_, at);
  }
  bool due(Cycle at) {
    if (at <= now_) return true;
    wake(at);
    return false;
  }
  /// On to the next cycle in which something can happen. False if there is none: a deadlock of the model.
  bool advance() {
    if (next_ == never) return false;
    now_ = next_;
    next_ = never;
    return true;
  }

 private:
  Cycle now_ = 0, next_ = never;
};

/// First-in first-out queue that keeps its memory.
template <typename T>
class Queue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const T& front() const { return items_[first_]; }
  T& front() { return items_[first_]; }
  void push(const T& item) {
    if (size_ == items_.size()) grow();
    items_[(first_ + size_++) & (items_.size() - 1)] = item;
  }
  void pop() {
    first_ = (first_ + 1) & (items_.size() - 1);
    --size_;
  }

 private:
  void grow() {
    std::vector<T> larger(std::max<std::size_t>(8, 2 * items_.size()));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = items_[(first_ + i) & (items_.size() - 1)];
    items_ = std::move(larger);
    first_ = 0;
  }
  std::vector<T> items_;
  std::size_t first_ = 0, size_ = 0;
};

/// Cycles of the parts that are no parameters: registers of pipelines and FIFOs, as generator/accel builds them.
inline constexpr int fifo_delay = 1, sram_fifo_delay = 3;
inline constexpr int requantise_delay = 3;
inline constexpr int activation_delay = 3 + requantise_delay;  ///< of an activation by linear pieces
inline constexpr int most_burst_beats = 16;
/// Bytes that base addresses are aligned to; tensors are taken to begin so far behind a page.
inline constexpr int base_alignment = 64;

}  // namespace quillgen::estimate
