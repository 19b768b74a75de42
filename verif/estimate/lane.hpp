// A lane: its samples from the group buffers through softmax, locations, tag look-up and run-ahead queue to the
// aggregation of heads and their projection by W''.
#pragma once
#include <span>
#include <utility>
#include <vector>

#include "estimate/read_port.hpp"
#include "estimate/region_feed.hpp"

namespace quillgen::estimate {

/// Numbers of a lane that follow from the configuration.
struct LaneShape {
  int samples_of_head = 0, heads = 0;  ///< of the lane
  int head_stride = 0;                 ///< samples from one head to the next, of all levels
  int level_lanes = 1;                 ///< lanes that share the levels of these heads
  int path = 0;  ///< cycles from a sample's turn at its group to its look-up, with nothing in the way
  // Where points are dropped or levels shared out, that is the path from there on where they leave one after the other:
  int points_at_once = 1;  ///< through the softmax
  int softmax = 0;         ///< cycles in front of it, to the vectors of live points; of level lanes to their fork
  int fork = 0;            ///< .. and from there to these
  int softmax_holds = 0;   ///< vectors that fit there
  int queued_heads = 0;  ///< sums that may wait for the requantisation; 0: no points are dropped, nor levels shared out
  int path_to_free = 0;  ///< .. to the reading of its offset, after which a group is done with
  int path_holds = 0;    ///< samples that fit between
  int run_ahead = 0, line_beats = 0, outstanding = 0;
  int lines_at_once = 1;     ///< that one look-up asks for, or that are written, in a cycle
  int requant_words = 0;     ///< cycles of the requantisation of a head
  int projection_words = 0;  ///< cycles of the projection of a head
  int dot_delay = 0;         ///< of the projection, from a word to its sum
  int sums_ahead = 0;        ///< queries whose sums may wait for the other head lanes
};

/// Where the cycles of a lane between its first and its last sample went.
struct LaneWaits {
  std::int64_t feature = 0, output = 0, point = 0;
};

class Lane final : public ReadClient {
 public:
  /// `missing`, `dropped` and `together` (CacheRun): of the samples of the lane, query by query; `stride` apart from
  /// one query to the next.
  Lane(Clock& clock, const LaneShape& shape, std::span<const std::uint8_t> missing,
       std::span<const std::uint8_t> dropped, std::span<const std::uint8_t> together, std::size_t stride,
       std::span<const std::uint64_t> addresses = {})
      : clock_(clock),
        s_(shape),
        fills_(missing),
        dropped_(dropped),
        together_(together),
        stride_(stride),
        addresses_(addresses) {}

  /// With regions: what brings them.
  void feed_from(RegionFeed& feed) { feed_ = &feed, kind = Kind::demand; }
  void tick();
  // Parts of a tick, for lanes that share the levels (LaneColumn):
  void tick_samples();
  bool takes_vector() const { return static_cast<int>(live_.size()) < vectors_before_lane; }
  /// The next vector of points of the softmax, which is there for all of these lanes.
  void take_vector();
  /// Whether its part of the next head is there.
  bool has_part();
  void take_part();
  /// Sums of a head, of all parts, on their way to their requantisation from `at` on.
  bool takes_head() const { return sums_at_ == never; }
  void head(Cycle at) { sums_at_ = at; }
  void project();
  static constexpr int vectors_before_lane = 8;
  /// A group of queries can be sampled from `at` on.
  void group(Cycle at, int queries) { groups_.push({at, queries}); }
  /// Groups done with since it was asked last.
  int freed() { return std::exchange(freed_, 0); }
  /// The sums of a query, when they are there for the output.
  Queue<Cycle>& sums() { return sums_; }

  int granted() override;
  void beat() override;
  std::uint64_t address() const override {
    return Memory::map_base + (next_address_ < addresses_.size() ? addresses_[next_address_] : 0);
  }

  Cycle first_sample() const { return first_; }
  Cycle last_sample() const { return std::max(last_, ended_); }  ///< or the end of its last query, if that comes later
  Cycle last_taken() const { return last_; }
  std::int64_t samples() const { return used_; }
  std::int64_t queries() const { return queries_; }  ///< whose last head has been aggregated
  const LaneWaits& waits() const { return waits_; }
  std::int64_t projected() const { return projected_; }  ///< cycles in which the projection worked

 private:
  bool drops() const { return s_.queued_heads > 0; }
  void free_group();
  bool has_group();
  void source();
  void mark_vector(Cycle at);
  void compact();
  void join();
  void fetch();
  void look_up();
  void use();
  void count_waits(bool has_lines);
  void ask() { ask_at = asked_.empty() ? never : asked_.front(); }
  int next_fills();
  void next_sample(std::size_t& at, std::size_t& in_query) const;
  bool head_goes_on() const;

  struct Group {
    Cycle at;
    int queries;
  };
  struct Waiting {
    Cycle at;
    int lines;          ///< that it waits for
    unsigned together;  ///< CacheRun
    bool ends_head;
  };
  struct Missing {  ///< lines of a sample
    Cycle at;
    int lines;
  };
  struct Live {  ///< points of a vector that live
    Cycle at;
    int points;
  };
  struct Mark {  ///< a head, in the order of all
    Cycle at;
    bool empty, ends_query;
  };
  struct GroupEnd {
    std::int64_t sample;  ///< its last
    Cycle at;
  };

  Clock& clock_;
  RegionFeed* feed_ = nullptr;
  std::int64_t in_region_ = 0;  ///< samples of the region that have been used
  LaneShape s_;
  std::span<const std::uint8_t> fills_, dropped_, together_;
  std::size_t stride_;
  std::span<const std::uint64_t> addresses_;  ///< CacheRun, only of a DRAM
  std::size_t next_address_ = 0;
  // Samples of the groups: their number so far, and when they may be looked up.
  Queue<Group> groups_;
  Queue<GroupEnd> ends_;
  Queue<Cycle> path_;
  std::int64_t sourced_ = 0, left_in_group_ = 0;
  int freed_ = 0;
  // Where points are dropped: the next one of the softmax, the vectors of live ones, and marks of all heads.
  std::size_t soft_at_ = 0, soft_in_query_ = 0;
  int live_in_head_ = 0;
  Queue<Live> live_;
  Queue<Mark> marks_;
  Queue<Cycle> head_sums_;
  std::int64_t queries_ = 0;
  // Tag look-up: the sample in work.
  std::int64_t looked_up_ = 0;
  std::size_t at_ = 0, in_query_ = 0;  ///< of the next one in fills_, in its query
  bool in_work_ = false, queued_ = false;
  int lines_missing_ = 0, to_ask_ = 0, reserved_ = 0;
  unsigned lines_together_ = 0;
  Queue<Missing> missing_;  ///< line requests without a place yet
  Queue<Cycle> asked_;      ///< .. on their way to the port
  // Feature buffer.
  Queue<Waiting> queue_;
  Queue<Cycle> lines_;
  int beat_ = 0, filled_ = 0;
  std::int64_t used_ = 0;
  int head_ = 0;
  Cycle first_ = never, last_ = -1, ended_ = -1, complete_ = 0;
  LaneWaits waits_;
  bool gap_ = false;  ///< the last sample came after a wait that counts as one for points
  // Heads.
  Cycle sums_at_ = never;  ///< aggregated sums that wait for their requantisation
  Cycle sums_free_ = 0;    ///< from here on they can be replaced
  Cycle requant_free_ = 0, projection_free_ = 0;
  Queue<Cycle> vectors_, sums_;
  std::int64_t projected_ = 0;
};

/// Lanes that share the levels of some heads: the softmax feeds them in lockstep, and a head is whole when each has its
/// part.
class LaneColumn {
 public:
  LaneColumn(Clock& clock, const LaneShape& shape, std::vector<Lane*> lanes)
      : clock_(clock), s_(shape), lanes_(std::move(lanes)) {}
  void tick();
  void group(Cycle at, int queries) { groups_.push({at, queries}); }

 private:
  void source();
  void fork();
  void join();

  struct Group {
    Cycle at;
    int queries;
  };
  Clock& clock_;
  LaneShape s_;
  std::vector<Lane*> lanes_;
  Queue<Group> groups_;
  std::int64_t left_in_group_ = 0;
  Queue<Cycle> vectors_;  ///< in the softmax
};

}  // namespace quillgen::estimate
