// Prints a module as Verilog-2005.
//
// Every value that is used twice, every sum, product and shift gets a net of its own; only single-use logic,
// multiplexers, comparisons, slices and concatenations are written in place, so that no context ever widens an operand
// or changes its sign.
#pragma once
#include <string>
#include <vector>

#include "hdl/module.hpp"
#include "hdl/reset.hpp"

namespace quillgen::emit {

/// Ports that a module lists together, in this order, under a comment; those that it does not have are skipped.
struct PortGroup {
  std::string title;
  std::vector<std::string> ports;
};

struct Options {
  std::string prefix = {};  ///< put before every module name
  hdl::Reset reset = hdl::Reset::sync_high;
  std::vector<PortGroup> port_groups = {};
};

/// A port as it is listed, and the comment above it, "" for none.
struct ListedPort {
  const hdl::Port* port;
  std::string title;
};
/// All ports: those that are in no group, then the groups.
std::vector<ListedPort> listed_ports(const hdl::Module& m, const std::vector<PortGroup>& groups);

struct ModuleText {
  std::string verilog;
  std::vector<std::string> nets;  ///< by node: the name of its net, "" if it has none
};

ModuleText print_module(const hdl::Module& m, const Options& options = {});

}  // namespace quillgen::emit
