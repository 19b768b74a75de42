#include "cli/netlist_bits.hpp"

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "passes/resources.hpp"

namespace quillgen::cli {

explore::NetlistBits netlist_bits(const Config& config) {
  hdl::Design design;
  const auto found = passes::resources_of(accel::build_top(design, accel::Shapes(config), top_name));
  return {found.memory_bits, found.register_bits, found.multipliers, found.multiplier_bits};
}

}  // namespace quillgen::cli
