// Rows for the PE array.
#pragma once
#include "estimate/board.hpp"
#include "estimate/row_feed.hpp"

namespace quillgen::estimate {

/// Rows of `beats` beats on their way to the array: asked for one by one, and marked when they end a group.
class Rows {
 public:
  /// Of `inner` elements of `bits` bits.
  Rows(Board& b, int beats, int inner, int bits)
      : reader_(b.clock, b.beat(), row_buffer_beats(b.c)),
        feed_(b.clock, reader_, b.beat(), row_word(b.c) * element_bytes(bits), divide_up(inner, row_word(b.c)), beats),
        beats_(beats) {}
  BurstReader& reader() { return reader_; }
  bool accepts() { return marks_.size() < rows_on_their_way && reader_.accepts(); }
  void ask(bool ends_group) {
    reader_.request(beats_);
    marks_.push(ends_group);
  }
  void load(PeArray& array) {
    if (marks_.empty() || !array.can_load() || !feed_.ready() || !feed_.take()) return;
    if (marks_.front()) array.loaded();
    marks_.pop();
  }

 private:
  BurstReader reader_;
  RowFeed feed_;
  int beats_;
  Queue<char> marks_;
};

}  // namespace quillgen::estimate
