// SDC.
#include <fmt/format.h>

#include "accel/metadata/metadata.hpp"

namespace quillgen::accel {
namespace {

// As every tool names all bits of a port.
std::string sdc_port(const PortBits& port) { return port.bits > 1 ? port.name + "[*]" : port.name; }

}  // namespace

std::string design_constraints(const Package& p, const std::vector<PortBits>& ports, const Config& c) {
  const auto listed = [&](bool input) {
    std::string list;
    for (const auto& port : ports)
      if (port.input == input && port.name != "clk" && port.name != "test_mode")
        list += fmt::format("  {}\n", sdc_port(port));
    return list;
  };
  std::string text = fmt::format(
      "# Constraints of {}, to start from. Times in ns; set the two before this file is read, or here.\n"
      "if {{![info exists period]}} {{ set period 2.0 }}\n"
      "if {{![info exists io_share]}} {{ set io_share 0.4 }} ;# of the period, that the surroundings take at each "
      "port\n\n"
      "create_clock -name clk -period $period [get_ports clk]\n\n"
      "# One clock, no multicycle paths, no false paths inside. No output depends on an input in the same cycle.\n"
      "set inputs [get_ports {{\n{}}}]\n"
      "set outputs [get_ports {{\n{}}}]\n"
      "set_input_delay [expr {{$io_share * $period}}] -clock clk $inputs\n"
      "set_output_delay [expr {{$io_share * $period}}] -clock clk $outputs\n",
      p.top, listed(true), listed(false));
  if (c.implementation.reset == async_low)
    text +=
        "\n# Asserted at any time; its release is synchronous to clk and timed, as that of an input above.\n"
        "set_false_path -fall_from [get_ports rst_n]\n";
  for (const auto& port : ports)
    if (port.name == "test_mode")
      text += "\n# Constant while the design works.\nset_case_analysis 0 [get_ports test_mode]\n";
  if (c.implementation.clock_gating != 0)
    text +=
        "\n# Gated clocks are of the same source and period: nothing to declare. Enables of clock_gate have half a "
        "cycle;\n"
        "# a tool finds the check of the gating cell by itself, of the model behind it as a path to a falling edge.\n";
  return text;
}

}  // namespace quillgen::accel
