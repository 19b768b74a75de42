#include "explore/point.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen::explore {
namespace {

struct WholeNumber {
  const char* name;
  std::int64_t Figures::*value;
};
struct Share {
  const char* name;
  double Figures::*value;
};
constexpr WholeNumber whole_numbers[] = {
    {"cycles", &Figures::cycles},
    {"bytes", &Figures::bytes},
    {"area", &Figures::area},
    {"memory_bits", &Figures::memory_bits},
    {"register_bits", &Figures::register_bits},
    {"multipliers", &Figures::multipliers},
    {"multiplier_bits", &Figures::multiplier_bits},
    {"setup", &Figures::setup},
    {"project", &Figures::project},
    {"fill", &Figures::fill},
    {"sampling", &Figures::sampling},
    {"drain", &Figures::drain},
};
constexpr Share shares[] = {
    {"hit_rate", &Figures::hit_rate}, {"lanes_busy", &Figures::lanes_busy}, {"pe_array_busy", &Figures::pe_array_busy}};

Json to_json(const Simulated& s) {
  if (!s.bit_exact()) return {{"bit_exact", false}, {"failure", s.failure}};
  return {{"bit_exact", true}, {"cycles", s.cycles}, {"bytes", s.bytes}};
}

Simulated simulated_from_json(const Json& json) {
  if (!json.at("bit_exact").get<bool>()) return {0, 0, json.at("failure").get<std::string>()};
  return {json.at("cycles"), json.at("bytes"), ""};
}

}  // namespace

std::span<const Objective> objectives() {
  static constexpr Objective table[] = {
      {"cycles", &Figures::cycles, "cycles of the job (estimated)"},
      {"area", &Figures::area, "area proxy (weighed bits of memories, registers and multipliers)"},
      {"bytes", &Figures::bytes, "bytes over the memory port (estimated)"},
      {"memory_bits", &Figures::memory_bits, "bits of memory on chip"},
      {"register_bits", &Figures::register_bits, "bits of registers"},
      {"multipliers", &Figures::multipliers, "multipliers"},
      {"multiplier_bits", &Figures::multiplier_bits, "bits of multipliers (width times width)"},
      {"mm2", &Figures::um2, "area before wires, um2"},
      {"sqnr", &Figures::noise, "noise of the output, millionths of its signal"},
      {"ap", &Figures::missing_ap, "AP that lacks to 100, thousandths"},
  };
  return table;
}

bool has_objective(std::span<const Objective> chosen, std::string_view name) {
  return std::ranges::find(chosen, name, &Objective::name) != chosen.end();
}

void set_sqnr(Figures& figures, double db) {
  figures.sqnr_db = db;
  figures.noise = std::llround(std::min(1e15, 1e6 * std::pow(10, -db / 10)));
}

void set_ap(Figures& figures, double ap) {
  figures.ap = ap;
  figures.missing_ap = std::llround(1e5 * (1 - ap));
}

std::vector<Objective> parse_objectives(const std::vector<std::string>& names) {
  std::vector<Objective> chosen;
  for (const auto& name : names) {
    const auto found = std::ranges::find(objectives(), name, &Objective::name);
    if (found == objectives().end()) {
      std::vector<std::string_view> known;
      for (const auto& o : objectives()) known.push_back(o.name);
      throw UserError(fmt::format("--objectives {}: unknown; must be some of {}", shown(name), fmt::join(known, ", ")));
    }
    if (std::ranges::find(chosen, found->name, &Objective::name) != chosen.end())
      throw UserError(fmt::format("--objectives {}: is given twice; keep one", name));
    chosen.push_back(*found);
  }
  if (chosen.size() < 2)
    throw UserError("--objectives: one alone has a best point and no front; give two or more, as cycles,area");
  return chosen;
}

Json to_json(const Point& point, std::span<const Axis> axes) {
  Json settings = Json::object();
  const auto values = values_of(axes, point.number);
  for (std::size_t i = 0; i < axes.size(); ++i) settings[axes[i].path] = values[i];
  Json json = {{"point", point.number}, {"settings", settings}};
  if (!point.refused.empty()) {
    json["refused"] = point.refused;
    return json;
  }
  for (const auto& f : whole_numbers) json[f.name] = point.figures.*f.value;
  for (const auto& f : shares) json[f.name] = point.figures.*f.value;
  if (point.figures.um2 > 0) json["mm2"] = 1e-6 * static_cast<double>(point.figures.um2);
  if (const auto& db = point.figures.sqnr_db) json["sqnr_db"] = std::isfinite(*db) ? Json(*db) : Json("exact");
  if (point.figures.ap) json["ap"] = *point.figures.ap;
  json["limited_by"] = point.figures.limited_by;
  if (point.simulated) json["simulated"] = to_json(*point.simulated);
  return json;
}

Point point_from_json(const Json& json) {
  Point point;
  point.number = json.at("point").get<std::int64_t>();
  if (json.contains("refused")) {
    point.refused = json["refused"].get<std::string>();
    return point;
  }
  for (const auto& f : whole_numbers) point.figures.*f.value = json.at(f.name).get<std::int64_t>();
  for (const auto& f : shares) point.figures.*f.value = json.at(f.name).get<double>();
  if (const auto mm2 = json.find("mm2"); mm2 != json.end()) point.figures.um2 = std::llround(1e6 * mm2->get<double>());
  if (const auto db = json.find("sqnr_db"); db != json.end())
    set_sqnr(point.figures, db->is_number() ? db->get<double>() : HUGE_VAL);
  if (json.contains("ap")) set_ap(point.figures, json["ap"].get<double>());
  point.figures.limited_by = json.at("limited_by").get<std::string>();
  if (json.contains("simulated")) point.simulated = simulated_from_json(json["simulated"]);
  return point;
}

}  // namespace quillgen::explore
