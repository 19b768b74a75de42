#include "harness/manifest.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "harness/files.hpp"

namespace quillgen::harness {

Manifest parse_manifest(const std::string& text, const std::string& origin) {
  try {
    const auto json = parse_sorted_json(text);
    Manifest manifest;
    manifest.top = json.at("top").get<std::string>();
    manifest.config = json.value("config", nlohmann::json::object()).dump();
    for (const auto& port : json.value("ports", nlohmann::json::array()))
      manifest.ports.emplace(port.at("name").get<std::string>(), port.at("width").get<int>());
    for (const auto& entry : json.value("taps", nlohmann::json::array())) {
      Tap tap;
      tap.stage = entry.at("stage").get<std::string>();
      tap.instance = entry.value("instance", "");
      tap.module = entry.at("module").get<std::string>();
      tap.valid = entry.value("valid", "");
      tap.ready = entry.value("ready", "");
      for (const auto& f : entry.at("fields"))
        tap.fields.push_back({f.at("name").get<std::string>(), f.at("net").get<std::string>(), f.at("width").get<int>(),
                              f.value("signed", false)});
      manifest.taps.push_back(std::move(tap));
    }
    return manifest;
  } catch (const std::exception& e) {  // of the text, or the library's own of what is in it
    throw UserError(fmt::format("{}: {}: generate the RTL again", origin, e.what()));
  }
}

Manifest load_manifest(const std::filesystem::path& folder) {
  const auto file = folder / "manifest.json";
  if (!std::filesystem::exists(file))
    throw UserError(fmt::format("{}: not found: --rtl takes a folder written by `quillgen generate`", file.string()));
  return parse_manifest(read_text(file), file.string());
}

std::vector<std::string> load_file_list(const std::filesystem::path& folder) {
  std::istringstream lines(read_text(folder / "files.f"));
  std::vector<std::string> files;
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (line.empty() || line.starts_with("//") || line.starts_with("#")) continue;
    if (!std::filesystem::exists(folder / line))
      throw UserError(fmt::format("{}: names {}, which does not exist: restore it or generate the RTL again",
                                  (folder / "files.f").string(), line));
    files.push_back(line);
  }
  return files;
}

std::string tap_control_file(const std::vector<Tap>& taps) {
  std::set<std::pair<std::string, std::string>> nets;
  for (const auto& tap : taps) {
    for (const auto& net : {tap.valid, tap.ready})
      if (!net.empty()) nets.insert({tap.module, net});
    for (const auto& field : tap.fields) nets.insert({tap.module, field.net});
  }
  std::string text = "`verilator_config\n";
  for (const auto& [module, net] : nets)
    text += fmt::format("public_flat_rd -module \"{}\" -var \"{}\"\n", module, net);
  return text;
}

}  // namespace quillgen::harness
