#include "explore/scale.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace quillgen::explore {
namespace {

/// 1, 2 or 5 times a power of ten, at least `size`.
double round_step(double size) {
  const double power = std::pow(10, std::floor(std::log10(size)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= size * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// "12.5 k", "3 M": at most `digits` significant digits.
std::string short_number(double value, int digits) {
  static constexpr const char* units[] = {"", " k", " M", " G", " T", " P"};
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) value /= 1000, ++unit;
  return fmt::format("{:.{}g}{}", value, std::max(digits, 3), units[unit]);
}

}  // namespace

Scale::Scale(std::int64_t least, std::int64_t largest)
    : logarithmic_(least > 0 && static_cast<double>(largest) > 20 * static_cast<double>(least)) {
  const auto low = static_cast<double>(least), high = static_cast<double>(largest);
  if (logarithmic_) {
    begin_ = std::pow(10, std::floor(std::log10(low)));
    end_ = std::pow(10, std::ceil(std::log10(high)));
    for (double tick = begin_; tick <= end_ * (1 + 1e-9); tick *= 10) ticks_.emplace_back(tick, short_number(tick, 1));
    return;
  }
  // Some room around the points; a single one stands in the middle.
  const double room = high > low ? 0.06 * (high - low) : std::max(0.05 * high, 1.0);
  const double step = round_step(std::max((high - low + 2 * room) / 6, 1.0));
  begin_ = std::max(0.0, std::floor((low - room) / step) * step);
  end_ = std::ceil((high + room) / step) * step;
  const auto digits = static_cast<int>(std::ceil(std::log10(end_ / step))) + 1;  // neighbours differ
  for (long i = 0; i <= std::lround((end_ - begin_) / step); ++i) {
    const double tick = begin_ + static_cast<double>(i) * step;
    ticks_.emplace_back(tick, short_number(tick, digits));
  }
}

double Scale::place(double value) const {
  if (logarithmic_) return std::log(std::max(value, begin_) / begin_) / std::log(end_ / begin_);
  return (value - begin_) / (end_ - begin_);
}

}  // namespace quillgen::explore
