#include "model/activation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {
namespace {

/// Pieces follow each other from 0 to 16.
struct Piece {
  double begin, width;
  std::int64_t base, change;  ///< B, G: 15 fraction bits
};

/// f of N15: what the function of a number that is not negative is short of the number; of sigmoid, what it is short
/// of 1.
double short_by(Function f, double v) { return f == Function::sigmoid ? 1 - exact(f, v) : v - exact(f, v); }

std::vector<Piece> make_pieces(Function f) {
  struct Stretch {
    int pieces;
    double width;
  };
  constexpr std::array<Stretch, 4> stretches = {{{32, 1.0 / 16}, {16, 1.0 / 8}, {8, 1.0 / 2}, {8, 1}}};
  const auto constant = [](double x) { return static_cast<std::int64_t>(std::floor(std::ldexp(x, 15) + 0.5)); };
  std::vector<Piece> pieces;
  double begin = 0;
  for (const auto& [count, width] : stretches)
    for (int i = 0; i < count; ++i, begin += width) {
      const double a = short_by(f, begin), b = short_by(f, begin + width), middle = short_by(f, begin + width / 2);
      const double off = (a + b) / 2 - middle;  // of the chord, where it is furthest off
      pieces.push_back({begin, width, constant(a - off / 2), constant(a - b)});
    }
  return pieces;
}

const std::vector<Piece>& pieces_of(Function f) {
  static const std::array<std::vector<Piece>, 3> all = {make_pieces(Function::gelu), make_pieces(Function::silu),
                                                        make_pieces(Function::sigmoid)};
  return all[static_cast<std::size_t>(f) - static_cast<std::size_t>(Function::gelu)];
}

}  // namespace

double exact(Function f, double x) {
  switch (f) {
    case Function::relu:
      return std::max(x, 0.0);
    case Function::gelu:
      return x * (1 + std::erf(x / std::numbers::sqrt2)) / 2;
    case Function::silu:
      return x / (1 + std::exp(-x));
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::none:
      break;
  }
  return x;
}

std::int32_t piecewise(Function f, std::int32_t x) {
  check(by_pieces(f) && saturate(x, activation_bits) == x, "N15: what goes into an activation");
  const std::int64_t u = std::min(std::abs(x), (1 << (activation_bits - 1)) - 1);
  const auto& pieces = pieces_of(f);
  const double v = std::ldexp(static_cast<double>(u), -activation_frac_bits);
  const auto piece = std::ranges::upper_bound(pieces, v, {}, &Piece::begin) - 1;
  const auto place = static_cast<std::int64_t>(std::ldexp((v - piece->begin) / piece->width, 11));  // exact
  const auto less = round_shift((piece->base << 11) - piece->change * place, 26 - activated_frac_bits);
  const std::int64_t one = std::int64_t{1} << activated_frac_bits;
  const auto y = f == Function::sigmoid ? (x < 0 ? less : one - less) : (x < 0 ? 0 : 2 * u) - less;
  return static_cast<std::int32_t>(y);
}

std::int32_t activate(const Activation& a, std::int32_t x, int bits) {
  if (by_pieces(a.function)) return requantise(piecewise(a.function, x), a.scale, bits);
  return a.function == Function::relu ? std::max(x, 0) : x;
}

}  // namespace quillgen::model
