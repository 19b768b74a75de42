// The arithmetic of NUMERICS.md, one function a step, so that a block of the hardware can be tested against its step
// alone. Integers only (the softmax table, a constant of the design, is computed once in double precision). A violated
// range is a mistake of the caller and throws std::logic_error.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "model/layer.hpp"

namespace quillgen::model {

/// rnd(x, s): x / 2^s rounded to nearest, halves up; s = 0 gives x. s in 0..62 and |x| < 2^62.
std::int64_t round_shift(std::int64_t x, int s);

/// sat(x, b): x clamped to the signed numbers of b bits.
std::int64_t saturate(std::int64_t x, int bits);

/// Exact dot product of two rows of equal length.
std::int64_t dot(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

/// N2: an accumulator to `bits` bits. |acc + bias| < 2^46, mult < 2^16, shift in 1..47.
std::int32_t requantise(std::int64_t acc, const Requant& r, int bits);

/// N3, N9, N11: rows x weights^T, requantised to `bits` bits: [R, length] and [N, length] -> [R, N], N =
/// requant.size().
std::vector<std::int32_t> linear(std::span<const std::int32_t> rows, std::span<const std::int32_t> weight,
                                 std::span<const Requant> requant, std::size_t length, int bits);

/// N4: T[i] for i = 0 .. 2^lf - 1, the powers 2^(a + 8 - i / 2^lf) rounded.
std::vector<std::int64_t> exp2_table(const Numerics& n);

/// N4: one row of logits (1 to 64, any integers of li + lf bits) to weights with a fraction bits that sum to exactly
/// 2^a. `table` is exp2_table(n); `weights` has the length of `logits`.
void softmax_row(std::span<const std::int32_t> logits, std::span<const std::int64_t> table, const Numerics& n,
                 std::span<std::int32_t> weights);

/// N5, how far an offset (of fraction bits) moves a sample, in pixels with 16 fraction bits: from a reference point ..
std::int64_t move_from_point(std::int32_t offset, const Numerics& n);
/// .. and in a reference box of `size` (16 fraction bits, 0 .. 2 - 2^-16), on a level `side` pixels long, with `points`
/// points a head and level.
std::int64_t move_in_box(std::int32_t offset, std::int32_t size, int side, int points, const Numerics& n);

/// Whole pixels of a move, as bypass_distance counts them: rounded down, and from the other side where that is below 0
/// (0, 1, .. of -1, -2, ..).
int whole_pixels(std::int64_t move);

/// N5, one axis: reference with 16 fraction bits, move as above, level side in pixels -> pixel position with fi
/// fraction bits, in -2 .. side + 1.
std::int32_t location(std::int32_t reference, std::int64_t move, int side, const Numerics& n);

/// A location split: the pixel at or below it and the fraction, fi bits.
struct PixelFraction {
  std::int32_t pixel;
  std::int32_t fraction;
};
PixelFraction split(std::int32_t position, const Numerics& n);

/// N6: w00, w01, w10, w11 with cw fraction bits for a location (x, y); 0 for corners outside the level.
std::array<std::int32_t, 4> corner_weights(std::int32_t attention, std::int32_t x, std::int32_t y, LevelShape level,
                                           const Numerics& n);

}  // namespace quillgen::model
