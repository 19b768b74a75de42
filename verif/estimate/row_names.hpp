// Rows in memory that are not read or written one after the other: somebody names them.
#pragma once
#include "estimate/board.hpp"
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

inline constexpr int row_queue = 4;          ///< numbers of rows that wait for the array
inline constexpr int row_address_delay = 2;  ///< cycles from the number of a row to its address

class RowNames {
 public:
  virtual ~RowNames() = default;
  /// Whether the number of the next row to be read can be taken.
  virtual bool has_row() = 0;
  virtual void take_row() = 0;
  /// Whether it is known where the next row that is written goes.
  virtual bool has_result() = 0;
  virtual void take_result() = 0;
};

/// The index list of a dense job, read for each of its panels. An entry a cycle goes to those who want it.
class ListedRows final : public RowNames {
 public:
  explicit ListedRows(Board& b)
      : clock_(b.clock),
        gathers_(b.demand.stream.gathers),
        scatters_(b.demand.stream.scatters),
        left_(b.demand.shape.rows),
        entries_(b.beat() / entry_bytes),
        most_results_(power_of_two(rows_on_their_way + 2 * group_buffers * b.c.gemm.rows) + sram_fifo_delay),
        reader_(b.clock, b.beat(), list_buffer_beats()) {
    reader_.request(divide_up(left_, entries_));
  }
  BurstReader& reader() { return reader_; }
  bool has_row() override { return !rows_.empty() && clock_.due(rows_.front()); }
  void take_row() override { rows_.pop(), clock_.acted(); }
  bool has_result() override { return !results_.empty() && clock_.due(results_.front()); }
  void take_result() override { results_.pop(), clock_.acted(); }
  void tick() {
    if (left_ == 0 || !reader_.ready() || (gathers_ && rows_.size() >= row_queue + row_address_delay) ||
        (scatters_ && static_cast<int>(results_.size()) >= most_results_))
      return;
    if (gathers_) rows_.push(clock_.now() + fifo_delay + row_address_delay);
    if (scatters_) results_.push(clock_.now() + sram_fifo_delay + row_address_delay);
    --left_;
    if (++entry_ == entries_ || left_ == 0) entry_ = 0, reader_.take();
    clock_.acted();
  }

 private:
  static constexpr int entry_bytes = 4;
  Clock& clock_;
  bool gathers_, scatters_;
  int left_, entries_, most_results_, entry_ = 0;
  BurstReader reader_;
  Queue<Cycle> rows_, results_;
};

}  // namespace quillgen::estimate
