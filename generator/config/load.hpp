// Configurations from JSON files, presets and command lines, and back to JSON.
// Every mistake is a UserError of one line: field, value, constraint, and what to change.
#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace quillgen {

/// Overrides of single fields, each "path=value", e.g. "gemm.rows=8" or "numerics.preset=int8", applied in order.
using Overrides = std::span<const std::string>;

/// A last change to a configuration that has been read and overridden, but not validated yet.
using Adjustment = std::function<void(Config&)>;

/// Parses and validates a configuration. `origin` (a file name, say) starts every error message. Setting
/// numerics.preset by an override replaces all formats of the text, so that it also works on a written-out
/// configuration.
Config parse_config(std::string_view text, std::string_view origin, Overrides overrides = {},
                    const Adjustment& adjust = nullptr);

/// The configuration in `file`. Throws UserError also when the file cannot be read.
Config load_config(const std::string& file, Overrides overrides = {}, const Adjustment& adjust = nullptr);

/// The preset `name`. Throws UserError for an unknown name, listing the known ones.
Config load_preset(std::string_view name, Overrides overrides = {}, const Adjustment& adjust = nullptr);

/// Throws UserError unless every number is in its range and the numbers fit each other.
void validate(const Config& config);

/// The configuration with every number written out; parse_config reads it back unchanged.
nlohmann::ordered_json to_json(const Config& config);

}  // namespace quillgen
