// The order of queries in time: references are fetched, candidates collected, queries issued. Which query is when is
// known from the software model.
#pragma once
#include "estimate/board.hpp"
#include "estimate/read_port.hpp"
#include "estimate/row_names.hpp"

namespace quillgen::estimate {

/// What the order reads before the lanes begin: for a sort a beat of each reference, two times, then the references of
/// the queries that come first. It competes with what else is read; when the order is ready is another question, and
/// QueryOrder's.
class OrderReads final : public ReadClient {
 public:
  explicit OrderReads(const Board& board);
  int granted() override;
  void beat() override {}
  std::uint64_t address() const override { return static_cast<std::uint64_t>(taken_ * row_bytes_); }

 private:
  /// Reads of `beats` each, one every `pace` cycles, from the cycle `begin` on.
  struct Reads {
    Cycle begin;
    std::int64_t count;
    int pace, beats;
  };

  const Clock& clock_;
  std::int64_t row_bytes_, taken_ = 0;  ///< of a reference; reads of the first of `reads_` that are done
  Queue<Reads> reads_;
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
  void fill_buffers(const Config& c);

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
