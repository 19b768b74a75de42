// Rows of results between array or lanes and memory, where something is added to them: a residual row and a norm, or
// the logits of a box.
#pragma once
#include "estimate/board.hpp"
#include "estimate/burst_writer.hpp"
#include "estimate/row_names.hpp"

namespace quillgen::estimate {

class RowEpilogue {
 public:
  /// From the start of a run of `rows` rows on. `names`: says where they go; null: they follow each other.
  RowEpilogue(Board& board, BurstWriter& writer, int rows, RowNames* names);

  BurstReader& reader() { return reader_; }
  /// Whether another row can be offered: none waits whose first word has not been taken.
  bool accepts() const { return offered_.empty() || (offered_.size() == 1 && words_taken_ > 0); }
  /// The words of a row, as long as beats, come from `begin` on, evenly over `span` cycles.
  void offer(Cycle begin, int span) {
    offered_.push({begin, span});
    ++all_offered_;
    clock_.wake(begin);
  }
  int offered() const { return all_offered_; }  ///< rows so far
  /// Rows that were offered and of which all words have been taken.
  int taken() const { return taken_; }
  /// Rows whose beats the writer has been given.
  int written() const { return written_; }
  void tick();

 private:
  void ask();
  void take_word();
  void take_box();
  void scale();
  void normalise();
  bool word_is_there();
  /// The beats of a row go to the writer from `begin` on; returns how long they are held up.
  Cycle write(Cycle begin, int beats, int span);

  struct Offer {
    Cycle begin;
    int span;
  };
  Clock& clock_;
  BurstWriter& writer_;
  RowNames* names_;
  bool boxes_;
  int words_, sum_delay_, box_beats_, box_span_;
  BurstReader reader_;
  // Rows that are asked for ahead of their results.
  int to_ask_, asked_ = 0, requests_taken_ = 2;  ///< of the writer: a run in work, and the next
  Queue<Cycle> request_taken_;
  // Rows that are added up.
  Queue<Offer> offered_;
  int all_offered_ = 0, words_taken_ = 0, taken_ = 0, held_ = 0, written_ = 0;
  Queue<Cycle> sums_, scaled_, freed_;
  bool scaling_ = false;
  Cycle scale_free_ = 0, norm_free_ = 0, box_free_ = 0;
};

}  // namespace quillgen::estimate
