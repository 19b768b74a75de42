#include "schema_check.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>

namespace quillgen::test {
namespace {

using Json = nlohmann::ordered_json;

bool has_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "array") return value.is_array();
  if (type == "boolean") return value.is_boolean();
  throw std::logic_error("unknown type " + type);
}

std::string in_properties(const Json& properties, const Json& value) {
  for (const auto& [key, schema] : properties.items())
    if (value.is_object() && value.contains(key))
      if (const auto found = violation(schema, value[key]); !found.empty()) return key + ": " + found;
  return "";
}

bool has_all(const Json& keys, const Json& value) {
  return std::all_of(keys.begin(), keys.end(), [&](const Json& key) { return value.contains(key.get<std::string>()); });
}

bool has_no_other(const Json& properties, const Json& value) {
  const auto items = value.items();
  return std::all_of(items.begin(), items.end(), [&](const auto& item) { return properties.contains(item.key()); });
}

bool any_takes(const Json& schemas, const Json& value) {
  return std::any_of(schemas.begin(), schemas.end(), [&](const Json& s) { return violation(s, value).empty(); });
}

/// A keyword speaks only about values of its kind; those of other kinds pass, as the standard has it.
bool takes(const Json& schema, const std::string& keyword, const Json& value) {
  const auto& rule = schema[keyword];
  const bool number = value.is_number(), text = value.is_string(), object = value.is_object();
  if (keyword == "$schema" || keyword == "title" || keyword == "description" || keyword == "properties" ||
      keyword == "deprecated")
    return true;
  if (keyword == "type") return has_type(rule, value);
  if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
  if (keyword == "minimum") return !number || value >= rule;
  if (keyword == "maximum") return !number || value <= rule;
  if (keyword == "multipleOf") return !value.is_number_integer() || value.get<long>() % rule.get<long>() == 0;
  if (keyword == "pattern") return !text || std::regex_search(value.get<std::string>(), std::regex(rule));
  if (keyword == "required") return !object || has_all(rule, value);
  if (keyword == "additionalProperties" && rule == false) return !object || has_no_other(schema["properties"], value);
  if (keyword == "maxItems") return !value.is_array() || value.size() <= rule.get<std::size_t>();
  if (keyword == "items")
    return !value.is_array() ||
           std::all_of(value.begin(), value.end(), [&](const Json& item) { return violation(rule, item).empty(); });
  if (keyword == "anyOf") return any_takes(rule, value);
  if (keyword == "not") return !violation(rule, value).empty();
  throw std::logic_error("unknown keyword " + keyword);
}

}  // namespace

std::string violation(const Json& schema, const Json& value) {
  for (const auto& [keyword, rule] : schema.items())
    if (!takes(schema, keyword, value)) return keyword;
  return schema.contains("properties") ? in_properties(schema["properties"], value) : "";
}

}  // namespace quillgen::test
