#include "interp/vcd.hpp"

#include <fmt/core.h>

#include <ostream>
#include <set>

namespace quillgen::interp {
namespace {

/// Short names for nets, of the printable characters: !, ", .., ~, !!, "!, ..
std::string code_of(std::size_t number) {
  constexpr std::size_t first = '!', count = '~' - '!' + 1;
  std::string code;
  do {
    code += static_cast<char>(first + number % count);
    number /= count;
  } while (number-- > 0);
  return code;
}

/// A change: "1!" of one bit, "b101 !" of several, leading zeros left out.
std::string change(const std::vector<std::uint64_t>& words, int width, const std::string& code) {
  const auto bit = [&](int i) { return (words[static_cast<std::size_t>(i) / 64] >> (i % 64) & 1) != 0 ? '1' : '0'; };
  if (width == 1) return fmt::format("{}{}\n", bit(0), code);
  int top = width - 1;
  while (top > 0 && bit(top) == '0') --top;
  std::string bits;
  for (int i = top; i >= 0; --i) bits += bit(i);
  return fmt::format("b{} {}\n", bits, code);
}

}  // namespace

Vcd::Vcd(Interpreter& sim, std::ostream& out) : sim_(sim), out_(out) {
  out_ << "$timescale 1ns $end\n";
  add_scope(0, sim.top().name());
  out_ << "$enddefinitions $end\n";
}

void Vcd::add_scope(std::uint32_t number, const std::string& name) {
  const Scope& scope = sim_.program().scopes[number];
  const hdl::Module& m = *scope.module;
  out_ << "$scope module " << name << " $end\n";
  if (number == 0) clock_ = declare("clk", 1), reset_ = declare("rst", 1);
  std::set<std::string> known;
  const auto add = [&](const std::string& net, hdl::Id node) {
    const Slot slot = sim_.program().slots[scope.base + node];
    if (!net.empty() && slot != no_slot && known.insert(net).second) add_net(net, slot, m.width(node));
  };
  for (const hdl::Port& p : m.ports()) add(p.name, p.node);
  for (hdl::Id id = 0; id < m.nodes().size(); ++id) add(m.name_of(id), id);
  for (std::size_t i = 0; i < scope.children.size(); ++i) add_scope(scope.children[i], "u_" + m.instances()[i].name);
  out_ << "$upscope $end\n";
}

void Vcd::add_net(const std::string& name, Slot slot, int width) {
  nets_.push_back({slot, width, declare(name, width), {}});
}

std::string Vcd::declare(const std::string& name, int width) {
  const auto code = code_of(codes_++);
  out_ << fmt::format("$var wire {} {} {}{} $end\n", width, code, name,
                      width > 1 ? fmt::format(" [{}:0]", width - 1) : "");
  return code;
}

void Vcd::sample() {
  out_ << fmt::format("#{}\n0{}\n{}{}\n", 10 * sim_.cycle(), clock_, sim_.in_reset() ? 1 : 0, reset_);
  for (Net& net : nets_) {
    auto now = sim_.words(net.slot, net.width);
    if (now == net.shown) continue;
    out_ << change(now, net.width, net.code);
    net.shown = std::move(now);
  }
  out_ << fmt::format("#{}\n1{}\n", 10 * sim_.cycle() + 5, clock_);
}

}  // namespace quillgen::interp
