// How the styles of reset (config/config.hpp) are written.
#pragma once
#include <string>

#include "config/config.hpp"
#include "hdl/module.hpp"

namespace quillgen::emit {

/// Name of the port.
inline const char* reset_port(Reset style) { return style == sync_high ? "rst" : "rst_n"; }
/// True while the reset is asserted.
inline const char* in_reset(Reset style) { return style == sync_high ? "rst" : "!rst_n"; }
/// What an always block waits for.
inline const char* clock_edge(bool with_reset, Reset style) {
  return with_reset && style == async_low ? "posedge clk or negedge rst_n" : "posedge clk";
}

/// An instance whose own reset is joined with that of its surroundings in a cell that test mode controls.
inline bool has_reset_gate(const hdl::InstanceInfo& i, Reset style) {
  return style == async_low && i.reset != hdl::no_id && i.module->has_reset();
}
/// The module has the port test_mode: a gate of a clock or reset is in it or below.
inline bool has_test_mode(const hdl::Module& m, Reset style) {
  return m.has_clock_gate() || (style == async_low && m.has_block_reset());
}

}  // namespace quillgen::emit
