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

/// Below this, formats are too short for a layer.
inline constexpr double poor_sqnr = 20;

/// What to do about an output of `db`; empty where it is good enough.
inline std::string poor_sqnr_warning(double db) {
  if (!(db < poor_sqnr)) return "";
  return fmt::format(
      "the SQNR of the output is {:.1f} dB, below {:g}: these formats are too short for this layer; try --set "
      "numerics.preset=mixed or int12",
      db, poor_sqnr);
}

}  // namespace quillgen::cli
