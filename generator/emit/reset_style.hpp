// How the styles of reset are written.
#pragma once
#include <string>

#include "hdl/module.hpp"
#include "hdl/reset.hpp"

namespace quillgen::emit {

/// Name of the port.
inline const char* reset_port(hdl::Reset style) { return style == hdl::Reset::sync_high ? "rst" : "rst_n"; }
/// True while the reset is asserted.
inline const char* in_reset(hdl::Reset style) { return style == hdl::Reset::sync_high ? "rst" : "!rst_n"; }
/// What an always block waits for.
inline const char* clock_edge(bool with_reset, hdl::Reset style) {
  return with_reset && style == hdl::Reset::async_low ? "posedge clk or negedge rst_n" : "posedge clk";
}

/// An instance whose own reset is joined with that of its surroundings in a cell that test mode controls.
inline bool has_reset_gate(const hdl::InstanceInfo& i, hdl::Reset style) {
  return style == hdl::Reset::async_low && i.reset != hdl::no_id && i.module->has_reset();
}
/// The module has the port test_mode: a gate of a clock or reset is in it or below.
inline bool has_test_mode(const hdl::Module& m, hdl::Reset style) {
  return m.has_clock_gate() || (style == hdl::Reset::async_low && m.has_block_reset());
}

}  // namespace quillgen::emit
