// The random numbers of synthetic layers.
#pragma once
#include <cstdint>

namespace quillgen::synthetic {

/// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// 0 .. n - 1.
  std::uint64_t below(std::uint64_t n) { return bits() % n; }
  /// 0 <= x < 1.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// About normal, mean 0, deviation 1: four 16-bit numbers added up.
  double scatter() {
    constexpr double sqrt3 = 1.7320508075688772;
    const std::uint64_t b = bits();
    const auto sum = (b & 0xFFFF) + (b >> 16 & 0xFFFF) + (b >> 32 & 0xFFFF) + (b >> 48);
    return (static_cast<double>(sum) / 65536 - 2) * sqrt3;
  }

 private:
  std::uint64_t state_;
};

}  // namespace quillgen::synthetic
