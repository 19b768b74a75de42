#include "emit/verilog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "emit/checks.hpp"
#include "emit/expression.hpp"
#include "emit/lines.hpp"
#include "emit/plan.hpp"
#include "emit/printed_text.hpp"
#include "emit/registers.hpp"
#include "emit/reset_style.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

const char* role(Op op) {
  switch (op) {
    case Op::add:
      return "sum";
    case Op::sub:
      return "difference";
    case Op::mul_unsigned:
    case Op::mul_signed:
      return "product";
    case Op::equal:
      return "equal";
    case Op::less_unsigned:
    case Op::less_signed:
      return "less";
    case Op::shift_left:
    case Op::shift_right:
    case Op::shift_right_signed:
      return "shifted";
    case Op::mux:
      return "choice";
    case Op::slice:
      return "part";
    case Op::concat:
      return "joined";
    case Op::zero_extend:
    case Op::sign_extend:
      return "wide";
    case Op::rom:
      return "entry";
    default:
      return "term";
  }
}

class Printer {
 public:
  Printer(const Module& m, const Options& options)
      : m_(m),
        options_(options),
        plan_(plan_nets(m)),
        nets_(m.nodes().size()),
        text_(m, plan_, nets_),
        defined_(m.nodes().size(), false) {
    for (Id id = 0; id < m.nodes().size(); ++id)
      if (!m.name_of(id).empty()) nets_[id] = m.name_of(id), used_names_.insert(m.name_of(id));
    for (const Port& p : m.ports()) {
      used_names_.insert(p.name);
      port_names_.insert(p.name);
    }
    for (const auto& i : m.instances()) used_names_.insert("u_" + i.name);
    for (const auto& mem : m.memories()) used_names_.insert("u_" + mem.name);
    merge_handshakes();
  }

  ModuleText run() {
    header();
    body();
    port_assignments();
    taps();
    unread_bits();
    if (const std::string text =
            print_checks(m_, text_, options_, [this](const std::string& name) { return unique_name(name); });
        !text.empty())
      gap(), out_ += text;
    gap();
    out_ += "endmodule\n`default_nettype wire\n";
    return {std::move(out_), std::move(nets_)};
  }

 private:
  // A ready that only passes through is written under one name: that of the input port it comes from, or, if it comes
  // from an instance that nothing else reads, the instance drives the net directly. The same holds for outputs of
  // instances that leave the module unchanged.
  void merge_handshakes() {
    auto from_instance = [&](Id id) { return m_.node(id).op == Op::instance_output && plan_.readers[id] == 1; };
    for (const Port& p : m_.ports()) {
      if (p.is_input || m_.name_of(p.node) == p.name || !from_instance(p.node)) continue;
      nets_[p.node] = p.name;
      merged_.insert(p.node);
    }
    for (Id id = 0; id < m_.nodes().size(); ++id) {
      const Node& n = m_.node(id);
      if (n.op != Op::wire || n.extra != 1 || !plan_.live[id]) continue;
      Id driver = n.a;
      while (m_.node(driver).op == Op::wire && m_.node(driver).extra == 1 && !is_port(driver))
        driver = m_.node(driver).a;
      if (m_.node(driver).op == Op::input && !is_port_name(m_.name_of(id))) {
        nets_[id] = nets_[driver];
        merged_.insert(id);
      } else if (driver == n.a && from_instance(driver)) {
        nets_[driver] = nets_[id];
        merged_.insert(driver);
        driven_by_instance_.insert(id);
      }
    }
  }

  bool is_port_name(const std::string& name) const { return port_names_.count(name) != 0; }
  bool is_port(Id id) const { return plan_.is_net[id] && port_names_.count(m_.name_of(id)) != 0; }

  void header() {
    out_ += fmt::format("// {}{}\n", options_.prefix, m_.name());
    if (!m_.description().empty()) {
      out_ += "//\n";
      comment(m_.description(), "");
    }
    if (!m_.parameters().empty()) out_ += "//\n";
    for (const auto& [key, value] : m_.parameters()) out_ += fmt::format("//   {} = {}\n", key, value);
    out_ += fmt::format("`default_nettype none\n\nmodule {}{} (\n", options_.prefix, m_.name());
    struct Line {
      std::string type, name, title;
    };
    std::vector<Line> lines;
    if (m_.has_clock()) lines.push_back({"input  wire", "clk", ""});
    if (m_.has_reset()) lines.push_back({"input  wire", reset_port(options_.reset), ""});
    if (has_test_mode(m_, options_.reset)) lines.push_back({"input  wire", "test_mode", ""});
    for (const auto& [port, title] : listed_ports(m_, options_.port_groups)) {
      const Port& p = *port;
      const bool is_reg = !p.is_input && (m_.node(p.node).op == Op::reg || m_.node(p.node).op == Op::rom) &&
                          m_.name_of(p.node) == p.name;
      std::string type =
          fmt::format("{} {}{}", p.is_input ? "input " : "output", is_reg ? "reg  " : "wire ", range(p.width));
      while (type.back() == ' ') type.pop_back();
      lines.push_back({type, p.name, title});
    }
    std::size_t column = 0;
    for (const Line& l : lines) column = std::max(column, l.type.size());
    for (const Line& l : lines) {
      if (!l.title.empty()) out_ += fmt::format("  // {}\n", l.title);
      out_ += fmt::format("  {:<{}} {}{}\n", l.type, column, l.name, &l != &lines.back() ? "," : "");
    }
    out_ += ");\n";
  }

  void comment(const std::string& text, const char* indent) {
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t end = text.size();
      if (end - at > line_limit - 6) {
        end = text.rfind(' ', at + line_limit - 6);
        if (end == std::string::npos || end <= at) end = text.size();
      }
      out_ += fmt::format("{}// {}\n", indent, text.substr(at, end - at));
      at = end + 1;
    }
  }

  // A blank line, unless there is one already.
  void gap() {
    if (!out_.ends_with("\n\n") && !note_open_) out_ += "\n";
    note_open_ = false;
  }

  void line(const std::string& text, std::size_t indent = 6) {
    note_open_ = false, out_ += wrap_line("  " + text, indent) + "\n";
  }

  // --- nets -------------------------------------------------------------------------------------------------------
  // The name, or the first of name_2, name_3, .. that is free.
  std::string unique_name(const std::string& name) {
    if (used_names_.insert(name).second) return name;
    int& number = last_number_.try_emplace(name, 1).first->second;
    std::string unique;
    do unique = fmt::format("{}_{}", name, ++number);
    while (!used_names_.insert(unique).second);
    return unique;
  }
  std::string fresh_name(const std::string& base, Op op) { return unique_name(fmt::format("{}_{}", base, role(op))); }

  // Defines all temporaries that `root` needs, operands first; `base` is the name of the consumer.
  void temporaries(Id root, const std::string& base) {
    if (root == no_id) return;
    std::vector<std::pair<Id, bool>> stack{{root, false}};
    while (!stack.empty()) {
      auto [id, operands_done] = stack.back();
      stack.pop_back();
      const Node& n = m_.node(id);
      if (is_source(n.op) || n.op == Op::wire || defined_[id]) continue;
      if (operands_done) {
        defined_[id] = true;
        if (plan_.is_net[id]) define(id, base);
        continue;
      }
      stack.emplace_back(id, true);
      for (Id operand : {n.c, n.b, n.a})
        if (operand != no_id) stack.emplace_back(operand, false);
    }
  }

  void define(Id id, const std::string& base) {
    const Node& n = m_.node(id);
    if (m_.name_of(id).empty()) nets_[id] = fresh_name(base, n.op);
    const std::string& name = nets_[id];
    if (n.op == Op::rom) {
      rom(id, name);
    } else if (is_port(id)) {
      line(fmt::format("assign {} = {};", name, text_.definition(id)));
    } else {
      line(fmt::format("wire {}{} = {};", range(n.width), name, text_.definition(id)));
    }
  }

  void rom(Id id, const std::string& name) {
    const Node& n = m_.node(id);
    const auto& table = m_.roms()[static_cast<std::size_t>(n.extra)];
    if (!is_port(id)) line(fmt::format("reg {}{};", range(n.width), name));
    line("always @*");
    line(fmt::format("  case ({})", text_.whole(n.a)));
    for (std::size_t i = 0; i + 1 < table.size(); ++i)
      line(fmt::format("    {}: {} = {};", literal(i, m_.width(n.a)), name, literal(table[i], n.width)));
    line(fmt::format("    default: {} = {};", name, literal(table.back(), n.width)));
    line("  endcase");
  }

  // --- statements -------------------------------------------------------------------------------------------------
  void body() {
    gap();
    const auto& list = m_.statements();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Statement& s = list[i];
      switch (s.kind) {
        case Statement::Kind::none:
          break;
        case Statement::Kind::note:
          note_open_ = false;
          gap();
          comment(m_.notes()[s.index], "  ");
          note_open_ = true;
          break;
        case Statement::Kind::net:
          if (plan_.live[s.index]) temporaries(s.index, m_.name_of(s.index));
          break;
        case Statement::Kind::reg_declare: {
          Id q = m_.regs()[s.index].node;
          value_names(m_.regs()[s.index]);
          if (plan_.live[q] && !is_port(q)) line(fmt::format("reg {}{};", range(m_.width(q)), nets_[q]));
          break;
        }
        case Statement::Kind::reg_update:
          i = registers(i);
          break;
        case Statement::Kind::wire_declare: {
          const bool driven_next =
              i + 1 < list.size() && list[i + 1].kind == Statement::Kind::wire_drive && list[i + 1].index == s.index;
          if (plan_.live[s.index] && !is_port(s.index) && !driven_next && merged_.count(s.index) == 0)
            line(fmt::format("wire {}{};", range(m_.width(s.index)), nets_[s.index]));
          break;
        }
        case Statement::Kind::wire_drive: {
          if (!plan_.live[s.index] || merged_.count(s.index) != 0) break;
          if (driven_by_instance_.count(s.index) != 0) {
            if (i > 0 && list[i - 1].kind == Statement::Kind::wire_declare && list[i - 1].index == s.index &&
                !is_port(s.index))
              line(fmt::format("wire {}{};", range(m_.width(s.index)), nets_[s.index]));
            break;
          }
          const bool declared_before =
              i > 0 && list[i - 1].kind == Statement::Kind::wire_declare && list[i - 1].index == s.index;
          Id driver = m_.node(s.index).a;
          temporaries(driver, nets_[s.index]);
          if (declared_before && !is_port(s.index))
            line(fmt::format("wire {}{} = {};", range(m_.width(s.index)), nets_[s.index], text_.whole(driver)));
          else line(fmt::format("assign {} = {};", nets_[s.index], text_.whole(driver)));
          break;
        }
        case Statement::Kind::instance_declare:
          for (Id o : m_.instances()[s.index].outputs)
            if (o != no_id && !is_port(o) && merged_.count(o) == 0)
              line(fmt::format("wire {}{};", range(m_.width(o)), nets_[o]));
          break;
        case Statement::Kind::instance:
          instance(m_.instances()[s.index]);
          break;
        case Statement::Kind::memory_declare: {
          Id q = m_.memories()[s.index].read_data;
          if (!is_port(q) && merged_.count(q) == 0) line(fmt::format("wire {}{};", range(m_.width(q)), nets_[q]));
          break;
        }
        case Statement::Kind::memory:
          memory(m_.memories()[s.index]);
          break;
      }
    }
  }

  void value_names(const RegInfo& r) {
    if (r.value_names.empty() || !plan_.live[r.node]) return;
    gap();
    for (std::size_t i = 0; i < r.value_names.size(); ++i)
      line(fmt::format("localparam {}{} = {};", range(m_.width(r.node)), r.value_names[i],
                       literal(i, m_.width(r.node))));
  }

  // Neighbouring registers with the same conditions share an always block. Returns the last statement taken.
  std::size_t registers(std::size_t first) {
    const auto& list = m_.statements();
    auto conditions = [&](const RegInfo& r) {
      std::vector<Id> ids{r.reset ? Id{1} : Id{0}};
      for (const RegUpdate& u : r.updates) ids.push_back(u.enable);
      return ids;
    };
    std::vector<const RegInfo*> group;
    std::size_t last = first;
    for (std::size_t i = first; i < list.size(); ++i) {
      if (list[i].kind == Statement::Kind::none) continue;
      if (list[i].kind != Statement::Kind::reg_update) break;
      const RegInfo& r = m_.regs()[list[i].index];
      if (plan_.live[r.node]) {
        if (!group.empty() && conditions(r) != conditions(*group.front())) break;
        group.push_back(&r);
      }
      last = i;
    }
    if (group.empty()) return last;
    for (const RegInfo* r : group)
      for (const RegUpdate& u : r->updates) temporaries(u.enable, nets_[r->node]), temporaries(u.data, nets_[r->node]);

    gap();
    out_ += always_block(m_, text_, nets_, group, options_.reset);
    gap();
    return last;
  }

  void connections(const std::string& head, const std::string& name,
                   const std::vector<std::pair<std::string, std::string>>& pins) {
    gap();
    out_ += fmt::format("  {} u_{} (\n", head, name);
    std::size_t column = 0;
    for (const auto& p : pins) column = std::max(column, p.first.size());
    for (std::size_t i = 0; i < pins.size(); ++i)
      out_ += wrap_line(fmt::format("    .{:<{}} ({}){}", pins[i].first, column, pins[i].second,
                                    i + 1 < pins.size() ? "," : ""),
                        8) +
              "\n";
    out_ += "  );\n";
    gap();
  }

  // The synchronous reset of an instance.
  std::string reset_of(const InstanceInfo& info) const {
    const std::string outer = reset_port(options_.reset);
    if (info.reset == no_id) return outer;
    return outer + (options_.reset == Reset::sync_high ? " || " : " && !") + text_.operand(info.reset);
  }

  // The clock runs while the instance is reset, but for an asynchronous reset from outside: that needs no clock, and
  // must not reach a gate, where it could cut a pulse.
  std::string clock_gate(const InstanceInfo& info) {
    temporaries(info.clock_enable, info.name + "_clock_enable");
    std::string enable = text_.operand(info.clock_enable);
    if (options_.reset != Reset::async_low && m_.has_reset()) enable += fmt::format(" || {}", in_reset(options_.reset));
    if (info.reset != no_id) enable += " || " + text_.operand(info.reset);
    const std::string net = unique_name(info.name + "_clk");
    line(fmt::format("wire {};", net));
    connections(options_.prefix + "clock_gate", unique_name(info.name + "_clock_gate"),
                {{"clk", "clk"}, {"enable", enable}, {"test_mode", "test_mode"}, {"gated_clk", net}});
    return net;
  }

  std::string reset_gate(const InstanceInfo& info) {
    const std::string net = unique_name(info.name + "_rst_n");
    line(fmt::format("wire {};", net));
    connections(options_.prefix + "reset_gate", unique_name(info.name + "_reset_gate"),
                {{"rst_n", "rst_n"},
                 {"block_reset", text_.whole(info.reset)},
                 {"test_mode", "test_mode"},
                 {"block_rst_n", net}});
    return net;
  }

  void instance(const InstanceInfo& info) {
    const auto& ports = info.module->ports();
    for (std::size_t i = 0; i < ports.size(); ++i) temporaries(info.inputs[i], info.name + "_" + ports[i].name);
    std::vector<std::pair<std::string, std::string>> pins;
    const Reset style = options_.reset;
    if (info.module->has_clock()) pins.emplace_back("clk", info.clock_enable == no_id ? "clk" : clock_gate(info));
    if (has_reset_gate(info, style)) pins.emplace_back("rst_n", reset_gate(info));
    else if (info.module->has_reset()) pins.emplace_back(reset_port(style), reset_of(info));
    if (has_test_mode(*info.module, style)) pins.emplace_back("test_mode", "test_mode");
    for (std::size_t i = 0; i < ports.size(); ++i) {
      Id id = ports[i].is_input ? info.inputs[i] : info.outputs[i];
      pins.emplace_back(ports[i].name, ports[i].is_input ? text_.whole(id) : nets_[id]);
    }
    std::string head = options_.prefix + printed_name(*info.module);
    if (const auto& text = info.module->printed_as()) {
      std::vector<std::string> parameters;
      for (const auto& [name, value] : text->parameters) parameters.push_back(fmt::format(".{}({})", name, value));
      head += fmt::format(" #({})", fmt::join(parameters, ", "));
    }
    connections(head, info.name, pins);
  }

  void memory(const MemoryInfo& mem) {
    for (auto [id, port] : {std::pair{mem.write_enable, "write"},
                            {mem.write_address, "write_address"},
                            {mem.write_data, "write_data"},
                            {mem.read_enable, "read"},
                            {mem.read_address, "read_address"}})
      temporaries(id, fmt::format("{}_{}", mem.name, port));
    std::vector<std::pair<std::string, std::string>> pins{{"clk", "clk"},
                                                          {"write", text_.whole(mem.write_enable)},
                                                          {"write_address", text_.whole(mem.write_address)},
                                                          {"write_data", text_.whole(mem.write_data)}};
    pins.emplace_back("read", text_.whole(mem.read_enable));
    pins.emplace_back("read_address", text_.whole(mem.read_address));
    pins.emplace_back("read_data", nets_[mem.read_data]);
    connections(fmt::format("{}{} #(.WIDTH({}), .DEPTH({}), .ADDRESS_BITS({}))", options_.prefix, mem.wrapper(),
                            mem.width, mem.depth, mem.address_bits()),
                mem.name, pins);
  }

  void port_assignments() {
    bool first = true;
    for (const Port& p : m_.ports()) {
      if (p.is_input || m_.name_of(p.node) == p.name || (merged_.count(p.node) != 0 && nets_[p.node] == p.name))
        continue;
      if (first) gap();
      first = false;
      temporaries(p.node, p.name);
      line(fmt::format("assign {} = {};", p.name, text_.whole(p.node)));
    }
  }

  // Taps name nets that already exist, or temporaries that nothing else needed first.
  void taps() {
    for (const Tap& t : m_.taps()) {
      temporaries(t.valid, t.stage + "_valid"), temporaries(t.ready, t.stage + "_ready");
      for (const TapField& f : t.fields) temporaries(f.node, t.stage + "_" + f.name);
    }
    for (const Assertion& a : m_.assertions()) temporaries(a.condition, "check");
    for (Id id : m_.discarded()) temporaries(id, "unused");
  }

  // Bits that are dropped on purpose, by discard() or a named narrowing.
  void unread_bits() {
    std::vector<std::string> list;
    std::set<std::string> whole;
    for (Id id : m_.discarded())
      if (plan_.is_net[id] && whole.insert(nets_[id]).second) list.push_back(nets_[id]);
    for (Id id = 0; id < m_.nodes().size(); ++id) {
      const auto& bits = plan_.unread[id];
      if (bits.empty() || !plan_.is_net[id] || whole.count(nets_[id]) != 0) continue;
      for (std::size_t low = 0; low < bits.size(); ++low) {
        if (!bits[low]) continue;
        std::size_t high = low;
        while (high + 1 < bits.size() && bits[high + 1]) ++high;
        if (bits.size() == 1 || (low == 0 && high + 1 == bits.size())) list.push_back(nets_[id]);
        else
          list.push_back(high == low ? fmt::format("{}[{}]", nets_[id], low)
                                     : fmt::format("{}[{}:{}]", nets_[id], high, low));
        low = high;
      }
    }
    if (list.empty()) return;
    gap();
    out_ += "  // Bits that rounding, wrapping or a fixed field leave unread.\n";
    line(fmt::format("wire _unused = &{{1'b0, {}}};", fmt::join(list, ", ")));
  }

  const Module& m_;
  const Options& options_;
  Plan plan_;
  std::vector<std::string> nets_;
  Expressions text_;
  std::vector<bool> defined_;
  std::unordered_set<std::string> used_names_, port_names_;
  std::unordered_map<std::string, int> last_number_;  // given to a name that is used several times
  std::set<Id> merged_;                               // nets printed under the name of another
  std::set<Id> driven_by_instance_;  // wires that an output of an instance drives without an assignment
  std::string out_;
  bool note_open_ = false;  // a comment was just printed: no blank line between it and what it explains
};

}  // namespace

std::vector<ListedPort> listed_ports(const Module& m, const std::vector<PortGroup>& groups) {
  std::vector<ListedPort> list;
  std::set<std::string> grouped;
  for (const PortGroup& g : groups) grouped.insert(g.ports.begin(), g.ports.end());
  for (const Port& p : m.ports())
    if (!grouped.contains(p.name)) list.push_back({&p, ""});
  for (const PortGroup& g : groups) {
    bool first = true;
    for (const std::string& name : g.ports)
      if (const int i = m.port_index(name); i >= 0)
        list.push_back({&m.ports()[static_cast<std::size_t>(i)], std::exchange(first, false) ? g.title : ""});
  }
  return list;
}

ModuleText print_module(const Module& m, const Options& options) { return Printer(m, options).run(); }

}  // namespace quillgen::emit
