// Contract checks of the model: on in every build, since the model is what everything else is held against.
#pragma once
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "model/layer.hpp"

namespace quillgen::model {

/// Throws std::logic_error with `what` unless `holds`.
inline void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// True if all values are signed numbers of `bits` bits.
inline bool all_fit(const std::vector<std::int32_t>& values, int bits) {
  const std::int32_t limit = std::int32_t{1} << (bits - 1);
  return std::all_of(values.begin(), values.end(), [&](std::int32_t v) { return v >= -limit && v < limit; });
}

/// True if a tensor has rows x columns elements.
inline bool has_shape(const auto& values, int rows, int columns) {
  return values.size() == static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// True if all multipliers and shifts are those of N2.
inline bool all_legal(const std::vector<Requant>& requants) {
  return std::all_of(requants.begin(), requants.end(),
                     [](const Requant& r) { return r.mult < 1u << 16 && r.shift >= 1 && r.shift <= 47; });
}

}  // namespace quillgen::model
