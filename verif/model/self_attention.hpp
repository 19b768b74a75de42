// N16: attention of every row to every row, in integers.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace quillgen::model {

/// Bits of a score, log2 domain, and of its fraction.
inline constexpr int score_bits = 13, score_frac_bits = 6;

/// Operands that an exponential is taken in, operand_bits - 1 bits each: as many as make 14 bits. With 11, a row of
/// 1,024 scores with a deviation of 2.3 is 0.075 off (L1), its tail being lost; with 14, 0.01.
constexpr int exponential_parts(int operand_bits) { return (14 + operand_bits - 2) / (operand_bits - 1); }
/// Bits of an exponential: 14 to 16.
constexpr int exponential_bits(int operand_bits) {
  return std::min(16, exponential_parts(operand_bits) * (operand_bits - 1));
}

/// T[i], i = 0 .. 63: (2^bits - 1) * 2^(-i / 64), rounded.
std::vector<std::int64_t> score_table(int bits);

/// Exponentials of a row of 1 to 1024 scores and their sum; table is score_table(exponential_bits(..)).
struct RowExponentials {
  std::vector<std::int64_t> value;  ///< [N], 0 .. 2^bits - 1
  std::int64_t sum;
};
RowExponentials exponentials(std::span<const std::int32_t> scores, std::span<const std::int64_t> table);

struct SelfAttention {
  int heads = 1;
  int operand_bits = 0;  ///< of query, key, value and result
  int score_shift = 1;   ///< of a sum of products of query and key to a score, 1..40
  int gain = 0;          ///< the result is in units of 2^-gain of the value's, 0..7
};

/// query, key, value [N, C] -> [N, C], the heads side by side.
std::vector<std::int32_t> run_self_attention(const SelfAttention& s, std::span<const std::int32_t> query,
                                             std::span<const std::int32_t> key, std::span<const std::int32_t> value,
                                             std::size_t channels);

}  // namespace quillgen::model
