#include "passes/resources.hpp"

#include <unordered_map>

namespace quillgen::passes {
namespace {

using namespace hdl;

bool is_multiplier(const Module& m, const Node& n) {
  return (n.op == Op::mul_unsigned || n.op == Op::mul_signed) && m.node(n.a).op != Op::constant &&
         m.node(n.b).op != Op::constant;
}

/// Without the instances.
Resources own(const Module& m) {
  Resources r;
  for (const auto& memory : m.memories())
    (memory.latency == 0 ? r.register_bits : r.memory_bits) += std::int64_t{memory.depth} * memory.width;
  for (const auto& reg : m.regs()) r.register_bits += m.width(reg.node);
  for (const auto& n : m.nodes()) {
    if (!is_multiplier(m, n)) continue;
    ++r.multipliers;
    r.multiplier_bits += std::int64_t{m.width(n.a)} * m.width(n.b);
  }
  return r;
}

/// A module that is instantiated often is counted once.
class Counter {
 public:
  Resources of(const Module& m) {
    if (const auto known = known_.find(&m); known != known_.end()) return known->second;
    auto sum = own(m);
    for (const auto& instance : m.instances()) {
      const auto part = of(*instance.module);
      sum.memory_bits += part.memory_bits;
      sum.register_bits += part.register_bits;
      sum.multipliers += part.multipliers;
      sum.multiplier_bits += part.multiplier_bits;
    }
    return known_[&m] = sum;
  }

 private:
  std::unordered_map<const Module*, Resources> known_;
};

}  // namespace

Resources resources_of(const hdl::Module& top) { return Counter().of(top); }

}  // namespace quillgen::passes
