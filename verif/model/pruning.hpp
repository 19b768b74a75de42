// What a layer leaves out: moves held in a range (N5), points of small weight (N19), pixels that few points read (N20).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace quillgen::model {

struct LevelShape;

/// Fraction bits of the share of N20.
inline constexpr int share_frac_bits = 16;
/// The largest range of N5: a level is no longer.
inline constexpr int largest_range = 1024;

struct Pruning {
  std::vector<int> range;  ///< R by level, pixels, 0 .. largest_range; empty: moves are not held (N5)
  int threshold = 0;       ///< T, 0 .. 2^a + 1: points of a smaller weight are dropped (N19); 0: none
  std::int64_t share = 0;  ///< of the mean count of a level, 0 .. 2^32 - 1; 0: no pixel is dropped (N20)
  int count_bits = 16;     ///< w, 1 .. 32: counts of N20 saturate

  bool any() const { return !range.empty() || threshold > 0 || share > 0; }
  bool operator==(const Pruning&) const = default;
};

/// N5: a move, 16 fraction bits, held to `range` pixels either way.
std::int64_t held(std::int64_t move, int range);

/// N19: the weight that a point counts with.
std::int32_t kept(std::int32_t attention, int threshold);

/// N20: pixels of a level with a smaller count are dropped. `reads` is the sum of the exact counts, below 2^31, of the
/// `pixels`.
std::int64_t pixel_threshold(std::int64_t reads, std::int64_t pixels, const Pruning& pruning);

/// N20: exact counts [S] to a mask, 1 = dropped.
std::vector<std::uint8_t> dropped_pixels(std::span<const std::int64_t> reads, const std::vector<LevelShape>& levels,
                                         const Pruning& pruning);

/// How many of what there was were dropped.
struct Dropped {
  std::int64_t dropped = 0, of = 0;

  double share() const { return of == 0 ? 0 : static_cast<double>(dropped) / static_cast<double>(of); }
  Dropped& operator+=(const Dropped& other) {
    dropped += other.dropped, of += other.of;
    return *this;
  }
};

/// Of a level.
struct DroppedOfLevel {
  Dropped encoder_points, decoder_points;  ///< over queries and heads
  Dropped pixels;                          ///< of all masks that an encoder layer made
};
/// By level; adds up over scenes.
using DroppedByLevel = std::vector<DroppedOfLevel>;
void add(DroppedByLevel& sum, const DroppedByLevel& more);
/// Of all levels together.
DroppedOfLevel total(const DroppedByLevel& levels);

/// Pixels of a mask by level.
std::vector<Dropped> count_mask(std::span<const std::uint8_t> mask, const std::vector<LevelShape>& levels);

}  // namespace quillgen::model
