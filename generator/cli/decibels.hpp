// A ratio of signal to quantisation noise, for people and for programs.
#pragma once
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace quillgen::cli {

/// "41.55 dB", without the unit for a table; "exact" without any noise.
inline std::string decibels(double db, std::string_view unit = " dB") {
  return std::isinf(db) && db > 0 ? "exact" : fmt::format("{:.2f}{}", db, unit);
}

/// The number, or "exact"; JSON has no infinity.
inline nlohmann::ordered_json decibels_json(double db) {
  if (std::isinf(db) && db > 0) return "exact";
  return db;
}

}  // namespace quillgen::cli
