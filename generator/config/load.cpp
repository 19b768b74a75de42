#include "config/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/error.hpp"
#include "config/fields.hpp"
#include "config/json_text.hpp"
#include "config/presets.hpp"
#include "config/read_file.hpp"

namespace quillgen {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& f : fields())
    if (names.empty() || names.back() != f.section) names.emplace_back(f.section);
  return names;
}

std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> keys;
  if (section == "numerics") keys.emplace_back("preset");
  for (const auto& list : level_lists())
    if (list.section == section) keys.emplace_back(list.key);
  for (const auto& f : fields())
    if (f.section == section) keys.emplace_back(f.key);
  return keys;
}

void check_keys(const Json& object, const std::string& path, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw UserError(fmt::format("{}{} = {}: unknown field; must be one of {}; remove or rename it", path,
                                  shown(Json(key)), shown(value), fmt::join(known, ", ")));
}

const Json& member(const Json& object, std::string_view path, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end()) throw UserError(fmt::format("{}{} = nothing: must be given; add it", path, key));
  return *found;
}

const Json& section(const Json& root, const std::string& name) {
  static const Json none = Json::object();
  if (is_optional(name) && !root.contains(name)) return none;
  const auto& value = member(root, "", name);
  if (!value.is_object())
    throw UserError(
        fmt::format("{} = {}: must be an object; write {{ \"{}\": ... }}", name, shown(value), keys_of(name).front()));
  check_keys(value, name + ".", keys_of(name));
  return value;
}

/// An integer of any size is read; the range, far inside that of int, is checked by validate().
int integer(const Json& value, const std::string& path) {
  if (!value.is_number_integer())
    throw UserError(
        fmt::format("{} = {}: must be an integer; write a plain number without a fraction", path, shown(value)));
  constexpr auto limit = std::numeric_limits<int>::max();
  const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(limit)
                                               : value.get<std::int64_t>() >= -limit;
  if (!fits) throw UserError(fmt::format("{} = {}: must be a 32-bit number; choose a smaller one", path, shown(value)));
  return value.get<int>();
}

std::string text_of(const Json& value, const std::string& path) {
  if (!value.is_string()) throw UserError(fmt::format("{} = {}: must be a string; quote it", path, shown(value)));
  return value.get<std::string>();
}

int flag(const Json& value, const std::string& path) {
  if (!value.is_boolean())
    throw UserError(fmt::format("{} = {}: must be true or false; write it without quotes", path, shown(value)));
  return value.get<bool>() ? 1 : 0;
}

int choice(const Json& value, const Field& f) {
  const auto name = text_of(value, f.path());
  const auto found = std::ranges::find(f.choices, name);
  if (found == f.choices.end())
    throw UserError(
        fmt::format("{} = {}: must be one of {}; choose one", f.path(), shown(value), fmt::join(f.choices, ", ")));
  return static_cast<int>(found - f.choices.begin());
}

int read_value(const Json& value, const Field& f) {
  return f.shape == Shape::Flag     ? flag(value, f.path())
         : f.shape == Shape::Choice ? choice(value, f)
                                    : integer(value, f.path());
}

/// The list of levels; none when it is missing.
std::vector<int> read_list(const Json& object, const LevelList& of_levels) {
  const auto list = object.find(of_levels.key);
  if (list == object.end()) return {};
  if (!list->is_array())
    throw UserError(fmt::format("{} = {}: must be a list; write one number for each level, for example {}",
                                of_levels.path(), shown(*list), of_levels.example));
  std::vector<int> values;
  for (const auto& value : *list)
    values.push_back(integer(value, fmt::format("{}[{}]", of_levels.path(), values.size())));
  return values;
}

Json written_value(const Field& f, int value) {
  if (f.shape == Shape::Flag) return value != 0;
  if (f.shape == Shape::Choice) return f.choices[static_cast<std::size_t>(value)];
  return value;
}

/// Gives fields that have an older key the one they have now.
void rename_older(Json& root) {
  for (const auto& f : fields()) {
    const auto object = root.find(f.section);
    if (f.older.empty() || object == root.end() || !object->is_object()) continue;
    const auto found = object->find(f.older);
    if (found == object->end()) continue;
    if (object->contains(f.key))
      throw UserError(fmt::format("{}.{} = {}: is the older name of {}, which is given too; remove one", f.section,
                                  f.older, shown(*found), f.path()));
    const Json value = *found;
    object->erase(found);
    (*object)[std::string(f.key)] = value;
  }
}

void apply_override(Json& root, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError(fmt::format("--set {}: must be path=value; write, for example, --set gemm.rows=8", text));
  const auto path = newer_path(text.substr(0, equals));
  const auto value = text.substr(equals + 1);
  if (path == "name") {
    root["name"] = value;
    return;
  }
  const auto dot = path.find('.');
  const auto object = path.substr(0, dot);
  const auto key = dot == std::string::npos ? "" : path.substr(dot + 1);
  const auto sections = section_names();
  if (key.empty() || std::find(sections.begin(), sections.end(), object) == sections.end())
    throw UserError(
        fmt::format("--set {}: unknown path; must be name or section.field with section one of {}; rename it", text,
                    fmt::join(sections, ", ")));
  if (path == "numerics.preset") {
    root[object] = {{"preset", value}};
    return;
  }
  if (!root[object].is_null() && !root[object].is_object()) return;  // reported when the section is read
  root[object][key] = json_or_text(value);
}

Config from_json(const Json& root, const Adjustment& adjust) {
  auto known = section_names();
  known.insert(known.begin(), "name");
  check_keys(root, "", known);
  Config config;
  config.name = text_of(member(root, "", "name"), "name");
  for (const auto& name : section_names()) section(root, name);
  const auto& numerics = section(root, "numerics");
  const auto preset = numerics.find("preset");
  if (preset != numerics.end()) config.numerics = numerics_preset(text_of(*preset, "numerics.preset"));
  for (const auto& f : fields()) {
    const auto& object = section(root, std::string(f.section));
    const auto key = std::string(f.key);
    const bool optional = f.is_optional() || (f.section == "numerics" && preset != numerics.end());
    if (optional && !object.contains(key)) continue;
    f.in(config) = read_value(member(object, std::string(f.section) + ".", key), f);
  }
  for (const auto& list : level_lists()) list.in(config) = read_list(section(root, std::string(list.section)), list);
  if (adjust) adjust(config);
  validate(config);
  return config;
}

}  // namespace

Config parse_config(std::string_view text, std::string_view origin, Overrides overrides, const Adjustment& adjust) {
  try {
    auto root = parse_json(text);
    if (!root.is_object())
      throw UserError(fmt::format("{}: must be an object; write {{ \"name\": ... }}", shown(root)));
    rename_older(root);
    for (const auto& o : overrides) apply_override(root, o);
    return from_json(root, adjust);
  } catch (const UserError& e) {
    throw UserError(fmt::format("{}: {}", origin, e.what()));
  }
}

Config load_config(const std::string& file, Overrides overrides, const Adjustment& adjust) {
  return parse_config(read_file(file), file, overrides, adjust);
}

Config load_preset(std::string_view name, Overrides overrides, const Adjustment& adjust) {
  std::vector<std::string_view> names;
  for (const auto& p : presets()) {
    if (p.name == name) return parse_config(p.json, fmt::format("preset {}", name), overrides, adjust);
    names.push_back(p.name);
  }
  throw UserError(fmt::format("preset {}: unknown; must be one of {}", name, fmt::join(names, ", ")));
}

nlohmann::ordered_json to_json(const Config& config) {
  Json root;
  root["name"] = config.name;
  for (const auto& f : fields()) root[std::string(f.section)][std::string(f.key)] = written_value(f, f.get(config));
  for (const auto& list : level_lists()) root[std::string(list.section)][std::string(list.key)] = list.get(config);
  return root;
}

}  // namespace quillgen
