// N13 and N14: a residual addition and the LayerNorm of a row of the stream, in integers.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace quillgen::model {

/// Fraction bits of a normalised number, and its bits.
inline constexpr int normalised_frac_bits = 11, normalised_bits = 16;

/// Parameters of a LayerNorm over rows of gamma.size() channels, scaled to the stream they are written to.
struct Norm {
  std::vector<std::int32_t> gamma;  ///< [C], signed 16 bits
  std::vector<std::int32_t> beta;   ///< [C], in the scale of the products
  int shift = 1;                    ///< 1..31, of the products to the stream
  std::int64_t epsilon = 1;         ///< C^2 * eps in units of the stream squared, 1 .. 2^50
};

/// N14, the power of two and the reciprocal square root of a variance 1 .. 2^55: 1 / sqrt(v) = root * 2^(-28 - half).
struct ReciprocalRoot {
  std::int64_t root;  ///< 2^16 .. 2^17 - 1
  int half;
};
ReciprocalRoot reciprocal_root(std::int64_t variance);

/// N14 before gamma and beta: (z - mean) / deviation of a row of up to 1024 numbers of up to 18 bits,
/// normalised_frac_bits of fraction.
std::vector<std::int32_t> normalise(std::span<const std::int32_t> row, std::int64_t epsilon);

/// N13, N14: rows [R, C] of the stream, `branch` [R, C] added, each row normalised: [R, C], stream_bits.
std::vector<std::int32_t> add_and_norm(std::span<const std::int32_t> stream, std::span<const std::int32_t> branch,
                                       const Norm& norm, int stream_bits);

}  // namespace quillgen::model
