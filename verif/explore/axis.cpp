#include "explore/axis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/error.hpp"
#include "config/fields.hpp"
#include "config/json_text.hpp"

namespace quillgen::explore {
namespace {

constexpr std::int64_t most_points = 1'000'000;
constexpr std::string_view formats = "numerics.preset";

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw UserError(fmt::format("--vary {}: {}", shown(text), why));
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto end = list.find(',', begin);
    parts.push_back(list.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

/// Paths that may have been meant: those of the section, or the sections.
std::string known_paths(const std::string& path) {
  const auto section = path.substr(0, path.find('.'));
  std::vector<std::string> keys, sections;
  for (const auto& f : fields()) {
    if (f.section == section) keys.push_back(f.path());
    if (sections.empty() || sections.back() != f.section) sections.emplace_back(f.section);
  }
  if (section == "numerics") keys.emplace_back(formats);
  if (keys.empty()) return fmt::format("a field of {}", fmt::join(sections, ", "));
  return fmt::format("one of {}", fmt::join(keys, ", "));
}

/// The names a value may have; empty when it is a number.
std::vector<std::string> choices_of(const std::string& text, const std::string& path) {
  if (path == formats) return {std::begin(numerics_presets), std::end(numerics_presets)};
  const auto field = std::ranges::find(fields(), path, &Field::path);
  if (field == fields().end())
    refuse(text, fmt::format("{} is not known; must be {}; rename it", shown(path), known_paths(path)));
  if (field->shape == Shape::Flag) return {"false", "true"};
  return {field->choices.begin(), field->choices.end()};
}

Json value_of(const std::string& text, const std::string& word, const std::vector<std::string>& choices) {
  const auto parsed = json_or_text(word);
  if (choices.empty()) {
    if (!parsed.is_number_integer())
      refuse(text, fmt::format("{} is no integer; write plain numbers without a fraction", shown(word)));
    return parsed;
  }
  if (std::ranges::find(choices, word) == choices.end())
    refuse(text, fmt::format("{} is unknown; must be one of {}; choose one", shown(word), fmt::join(choices, ", ")));
  return parsed.is_boolean() ? parsed : Json(word);
}

}  // namespace

Axis parse_axis(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    refuse(text, "must be path=value,value,...; write, for example, --vary gemm.rows=4,8");
  Axis axis{newer_path(text.substr(0, equals)), {}};
  const auto choices = choices_of(text, axis.path);
  for (const auto& word : split(text.substr(equals + 1))) {
    if (word.empty()) refuse(text, "a value is missing; give at least one, and one between any two commas");
    auto value = value_of(text, word, choices);
    if (std::ranges::find(axis.values, value) != axis.values.end())
      refuse(text, fmt::format("{} is given twice; keep one", written(value)));
    axis.values.push_back(std::move(value));
  }
  return axis;
}

void check_axes(std::span<const Axis> axes, std::span<const std::string> overrides) {
  std::int64_t points = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto& path = axes[i].path;
    for (std::size_t j = 0; j < i; ++j)
      if (axes[j].path == path) refuse(path, "is varied twice; give all its values in one --vary");
    for (const auto& text : overrides)
      if (text.starts_with(path + "=")) refuse(path, fmt::format("is set by --set {} as well; drop one", text));
    points *= static_cast<std::int64_t>(axes[i].values.size());
    if (points > most_points)
      refuse(path, fmt::format("makes more than {} points; vary fewer fields, or give fewer values", most_points));
  }
}

std::int64_t count_points(std::span<const Axis> axes) {
  std::int64_t points = 1;
  for (const auto& axis : axes) points *= static_cast<std::int64_t>(axis.values.size());
  return points;
}

std::vector<Json> values_of(std::span<const Axis> axes, std::int64_t number) {
  std::vector<Json> values(axes.size());
  auto rest = static_cast<std::size_t>(number - 1);
  for (std::size_t i = axes.size(); i-- > 0;) {
    values[i] = axes[i].values[rest % axes[i].values.size()];
    rest /= axes[i].values.size();
  }
  return values;
}

std::string written(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string settings_text(std::span<const Axis> axes, std::int64_t number) {
  const auto values = values_of(axes, number);
  std::string text;
  for (std::size_t i = 0; i < axes.size(); ++i)
    text += fmt::format("{}{}={}", i ? " " : "", axes[i].path, written(values[i]));
  return text.empty() ? "the configuration as it is" : text;
}

}  // namespace quillgen::explore
