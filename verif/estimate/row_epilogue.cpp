#include "estimate/row_epilogue.hpp"

namespace quillgen::estimate {
namespace {

constexpr int rows_ahead = 16;  ///< whose residuals are asked for before the writer turns to them
constexpr int norm_rows = 4;    ///< between their first word and their last normalised one
constexpr int scaled_rows = 2;  ///< whose scale is known
constexpr int scale_cycles = 25;
constexpr int norm_stages = 9;  ///< from a word of z to the normalised one
constexpr int box_cycles = 7;   ///< from deltas to the first word of the row

}  // namespace

RowEpilogue::RowEpilogue(Board& b, BurstWriter& writer, int rows, RowNames* names)
    : clock_(b.clock),
      writer_(writer),
      names_(names),
      boxes_(b.demand.stream.boxes),
      words_(boxes_ ? 1 : output_row_beats(b.c)),
      sum_delay_(4 + tree_stages(b.c, b.beat() / element_bytes(result_width(b.c)))),
      box_beats_(box_row_beats(b.c)),
      box_span_(std::max(b.c.attention.levels + 1, box_beats_)),
      reader_(b.clock, b.beat(), residual_buffer_beats(b.c)),
      to_ask_(rows) {}

void RowEpilogue::tick() {
  if (!freed_.empty() && clock_.due(freed_.front())) freed_.pop(), --held_, clock_.acted();
  normalise();
  scale();
  if (boxes_) take_box();
  else take_word();
  ask();
}

/// What is added to a row is read when it is known where the row goes, some rows ahead of the writer.
void RowEpilogue::ask() {
  while (!request_taken_.empty() && clock_.due(request_taken_.front())) request_taken_.pop(), ++requests_taken_;
  if (to_ask_ == 0 || asked_ - requests_taken_ >= rows_ahead || !reader_.accepts()) return;
  if (names_ != nullptr) {
    if (!names_->has_result()) return;
    names_->take_result();
  }
  reader_.request(words_);
  --to_ask_, ++asked_;
}

bool RowEpilogue::word_is_there() {
  if (offered_.empty()) return false;
  const auto& row = offered_.front();
  return clock_.due(row.begin + (std::int64_t{words_taken_ + 1} * row.span + words_ - 1) / words_ - 1) &&
         reader_.ready();
}

/// Of a row that is normalised; one is begun when a slot is free for it.
void RowEpilogue::take_word() {
  if (!word_is_there() || (words_taken_ == 0 && held_ == norm_rows)) return;
  reader_.take();
  if (words_taken_ == 0) ++held_;
  if (++words_taken_ < words_) return;
  words_taken_ = 0, ++taken_;
  offered_.pop();
  sums_.push(clock_.now() + sum_delay_);
}

void RowEpilogue::scale() {
  if (scaling_) {
    if (!clock_.due(scale_free_ - 1) || scaled_.size() == scaled_rows) return;
    scaling_ = false, scale_free_ = clock_.now() + 1;
    scaled_.push(clock_.now() + fifo_delay);
    clock_.acted();
  } else if (!sums_.empty() && clock_.due(std::max(sums_.front(), scale_free_))) {
    sums_.pop();
    scaling_ = true, scale_free_ = clock_.now() + scale_cycles;
    clock_.acted();
  }
}

void RowEpilogue::normalise() {
  if (scaled_.empty() || !clock_.due(std::max(scaled_.front(), norm_free_))) return;
  const Cycle late = write(clock_.now() + norm_stages, words_, words_);
  norm_free_ = clock_.now() + words_ + late;
  freed_.push(norm_free_);
  clock_.wake(norm_free_);
  scaled_.pop();
  clock_.acted();
}

void RowEpilogue::take_box() {
  if (!word_is_there() || !clock_.due(box_free_)) return;
  reader_.take();
  offered_.pop(), ++taken_;
  const Cycle begin = clock_.now() + box_cycles;
  box_free_ = begin + box_span_ + write(begin, box_beats_, box_span_);
}

Cycle RowEpilogue::write(Cycle begin, int beats, int span) {
  writer_.request(0);
  const Cycle late = writer_.run(begin, beats, span);
  // When the next row is taken up, the one behind it is asked for.
  request_taken_.push(writer_.takes_up() + 1);
  clock_.wake(writer_.takes_up() + 1);
  ++written_;
  return late;
}

}  // namespace quillgen::estimate
