#include "config/schema.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <string>

#include "config/fields.hpp"

namespace quillgen {
namespace {

using Json = nlohmann::ordered_json;

Json powers_of_two(int first, int last) {
  Json values = Json::array();
  for (int value = first; value <= last; value *= 2) values.push_back(value);
  return values;
}

Json property(const Field& f) {
  if (f.shape == Shape::Flag) return {{"description", f.description}, {"type", "boolean"}};
  if (f.shape == Shape::Choice) return {{"description", f.description}, {"type", "string"}, {"enum", f.choices}};
  Json schema = {{"description", f.description}, {"type", "integer"}};
  if (f.shape == Shape::PowerOfTwo) {
    schema["enum"] = powers_of_two(f.min, f.max);
    return schema;
  }
  schema["minimum"] = f.min;
  schema["maximum"] = f.max;
  return schema;
}

/// An object that takes no other keys than its properties.
Json object() {
  return {
      {"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}, {"additionalProperties", false}};
}

void add(Json& object, std::string_view key, Json property, bool optional = false) {
  object["properties"][std::string(key)] = std::move(property);
  if (!optional) object["required"].push_back(key);
}

/// With a preset the formats are optional: those that are given replace those of the preset.
void offer_preset(Json& numerics) {
  Json properties = {{"preset",
                      {{"description", "Formats for all quantities; a format that is given as well replaces its own."},
                       {"type", "string"},
                       {"enum", numerics_presets}}}};
  properties.update(numerics["properties"]);
  numerics["properties"] = properties;
  numerics["anyOf"] = {{{"required", {"preset"}}}, {{"required", numerics["required"]}}};
  numerics.erase("required");
}

}  // namespace

Json config_schema() {
  Json root = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "Configuration of quillgen"},
      {"description", "What each number may be; quillgen also checks what several numbers must satisfy together."}};
  root.update(object());
  add(root, "name",
      {{"description", "Name of the design: 1 to 64 letters, digits, _ or -."},
       {"type", "string"},
       {"pattern", "^[A-Za-z0-9_-]{1,64}$"}});
  for (const auto& f : fields()) {
    if (!root["properties"].contains(std::string(f.section))) add(root, f.section, object(), is_optional(f.section));
    auto& section = root["properties"][std::string(f.section)];
    add(section, f.key, property(f), f.is_optional());
    if (f.older.empty()) continue;
    auto older = property(f);
    older["description"] = fmt::format("The older name of {}.", f.key);
    older["deprecated"] = true;
    add(section, f.older, older, true);
    section["not"] = {{"required", {f.older, f.key}}};
  }
  for (const auto& list : level_lists()) {
    Json number = {{"type", "integer"}};
    if (list.shape == Shape::PowerOfTwo) number["enum"] = powers_of_two(list.min, list.max);
    else number["minimum"] = list.min, number["maximum"] = list.max;
    add(root["properties"][std::string(list.section)], list.key,
        {{"description", list.description}, {"type", "array"}, {"maxItems", 8}, {"items", number}}, true);
  }
  offer_preset(root["properties"]["numerics"]);
  return root;
}

}  // namespace quillgen
