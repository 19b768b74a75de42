// The registers in SystemRDL 2.0.
#include <fmt/format.h>

#include "accel/host/registers.hpp"
#include "accel/metadata/metadata.hpp"
#include "hdl/upper.hpp"

namespace quillgen::accel {
namespace {

// Who writes a field: software, hardware; and what a write of software does.
std::string rdl_access(const Register& r, int bits) {
  switch (r.access) {
    case Access::ro:
      return r.constant ? "sw = r; hw = na;" : "sw = r; hw = w;";
    case Access::rw:
      return "sw = rw; hw = r;";
    case Access::wo:
      return bits == 1 ? "sw = w; hw = r; singlepulse;" : "sw = w; hw = r; swmod;";
    case Access::w1c:
      return "sw = rw; onwrite = woclr; hw = r; hwset;";
  }
  return "";
}

std::string rdl_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return out;
}

}  // namespace

std::string system_rdl(const Package& p, const Config& c) {
  std::string text = fmt::format(
      "// Registers of {0}, configuration {1}: SystemRDL 2.0. The capabilities are those of this configuration.\n\n"
      "enum {0}_error {{\n",
      p.top, c.name);
  for (const ErrorText& e : error_texts())
    text += fmt::format("  {} = 32'd{} {{ desc = \"{}\"; }};\n", e.name == "none" ? "no_error" : e.name,
                        static_cast<unsigned>(e.code), rdl_text(e.text));
  text += fmt::format(
      "}};\n\naddrmap {} {{\n"
      "  name = \"{}\";\n"
      "  default regwidth = 32;\n"
      "  default accesswidth = 32;\n",
      p.top, p.top);
  for (const Register& r : register_map(c)) {
    text += fmt::format("\n  reg {{\n    desc = \"{}\";\n", rdl_text(r.text));
    for (const RegisterField& f : fields_of(r)) {
      const auto reset = field_reset(r, f);
      text += fmt::format("    field {{ {}{}{} }} {}[{}:{}]", rdl_access(r, f.bits),
                          f.text.empty() ? "" : fmt::format(" desc = \"{}\";", rdl_text(f.text)),
                          r.name == "error" ? fmt::format(" encode = {}_error;", p.top) : "", f.name,
                          f.low + f.bits - 1, f.low);
      text += fmt::format(" = {}'h{:X};\n", f.bits, reset);
    }
    text += fmt::format("  }} {} @ 0x{:03X};\n", hdl::upper(r.name), r.offset);
  }
  return text + "};\n";
}

}  // namespace quillgen::accel
