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

struct Options {
  std::string prefix = {};  ///< put before every module name
  hdl::Reset reset = hdl::Reset::sync_high;
};

struct ModuleText {
  std::string verilog;
  std::vector<std::string> nets;  ///< by node: the name of its net, "" if it has none
};

ModuleText print_module(const hdl::Module& m, const Options& options = {});

}  // namespace quillgen::emit
