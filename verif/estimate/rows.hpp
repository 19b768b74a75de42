// Rows for the PE array.
#pragma once
#include <optional>

#include "estimate/board.hpp"
#include "estimate/row_feed.hpp"

namespace quillgen::estimate {

/// Rows on their way to the array: asked for one by one, and marked when they end a group.
class Rows {
 public:
  /// Of `inner` elements of `bits` bits, or of those of the stream, with positions beside them or without.
  Rows(Board& b, int inner, int bits, bool of_stream, bool positions)
      : beats_(row_beats(inner, b.row_bits(of_stream, bits), b.c.memory)),
        late_(of_stream ? requantise_delay : 0),
        reader_(b.clock, b.beat(), row_buffer_beats(b.c)),
        positions_(positions ? std::optional<BurstReader>(reader_) : std::nullopt),
        feed_(b.clock, reader_, positions ? &*positions_ : nullptr, b.beat(),
              row_word(b.c) * element_bytes(b.row_bits(of_stream, bits)), divide_up(inner, row_word(b.c)), beats_) {}
  Rows(const Rows&) = delete;

  void add_clients(std::vector<ReadClient*>& clients) {
    clients.push_back(&reader_);
    if (positions_) clients.push_back(&*positions_);
  }
  /// Beats that have come, with those of positions.
  std::int64_t beats() const { return reader_.beats + (positions_ ? positions_->beats : 0); }
  bool accepts() {
    return marks_.size() < rows_on_their_way && reader_.accepts() && (!positions_ || positions_->accepts());
  }
  /// `row`: its number, if they are not read one after the other.
  void ask(bool ends_group, std::int64_t row = -1) {
    reader_.request(beats_, row);
    if (positions_) positions_->request(beats_, row);
    marks_.push(ends_group);
  }
  /// Takes a cycle's part of a row, if there is one. Whether it was the last of its row.
  bool take() {
    if (marks_.empty() || !feed_.ready() || !feed_.take()) return false;
    ended_group_ = marks_.front();
    marks_.pop();
    return true;
  }
  bool ended_group() const { return ended_group_; }  ///< the last row that was taken
  int late() const { return late_; }                 ///< cycles that it is on its way
  void load(PeArray& array) {
    if (array.can_load() && take() && ended_group_) array.loaded(late_);
  }

 private:
  int beats_, late_;
  BurstReader reader_;
  std::optional<BurstReader> positions_;
  RowFeed feed_;
  Queue<char> marks_;
  bool ended_group_ = false;
};

}  // namespace quillgen::estimate
