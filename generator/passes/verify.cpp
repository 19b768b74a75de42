#include "passes/verify.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "passes/operands.hpp"

namespace quillgen::passes {

using namespace hdl;

namespace {

class Checker {
 public:
  std::vector<std::string> problems;

  void check(const Module& m, const std::string& path) {
    if (!done_.insert(&m).second) return;
    for (const auto& i : m.instances()) check(*i.module, path + "." + i.name);
    drivers(m, path);
    clock_enables(m, path);
    unused(m, path);
    loops(m, path);
  }

 private:
  void report(const std::string& path, const std::string& text) {
    problems.push_back(fmt::format("{}: {}", path, text));
  }

  void drivers(const Module& m, const std::string& path) {
    for (Id id = 0; id < m.nodes().size(); ++id)
      if (m.node(id).op == Op::wire && m.node(id).a == no_id)
        report(path, fmt::format("wire {} is never driven", m.describe_node(id)));
    for (const auto& r : m.regs()) {
      if (r.updates.empty()) report(path, fmt::format("register {} is never updated", m.describe_node(r.node)));
      if (m.name_of(r.node).empty()) report(path, fmt::format("register {} has no name", m.describe_node(r.node)));
    }
    for (const auto& i : m.instances())
      for (std::size_t p = 0; p < i.inputs.size(); ++p)
        if (i.module->ports()[p].is_input && i.inputs[p] == no_id)
          report(path, fmt::format("input {}.{} ({}) is not connected; the instance was made at {}", i.name,
                                   i.module->ports()[p].name, i.module->ports()[p].at.str(), i.at.str()));
    for (const auto& mem : m.memories()) {
      if (mem.write_enable == no_id)
        report(path, fmt::format("memory {} ({}) is never written", mem.name, mem.at.str()));
      if (mem.read_address == no_id) report(path, fmt::format("memory {} ({}) is never read", mem.name, mem.at.str()));
    }
  }

  // An enable that an input reaches could change while the clock is low, and cut a pulse.
  void clock_enables(const Module& m, const std::string& path) {
    for (const auto& i : m.instances()) {
      if (i.clock_enable == no_id) continue;
      for (const Id id : cone(m, i.clock_enable))
        if (m.node(id).op == Op::input)
          report(path, fmt::format("clock enable of instance {} ({}) depends on input {}; make it from registers alone",
                                   i.name, i.at.str(), m.describe_node(id)));
    }
  }

  void unused(const Module& m, const std::string& path) {
    const auto live = live_nodes(m);
    std::vector<bool> consumed(m.nodes().size(), false);
    for (const Node& n : m.nodes()) each_operand(n, [&](Id operand) { consumed[operand] = true; });
    for (const auto& r : m.regs())
      for (const RegUpdate& u : r.updates)
        for (Id id : {u.enable, u.data})
          if (id != no_id) consumed[id] = true;
    for (Id id = 0; id < m.nodes().size(); ++id) {
      const Node& n = m.node(id);
      if (live[id] || n.op == Op::constant) continue;
      const bool has_name = !m.name_of(id).empty();
      if (has_name || n.op == Op::reg || (!consumed[id] && !n.absorbed))
        report(path, fmt::format("{} is built but never used; use or discard() it", m.describe_node(id)));
    }
  }

  // From an input to each output that depends on one in the same cycle: a shortest path, breadth first from the output.
 public:
  std::vector<std::string> paths(const Module& m) {
    std::vector<std::string> found;
    for (const Port& port : m.ports()) {
      if (port.is_input) continue;
      std::vector<Id> next(m.nodes().size(), no_id), todo{port.node};
      std::vector<bool> seen(m.nodes().size(), false);
      seen[port.node] = true;
      for (std::size_t i = 0; i < todo.size(); ++i) {
        if (m.node(todo[i]).op == Op::input) {
          std::string text = m.describe_node(todo[i]);
          for (Id id = next[todo[i]]; id != no_id; id = next[id]) text += " -> " + m.describe_node(id);
          found.push_back(
              fmt::format("{}: output {} depends on an input in the same cycle: {}", m.name(), port.name, text));
          break;
        }
        each_source(
            m, todo[i], [&](const Module& child) -> const Through& { return through(child); },
            [&](Id operand) {
              if (seen[operand]) return;
              seen[operand] = true;
              next[operand] = todo[i];
              todo.push_back(operand);
            });
      }
    }
    return found;
  }

 private:
  // `root` and all it depends on in the same cycle.
  std::vector<Id> cone(const Module& m, Id root) {
    std::vector<bool> seen(m.nodes().size(), false);
    std::vector<Id> todo{root}, found;
    while (!todo.empty()) {
      const Id id = todo.back();
      todo.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      found.push_back(id);
      each_source(
          m, id, [&](const Module& child) -> const Through& { return through(child); },
          [&](Id operand) { todo.push_back(operand); });
    }
    return found;
  }

  const Through& through(const Module& m) {
    auto [it, fresh] = through_.try_emplace(&m);
    if (!fresh) return it->second;
    Through result(m.ports().size());
    for (std::size_t p = 0; p < m.ports().size(); ++p) {
      if (m.ports()[p].is_input) continue;
      std::set<int> inputs;
      for (const Id id : cone(m, m.ports()[p].node))
        if (m.node(id).op == Op::input) inputs.insert(static_cast<int>(m.node(id).extra));
      result[p].assign(inputs.begin(), inputs.end());
    }
    return through_[&m] = std::move(result);
  }

  // Depth-first with an explicit stack; an edge back into the stack is a loop.
  void loops(const Module& m, const std::string& path) {
    enum : char { fresh, open, closed };
    std::vector<char> state(m.nodes().size(), fresh);
    struct Frame {
      Id id;
      std::vector<Id> operands;
      std::size_t next = 0;
    };
    auto frame = [&](Id id) {
      Frame f{id, {}, 0};
      each_source(
          m, id, [&](const Module& child) -> const Through& { return through(child); },
          [&](Id operand) { f.operands.push_back(operand); });
      return f;
    };
    for (Id root = 0; root < m.nodes().size(); ++root) {
      if (state[root] != fresh) continue;
      std::vector<Frame> stack{frame(root)};
      state[root] = open;
      while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next == top.operands.size()) {
          state[top.id] = closed;
          stack.pop_back();
          continue;
        }
        Id operand = top.operands[top.next++];
        if (state[operand] == fresh) {
          state[operand] = open;
          stack.push_back(frame(operand));
        } else if (state[operand] == open) {
          std::string text = "combinational loop:";
          auto start = std::find_if(stack.begin(), stack.end(), [&](const Frame& f) { return f.id == operand; });
          for (auto it = stack.end(); it-- != start;) text += fmt::format(" {} ->", m.describe_node(it->id));
          report(path, text + " " + m.describe_node(stack.back().id));
          return;  // one loop a module is enough to mend
        }
      }
    }
  }

  std::set<const Module*> done_;
  std::map<const Module*, Through> through_;
};

}  // namespace

std::vector<std::string> verify(const Module& top) {
  Checker checker;
  checker.check(top, top.name());
  return checker.problems;
}

std::vector<std::string> paths_through(const Module& top) { return Checker().paths(top); }

void verify_or_throw(const Module& top) {
  auto problems = verify(top);
  if (problems.empty()) return;
  std::string text = fmt::format("{} problem(s) in the netlist", problems.size());
  for (const auto& p : problems) text += "\n  " + p;
  throw HdlError(text);
}

}  // namespace quillgen::passes
