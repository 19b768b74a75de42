// How the tokens of a layer come to the PE array, and which blocks of the value map wait for them.
#pragma once
#include "estimate/clock.hpp"
#include "reference/workload.hpp"

namespace quillgen::estimate {

/// Tokens go in the order of the value map: block after block of 2x2 pixels, of a block (0,0), (0,1), (1,0), (1,1).
/// Padded ones and pixels outside an odd edge take no row of the array. Groups of `rows` tokens are those of
/// model::token_groups.
class TokenWalk {
 public:
  TokenWalk(Clock& clock, const Workload& layer, int rows);

  void tick();
  /// A token whose row can be asked for: it is known whether it ends its group.
  bool offers() { return held_ && clock_.due(known_); }
  /// Its number.
  std::int64_t token() const { return held_token_; }
  /// Takes it; true if it ends its group.
  bool take();

  struct Block {
    Cycle at;          ///< when the map writer sees it
    int waits, frees;  ///< groups that it waits for beyond those before it, and that are done with after it
  };
  Queue<Block>& blocks() { return blocks_; }
  std::int64_t block_count() const { return block_count_; }

 private:
  enum class State { enter, place, look, decide, end_block, over };
  std::int64_t token_at() const;  ///< that of the pixel that is looked at
  bool live() const;
  void next_block();

  Clock& clock_;
  const Workload& layer_;
  int rows_;
  std::int64_t block_count_ = 0;
  State state_ = State::enter;
  std::size_t level_ = 0, first_token_ = 0;
  std::int64_t held_token_ = 0;
  int x_ = 0, y_ = 0, pixel_ = 0;
  // The token on offer.
  bool held_ = false, ends_group_ = false;
  Cycle known_ = never;
  // The group: tokens so far, whether open, blocks since its first token.
  int row_ = 0, blocks_of_group_ = 0;
  bool open_ = false, waited_for_ = false;
  int waits_ = 0, frees_ = 0;
  Queue<Block> blocks_;
};

}  // namespace quillgen::estimate
