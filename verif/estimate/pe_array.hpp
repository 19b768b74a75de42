// The PE array: groups of rows against tiles of outputs.
#pragma once
#include "estimate/clock.hpp"

namespace quillgen::estimate {

struct ArrayTiming {
  int steps = 0;   ///< cycles of a tile
  int tiles = 0;   ///< of a group
  int drain = 0;   ///< cycles in which the results of a tile leave
  int delay = 0;   ///< from the issue of a tile's last step to the copy of its results
  int finish = 0;  ///< from the last result leaving the array to its being there for others
};

/// Tiles one after the other: their steps, and their results, which leave a row a cycle.
class Tiles {
 public:
  explicit Tiles(const ArrayTiming& timing) : t_(timing) {}
  /// Steps from `issue` on; when the next one can be issued: the array stands still when a tile is computed and the
  /// results of the one before have not left.
  Cycle tile(Cycle issue, int steps);
  Cycle frozen() const { return frozen_; }    ///< up to here the array stands still
  Cycle copied() const { return copied_; }    ///< of the last tile: its results are copied, and leave from then on
  Cycle drained() const { return drained_; }  ///< from here on the next results can be copied

 private:
  ArrayTiming t_;
  Cycle frozen_ = 0, copied_ = 0, drained_ = 0;
};

/// Two groups are in the row memories, loaded or in work. Those computed stay on chip until release().
class PeArray {
 public:
  PeArray(Clock& clock, const ArrayTiming& timing, int most_held)
      : clock_(clock), t_(timing), tiles_(timing), most_(most_held) {}
  bool can_load() const { return loaded_.size() < 2; }
  /// The last word of a group was taken; it is `late` cycles on its way.
  void loaded(int late = 0) { loaded_.push(clock_.now() + late + fifo_delay); }
  void release() { --held_; }
  void tick();
  /// Groups that are computed: when each is there.
  Queue<Cycle>& results() { return results_; }
  /// Steps so far.
  std::int64_t busy() const { return busy_ - (running_ ? std::max<Cycle>(0, end_ - clock_.now()) : 0); }

 private:
  void compute();

  Clock& clock_;
  ArrayTiming t_;
  Tiles tiles_;
  int most_, held_ = 0;
  Queue<Cycle> loaded_, results_;
  bool running_ = false;
  Cycle end_ = -1;         ///< the last step of the group in work
  std::int64_t busy_ = 0;  ///< with those to come of the group in work
};

}  // namespace quillgen::estimate
