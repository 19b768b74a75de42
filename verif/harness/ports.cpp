#include "harness/ports.hpp"

#include <fmt/format.h>

#include <regex>

namespace quillgen::harness {

std::string port_table(const std::string& top, const std::string& header) {
  std::string text = fmt::format("constexpr const char* sim_top = \"{}\";\n\n", top);
  text += "inline void list_ports(Vsim& model, std::vector<SimPort>& ports) {\n";
  // VL_IN8(&clk,0,0);  VL_OUTW(&data,99,0,4);
  const std::regex port(R"re(VL_(IN|OUT)(8|16|64|W|)\(&(\w+),(\d+),(\d+))re");
  for (std::sregex_iterator i(header.begin(), header.end(), port), end; i != end; ++i) {
    const int bits = std::stoi((*i)[4]) - std::stoi((*i)[5]) + 1;
    const int is_input = (*i)[1] == "IN";
    const auto name = (*i)[3].str();
    text += fmt::format("  ports.push_back({{\"{}\", {}, {}, &model.{}}});\n", name, bits, is_input, name);
  }
  return text + "}\n";
}

}  // namespace quillgen::harness
