#include "passes/operands.hpp"

namespace quillgen::passes {

using namespace hdl;

std::vector<bool> live_nodes(const Module& m, bool with_checks) {
  std::vector<bool> live(m.nodes().size(), false);
  std::vector<Id> todo;
  auto need = [&](Id id) {
    if (id == no_id || live[id]) return;
    live[id] = true;
    todo.push_back(id);
  };
  for (const Port& p : m.ports())
    if (!p.is_input) need(p.node);
  for (const auto& i : m.instances()) {
    need(i.reset), need(i.clock_enable);
    for (Id id : i.inputs) need(id);
  }
  for (const auto& mem : m.memories())
    for (Id id : {mem.write_enable, mem.write_address, mem.write_data, mem.read_enable, mem.read_address}) need(id);
  for (Id id : m.discarded()) need(id);
  if (with_checks) {
    for (const auto& c : m.assertions()) need(c.condition);
    for (const auto& s : m.stream_checks()) {
      need(s.valid), need(s.ready);
      for (Id id : s.payload) need(id);
    }
    for (const auto& t : m.taps()) {
      need(t.valid), need(t.ready);
      for (const auto& f : t.fields) need(f.node);
    }
  }
  while (!todo.empty()) {
    Id id = todo.back();
    todo.pop_back();
    const Node& n = m.node(id);
    if (n.op == Op::reg)
      for (const RegUpdate& u : m.reg_of(id).updates) need(u.enable), need(u.data);
    hdl::each_operand(n, need);
  }
  return live;
}

}  // namespace quillgen::passes
