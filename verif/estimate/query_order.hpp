// The order of queries in time: references are fetched, candidates collected, queries issued. Which query is when is
// known from the software model.
#pragma once
#include "estimate/board.hpp"
#include "estimate/read_port.hpp"
#include "estimate/row_names.hpp"

namespace quillgen::estimate {

/// What a sort reads while the array works, which competes with the rows: a beat of each reference, two times. When it
/// ends is another question, and QueryOrder's.
class SortReads final : public ReadClient {
 public:
  explicit SortReads(const Board& board);
  int granted() override;
  void beat() override {}
  std::uint64_t address() const override { return static_cast<std::uint64_t>(left_ % queries_ * row_bytes_); }

 private:
  const Clock& clock_;
  int pace_;
  std::int64_t left_, queries_, row_bytes_;
};

/// From the begin of a job on.
class QueryOrder final : public RowNames {
 public:
  /// `begun`: cycle in which the order began, at the end of the check.
  QueryOrder(Board& board, Cycle begun);

  BurstReader& reader() { return reader_; }
  /// The query whose reference is fetched as number n: what is issued then, but for the choice of a window.
  int fetched(int n) const { return fetch_order_[static_cast<std::size_t>(n)]; }
  bool has_row() override { return !rows_.empty() && clock_.due(rows_.front()); }
  void take_row() override { rows_.pop(), clock_.acted(); }
  /// Groups whose references are complete.
  Queue<Cycle>& groups() { return groups_; }
  /// A group is no longer needed.
  void release() { --held_, clock_.acted(); }
  bool has_result() override { return !results_.empty() && clock_.due(results_.front()); }
  void take_result() override { results_.pop(), --in_flight_, clock_.acted(); }
  void tick();

  std::int64_t reference_beats() const { return reader_.beats + before_; }
  std::int64_t list_beats() const { return list_; }

 private:
  int beats_of(int query) const;
  void fetch();
  void collect();
  void issue();
  void fill_buffers();

  Clock& clock_;
  int words_, stride_, words_per_beat_, rows_of_group_, window_, scan_;
  int most_waiting_, most_in_flight_, most_fetched_;
  BurstReader reader_;
  std::vector<int> fetch_order_;
  int queries_, to_fetch_ = 0, collected_ = 0, issued_ = 0, buffered_ = 0;
  int at_hand_ = 0;     ///< queries whose references were fetched before the lanes began
  int beats_left_ = 0;  ///< of the reference that is collected
  Cycle next_collect_ = 0, next_issue_ = 0, next_store_ = 0, next_store_of_group_ = 0;
  bool chosen_ = false;
  int in_flight_ = 0, held_ = 0, stored_ = 0;
  std::int64_t before_ = 0, list_ = 0;  ///< beats that were read before: the sort; of the index list
  Queue<Cycle> rows_, results_, waiting_, groups_;
};

}  // namespace quillgen::estimate
