#include "emit/plan.hpp"

#include <array>

#include "passes/operands.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

bool is_arithmetic(Op op) {
  return op == Op::add || op == Op::sub || op == Op::mul_unsigned || op == Op::mul_signed || op == Op::shift_left ||
         op == Op::shift_right || op == Op::shift_right_signed;
}

bool is_context_sensitive(Op op) {
  return op == Op::mux || op == Op::bit_not || op == Op::bit_and || op == Op::bit_or || op == Op::bit_xor;
}

// How a node is used, as far as it decides between a net and text in place.
struct Use {
  int count = 0;         // places that read it
  bool whole = false;    // one of them is the whole right-hand side of an assignment
  bool as_port = false;  // one is a port of an instance or memory
  bool as_atom = false;  // one takes bits of it, or repeats it
  int checks = 0;        // places that are checks or taps
  int concats = 0;       // places that are concatenations
};

class Planner {
 public:
  explicit Planner(const Module& m) : m_(m), use_(m.nodes().size()), length_(m.nodes().size(), 0) {}

  Plan run() {
    plan_.live = passes::live_nodes(m_);
    plan_.is_net.assign(m_.nodes().size(), false);
    plan_.unread.resize(m_.nodes().size());
    count_uses();
    plan_.readers.reserve(use_.size());
    for (const Use& u : use_) plan_.readers.push_back(u.count - u.checks);
    for (Id id = 0; id < m_.nodes().size(); ++id)
      if (plan_.live[id]) decide(id);
    find_unread();
    return std::move(plan_);
  }

 private:
  void count_uses() {
    auto whole = [&](Id id) {
      if (id != no_id) ++use_[id].count, use_[id].whole = true;
    };
    auto port = [&](Id id) {
      if (id != no_id) ++use_[id].count, use_[id].as_port = true;
    };
    auto atom = [&](Id id) {
      if (id != no_id) ++use_[id].count, use_[id].as_atom = true;
    };
    for (const Port& p : m_.ports())
      if (!p.is_input) whole(p.node);
    for (const auto& i : m_.instances()) {
      port(i.reset), port(i.clock_enable);
      for (Id id : i.inputs) port(id);
    }
    for (const auto& mem : m_.memories())
      for (Id id : {mem.write_enable, mem.write_address, mem.write_data, mem.read_enable, mem.read_address}) port(id);
    for (Id id : m_.discarded()) atom(id);
    auto check = [&](Id id) { atom(id), ++use_[id].checks; };
    for (const auto& c : m_.assertions()) ++use_[c.condition].count, ++use_[c.condition].checks;
    for (const auto& s : m_.stream_checks()) {
      check(s.valid), check(s.ready);
      for (Id id : s.payload) check(id);
    }
    for (const auto& t : m_.taps()) {
      check(t.valid), check(t.ready);
      for (const auto& f : t.fields) check(f.node);
    }
    for (Id id = 0; id < m_.nodes().size(); ++id) {
      if (!plan_.live[id]) continue;
      const Node& n = m_.node(id);
      if (n.op == Op::reg) {
        for (const RegUpdate& u : m_.reg_of(id).updates) {
          whole(u.data);
          if (u.enable != no_id) ++use_[u.enable].count;
        }
      } else if (n.op == Op::wire) {
        whole(n.a);
      } else if (n.op == Op::slice || n.op == Op::sign_extend) {
        atom(n.a);
      } else if (n.op == Op::add || n.op == Op::sub) {
        each_operand(n, [&](Id o) {
          ++use_[o].count;
          // x + y with a carry needs plain nets x and y
          const Node& e = m_.node(o);
          if ((e.op == Op::zero_extend || e.op == Op::sign_extend) && e.width == m_.width(e.a) + 1)
            use_[e.a].as_atom = true;
        });
      } else {
        // The width of a product would reach into choices and logic among its factors.
        const bool product = n.op == Op::mul_unsigned;
        each_operand(n, [&](Id o) {
          ++use_[o].count, use_[o].concats += n.op == Op::concat;
          use_[o].as_atom = use_[o].as_atom || (product && is_context_sensitive(m_.node(o).op));
        });
      }
    }
  }

  bool is_atom(Id id) const { return plan_.is_net[id] || m_.node(id).op == Op::constant; }

  // Nodes come after their operands in the array (wires aside, which are nets anyway), so one pass is enough.
  void decide(Id id) {
    const Node& n = m_.node(id);
    const Use& use = use_[id];
    bool net = false;
    if (n.op == Op::constant) {
      net = false;
    } else if (is_source(n.op) || n.op == Op::wire || n.op == Op::rom || !m_.name_of(id).empty()) {
      net = true;
    } else if (use.as_atom) {
      net = true;
    } else if (is_arithmetic(n.op)) {
      net = !(use.count == 1 && use.whole);
    } else if (use.count > 1) {
      net = !is_short(n) && !(n.op == Op::concat && use.concats == use.count && text_length(n) <= max_repeated_length);
    }
    int text = text_length(n);
    if (!net && !use.whole && n.op != Op::concat && text > max_inline_length)
      net = true;  // concatenations are broken into lines
    if (!net && use.as_port && n.op != Op::constant && n.op != Op::slice && n.op != Op::concat &&
        n.op != Op::zero_extend)
      net = true;
    plan_.is_net[id] = net;
    length_[id] = net ? 12 : text;
  }

  // Worth repeating rather than naming.
  bool is_short(const Node& n) const {
    switch (n.op) {
      case Op::slice:
      case Op::zero_extend:
        return is_atom(n.a);
      case Op::bit_not:
        return n.width == 1 && is_atom(n.a);
      default:
        return false;
    }
  }

  int text_length(const Node& n) const {
    int sum = 4;
    each_operand(n, [&](Id o) { sum += m_.node(o).op == Op::constant ? 6 : length_[o]; });
    return sum;
  }

  void find_unread() {
    const std::vector<bool> needed = passes::live_nodes(m_, false);  // what a check alone reads does not count
    std::vector<std::vector<bool>> read(m_.nodes().size());
    auto all = [&](Id id) {
      if (id == no_id || !plan_.live[id]) return;
      read[id].assign(static_cast<std::size_t>(m_.width(id)), true);
    };
    auto everything = [&](auto&& ids) {
      for (Id id : ids) all(id);
    };
    for (const Port& p : m_.ports())
      if (!p.is_input) all(p.node);
    for (const auto& i : m_.instances()) all(i.reset), all(i.clock_enable), everything(i.inputs);
    for (const auto& mem : m_.memories())
      everything(std::array{mem.write_enable, mem.write_address, mem.write_data, mem.read_enable, mem.read_address});
    everything(m_.discarded());
    for (Id id = 0; id < m_.nodes().size(); ++id) {
      if (!needed[id]) continue;
      const Node& n = m_.node(id);
      if (n.op == Op::reg) {
        for (const RegUpdate& u : m_.reg_of(id).updates) all(u.enable), all(u.data);
      } else if (n.op == Op::slice) {
        auto& bits = read[n.a];
        bits.resize(static_cast<std::size_t>(m_.width(n.a)), false);
        for (int b = 0; b < n.width; ++b) bits[static_cast<std::size_t>(n.extra) + static_cast<std::size_t>(b)] = true;
      } else {
        each_operand(n, all);
      }
    }
    for (Id id = 0; id < m_.nodes().size(); ++id) {
      if (!plan_.is_net[id]) continue;
      auto& bits = read[id];
      bits.resize(static_cast<std::size_t>(m_.width(id)), false);
      bool complete = true;
      for (bool b : bits) complete = complete && b;
      if (complete) continue;
      for (auto&& b : bits) b = !b;
      plan_.unread[id] = bits;
    }
  }

  const Module& m_;
  Plan plan_;
  std::vector<Use> use_;
  std::vector<int> length_;
};

}  // namespace

Plan plan_nets(const Module& m) { return Planner(m).run(); }

bool is_carry_extension(const Module& m, const Plan& plan, Id id) {
  const Node& n = m.node(id);
  return !plan.is_net[id] && (n.op == Op::zero_extend || n.op == Op::sign_extend) && n.width == m.width(n.a) + 1 &&
         plan.is_net[n.a];
}

bool is_carry_sum(const Module& m, const Plan& plan, Id id) {
  const Node& n = m.node(id);
  return (n.op == Op::add || n.op == Op::sub) && is_carry_extension(m, plan, n.a) && is_carry_extension(m, plan, n.b) &&
         m.node(n.a).op == m.node(n.b).op;
}

}  // namespace quillgen::emit
