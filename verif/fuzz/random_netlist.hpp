// Random netlists from a seed: all operations, registers with and without reset, memories of both latencies, tables,
// wires read before they are driven, two levels of hierarchy, values of 1 to 200 bits, named and unnamed nodes.
//
// Every module has the inputs init and init_index. While init is 1 for warm_up_cycles cycles, in which init_index
// counts modulo 16, all registers and memories take defined values; afterwards nothing in the module is undefined.
#pragma once
#include <cstdint>

#include "hdl/module.hpp"

namespace quillgen::fuzz {

inline constexpr int warm_up_cycles = 40;

/// Builds the netlist of a seed, with all its modules named n<seed>_*, and returns its top. Equal seeds give equal
/// netlists. The result passes passes::verify.
const hdl::Module& random_netlist(hdl::Design& design, std::uint64_t seed);

}  // namespace quillgen::fuzz
