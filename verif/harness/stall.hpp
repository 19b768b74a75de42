// Random stalls that follow from a seed alone, the same on every machine.
#pragma once
#include <cstdint>
#include <random>

namespace quillgen::harness {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  /// True with a chance of `percent` in 100.
  bool operator()(int percent) { return percent > 0 && static_cast<int>(random_() % 100) < percent; }
  /// Uniform in 0 .. n-1.
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint64_t bits() { return random_(); }

 private:
  std::mt19937_64 random_;
};

}  // namespace quillgen::harness
