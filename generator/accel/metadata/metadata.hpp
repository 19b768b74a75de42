// Files for other tools, of the ports in the manifest, the list of files and the table of registers
// (host/registers.hpp): what they say is what the Verilog, its pages and the C header say.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "emit/design_files.hpp"

namespace quillgen::accel {

/// What all of them need of an output folder.
struct Package {
  std::string top;                   ///< name of the top module, which is that of the component
  std::string config;                ///< name of the configuration
  std::string version;               ///< of quillgen
  std::vector<std::string> verilog;  ///< files, in the order of files.f
  std::vector<std::string> bench;    ///< of tb/, Verilog, its top first; empty when the folder has none
};

struct PortBits {
  std::string name;
  bool input;
  int bits;
};

/// Vendor and library of the names of cores and components.
inline constexpr const char *package_vendor = "quillgen", *package_library = "accelerator";

/// FuseSoC, CAPI2: targets default, lint, synth and, with a bench, sim.
std::string core_file(const Package& p);
/// Bender.yml.
std::string bender_file(const Package& p);
/// IP-XACT, IEEE 1685-2014: files, ports, bus interfaces, registers.
std::string ip_xact(const Package& p, const std::vector<PortBits>& ports, const Config& c);
/// SystemRDL 2.0.
std::string system_rdl(const Package& p, const Config& c);
/// Clock, delays at the ports, what stands still.
std::string design_constraints(const Package& p, const std::vector<PortBits>& ports, const Config& c);

/// All of them by file name: TOP.core, TOP.xml, TOP.rdl, TOP.sdc, Bender.yml. `files` are the others of the folder.
emit::Files metadata(const Config& c, const nlohmann::ordered_json& manifest, const emit::Files& files);

}  // namespace quillgen::accel
