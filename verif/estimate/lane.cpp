#include "estimate/lane.hpp"

#include <algorithm>

namespace quillgen::estimate {
namespace {

constexpr std::size_t missing_lines = 2;    ///< looked up, before their place is reserved
constexpr std::size_t missing_samples = 3;  ///< whose lines are, where one look-up asks for all of them
constexpr int address_stages = 3;           ///< of a line request
constexpr int free_to_look_up = 11;         ///< samples between the reading of offsets and the tag look-up
constexpr int use_delay = 2;                ///< from a sample's lines being there to its pixels
constexpr int aggregate_delay = 3;          ///< from the last pixels of a head to its sums
constexpr int waiting_heads = 2;            ///< requantised, before the projection

}  // namespace

void Lane::tick() {
  if (drops()) join();
  project();
  use();
  look_up();
  fetch();
  if (drops()) compact();
  source();
}

void Lane::tick_samples() {
  use();
  fetch();
  look_up();
  compact();
  free_group();
}

void Lane::free_group() {
  if (!ends_.empty() && looked_up_ >= ends_.front().sample - (free_to_look_up - 1) && clock_.due(ends_.front().at)) {
    ends_.pop();
    ++freed_;
    clock_.acted();
  }
}

bool Lane::has_group() {
  if (left_in_group_ > 0) return true;
  if (groups_.empty() || !clock_.due(groups_.front().at)) return false;
  left_in_group_ = std::int64_t{groups_.front().queries} * s_.samples_of_head * s_.heads;
  groups_.pop();
  return true;
}

/// A sample a cycle of the group in work; where points are dropped a vector of points, through the softmax.
void Lane::source() {
  free_group();
  if (!has_group()) return;
  if (drops()) {
    if (static_cast<int>(live_.size()) < s_.softmax_holds) mark_vector(clock_.now() + s_.softmax);
    return;
  }
  if (static_cast<int>(path_.size()) >= s_.path_holds) return;
  path_.push(clock_.now() + s_.path);
  if (--left_in_group_ == 0) ends_.push({sourced_, clock_.now() + s_.path_to_free});
  ++sourced_;
  clock_.acted();
}

void Lane::next_sample(std::size_t& at, std::size_t& in_query) const {
  const auto of_head = static_cast<std::size_t>(s_.samples_of_head), heads = static_cast<std::size_t>(s_.heads),
             head_stride = static_cast<std::size_t>(s_.head_stride);
  ++at;
  if (++in_query % of_head == 0) at += head_stride - of_head;
  if (in_query == of_head * heads) at += stride_ - heads * head_stride, in_query = 0;
}

void Lane::take_vector() {
  has_group();
  mark_vector(clock_.now() + s_.fork);
}

/// A vector of points that have their weights `at`. If none lives it comes no further; heads are marked.
void Lane::mark_vector(Cycle at) {
  int live = 0;
  for (int i = 0; i < s_.points_at_once; ++i) {
    live += dropped_.empty() || dropped_[soft_at_] == 0;
    next_sample(soft_at_, soft_in_query_);
  }
  if (live > 0) live_.push({at, live});
  live_in_head_ += live, sourced_ += live, left_in_group_ -= s_.points_at_once;
  if (soft_in_query_ % static_cast<std::size_t>(s_.samples_of_head) == 0)
    marks_.push({at + sram_fifo_delay, std::exchange(live_in_head_, 0) == 0, soft_in_query_ == 0});
  if (left_in_group_ == 0) ends_.push({sourced_, at + s_.path_to_free});
  clock_.acted();
}

/// Live points, one a cycle.
void Lane::compact() {
  if (live_.empty() || static_cast<int>(path_.size()) >= s_.path_holds || !clock_.due(live_.front().at)) return;
  path_.push(clock_.now() + s_.path);
  if (--live_.front().points == 0) live_.pop();
  clock_.acted();
}

/// Heads in their order; an empty one needs no sums. They go straight into the requantisation.
void Lane::join() {
  if (sums_at_ < never || !has_part()) return;
  sums_at_ = clock_.now();
  take_part();
}

bool Lane::has_part() {
  if (marks_.empty() || !clock_.due(marks_.front().at)) return false;
  return marks_.front().empty || (!head_sums_.empty() && clock_.due(head_sums_.front()));
}

void Lane::take_part() {
  const auto mark = marks_.front();
  marks_.pop();
  if (!mark.empty) head_sums_.pop();
  queries_ += mark.ends_query;
  if (mark.ends_query) ended_ = clock_.now();
  if (mark.ends_query && first_ == never) first_ = last_ = clock_.now();
  clock_.acted();
}

/// Lines that the next sample to be looked up waits for.
int Lane::next_fills() {
  if (drops())
    while (!dropped_.empty() && dropped_[at_] != 0) next_sample(at_, in_query_);
  const int fills = fills_[at_];
  if (!together_.empty()) lines_together_ = together_[at_];
  next_sample(at_, in_query_);
  return fills;
}

/// A point of the head of the sample that was looked up last is still to come.
bool Lane::head_goes_on() const {
  if (in_query_ % static_cast<std::size_t>(s_.samples_of_head) == 0) return false;
  if (!drops() || dropped_.empty()) return true;
  const auto left =
      static_cast<std::size_t>(s_.samples_of_head) - in_query_ % static_cast<std::size_t>(s_.samples_of_head);
  const auto rest = dropped_.subspan(at_, left);
  return std::find(rest.begin(), rest.end(), 0) != rest.end();
}

/// A line is asked for when there is a place for it.
void Lane::fetch() {
  if (missing_.empty() || reserved_ == s_.outstanding || asked_.size() == address_stages ||
      !clock_.due(missing_.front().at))
    return;
  if (--missing_.front().lines == 0) missing_.pop();
  asked_.push(clock_.now() + address_stages);
  ask();
  ++reserved_;
  clock_.acted();
}

/// A sample stays until each line that misses has been asked for, one a cycle, or until all have their place in a
/// queue.
void Lane::look_up() {
  if (in_work_) {
    if (!queued_ && static_cast<int>(queue_.size()) < s_.run_ahead + sram_fifo_delay) {
      queue_.push({clock_.now() + sram_fifo_delay, lines_missing_, lines_together_, !head_goes_on()});
      queued_ = true;
      clock_.acted();
    }
    const bool all = s_.lines_at_once > 1;
    if (to_ask_ > 0 && missing_.size() < (all ? missing_samples : missing_lines)) {
      missing_.push({clock_.now() + fifo_delay, all ? to_ask_ : 1});
      to_ask_ -= all ? to_ask_ : 1;
      clock_.acted();
    }
    if (to_ask_ > 0 || !queued_) return;
    in_work_ = false;
  }
  if (path_.empty() || !clock_.due(path_.front())) return;
  path_.pop();
  in_work_ = true, queued_ = false;
  to_ask_ = lines_missing_ = next_fills();
  ++looked_up_;
  clock_.acted();
}

int Lane::granted() {
  asked_.pop();
  ++next_address_;
  ask();
  return s_.line_beats;
}

void Lane::beat() {
  if (++beat_ < s_.line_beats) return;
  beat_ = 0;
  lines_.push(clock_.now() + sram_fifo_delay);
}

/// The sample at the head of the queue takes its lines, one a cycle or two that share no bank, and is read.
void Lane::use() {
  if (queue_.empty() || !clock_.due(queue_.front().at)) return;
  const Cycle now = clock_.now();
  const int wanted = queue_.front().lines;
  for (int i = 0; i < s_.lines_at_once && filled_ < wanted && !lines_.empty(); ++i) {
    if (i > 0 && (queue_.front().together >> (filled_ - 1) & 1) == 0) break;
    if (!clock_.due(lines_.front())) break;
    lines_.pop();
    --reserved_, ++filled_;
    clock_.acted();
    complete_ = now;
  }
  if (filled_ < wanted) return;
  if (feed_ != nullptr) {
    if (!feed_->filled()) return;
    if (feed_->copies()) return clock_.acted();
    complete_ = std::max(complete_, feed_->filled_at());
  }
  const bool ends_head = queue_.front().ends_head;
  // The sums of the head before must have gone when those of this one are done.
  if (ends_head && !drops() && !clock_.due(sums_free_ - use_delay - aggregate_delay + 1)) return;
  if (ends_head && drops() && static_cast<int>(head_sums_.size()) > s_.queued_heads) return;
  if (first_ == never) first_ = now + use_delay;
  else count_waits(wanted > 0 || (feed_ != nullptr && in_region_ == 0));
  last_ = now + use_delay;
  queue_.pop();
  ++used_, filled_ = 0;
  if (feed_ != nullptr && ++in_region_ == std::int64_t{feed_->queries()} * s_.heads * s_.samples_of_head)
    in_region_ = 0, feed_->sampled();
  if (ends_head && drops()) head_sums_.push(now + use_delay + aggregate_delay + fifo_delay);
  else if (ends_head) sums_at_ = now + use_delay + aggregate_delay, sums_free_ = never;
  clock_.acted();
}

/// The cycles since the last sample, counted like the hardware does: it looks at the head of the queue in the cycles in
/// which no pixels come, which are use_delay later. So the first of a wait for lines count as waits for points.
void Lane::count_waits(bool has_lines) {
  const Cycle now = clock_.now(), idle_from = last_ - use_delay + 1, there = std::max(idle_from, queue_.front().at);
  const Cycle whole = has_lines ? std::max(there, complete_) : there;
  if (gap_ && whole > there && there == idle_from) ++waits_.feature, --waits_.point;  // the end of the gap before
  const Cycle feature = std::max<Cycle>(0, whole - std::max(there, idle_from + use_delay)), output = now - whole;
  waits_.feature += feature, waits_.output += output, waits_.point += now - idle_from - feature - output;
  gap_ = now - idle_from - feature - output > 0;
}

/// Requantisation of a head, then its projection; with the last head of a query the sums leave.
void Lane::project() {
  if (sums_at_ < never && vectors_.size() <= waiting_heads && clock_.due(std::max(sums_at_, requant_free_))) {
    const Cycle taken = clock_.now() + s_.requant_words - 1;
    vectors_.push(taken + 1 + requantise_delay + fifo_delay);
    sums_at_ = never, sums_free_ = taken, requant_free_ = taken + 1;
    clock_.acted();
  }
  if (vectors_.empty() || !clock_.due(std::max(vectors_.front(), projection_free_))) return;
  const bool ends_query = head_ + 1 == s_.heads;
  if (ends_query && static_cast<int>(sums_.size()) >= s_.sums_ahead) return;
  vectors_.pop();
  projection_free_ = clock_.now() + s_.projection_words;
  projected_ += s_.projection_words;
  if (ends_query) sums_.push(clock_.now() + s_.dot_delay);
  head_ = ends_query ? 0 : head_ + 1;
  clock_.acted();
}

void LaneColumn::tick() {
  join();
  lanes_[0]->project();
  for (auto* lane : lanes_) lane->tick_samples();
  fork();
  source();
}

/// A vector a cycle of the group in work: points of each lane.
void LaneColumn::source() {
  if (left_in_group_ == 0) {
    if (groups_.empty() || !clock_.due(groups_.front().at)) return;
    left_in_group_ = std::int64_t{groups_.front().queries} * s_.samples_of_head * s_.heads;
    groups_.pop();
  }
  if (static_cast<int>(vectors_.size()) >= s_.softmax_holds) return;
  vectors_.push(clock_.now() + s_.softmax);
  left_in_group_ -= s_.points_at_once;
  clock_.acted();
}

/// All lanes take their points of a vector, or none does.
void LaneColumn::fork() {
  if (vectors_.empty()) return;
  for (auto* lane : lanes_)
    if (!lane->takes_vector()) return;
  if (!clock_.due(vectors_.front())) return;
  vectors_.pop();
  for (auto* lane : lanes_) lane->take_vector();
}

void LaneColumn::join() {
  if (!lanes_[0]->takes_head()) return;
  for (auto* lane : lanes_)
    if (!lane->has_part()) return;
  for (auto* lane : lanes_) lane->take_part();
  lanes_[0]->head(clock_.now() + 1);
}

}  // namespace quillgen::estimate
