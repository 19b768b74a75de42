// Walking the combinational network: what a node depends on in the same cycle.
#pragma once
#include <vector>

#include "hdl/module.hpp"

namespace quillgen::passes {

/// For each output port of a module the input ports it depends on combinationally, as positions in ports().
using Through = std::vector<std::vector<int>>;

/// Calls f(operand) for every node that `id` depends on in the same cycle. `through(module)` gives the Through of a
/// child module.
template <class ThroughOf, class F>
void each_source(const hdl::Module& m, hdl::Id id, ThroughOf&& through, F&& f) {
  using hdl::Op;
  const hdl::Node& n = m.node(id);
  switch (n.op) {
    case Op::constant:
    case Op::input:
    case Op::reg:
      return;
    case Op::instance_output: {
      if ((n.extra >> 63) != 0) {  // read data of a memory
        const hdl::MemoryInfo& mem = m.memories()[n.extra & 0xFFFFFFFFu];
        if (mem.latency == 0) f(mem.read_address);
        return;
      }
      const hdl::InstanceInfo& inst = m.instances()[n.extra >> 32];
      for (int input : through(*inst.module)[n.extra & 0xFFFFFFFFu])
        if (hdl::Id driver = inst.inputs[static_cast<std::size_t>(input)]; driver != hdl::no_id) f(driver);
      return;
    }
    default:
      hdl::each_operand(n, f);
  }
}

/// Every node that something in the module needs: the cone of outputs, instances, memories, checks, taps and of the
/// registers in it. Read data of memories and outputs of instances are marked like any other node.
/// Without checks, only what the hardware itself needs.
std::vector<bool> live_nodes(const hdl::Module& m, bool with_checks = true);

}  // namespace quillgen::passes
