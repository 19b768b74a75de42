// Names of files for package managers: FuseSoC and Bender.
#include <fmt/format.h>

#include "accel/metadata/metadata.hpp"

namespace quillgen::accel {
namespace {

std::string yaml_list(const std::vector<std::string>& items, int indent) {
  std::string text;
  for (const auto& item : items) text += fmt::format("{:{}}- {}\n", "", indent, item);
  return text;
}

}  // namespace

std::string core_file(const Package& p) {
  std::string text = fmt::format(
      "CAPI=2:\n"
      "# FuseSoC: fusesoc --cores-root . run --target=lint {0}:{1}:{2}:{3}\n"
      "name: {0}:{1}:{2}:{3}\n"
      "description: Accelerator of deformable attention, configuration {4}\n\n"
      "filesets:\n"
      "  rtl:\n"
      "    files:\n{5}"
      "    file_type: verilogSource-2005\n"
      "  constraints:\n"
      "    files:\n"
      "      - {2}.sdc\n"
      "    file_type: SDC\n",
      package_vendor, package_library, p.top, p.version, p.config, yaml_list(p.verilog, 6));
  if (!p.bench.empty())
    text += fmt::format(
        "  bench:\n    files:\n{}    file_type: verilogSource-2005\n\n"
        "parameters:\n"
        "  job:\n"
        "    datatype: str\n"
        "    paramtype: plusarg\n"
        "    description: of target sim, the folder that quillgen pack wrote, from /; also "
        "--iverilog_options=-IFOLDER\n",
        yaml_list(p.bench, 6));
  text += fmt::format(
      "\ntargets:\n"
      "  default:\n"
      "    filesets: [rtl]\n"
      "    toplevel: {0}\n"
      "  lint:\n"
      "    filesets: [rtl]\n"
      "    toplevel: {0}\n"
      "    flow: lint\n"
      "    flow_options:\n"
      "      tool: verilator\n"
      "      verilator_options: [--default-language, 1364-2005]\n"
      "  synth:\n"
      "    filesets: [rtl, constraints]\n"
      "    toplevel: {0}\n"
      "    flow: generic\n"
      "    flow_options:\n"
      "      tool: yosys\n"
      "      arch: xilinx\n"
      "      output_format: json\n",
      p.top);
  if (!p.bench.empty())
    text += fmt::format(
        "  sim:\n"
        "    filesets: [bench, rtl]\n"
        "    toplevel: {}_tb\n"
        "    parameters: [job]\n"
        "    flow: sim\n"
        "    flow_options:\n"
        "      tool: icarus\n"
        "      iverilog_options: [-g2005]\n",
        p.top);
  return text;
}

std::string bender_file(const Package& p) {
  return fmt::format(
             "# Bender: sources in the order in which every tool takes them.\n"
             "package:\n"
             "  name: {}\n"
             "  authors: []\n"
             "sources:\n"
             "  - files:\n{}",
             p.top, yaml_list(p.verilog, 6)) +
         (p.bench.empty() ? "" : "  - target: test\n    files:\n" + yaml_list(p.bench, 6));
}

}  // namespace quillgen::accel
