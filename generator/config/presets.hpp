// The presets that are built into the program.
#pragma once
#include <span>
#include <string_view>

namespace quillgen {

struct Preset {
  std::string_view name;
  std::string_view json;  ///< text of examples/presets/<name>.json
};

/// All presets, smallest design first.
std::span<const Preset> presets();

}  // namespace quillgen
