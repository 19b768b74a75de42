// One table of the numbers of a configuration: where each stands in the JSON, where in the struct, its legal range and
// what it is. Parsing, writing, validation and the JSON Schema all walk this table.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace quillgen {

/// Choice: one of several names, kept as its number among them. Flag: true or false, kept as 1 or 0.
enum class Shape { Any, PowerOfTwo, Choice, Flag };

struct Field {
  std::string_view section;  ///< object of the JSON
  std::string_view key;      ///< key in that object
  int& (*in)(Config&);       ///< the number itself
  int min, max;              ///< both legal
  Shape shape;
  std::string_view description;                    ///< one sentence, with the unit
  std::span<const std::string_view> choices = {};  ///< of a Choice, numbers from 0
  std::string_view older = {};                     ///< a key that it was called by before and that is taken still

  std::string path() const { return std::string(section) + "." + std::string(key); }
  bool is_number() const { return shape != Shape::Choice && shape != Shape::Flag; }
  /// May be left out of a configuration: it then has the value that a Config starts with.
  bool is_optional() const {
    if (section == "attention") return key == "anchors";
    if (section == "feature_cache") return key != "kilobytes" && key != "ways" && key != "run_ahead";
    if (section == "core") return key != "projection_columns";
    return section == "network" || section == "pruning" || section == "order" || section == "implementation";
  }
  int get(const Config& c) const { return in(const_cast<Config&>(c)); }
};

/// Every number, sections and keys in the order in which they are written. What is no number is not among them: the
/// name, numerics.preset, and the lists with a number for each level.
std::span<const Field> fields();

/// A path with the key that it has now, if it is given with an older one.
std::string newer_path(std::string_view path);

/// Whether a section may be missing: all of its keys are optional.
bool is_optional(std::string_view section);

/// A list of numbers, one for each level; it may be empty and left out.
struct LevelList {
  std::string_view section, key;
  std::vector<int>& (*in)(Config&);
  int min, max;  ///< both legal, of a number
  Shape shape;   ///< Any or PowerOfTwo
  std::string_view description, example;

  std::string path() const { return std::string(section) + "." + std::string(key); }
  const std::vector<int>& get(const Config& c) const { return in(const_cast<Config&>(c)); }
};
std::span<const LevelList> level_lists();

/// Names of the formats that numerics_preset() knows.
inline constexpr std::string_view numerics_presets[] = {"int8", "mixed", "int12"};

/// Formats of `int8`, `mixed` or `int12` (verif/model/NUMERICS.md). Throws UserError for another name.
Numerics numerics_preset(std::string_view name);

}  // namespace quillgen
