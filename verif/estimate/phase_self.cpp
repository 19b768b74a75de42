// Self-attention: keys and values become weights of the PE array, row after row; then rows attend, group by group, each
// head in two passes of the array, scores and the products of their exponentials with the values.
#include "estimate/board.hpp"
#include "estimate/burst_writer.hpp"
#include "estimate/row_copy.hpp"
#include "estimate/rows.hpp"

namespace quillgen::estimate {
namespace {

/// Rows of keys, then of values, into the weight memories: collected in two halves of a buffer, each written across, an
/// entry a cycle, while the other one fills.
class KeyLoader {
 public:
  KeyLoader(Board& b, Rows& rows)
      : clock_(b.clock),
        rows_(rows),
        job_rows_(b.demand.shape.rows),
        together_(columns_together(
            b.c, b.c.gemm.depth * std::max(b.c.numerics.query_weight_bits, b.c.numerics.feature_weight_bits))),
        banks_(b.c.gemm.columns / together_),
        depth_(b.c.gemm.depth),
        key_steps_(gemm_steps(b.c, b.demand.shape.inner)),
        value_entries_(value_tiles(b.c) * banks_) {}
  /// Of rows whose fetch begins now.
  void begin(bool of_keys) {
    left_ = job_rows_, lane_ = filled_ = 0;
    lanes_ = of_keys ? together_ : depth_, entries_ = of_keys ? key_steps_ : value_entries_;
    fills_up_ = of_keys;
  }
  void tick() {
    if (!halves_.empty() && clock_.due(halves_.front())) halves_.pop(), clock_.acted();
    if (left_ == 0 || halves_.size() == 2 || !rows_.take()) return;
    --left_;
    if (++lane_ < lanes_ && left_ > 0) return;
    lane_ = 0, ++filled_;
    written_ = std::max(clock_.now() + 1, written_) + entries_;
    halves_.push(written_);
    // Entries of the last tile that have no key are zeros.
    if (left_ == 0 && fills_up_) written_ += std::int64_t{(banks_ - filled_ % banks_) % banks_} * key_steps_;
  }
  /// Whether all is written.
  bool done() { return left_ == 0 && halves_.empty() && clock_.due(written_ + rows_.late()); }

 private:
  Clock& clock_;
  Rows& rows_;
  int job_rows_, together_, banks_, depth_, key_steps_, value_entries_;
  int left_ = 0, lane_ = 0, filled_ = 0;  ///< rows: to come, in the half; halves so far
  int lanes_ = 0, entries_ = 0;           ///< of a half
  bool fills_up_ = false;
  // Of words as they are taken; they come late(), and so does what becomes of them.
  Cycle written_ = 0;    ///< all halves that are full
  Queue<Cycle> halves_;  ///< that are full: when each is free again
};

/// Softmax of the rows of a head, a head after the other: words of a row after those of the row before, each summed up
/// and its sum divided.
class Softmax {
 public:
  explicit Softmax(const Board& b)
      : row_words_(divide_up(b.demand.shape.rows, b.c.gemm.columns) * key_slices(b.c)),
        scores_delay_(2 + requantise_delay + 1 + std::max(1, tree_stages(b.c, b.c.gemm.columns)) + fifo_delay),
        sum_delay_(4 + tree_stages(b.c, exponential_units(b.c)) + fifo_delay) {}
  /// The scores of `rows` rows leave the array from the cycle after `copied` on; when their products may begin.
  Cycle head(Cycle copied, int rows) {
    constexpr int division = 17;
    const Cycle begin = std::max(copied + rows + scores_delay_, free_);
    Cycle divided = begin;
    for (int row = 1; row <= rows; ++row)
      divided = std::max(begin + std::int64_t{row} * row_words_ + sum_delay_, divided + 1) + division;
    return free_ = divided + 1;
  }

 private:
  int row_words_;
  int scores_delay_;  ///< requantised, stored, largest found, told
  int sum_delay_;     ///< from a word to its exponentials, their sum and its place in a FIFO
  Cycle free_ = 0;
};

/// The passes of the array. Scores of a head come up to two passes before its products.
class Passes {
 public:
  explicit Passes(Board& b)
      : clock_(b.clock),
        group_rows_(b.c.gemm.rows),
        heads_(b.c.attention.heads),
        parts_(b.demand.self_parts),
        key_tiles_(divide_up(b.demand.shape.rows, b.c.gemm.columns)),
        head_steps_(gemm_steps(b.c, b.c.attention.head_dim())),
        value_steps_(gemm_steps(b.c, b.demand.shape.rows)),
        gap_(group_rows_ < 3 && parts_ > 1 ? 2 : 0),
        most_held_(b.result_groups()),
        timing_(b.array_timing(key_tiles_, b.c.attention.head_dim())),
        tiles_(timing_),
        softmax_(b),
        rows_left_(b.demand.shape.rows) {}
  bool can_load() const { return groups_.size() < 2; }
  void loaded(int late) { groups_.push(clock_.now() + late + fifo_delay); }
  Queue<Cycle>& results() { return results_; }
  void release() { --held_, clock_.acted(); }
  std::int64_t steps() const { return steps_; }
  void tick() {
    if (!clock_.due(choose_)) return;
    if (scored_) groups_.pop(), scored_ = false, clock_.acted();
    if (rows_left_ > 0 && ahead_ < 2 && !groups_.empty() && clock_.due(groups_.front())) score();
    else if (ahead_ > 0 && held_ < most_held_ && clock_.due(ready_.front())) multiply();
  }

 private:
  Cycle first_step() const { return std::max({clock_.now() + 1, tiles_.frozen(), gap_end_}); }
  void score() {
    Cycle issue = first_step();
    for (int tile = 0; tile < key_tiles_; ++tile) issue = tiles_.tile(issue, head_steps_);
    steps_ += std::int64_t{key_tiles_} * head_steps_;
    const int rows = std::min(rows_left_, group_rows_);
    ready_.push(softmax_.head(tiles_.copied(), rows));
    ++ahead_;
    if (++score_head_ == heads_) score_head_ = 0, rows_left_ -= rows, scored_ = true;
    choose_ = issue;
    clock_.acted();
  }
  void multiply() {
    Cycle issue = first_step();
    for (int part = 0; part < parts_; ++part) {
      issue = tiles_.tile(std::max(issue, gap_end_), value_steps_);
      gap_end_ = issue + gap_;
    }
    steps_ += std::int64_t{parts_} * value_steps_;
    ready_.pop(), --ahead_;
    if (++value_head_ == heads_) value_head_ = 0, ++held_, results_.push(tiles_.drained() + timing_.finish);
    choose_ = issue;
    clock_.acted();
  }

  Clock& clock_;
  int group_rows_, heads_, parts_, key_tiles_, head_steps_, value_steps_;
  int gap_;  ///< cycles behind a part of products of few rows: its sums are kept before those of the next part come
  int most_held_;
  ArrayTiming timing_;
  Tiles tiles_;
  Softmax softmax_;
  Queue<Cycle> groups_, ready_, results_;  ///< rows loaded; heads whose softmax ends; groups that are computed
  int rows_left_, score_head_ = 0, value_head_ = 0, ahead_ = 0, held_ = 0;
  bool scored_ = false;  ///< the rows of a group are not needed any more when the next pass is chosen
  Cycle choose_ = 0, gap_end_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace

void attend_self(Board& b) {
  const auto& c = b.c;
  const int job_rows = b.demand.shape.rows, channels = b.demand.shape.inner;
  // Operands of another size than the elements of a stream are formed as these are.
  Rows rows(b, channels, c.numerics.query_bits, true, false);  // all go through the operand former
  KeyLoader loader(b, rows);
  Passes passes(b);
  BurstWriter writer(b.beat(), b.memory);
  RowCopy copy(b.clock, writer, row_beats(channels, result_width(c), c.memory));
  std::vector<ReadClient*> clients = {&b.job_reader};
  rows.add_clients(clients);
  ReadPort port(b.clock, b.memory, clients);
  b.last_run = true;
  constexpr int keys = 0, values = 1, queries = 2, fetch_delay = 2;  // until the first row is asked for
  int loads = keys, to_ask = job_rows, in_group = 0, to_copy = job_rows, of_group = 0;
  Cycle fetch = b.clock.now() + fetch_delay;
  loader.begin(true);
  b.clock.acted();
  while (to_copy > 0 || !b.clock.due(writer.done() + 1)) {
    b.step();
    port.tick();
    b.tick_loads();
    if (loads != queries) {
      loader.tick();
      if (to_ask == 0 && loader.done()) {
        if (++loads == values) loader.begin(false);
        fetch = b.clock.now() + fetch_delay, to_ask = job_rows, in_group = 0;
      }
    } else if (passes.can_load() && rows.take() && rows.ended_group()) {
      passes.loaded(rows.late());
    }
    if (to_ask > 0 && b.clock.due(fetch) && rows.accepts()) {
      --to_ask;
      const bool ends_group = ++in_group == c.gemm.rows || to_ask == 0;
      if (ends_group) in_group = 0;
      rows.ask(ends_group);
    }
    passes.tick();
    if (copy.tick(passes.results(), of_group == 0)) {
      --to_copy;
      if (++of_group == c.gemm.rows || to_copy == 0) passes.results().pop(), passes.release(), of_group = 0;
      b.clock.acted();
    }
  }
  b.run.beats.query += rows.beats(), b.run.beats.output += writer.beats();
  b.work.array_steps += passes.steps(), b.work.reads += port.busy(), b.work.writes += writer.beats();
  b.end_job(port);
}

}  // namespace quillgen::estimate
