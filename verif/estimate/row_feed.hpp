// Beats cut or collected into the words that a block takes, a cycle each.
#pragma once
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

/// Rows of `beats` beats become rows of `words` words of `word_bytes` bytes; what is more sets the pace.
class RowFeed {
 public:
  /// `added`: what comes beside each beat, or null.
  RowFeed(Clock& clock, BurstReader& reader, BurstReader* added, int beat_bytes, int word_bytes, int words, int beats)
      : clock_(clock),
        reader_(reader),
        added_(added),
        units_(std::max(words, beats)),
        units_of_beat_(std::max(1, beat_bytes / word_bytes)) {}
  /// Whether a cycle's part of a row can be taken now.
  bool ready() { return reader_.ready() && (added_ == nullptr || added_->ready()); }
  /// Takes it; true if it was the last of its row.
  bool take() {
    clock_.acted();
    const bool last = unit_ + 1 == units_;
    if (last || unit_ % units_of_beat_ == units_of_beat_ - 1) {
      reader_.take();
      if (added_ != nullptr) added_->take();
    }
    unit_ = last ? 0 : unit_ + 1;
    return last;
  }

 private:
  Clock& clock_;
  BurstReader& reader_;
  BurstReader* added_;
  int units_, units_of_beat_, unit_ = 0;
};

}  // namespace quillgen::estimate
