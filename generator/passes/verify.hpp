// Checks of a finished design. All problems are found before any is reported; each line names the path of the module
// below the top, the signals and the C++ source lines.
#pragma once
#include <string>
#include <vector>

#include "hdl/module.hpp"

namespace quillgen::passes {

/// Undriven wires and registers, unconnected instance inputs, memories without a port, unnamed registers, things built
/// but never read, clock enables that depend on an input, and combinational loops, through the whole hierarchy below
/// `top`. Empty when the design is sound.
std::vector<std::string> verify(const hdl::Module& top);

/// A path from an input port of the top to an output port that no register cuts, for each output that has one: a line
/// that names the nets and the C++ source lines on it. Neither clock nor reset is a port of the netlist.
std::vector<std::string> paths_through(const hdl::Module& top);

/// Throws HdlError with all problems, a line each.
void verify_or_throw(const hdl::Module& top);

}  // namespace quillgen::passes
