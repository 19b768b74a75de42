// A netlist on the interpreter in place of a Verilated design, so that the harness drives it: the same host, memory,
// taps and comparison, without Verilog and without Verilator.
#pragma once
#include "config/config.hpp"
#include "harness/manifest.hpp"
#include "harness/simulator.hpp"
#include "hdl/module.hpp"

namespace quillgen::test {

/// Instances of the library interpret `top`, which must outlive them, with the reset of `config`. One module at a time:
/// a call changes what instances made from then on interpret, those of earlier libraries too.
harness::SimulatorLibrary interpreter_library(const hdl::Module& top, const Config& config);

/// The taps below `top` as the harness wants them. A net is named by the number of its node: the names that the printer
/// chose play no part.
harness::Manifest interpreter_manifest(const hdl::Module& top, const Config& config);

}  // namespace quillgen::test
