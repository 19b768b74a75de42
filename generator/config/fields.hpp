// One table of the numbers of a configuration: where each stands in the JSON, where in the struct, and its legal range.
// Parsing, writing and validation all walk this table.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace quillgen {

enum class Shape { Any, PowerOfTwo, MultipleOf3 };

struct Field {
  std::string_view section;  ///< object of the JSON
  std::string_view key;      ///< key in that object
  int& (*in)(Config&);       ///< the number itself
  int min, max;              ///< both legal
  Shape shape = Shape::Any;

  std::string path() const { return std::string(section) + "." + std::string(key); }
  int get(const Config& c) const { return in(const_cast<Config&>(c)); }
};

/// Every number, sections and keys in the order in which they are written.
std::span<const Field> fields();

/// Formats of `int8`, `mixed` or `int12` (verif/model/NUMERICS.md). Throws UserError for another name.
Numerics numerics_preset(std::string_view name);

}  // namespace quillgen
