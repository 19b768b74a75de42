// What a sweep varies: fields of the configuration and the values of each. The points of the sweep are all their
// combinations.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace quillgen::explore {

using Json = nlohmann::ordered_json;

/// A field and the values it takes, in the order given.
struct Axis {
  std::string path;  ///< "gemm.rows", or "numerics.preset"
  std::vector<Json> values;
};

/// The axis that "gemm.rows=4,8" describes. Throws UserError for an unknown field, a value of another kind than the
/// field's, a value given twice and an empty list. Whether a value is in the legal range is a matter of each point.
Axis parse_axis(const std::string& text);

/// Throws UserError when a field is varied twice, or both varied and set by one of `overrides` ("gemm.rows=8"), and
/// when there are more than a million points.
void check_axes(std::span<const Axis> axes, std::span<const std::string> overrides);

/// Number of combinations; 1 without axes.
std::int64_t count_points(std::span<const Axis> axes);

/// The values of point `number`, from 1, in the order of the axes. The last axis varies fastest.
std::vector<Json> values_of(std::span<const Axis> axes, std::int64_t number);

/// A value as it is written after "path=": names without quotes.
std::string written(const Json& value);

/// "core.head_lanes=2 gemm.rows=8".
std::string settings_text(std::span<const Axis> axes, std::int64_t number);

}  // namespace quillgen::explore
