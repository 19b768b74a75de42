// Numbers drawn from a seed, the same on every machine: the arithmetic is here, not in the library's distributions.
// C++ leaves the order of operands and of arguments open: an expression draws one number.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

namespace quillgen::fuzz {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  std::uint64_t bits() { return random_(); }
  /// 0 .. n - 1, n > 0.
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  /// low .. high, both included.
  int between(int low, int high) {
    const auto span = static_cast<std::int64_t>(high) - low + 1;
    return static_cast<int>(low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(span)));
  }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }
  /// low .. high: each end with 20 %, the rest anywhere, and part of it among the smaller numbers.
  int corner(int low, int high) {
    const int kind = below(10);
    if (kind < 2) return low;
    if (kind < 4) return high;
    if (kind < 8) return between(low, high);
    const auto span = static_cast<std::uint64_t>(high - low) >> below(10);
    return low + static_cast<int>(span * (random_() >> 32) >> 32);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace quillgen::fuzz
