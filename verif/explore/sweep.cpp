#include "explore/sweep.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/error.hpp"

namespace quillgen::explore {
namespace {

/// The settings of a point behind those of all points. A varied numerics.preset stands first: it sets all formats, and
/// would undo what others set.
std::vector<std::string> overrides_of(const Sweep& sweep, std::int64_t number) {
  auto overrides = sweep.overrides;
  const auto values = values_of(sweep.axes, number);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool first = sweep.axes[i].path == "numerics.preset";
    overrides.insert(first ? overrides.begin() : overrides.end(),
                     fmt::format("{}={}", sweep.axes[i].path, written(values[i])));
  }
  return overrides;
}

void check_kept(const Sweep& sweep, std::int64_t number, const Config& config) {
  const auto values = values_of(sweep.axes, number);
  const auto json = to_json(config);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& path = sweep.axes[i].path;
    if (path == "numerics.preset") continue;
    const auto dot = path.find('.');
    const auto& now = json.at(path.substr(0, dot)).at(path.substr(dot + 1));
    if (now != values[i])
      throw UserError(
          fmt::format("{} = {}: --fit makes it {}; drop --fit or this value", path, written(values[i]), written(now)));
  }
}

}  // namespace

Config config_of(const Sweep& sweep, std::int64_t number, const Adjustment& fit) {
  const auto config = parse_config(sweep.configuration.dump(), sweep.origin, overrides_of(sweep, number), fit);
  if (fit) check_kept(sweep, number, config);
  return config;
}

Json to_json(const Sweep& s) {
  Json axes = Json::object(), objectives = Json::array();
  for (const auto& axis : s.axes) axes[axis.path] = axis.values;
  for (const auto& o : s.objectives) objectives.push_back(o.name);
  return {{"origin", s.origin},
          {"configuration", s.configuration},
          {"set", s.overrides},
          {"vary", axes},
          {"fit", s.fit},
          {"job", to_json(s.job)},
          {"objectives", objectives},
          {"scenes", s.scenes},
          {"clock_mhz", s.pace.clock_mhz},
          {"layers", s.pace.layers},
          {"library", s.library},
          {"sram_um2", s.sram_um2},
          {"weights", {s.weights.memory, s.weights.registers, s.weights.multipliers}},
          {"simulate", s.simulate},
          {"quick_build", s.quick_build}};
}

Sweep sweep_from_json(const Json& json) {
  Sweep s;
  s.origin = json.at("origin").get<std::string>();
  s.configuration = json.at("configuration");
  s.overrides = json.at("set").get<std::vector<std::string>>();
  for (const auto& [path, values] : json.at("vary").items()) s.axes.push_back({path, values.get<std::vector<Json>>()});
  s.fit = json.at("fit").get<bool>();
  s.job = job_from_json(json.at("job"));
  s.objectives = parse_objectives(json.at("objectives").get<std::vector<std::string>>());
  s.weights = {json.at("weights").at(0), json.at("weights").at(1), json.at("weights").at(2)};
  s.scenes = json.at("scenes").get<std::string>();
  s.library = json.at("library").get<std::string>(), s.sram_um2 = json.at("sram_um2").get<double>();
  s.pace = {json.at("clock_mhz").get<double>(), json.at("layers").get<int>()};
  s.simulate = json.at("simulate").get<int>();
  s.quick_build = json.at("quick_build").get<bool>();
  return s;
}

}  // namespace quillgen::explore
