#include "estimate/query_order.hpp"

#include <algorithm>

#include "model/order.hpp"

namespace quillgen::estimate {
namespace {

constexpr int word_bytes = 8;
constexpr int request_cycles = 3;  ///< of a reader: take a request, size its burst, ask

int reference_buffer(const Config& c) {
  const int row_beats = reference_row_bytes(c, true) / beat_bytes(c.memory) + 2;
  const int of_lanes = c.memory.latency_cycles * row_beats * c.core.lanes() / c.attention.samples_per_query();
  return power_of_two(std::max(of_lanes, c.memory.latency_cycles / 4) + 2 * most_burst_beats);
}

/// Cycles from a reference that a sort reads to the next.
int sort_pace(const Board& b) { return std::max(request_cycles, divide_up(b.latency + 12, reference_buffer(b.c))); }

int sort_cells(const Config& c) { return c.order.bucket_bits > 0 ? 1 << 2 * c.order.bucket_bits : 0; }

/// Cycles of a pass of a sort before it reads, which is to clear or sum up its cells, and in which it reads.
Cycle pass_cycles(const Board& b) {
  return sort_cells(b.c) + b.latency + 12 + std::int64_t{b.demand.queries()} * sort_pace(b);
}

/// Queries whose references fit the buffers between the order and the groups.
int queries_waiting(const Config& c, int words) {
  return power_of_two((c.gemm.rows + c.memory.latency_cycles * c.core.lanes() / c.attention.samples_per_query() + 2) *
                      2 * c.attention.levels * c.attention.anchors) /
         words;
}

/// Queries that are chosen before the lanes begin, and collected to be chosen from.
int issued_ahead(const Config& c, int words, int queries) {
  return std::min({queries, row_queue + 2, queries_waiting(c, words) + group_buffers * c.gemm.rows});
}
int collected_ahead(const Config& c, int issued, int queries) {
  return std::min(queries, issued + (c.order.window > 1 ? c.order.window : 0));
}

}  // namespace

OrderReads::OrderReads(const Board& b) : clock_(b.clock), row_bytes_(reference_row_bytes(b.c, b.demand.layer.boxes)) {
  const int queries = b.demand.queries(), beats = divide_up(static_cast<int>(row_bytes_), b.beat()),
            words = static_cast<int>(row_bytes_) / word_bytes,
            collected = collected_ahead(b.c, issued_ahead(b.c, words, queries), queries),
            fetched = std::min(queries, collected + reference_buffer(b.c) / beats);
  Cycle begin = b.accepted;
  const auto add = [&](const Reads& reads) {
    const auto done = std::clamp<Cycle>((clock_.now() - reads.begin) / reads.pace, 0, reads.count);
    if (reads_.empty()) taken_ = done;
    if (done < reads.count) reads_.push(reads);
  };
  if (b.c.order.bucket_bits > 0)
    for (int pass = 0; pass < 2; ++pass, begin += pass_cycles(b))
      add({begin + sort_cells(b.c), queries, sort_pace(b), 1});
  add({begin, fetched, std::max(request_cycles, beats), beats});
  if (!reads_.empty()) ask_at = std::max(clock_.now(), reads_.front().begin);
}

int OrderReads::granted() {
  const auto now = reads_.front();
  ask_at = clock_.now() + now.pace;
  if (++taken_ == now.count) {
    reads_.pop(), taken_ = 0;
    ask_at = reads_.empty() ? never : std::max(ask_at, reads_.front().begin);
  }
  return now.beats;
}

QueryOrder::QueryOrder(Board& b, Cycle begun)
    : clock_(b.clock),
      words_(reference_row_bytes(b.c, b.demand.layer.boxes) / word_bytes),
      stride_(b.demand.stream.reference_stride == 0 ? words_ : b.demand.stream.reference_stride / word_bytes),
      words_per_beat_(b.beat() / word_bytes),
      rows_of_group_(b.c.gemm.rows),
      window_(b.c.order.window),
      scan_(b.c.order.window / b.c.order.distance_units),
      most_in_flight_(power_of_two(rows_on_their_way + 2 * group_buffers * b.c.gemm.rows) + sram_fifo_delay),
      most_fetched_(reference_buffer(b.c)),
      reader_(b.clock, b.beat(), most_fetched_) {
  const auto& c = b.c;
  most_waiting_ = queries_waiting(c, words_);
  Config unchosen = c;
  unchosen.order.window = 1;
  fetch_order_ = b.demand.schedule(unchosen);
  queries_ = static_cast<int>(fetch_order_.size());
  const std::int64_t list = divide_up(queries_ * 4, b.beat());
  if (!b.demand.index_list.empty()) list_ = list;
  Cycle ready = begun;
  if (c.order.bucket_bits > 0) {  // clear, count, sum, place
    ready += 2 * pass_cycles(b);
    before_ = 2 * std::int64_t{queries_};
    list_ *= 2;
  }
  next_collect_ = ready;
  if (ready + 2 * b.latency < clock_.now()) fill_buffers(c);
}

/// The order began long before the lanes: what can be known to the array already is, and what can be fetched, too.
void QueryOrder::fill_buffers(const Config& c) {
  const int issued = issued_ahead(c, words_, queries_);
  while (issued_ < issued) {
    ++issued_, ++in_flight_;
    rows_.push(0), results_.push(0), waiting_.push(0);
  }
  collected_ = collected_ahead(c, issued_, queries_);
  to_fetch_ = collected_;
  at_hand_ = most_fetched_;
  for (int i = 0; i < to_fetch_; ++i) before_ += beats_of(fetch_order_[static_cast<std::size_t>(i)]);
}

/// Beats that hold the reference of a query: rows follow each other without padding, or have a stride.
int QueryOrder::beats_of(int query) const {
  const auto first = std::int64_t{query} * stride_ % words_per_beat_;
  return static_cast<int>((first + words_ + words_per_beat_ - 1) / words_per_beat_);
}

void QueryOrder::fetch() {
  if (to_fetch_ == queries_ || !clock_.due(next_collect_)) return;
  const int beats = beats_of(fetch_order_[static_cast<std::size_t>(to_fetch_)]);
  if (at_hand_ >= beats) {
    at_hand_ -= beats, before_ += beats, ++to_fetch_, ++buffered_;
    clock_.acted();
  } else if (reader_.accepts()) {
    reader_.request(beats, fetch_order_[static_cast<std::size_t>(to_fetch_)]);
    ++to_fetch_;
  }
}

/// A word a cycle, of a candidate or, without a choice, of the next query.
void QueryOrder::collect() {
  if (collected_ == queries_ || collected_ - issued_ >= std::max(window_, 1) || !clock_.due(next_store_)) return;
  const bool buffered = buffered_ > 0;
  if (buffered) {
    --buffered_;
  } else {
    if (collected_ == to_fetch_) return;
    if (beats_left_ == 0) beats_left_ = beats_of(fetch_order_[static_cast<std::size_t>(collected_)]);
    if (!reader_.ready()) return;
    reader_.take();
    if (--beats_left_ > 0) return clock_.acted();
  }
  // Its words are stored while its beats are taken, of which this was the last.
  const int taken = buffered ? 0 : beats_of(fetch_order_[static_cast<std::size_t>(collected_)]) - 1;
  ++collected_;
  next_store_ = clock_.now() + std::max(1, words_ - taken);
  if (window_ == 1) next_issue_ = clock_.now() + words_;
  clock_.acted();
}

void QueryOrder::issue() {
  if (issued_ == queries_) return;
  if (window_ > 1) {
    if (collected_ < queries_ && collected_ - issued_ < window_) return;
    if (!chosen_) {  // scan, compare, settle; the cycle from here to the next candidate is the sixth
      if (!clock_.due(next_store_)) return;
      chosen_ = true, next_issue_ = clock_.now() + scan_ + 5 + words_;
    }
  } else if (collected_ == issued_) {
    return;
  }
  if (!clock_.due(next_issue_)) return;
  if (rows_.size() >= row_queue || waiting_.size() >= static_cast<std::size_t>(most_waiting_) ||
      in_flight_ >= most_in_flight_)
    return;
  ++issued_, ++in_flight_, chosen_ = false;
  results_.push(clock_.now() + sram_fifo_delay + row_address_delay);
  rows_.push(clock_.now() + fifo_delay + row_address_delay), waiting_.push(clock_.now() + sram_fifo_delay);
  clock_.acted();
}

void QueryOrder::tick() {
  fetch();
  collect();
  issue();
  // References of a query into the buffers of its group, a word a cycle.
  if (waiting_.empty() || held_ == group_buffers || !clock_.due(std::max(waiting_.front(), next_store_of_group_)))
    return;
  waiting_.pop();
  next_store_of_group_ = clock_.now() + words_;
  ++stored_;
  if (stored_ % rows_of_group_ == 0 || stored_ == queries_) ++held_, groups_.push(clock_.now() + words_ + fifo_delay);
  clock_.acted();
}

}  // namespace quillgen::estimate
