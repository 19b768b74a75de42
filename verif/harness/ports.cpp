#include "harness/ports.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <sstream>

namespace quillgen::harness {
namespace {

struct PortText {
  std::string name;
  int bits = 0;
  bool is_input = false;
};

/// The port declared in a line of the header: VL_IN8(&clk,0,0);  VL_OUTW(&data,99,0,4);
bool parse_port(const std::string& line, PortText& port) {
  char direction[4], name[256];
  int high = 0, low = 0;
  const auto start = line.find("VL_");
  const auto open = line.find("(&");
  if (start == std::string::npos || open == std::string::npos) return false;
  if (std::sscanf(line.c_str() + start, "VL_%3[INOUT]", direction) != 1) return false;
  if (std::sscanf(line.c_str() + open, "(&%255[^,],%d,%d", name, &high, &low) != 3) return false;
  port = {name, high - low + 1, direction[0] == 'I'};
  return true;
}

}  // namespace

std::string port_table(const std::string& top, const std::string& header) {
  std::string text = fmt::format("constexpr const char* sim_top = \"{}\";\n\n", top);
  text += "inline void list_ports(Vsim& model, std::vector<SimPort>& ports) {\n";
  std::istringstream lines(header);
  PortText port;
  for (std::string line; std::getline(lines, line);)
    if (parse_port(line, port))
      text += fmt::format("  ports.push_back({{\"{0}\", {1}, {2}, &model.{0}}});\n", port.name, port.bits,
                          static_cast<int>(port.is_input));
  return text + "}\n";
}

}  // namespace quillgen::harness
