#include "model/self_attention.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {

std::vector<std::int64_t> score_table(int bits) {
  std::vector<std::int64_t> table(std::size_t{1} << score_frac_bits);
  const double largest = std::exp2(bits) - 1;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double distance = static_cast<double>(i) / static_cast<double>(table.size());
    table[i] = static_cast<std::int64_t>(std::floor(largest * std::exp2(-distance) + 0.5));
  }
  return table;
}

RowExponentials exponentials(std::span<const std::int32_t> scores, std::span<const std::int64_t> table) {
  check(!scores.empty() && scores.size() <= 1024, "N16: 1 to 1024 scores a row");
  const std::int32_t max = *std::ranges::max_element(scores);
  RowExponentials row{{}, 0};
  row.value.reserve(scores.size());
  for (const auto s : scores) {
    const int distance = max - s;
    row.value.push_back(round_shift(table[static_cast<std::size_t>(distance) % table.size()],
                                    std::min(distance >> score_frac_bits, 62)));
    row.sum += row.value.back();
  }
  return row;
}

std::vector<std::int32_t> run_self_attention(const SelfAttention& s, std::span<const std::int32_t> query,
                                             std::span<const std::int32_t> key, std::span<const std::int32_t> value,
                                             std::size_t channels) {
  check(s.score_shift >= 1 && s.score_shift <= 40 && s.gain >= 0 && s.gain <= 7, "N16: shift or gain out of range");
  const std::size_t rows = query.size() / channels, depth = channels / static_cast<std::size_t>(s.heads);
  const auto table = score_table(exponential_bits(s.operand_bits));
  std::vector<std::int32_t> result(query.size()), scores(rows);
  for (std::size_t h = 0; h < static_cast<std::size_t>(s.heads); ++h)
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t first = r * channels + h * depth;
      for (std::size_t k = 0; k < rows; ++k) {
        const auto product = dot(query.subspan(first, depth), key.subspan(k * channels + h * depth, depth));
        scores[k] = static_cast<std::int32_t>(saturate(round_shift(product, s.score_shift), score_bits));
      }
      const auto e = exponentials(scores, table);
      const int bits = std::bit_width(static_cast<std::uint64_t>(e.sum));
      const std::int64_t reciprocal = (std::int64_t{1} << (bits + 15)) / e.sum;
      for (std::size_t d = 0; d < depth; ++d) {
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < rows; ++k) sum += e.value[k] * value[k * channels + h * depth + d];
        const auto y = round_shift(sum * reciprocal, bits + 15 - s.gain);
        result[first + d] = static_cast<std::int32_t>(saturate(y, s.operand_bits));
      }
    }
  return result;
}

}  // namespace quillgen::model
