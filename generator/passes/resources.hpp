// What a design takes on a chip, counted in its netlist before any synthesis.
#pragma once
#include <cstdint>

#include "hdl/module.hpp"

namespace quillgen::passes {

/// Of a module and everything below it, each instance counted.
struct Resources {
  std::int64_t memory_bits = 0;      ///< words times width of the SRAMs (read latency 1)
  std::int64_t register_bits = 0;    ///< registers, and register files (memories of read latency 0)
  std::int64_t multipliers = 0;      ///< of two variables; by a constant is an addition or two
  std::int64_t multiplier_bits = 0;  ///< sum over the multipliers of the product of their operands' widths
};

Resources resources_of(const hdl::Module& top);

}  // namespace quillgen::passes
