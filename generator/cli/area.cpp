#include "cli/area.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/netlist_bits.hpp"
#include "explore/library.hpp"

namespace quillgen::cli {

Area area_of(const AreaOptions& options, const Config& config) {
  const auto library = explore::library_of(options.library, options.sram_um2);
  const auto bits = netlist_bits(config);
  return {options.library, 1e-6 * logic_um2(bits.registers, bits.multiplier_area, library),
          1e-6 * sram_um2(bits.memory, library)};
}

std::string text_of(const Area& a) {
  return fmt::format("{}: logic {:.3f} mm2, SRAM {:.3f} mm2, before wires", a.library, a.logic, a.sram);
}

nlohmann::ordered_json to_json(const Area& a) { return {{"library", a.library}, {"logic", a.logic}, {"sram", a.sram}}; }

}  // namespace quillgen::cli
