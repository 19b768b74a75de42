// A failing case made smaller, number by number, for as long as it fails with the same signature.
#pragma once
#include <functional>

#include "fuzz/run_case.hpp"

namespace quillgen::fuzz {

struct Shrunk {
  Case smallest;
  Outcome outcome;   ///< of it
  int attempts = 0;  ///< cases tried
};

/// Tries the least value of each number, then half the way to it, then one less, until nothing helps or `attempts`
/// cases were tried. `run` runs a legal case. The answer follows from the case alone.
Shrunk shrink(const Case& failing, const Outcome& outcome, int attempts,
              const std::function<Outcome(const Case&)>& run);

}  // namespace quillgen::fuzz
