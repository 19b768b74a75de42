// A component of IP-XACT, IEEE 1685-2014.
#include <fmt/format.h>

#include <array>

#include "accel/host/registers.hpp"
#include "accel/metadata/metadata.hpp"
#include "hdl/upper.hpp"

namespace quillgen::accel {
namespace {

/// Elements, indented, with escaped text.
class Xml {
 public:
  Xml() : text_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}
  template <typename Body>
  void element(const std::string& name, const std::string& attributes, const Body& body) {
    line("<ipxact:" + name + (attributes.empty() ? "" : " " + attributes) + ">");
    ++depth_;
    body();
    --depth_;
    line("</ipxact:" + name + ">");
  }
  template <typename Body>
  void element(const std::string& name, const Body& body) {
    element(name, std::string(), body);
  }
  void value(const std::string& name, const std::string& value, const std::string& attributes = "") {
    line(fmt::format("<ipxact:{}{}>{}</ipxact:{}>", name, attributes.empty() ? "" : " " + attributes, escaped(value),
                     name));
  }
  void empty(const std::string& name, const std::string& attributes) {
    line(fmt::format("<ipxact:{} {}/>", name, attributes));
  }
  void name_version(const std::string& vendor, const std::string& library, const std::string& name,
                    const std::string& version) {
    value("vendor", vendor), value("library", library), value("name", name), value("version", version);
  }
  std::string text() const { return text_; }

 private:
  void line(const std::string& line) { text_ += std::string(2 * depth_, ' ') + line + "\n"; }
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string{c};
    return out;
  }

  std::string text_;
  std::size_t depth_ = 0;
};

struct BusType {
  const char *vendor, *library, *name, *version;
};

// Reference to a bus definition, or with a suffix to its abstraction.
std::string type_attributes(const BusType& t, const char* suffix = "") {
  return fmt::format("vendor=\"{}\" library=\"{}\" name=\"{}{}\" version=\"{}\"", t.vendor, t.library, t.name, suffix,
                     t.version);
}

struct PortMap {
  std::string logical, physical;
};

/// `role` writes the element master or slave.
template <typename Role>
void bus_interface(Xml& x, const std::string& name, const BusType& type, const std::vector<PortMap>& maps,
                   const Role& role) {
  x.element("busInterface", [&] {
    x.value("name", name);
    x.empty("busType", type_attributes(type));
    x.element("abstractionTypes", [&] {
      x.element("abstractionType", [&] {
        x.empty("abstractionRef", type_attributes(type, "_rtl"));
        x.element("portMaps", [&] {
          for (const auto& map : maps)
            x.element("portMap", [&] {
              x.element("logicalPort", [&] { x.value("name", map.logical); });
              x.element("physicalPort", [&] { x.value("name", map.physical); });
            });
        });
      });
    });
    role();
  });
}

void bus_interfaces(Xml& x, const std::vector<PortBits>& ports) {
  // Of a bus all ports of its prefix: AWADDR is m_axi_awaddr.
  const auto of_bus = [&](const std::string& prefix) {
    std::vector<PortMap> maps;
    for (const auto& port : ports)
      if (port.name.starts_with(prefix)) maps.push_back({hdl::upper(port.name.substr(prefix.size())), port.name});
    return maps;
  };
  const auto xilinx = [](const char* name) { return BusType{"xilinx.com", "signal", name, "1.0"}; };
  x.element("busInterfaces", [&] {
    bus_interface(x, "s_axil", {"amba.com", "AMBA4", "AXI4-Lite", "r0p0_0"}, of_bus("s_axil_"),
                  [&] { x.element("slave", [&] { x.empty("memoryMapRef", "memoryMapRef=\"registers\""); }); });
    bus_interface(x, "m_axi", {"amba.com", "AMBA4", "AXI4", "r0p0_0"}, of_bus("m_axi_"),
                  [&] { x.element("master", [&] { x.empty("addressSpaceRef", "addressSpaceRef=\"memory\""); }); });
    bus_interface(x, "clk", xilinx("clock"), {{"CLK", "clk"}}, [&] { x.element("slave", [] {}); });
    for (const auto& port : ports)
      if (port.name == "rst" || port.name == "rst_n")
        bus_interface(x, port.name, xilinx("reset"), {{"RST", port.name}}, [&] { x.element("slave", [] {}); });
    bus_interface(x, "irq", xilinx("interrupt"), {{"INTERRUPT", "irq"}}, [&] { x.element("master", [] {}); });
  });
}

void field(Xml& x, const Register& r, const RegisterField& f) {
  x.element("field", [&] {
    x.value("name", f.name);
    if (!f.text.empty()) x.value("description", f.text);
    x.value("bitOffset", fmt::format("{}", f.low));
    x.element("resets",
              [&] { x.element("reset", [&] { x.value("value", fmt::format("0x{:X}", field_reset(r, f))); }); });
    x.value("bitWidth", fmt::format("{}", f.bits));
    if ((r.access == Access::ro && !r.constant) || r.access == Access::w1c) x.value("volatile", "true");
    x.value("access", r.access == Access::ro ? "read-only" : r.access == Access::wo ? "write-only" : "read-write");
    if (r.name == "error")
      x.element("enumeratedValues", [&] {
        for (const ErrorText& e : error_texts())
          x.element("enumeratedValue", [&] {
            x.value("name", e.name), x.value("description", e.text);
            x.value("value", fmt::format("{}", static_cast<unsigned>(e.code)));
          });
      });
    if (r.access == Access::w1c) x.value("modifiedWriteValue", "oneToClear");
  });
}

void memory_maps(Xml& x, const Config& c) {
  x.element("memoryMaps", [&] {
    x.element("memoryMap", [&] {
      x.value("name", "registers");
      x.element("addressBlock", [&] {
        x.value("name", "registers");
        x.value("baseAddress", "0x0"), x.value("range", "0x1000"), x.value("width", "32");
        x.value("usage", "register");
        for (const Register& r : register_map(c))
          x.element("register", [&] {
            x.value("name", hdl::upper(r.name));
            x.value("description", r.text);
            x.value("addressOffset", fmt::format("0x{:03X}", r.offset));
            x.value("size", "32");
            for (const RegisterField& f : fields_of(r)) field(x, r, f);
          });
      });
      x.value("addressUnitBits", "8");
    });
  });
}

void model(Xml& x, const Package& p, const std::vector<PortBits>& ports) {
  x.element("model", [&] {
    x.element("views", [&] {
      x.element("view", [&] {
        x.value("name", "rtl");
        x.value("envIdentifier", ":*Simulation:"), x.value("envIdentifier", ":*Synthesis:");
        x.value("componentInstantiationRef", "verilog");
      });
    });
    x.element("instantiations", [&] {
      x.element("componentInstantiation", [&] {
        x.value("name", "verilog"), x.value("language", "verilog");
        x.value("moduleName", p.top);
        x.element("fileSetRef", [&] { x.value("localName", "verilog"); });
      });
    });
    x.element("ports", [&] {
      for (const auto& port : ports)
        x.element("port", [&] {
          x.value("name", port.name);
          x.element("wire", [&] {
            x.value("direction", port.input ? "in" : "out");
            if (port.bits > 1)
              x.element("vectors", [&] {
                x.element("vector", [&] { x.value("left", fmt::format("{}", port.bits - 1)), x.value("right", "0"); });
              });
          });
        });
    });
  });
}

void file_sets(Xml& x, const Package& p) {
  const auto set = [&](const char* name, const std::vector<std::string>& files, const char* type) {
    x.element("fileSet", [&] {
      x.value("name", name);
      for (const auto& file : files) x.element("file", [&] { x.value("name", file), x.value("fileType", type); });
    });
  };
  x.element("fileSets", [&] {
    set("verilog", p.verilog, "verilogSource");
    set("driver", {"quillgen_regs.h", "quillgen_driver.h", "quillgen_driver.c"}, "cSource");
  });
}

}  // namespace

std::string ip_xact(const Package& p, const std::vector<PortBits>& ports, const Config& c) {
  Xml x;
  x.element("component",
            "xmlns:ipxact=\"http://www.accellera.org/XMLSchema/IPXACT/1685-2014\" "
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
            "xsi:schemaLocation=\"http://www.accellera.org/XMLSchema/IPXACT/1685-2014 "
            "http://www.accellera.org/XMLSchema/IPXACT/1685-2014/index.xsd\"",
            [&] {
              x.name_version(package_vendor, package_library, p.top, p.version);
              bus_interfaces(x, ports);
              x.element("addressSpaces", [&] {
                x.element("addressSpace", [&] {
                  x.value("name", "memory");
                  x.value("range",
                          fmt::format("0x{:X}{:0>{}}", 1 << c.memory.address_bits % 4, "", c.memory.address_bits / 4));
                  x.value("width", fmt::format("{}", c.memory.data_bits));
                  x.value("addressUnitBits", "8");
                });
              });
              memory_maps(x, c);
              model(x, p, ports);
              file_sets(x, p);
              x.value("description", "Accelerator of deformable attention, configuration " + c.name);
            });
  return x.text();
}

}  // namespace quillgen::accel
