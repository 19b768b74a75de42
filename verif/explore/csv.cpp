#include "explore/csv.hpp"

#include <fmt/core.h>

namespace quillgen::explore {
namespace {

constexpr const char* figures[] = {
    "cycles",  "bytes",   "area",     "memory_bits", "register_bits", "multipliers", "multiplier_bits", "setup",
    "project", "fill",    "sampling", "drain",       "hit_rate",      "lanes_busy",  "pe_array_busy",   "limited_by",
    "mm2",     "sqnr_db", "ap"};
constexpr const char* rates[] = {"milliseconds", "frames_per_second", "gigabytes_per_second"};
constexpr const char* simulated[] = {"bit_exact", "cycles", "bytes", "failure"};

/// The member as a field; empty when there is none.
std::string cell(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? "" : csv_field(written(*found));
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv(std::span<const Point> points, std::span<const Axis> axes, std::span<const std::size_t> on_front,
                const estimate::Pace& pace) {
  std::string text = "point";
  for (const auto& axis : axes) text += "," + csv_field(axis.path);
  for (const auto* name : figures) text += fmt::format(",{}", name);
  for (const auto* name : rates)
    if (pace.given()) text += fmt::format(",{}", name);
  text += ",front";
  for (const auto* name : simulated) text += fmt::format(",simulated_{}", name);
  text += ",refused\n";
  std::vector<bool> in_front(points.size());
  for (const auto i : on_front) in_front[i] = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto json = to_json(points[i], axes);
    text += cell(json, "point");
    for (const auto& axis : axes) text += "," + cell(json["settings"], axis.path);
    for (const auto* name : figures) text += "," + cell(json, name);
    const auto& f = points[i].figures;
    const auto rate =
        pace.given() && points[i].refused.empty() ? to_json(rate_of(f.cycles, f.bytes, pace), pace) : Json();
    for (const auto* name : rates)
      if (pace.given()) text += "," + cell(rate.is_object() ? rate : Json::object(), name);
    text += in_front[i] ? ",1" : points[i].refused.empty() ? ",0" : ",";
    for (const auto* name : simulated) text += "," + cell(json.value("simulated", Json::object()), name);
    text += "," + cell(json, "refused") + "\n";
  }
  return text;
}

}  // namespace quillgen::explore
