#include "explore/library.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen::explore {

std::span<const Library> libraries() {
  static constexpr Library table[] = {
      {"osu018", "180 nm, Oklahoma State University", 199.6, 245.9, 13.3},
      {"sg13g2", "130 nm, IHP, typical, 1.2 V", 76.7, 75.9, 5.1},
      {"sky130hd", "130 nm, SkyWater, typical, 1.8 V", 36.9, 45.1, 5.1},
  };
  return table;
}

Library library_of(const std::string& name, double sram_um2) {
  const auto found = std::ranges::find(libraries(), name, &Library::name);
  if (found == libraries().end()) {
    std::vector<std::string_view> known;
    for (const auto& library : libraries()) known.push_back(library.name);
    throw UserError(fmt::format("--library {}: unknown; must be one of {}; tools/area.sh maps to others", shown(name),
                                fmt::join(known, ", ")));
  }
  auto library = *found;
  if (sram_um2 > 0) library.sram_um2 = sram_um2;
  return library;
}

double logic_um2(std::int64_t register_bits, std::int64_t multiplier_bits, const Library& library) {
  return library.register_um2 * static_cast<double>(register_bits) +
         library.multiplier_um2 * static_cast<double>(multiplier_bits);
}

double sram_um2(std::int64_t memory_bits, const Library& library) {
  return library.sram_um2 * static_cast<double>(memory_bits);
}

}  // namespace quillgen::explore
