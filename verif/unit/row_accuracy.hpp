// Rows against double precision: how many, scores of named distributions, and the exact LayerNorm and softmax of a row.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace quillgen::test {

/// So many rows; or as many as ROWS in the environment says, which the slow suite sets.
inline int accuracy_rows(int rows) {
  const char* given = std::getenv("ROWS");
  return given ? std::atoi(given) : rows;
}

/// How the scores of a row are distributed, and the largest L1 distance of its weights (N16) from the exact softmax of
/// the same scores, of up to 1,024 keys: with exponentials of 14 bits, and of 16.
struct ScoreKind {
  std::string name;
  double limit_14, limit_16;
  double limit(int bits) const { return bits >= 16 ? limit_16 : limit_14; }
};
inline const std::vector<ScoreKind> score_kinds = {
    {"equal", 3.2e-5, 3.2e-5},  // all the same
    {"flat", 7e-5, 3.5e-5},     // normal, of deviation 0.3 in the log2 domain
    {"normal", 0.014, 0.0035},  // normal, of deviation 2.3
    {"uniform", 8e-4, 2e-4},    // anywhere within +-64
    {"peak", 2e-5, 2e-5},       // as normal, but one score is 31
    {"rounding", 0.062,
     0.016}};  // one highest, the others where exponentials just below 0.5 become 0: the worst there is

/// Scores with 6 fraction bits, 13 in all.
inline std::vector<std::int32_t> draw_scores(const ScoreKind& kind, std::size_t keys, int exponential_bits,
                                             std::mt19937_64& random) {
  std::vector<std::int32_t> scores(keys);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const auto middle = below(4001) - 2000;
  std::normal_distribution<double> normal(0, kind.name == "flat" ? 20 : 150);
  for (auto& s : scores) {
    if (kind.name == "uniform") s = below(8192) - 4096;
    if (kind.name == "equal") s = middle;
    if (kind.name == "rounding") s = middle - 64 * (exponential_bits + 1);
    if (kind.name == "flat" || kind.name == "normal" || kind.name == "peak")
      s = static_cast<std::int32_t>(std::clamp(normal(random), -4096.0, 4095.0));
  }
  if (kind.name == "peak") scores[static_cast<std::size_t>(below(static_cast<int>(keys)))] = 2000;
  if (kind.name == "rounding") scores[static_cast<std::size_t>(below(static_cast<int>(keys)))] = middle;
  return scores;
}

/// L1 distance of weights from the softmax of the scores.
inline double distance_from_softmax(std::span<const std::int32_t> scores, std::span<const double> weights) {
  static const auto powers = [] {  // of 2, by distance from the largest score
    std::vector<double> p;
    for (int i = 0; i < 8192; ++i) p.push_back(std::exp2(-i / 64.0));
    return p;
  }();
  const auto largest = *std::ranges::max_element(scores);
  const auto power = [&](std::int32_t score) { return powers[static_cast<std::size_t>(largest - score)]; };
  double sum = 0, distance = 0;
  for (const auto s : scores) sum += power(s);
  for (std::size_t j = 0; j < scores.size(); ++j) distance += std::abs(weights[j] - power(scores[j]) / sum);
  return distance;
}

/// (z - mean) / deviation of each number of a row, epsilon as in N14.
inline std::vector<double> exactly_normalised(std::span<const std::int32_t> row, std::int64_t epsilon) {
  long double sum = 0, squares = 0;
  for (const auto z : row) sum += z, squares += static_cast<long double>(z) * z;
  const auto n = static_cast<long double>(row.size());
  const auto root = std::sqrt(n * squares - sum * sum + static_cast<long double>(epsilon));
  std::vector<double> result;
  for (const auto z : row) result.push_back(static_cast<double>((n * z - sum) / root));
  return result;
}

}  // namespace quillgen::test
