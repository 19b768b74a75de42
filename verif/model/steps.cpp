#include "model/steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "model/check.hpp"

namespace quillgen::model {

std::int64_t round_shift(std::int64_t x, int s) {
  check(s >= 0 && s <= 62 && std::llabs(x) < std::int64_t{1} << 62, "rnd: shift or operand out of range");
  if (s == 0) return x;
  return (x + (std::int64_t{1} << (s - 1))) >> s;
}

std::int64_t saturate(std::int64_t x, int bits) {
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return std::clamp(x, -limit, limit - 1);
}

std::int64_t dot(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  check(a.size() == b.size(), "dot: lengths differ");
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::int64_t{a[i]} * b[i];
  return sum;
}

std::int32_t requantise(std::int64_t acc, const Requant& r, int bits) {
  check(r.mult < 1u << 16 && r.shift >= 1 && r.shift <= 47, "N2: mult or shift out of range");
  const std::int64_t sum = acc + r.bias;
  check(std::llabs(sum) < std::int64_t{1} << 46, "N2: accumulator out of range");
  return static_cast<std::int32_t>(
      saturate(round_shift(sum * static_cast<std::int64_t>(r.mult), static_cast<int>(r.shift)), bits));
}

std::vector<std::int32_t> linear(std::span<const std::int32_t> rows, std::span<const std::int32_t> weight,
                                 std::span<const Requant> requant, std::size_t length, int bits) {
  const std::size_t count = rows.size() / length, outputs = requant.size();
  std::vector<std::int32_t> result(count * outputs);
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t n = 0; n < outputs; ++n) {
      const auto sum = dot(rows.subspan(r * length, length), weight.subspan(n * length, length));
      result[r * outputs + n] = requantise(sum, requant[n], bits);
    }
  return result;
}

std::vector<std::int64_t> exp2_table(const Numerics& n) {
  std::vector<std::int64_t> table(std::size_t{1} << n.logit_frac_bits);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double exponent = n.attention_bits + 8 - static_cast<double>(i) / static_cast<double>(table.size());
    table[i] = static_cast<std::int64_t>(std::floor(std::exp2(exponent) + 0.5));
  }
  return table;
}

void softmax_row(std::span<const std::int32_t> logits, std::span<const std::int64_t> table, const Numerics& n,
                 std::span<std::int32_t> weights) {
  check(!logits.empty() && logits.size() <= 64 && weights.size() == logits.size(), "N4: 1 to 64 logits a row");
  check(table.size() == std::size_t{1} << n.logit_frac_bits, "N4: table of another format");
  const std::int64_t max = *std::max_element(logits.begin(), logits.end());
  std::vector<std::int64_t> cumulative;  // E[j]
  std::int64_t sum = 0;
  for (const std::int64_t x : logits) {
    const std::int64_t d = max - x;
    check(d < std::int64_t{1} << n.logit_bits(), "N4: logits further apart than their format allows");
    const auto power =
        static_cast<int>(std::min<std::int64_t>(d >> n.logit_frac_bits, 62));  // beyond 62 all is 0 anyway
    sum += round_shift(table[static_cast<std::size_t>(d) % table.size()], power);
    cumulative.push_back(sum);
  }
  std::int64_t before = 0;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    const std::int64_t share = (((2 * cumulative[j]) << n.attention_bits) + sum) / (2 * sum);
    weights[j] = static_cast<std::int32_t>(share - before);
    before = share;
  }
}

std::int64_t move_from_point(std::int32_t offset, const Numerics& n) {
  return std::int64_t{offset} * (std::int64_t{1} << (16 - n.offset_frac_bits));
}

std::int64_t move_in_box(std::int32_t offset, std::int32_t size, int side, int points, const Numerics& n) {
  check(size >= 0 && size < 1 << 17 && points >= 1 && points <= 8, "N5: box or number of points out of range");
  check(std::abs(std::int64_t{offset}) <= std::int64_t{1} << (n.offset_bits() - 1), "N5: offset out of range");
  const std::int64_t half_share = (65536 + points) / (2 * points);  // 2^16 / (2 * points), rounded
  return (offset * half_share * (std::int64_t{size} * side)) >>
         (16 + n.offset_frac_bits);  // below 2^63 before the shift
}

int whole_pixels(std::int64_t move) {
  const auto whole = static_cast<int>(move >> 16);
  return whole < 0 ? -1 - whole : whole;
}

std::int32_t location(std::int32_t reference, std::int64_t move, int side, const Numerics& n) {
  check(side >= 1 && side <= 1024, "N5: level side out of range");
  const std::int64_t one = std::int64_t{1} << n.interp_frac_bits;
  const std::int64_t exact = std::int64_t{reference} * side + move - (1 << 15);
  return static_cast<std::int32_t>(std::clamp(round_shift(exact, 16 - n.interp_frac_bits), -2 * one, (side + 1) * one));
}

PixelFraction split(std::int32_t position, const Numerics& n) {
  return {position >> n.interp_frac_bits, position & ((1 << n.interp_frac_bits) - 1)};
}

std::array<std::int32_t, 4> corner_weights(std::int32_t attention, std::int32_t x, std::int32_t y, LevelShape level,
                                           const Numerics& n) {
  check(attention >= 0 && attention <= 1 << n.attention_bits, "N6: attention weight out of range");
  const int shift = n.attention_bits + 2 * n.interp_frac_bits - n.corner_bits;
  const auto [x0, fx] = split(x, n);
  const auto [y0, fy] = split(y, n);
  const std::int64_t one = std::int64_t{1} << n.interp_frac_bits;
  const std::int64_t gx[] = {one - fx, fx}, gy[] = {one - fy, fy};
  std::array<std::int32_t, 4> w{};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      const bool inside = x0 + j >= 0 && x0 + j < level.width && y0 + i >= 0 && y0 + i < level.height;
      if (inside) w[2 * i + j] = static_cast<std::int32_t>(round_shift(attention * gy[i] * gx[j], shift));
    }
  return w;
}

}  // namespace quillgen::model
