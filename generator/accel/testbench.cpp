#include "accel/testbench.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "accel/host/registers.hpp"
#include "config/fingerprint.hpp"
#include "config/memory_port.hpp"
#include "emit/templates.hpp"

namespace quillgen::accel {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::pair<std::string, std::string>>;

constexpr int most_told = 20;  ///< broken rules that are printed
constexpr int job_format = 1;  ///< of packed jobs

int port_width(const Json& manifest, const std::string& name) {
  for (const auto& port : manifest["ports"])
    if (port["name"] == name) return port["width"];
  return 0;
}

std::string register_offset(const Config& c, const std::string& name) {
  for (const auto& r : register_map(c))
    if (r.name == name) return fmt::format("{:03x}", r.offset);
  throw std::logic_error("no register " + name);
}

/// Reset, and test mode where there is one.
std::string reset_ports(const Json& manifest) {
  std::string text;
  const auto connect = [&](const std::string& port, const std::string& with) {
    if (port_width(manifest, port) > 0) text += fmt::format("    .{:<14} ({}),\n", port, with);
  };
  connect("rst", "reset"), connect("rst_n", "!reset"), connect("test_mode", "1'b0");
  return text;
}

/// Of each read ID, that of the highest one first.
std::string most_open(const Config& c) {
  std::string text;
  for (const auto& client : read_clients(c))
    text = fmt::format("16'd{}{}{}", client.most_open, text.empty() ? "" : ", ", text);
  return "{" + text + "}";
}

std::string filled(std::string text, const Words& words) {
  for (const auto& [name, value] : words)
    for (std::size_t at = 0; (at = text.find("@" + name + "@", at)) != std::string::npos; at += value.size())
      text.replace(at, name.size() + 2, value);
  return text;
}

}  // namespace

emit::Files testbench(const Config& c, const Json& manifest) {
  const auto top = manifest["top"].get<std::string>();
  const auto prefix = top.substr(0, top.rfind("quillgen"));
  const Words words = {{"PREFIX", prefix},
                       {"TOP", top},
                       {"DESIGN", fingerprint(c)},
                       {"FORMAT", std::to_string(job_format)},
                       {"NAME", c.name},
                       {"DATA_BITS", std::to_string(c.memory.data_bits)},
                       {"ADDRESS_BITS", std::to_string(c.memory.address_bits)},
                       {"ID_BITS", std::to_string(port_width(manifest, "m_axi_arid"))},
                       {"LATENCY", std::to_string(c.memory.latency_cycles)},
                       {"RESET_PORTS", reset_ports(manifest)},
                       {"READ_IDS", std::to_string(read_clients(c).size())},
                       {"MOST_OPEN", most_open(c)},
                       {"MOST_OPEN_WRITES", std::to_string(most_open_writes(c))},
                       {"MOST_TOLD", std::to_string(most_told)},
                       {"ERROR", register_offset(c, "error")},
                       {"ERROR_DETAIL", register_offset(c, "error_detail")},
                       {"START", register_offset(c, "start")}};
  emit::Files files;
  for (const std::string name :
       {"quillgen_tb.v", "axi_memory.v", "axi_checks.v", "axil_checks.v", "Makefile", "README.md"})
    files["tb/" + name] = filled(std::string(emit::template_text("tb/" + name)), words);
  return files;
}

}  // namespace quillgen::accel
