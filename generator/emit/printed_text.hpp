// The modules of templates/ as they are printed: wrappers of memories and gates, and what stands for a netlist.
#pragma once
#include <string>

#include "emit/verilog.hpp"

namespace quillgen::emit {

/// The text of a module of templates/, which is written for an active-high synchronous reset: with the reset of
/// `options`, and its prefix before the names of modules.
std::string printed_text(const std::string& name, const Options& options);

/// The same for a module that is the top: its parameters have these values where nobody gives others.
std::string printed_text(const hdl::PrintedAs& module, const Options& options);

/// The name of the Verilog module that a netlist is printed as, without prefix.
inline const std::string& printed_name(const hdl::Module& m) {
  return m.printed_as() ? m.printed_as()->name : m.name();
}

}  // namespace quillgen::emit
