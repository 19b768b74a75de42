// Square millimetres in a library of standard cells, from the bits of a netlist.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quillgen::explore {

/// What a bit takes with all logic around it: fitted to what tools/area.sh maps of whole designs (tools/area/README.md
/// has the fit and how far it is off). SRAM is not mapped there: its density is assumed, a fifteenth of a register's,
/// and the same in both of 130 nm.
struct Library {
  std::string_view name, description;
  double register_um2, multiplier_um2;  ///< of a bit of a register, and of a multiplier (width times width)
  double sram_um2;                      ///< of a bit of SRAM with its periphery
};

std::span<const Library> libraries();

/// Which of them, and another density if it is above 0. Throws UserError for an unknown name.
Library library_of(const std::string& name, double sram_um2);

/// um2 of bits of registers, of multipliers and of SRAM, before wires and without what a layout leaves empty.
double logic_um2(std::int64_t register_bits, std::int64_t multiplier_bits, const Library& library);
double sram_um2(std::int64_t memory_bits, const Library& library);

}  // namespace quillgen::explore
