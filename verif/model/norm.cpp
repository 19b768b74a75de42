#include "model/norm.hpp"

#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {

ReciprocalRoot reciprocal_root(std::int64_t variance) {
  check(variance >= 1 && variance <= std::int64_t{1} << 55, "N14: variance out of range");
  int half = 0;
  while (variance >> (half + half) >= std::int64_t{1} << 24) ++half;
  while (half <= 0 && variance << (-half - half) < std::int64_t{1} << 22) --half;
  const std::int64_t m = half >= 0 ? variance >> (half + half) : variance << (-half - half);
  std::int64_t root = 0;
  for (int bit = 16; bit >= 0; --bit) {
    const std::int64_t next = root | std::int64_t{1} << bit;
    if (next * next * m <= std::int64_t{1} << 56) root = next;
  }
  return {root, half};
}

std::vector<std::int32_t> normalise(std::span<const std::int32_t> row, std::int64_t epsilon) {
  check(!row.empty() && row.size() <= 1024 && epsilon >= 1, "N14: 1 to 1024 channels, epsilon at least 1");
  const auto n = static_cast<std::int64_t>(row.size());
  std::int64_t sum = 0, squares = 0;
  for (const std::int64_t z : row) {
    check(z >= -(1 << 17) && z < 1 << 17, "N14: a number of more than 18 bits");
    sum += z, squares += z * z;
  }
  const auto [root, half] = reciprocal_root(n * squares - sum * sum + epsilon);
  std::vector<std::int32_t> result;
  result.reserve(row.size());
  for (const std::int64_t z : row) {
    const auto t = round_shift((n * z - sum) * root, 28 - normalised_frac_bits + half);
    result.push_back(static_cast<std::int32_t>(saturate(t, normalised_bits)));
  }
  return result;
}

std::vector<std::int32_t> add_and_norm(std::span<const std::int32_t> stream, std::span<const std::int32_t> branch,
                                       const Norm& norm, int stream_bits) {
  const std::size_t channels = norm.gamma.size();
  check(stream.size() == branch.size() && norm.beta.size() == channels && stream.size() % channels == 0,
        "N14: shapes differ");
  check(norm.shift >= 1 && norm.shift <= 31, "N14: shift out of range");
  std::vector<std::int32_t> result(stream.size()), row(channels);
  for (std::size_t first = 0; first < stream.size(); first += channels) {
    for (std::size_t c = 0; c < channels; ++c)
      row[c] =
          static_cast<std::int32_t>(saturate(std::int64_t{stream[first + c]} + branch[first + c], stream_bits + 2));
    const auto t = normalise(row, norm.epsilon);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto y = round_shift(std::int64_t{t[c]} * norm.gamma[c] + norm.beta[c], norm.shift);
      result[first + c] = static_cast<std::int32_t>(saturate(y, stream_bits));
    }
  }
  return result;
}

}  // namespace quillgen::model
