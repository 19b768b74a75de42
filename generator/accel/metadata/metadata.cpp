#include "accel/metadata/metadata.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace quillgen::accel {

emit::Files metadata(const Config& c, const nlohmann::ordered_json& manifest, const emit::Files& files) {
  Package p{manifest.at("top"), c.name, manifest.at("version"), {}, {}};
  std::istringstream list(files.at("files.f"));
  for (std::string file; std::getline(list, file);) p.verilog.push_back(file);
  for (const auto& [name, text] : files)
    if (name.starts_with("tb/") && name.ends_with(".v")) p.bench.push_back(name);
  // The top comes first, with the timescale that the design has not.
  std::ranges::stable_partition(p.bench, [](const std::string& name) { return name == "tb/quillgen_tb.v"; });
  std::vector<PortBits> ports;
  for (const auto& port : manifest.at("ports"))
    ports.push_back({port.at("name"), port.at("direction") == "input", port.at("width")});
  return {{p.top + ".core", core_file(p)},
          {p.top + ".xml", ip_xact(p, ports, c)},
          {p.top + ".rdl", system_rdl(p, c)},
          {p.top + ".sdc", design_constraints(p, ports, c)},
          {"Bender.yml", bender_file(p)}};
}

}  // namespace quillgen::accel
