// The write channels: what leaves the chip.
#pragma once
#include <vector>

#include "estimate/clock.hpp"
#include "estimate/memory.hpp"

namespace quillgen::estimate {

/// Runs of beats, one after the other, as bursts of up to 16 that do not cross 4 KiB. A burst is sized, its data are
/// waited for, its address is sent; its data follow those of the burst before. A run is asked for while the one before
/// is in work. Answers come as many cycles after the last beat as the memory takes.
class BurstWriter {
 public:
  BurstWriter(int beat_bytes, Memory& memory)
      : page_beats_(4096 / beat_bytes), memory_(memory), position_(base_alignment / beat_bytes) {}
  /// A run is asked for from `at` on; when the request is taken.
  Cycle request(Cycle at);
  /// The beats of the run that was requested come from `begin` on, evenly over `span` cycles if there is room; returns
  /// how many cycles they were held up.
  Cycle run(Cycle begin, int beats, int span);
  Cycle last_sent() const { return last_sent_; }
  /// When a request that waits behind the run in work is taken up.
  Cycle takes_up() const { return std::max(room_ + fifo_delay, free_); }
  /// When the last address has been sent.
  Cycle addressed() const { return free_; }
  Cycle done() const { return answered_; }  ///< the last answer
  std::int64_t beats() const { return beats_; }

 private:
  static constexpr int buffer = 2 * most_burst_beats + sram_fifo_delay;  ///< beats
  int page_beats_;
  Memory& memory_;
  std::int64_t position_;
  Cycle answered_ = 0;
  std::vector<Cycle> sent_ = std::vector<Cycle>(buffer, -2);  ///< of the last beats, by number modulo the buffer
  Cycle free_ = 0;                         ///< from here on the next burst can be sized, or a run taken up
  Cycle room_ = 0;                         ///< .. or a request taken, while the run before is in work
  Cycle last_sent_ = 0, sent_before_ = 0;  ///< last beats of the last burst and of the one before
  std::int64_t beats_ = 0;
};

}  // namespace quillgen::estimate
