#include "model/boxes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {
namespace {

/// Sixteen pieces a unit of the logit; 18 fraction bits.
constexpr int piece_bits = box_logit_frac_bits - 4, table_frac_bits = 18;

/// sigmoid(-i / 16) for i = 0 .. the end of the last piece.
const auto& sigmoid_table() {
  static const auto table = [] {
    std::array<std::int64_t, (box_logit_limit >> piece_bits) + 2> t{};
    for (std::size_t i = 0; i < t.size(); ++i)
      t[i] = std::llround(std::ldexp(1 / (1 + std::exp(static_cast<double>(i) / 16)), table_frac_bits));
    return t;
  }();
  return table;
}

}  // namespace

std::int32_t refine(std::int32_t logit, std::int32_t delta) {
  check(std::abs(logit) <= box_logit_limit && std::abs(delta) <= 1 << (box_delta_bits - 1), "N17: out of range");
  return std::clamp(logit + delta, -box_logit_limit, box_logit_limit);
}

std::int32_t box_reference(std::int32_t logit) {
  check(std::abs(logit) <= box_logit_limit, "N17: box logit out of range");
  const auto& table = sigmoid_table();
  const int magnitude = std::abs(logit);
  const auto piece = static_cast<std::size_t>(magnitude >> piece_bits);
  const std::int64_t part = magnitude & ((1 << piece_bits) - 1);
  const std::int64_t below = table[piece] - round_shift((table[piece] - table[piece + 1]) * part, piece_bits);
  const auto reference = static_cast<std::int32_t>(round_shift(below, table_frac_bits - 16));
  return logit < 0 ? reference : 65536 - reference;
}

}  // namespace quillgen::model
