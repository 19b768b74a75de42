#include "accel/host/axi_channels.hpp"

namespace quillgen::accel {

std::vector<emit::PortGroup> axi_channels() {
  struct Channel {
    std::string title, start;
    std::vector<std::string> fields;
  };
  // AXI4-Lite has fewer fields.
  const std::vector<Channel> channels = {
      {"write address", "aw", {"id", "addr", "len", "size", "burst", "valid", "ready"}},
      {"write data", "w", {"data", "strb", "last", "valid", "ready"}},
      {"write response", "b", {"id", "resp", "valid", "ready"}},
      {"read address", "ar", {"id", "addr", "len", "size", "burst", "valid", "ready"}},
      {"read data", "r", {"id", "data", "resp", "last", "valid", "ready"}}};
  std::vector<emit::PortGroup> groups;
  for (const auto& [port, start] :
       {std::pair{"Host, AXI4-Lite slave: ", "s_axil_"}, {"Memory, AXI4 master: ", "m_axi_"}})
    for (const Channel& c : channels) {
      emit::PortGroup group{port + c.title, {}};
      for (const std::string& field : c.fields) group.ports.push_back(start + c.start + field);
      groups.push_back(group);
    }
  return groups;
}

}  // namespace quillgen::accel
