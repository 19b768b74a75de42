#include "network/scales.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "config/read_file.hpp"

namespace quillgen::network {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "quillgen scales 1";

/// The formats on which scales depend.
Json formats(const Config& config) {
  const auto all = to_json(config);
  return {{"numerics", all.at("numerics")}, {"network", {{"stream_bits", config.network.stream_bits}}}};
}

/// Not even JSON: says of which file.
Json parse_scales(const std::string& file, const std::string& text) {
  try {
    return parse_json(text);
  } catch (const UserError& e) {
    throw UserError(fmt::format("{}: {}", file, e.what()));
  }
}

}  // namespace

double Scales::of(const std::string& tensor) const {
  const auto found = unit.find(scale_name(tensor));
  if (found == unit.end())
    throw UserError(fmt::format("{}: units.{}: is missing; calibrate anew", file, scale_name(tensor)));
  return found->second;
}

std::string scale_name(const std::string& tensor) {
  const auto last = tensor.substr(tensor.rfind('.') + 1);
  const auto part = tensor.substr(0, tensor.find('.'));
  const bool is_stream = last == "input" || last == "position" || last == "content" || last.starts_with("norm");
  return is_stream ? part + ".stream" : tensor;
}

int scale_bits(const std::string& name, const Config& config) {
  const auto& n = config.numerics;
  const auto last = name.substr(name.rfind('.') + 1);
  if (last == "stream") return config.network.stream_bits;
  if (last == "classes" || last == "score") return n.output_bits;
  if (name.find(".self.") != std::string::npos) return n.query_bits;
  if (last == "source" || last == "value") return n.feature_bits;
  if (last == "heads") return n.head_bits;
  return n.query_bits;
}

std::string scales_text(const Scales& scales, const Config& config) {
  Json json = {{"format", format_name}, {"network", scales.fingerprint}, {"formats", formats(config)}};
  for (const auto& [name, unit] : scales.unit) json["units"][name] = unit;
  return json.dump(2) + "\n";
}

Scales read_scales(const std::string& file, const Network& network, const Config& config) {
  const auto refuse = [&](const std::string& problem) { throw UserError(fmt::format("{}: {}", file, problem)); };
  Scales scales;
  scales.file = file;
  const auto text = read_file(file);
  try {
    const auto json = parse_scales(file, text);
    if (!json.is_object() || json.value("format", "") != format_name)
      refuse(fmt::format("format: must be \"{}\"; make the file with quillgen calibrate", format_name));
    scales.fingerprint = json.at("network").get<std::string>();
    if (scales.fingerprint != network.fingerprint)
      refuse(fmt::format("network = {}: {} is another one ({}); calibrate it", scales.fingerprint, network.file,
                         network.fingerprint));
    const auto wanted = formats(config);
    for (const auto& [section, keys] : wanted.items())
      for (const auto& [key, value] : keys.items())
        if (json.at("formats").at(section).at(key) != value)
          refuse(fmt::format("{}.{} = {}: the configuration has {}; calibrate for it", section, key,
                             json.at("formats").at(section).at(key).dump(), value.dump()));
    for (const auto& [name, unit] : json.at("units").items()) {
      scales.unit[name] = unit.get<double>();
      if (!(scales.unit[name] > 1e-30 && scales.unit[name] < 1e30))
        refuse(fmt::format("units.{} = {}: must be above 0, and a number of sense", shown(name), unit.dump()));
    }
  } catch (const nlohmann::json::exception& e) {
    refuse(fmt::format("is no file of scales ({}); make it with quillgen calibrate", e.what()));
  }
  return scales;
}

}  // namespace quillgen::network
