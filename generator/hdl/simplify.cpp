// Simplifications made when a node is built. Each removes something a reader of the Verilog would otherwise stumble
// over: operations on constants, selections of selections, a wide sum of which only the low bits are used.
#include <utility>

#include "hdl/evaluate.hpp"
#include "hdl/module.hpp"

namespace quillgen::hdl {

bool Module::is_constant(Id id, std::uint64_t& value) const {
  if (id == no_id || nodes_[id].op != Op::constant) return false;
  value = nodes_[id].extra;
  return true;
}

bool Module::is_all_ones(Id id) const {
  std::uint64_t v = 0;
  return is_constant(id, v) && v == mask(nodes_[id].width);
}

Id Module::fold_constants(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at) {
  if (width > 64) return no_id;
  std::uint64_t va = 0, vb = 0, vc = 0;
  if (!is_constant(a, va) || (b != no_id && !is_constant(b, vb)) || (c != no_id && !is_constant(c, vc))) return no_id;
  if (op == Op::rom) return constant(roms_[static_cast<std::size_t>(extra)][static_cast<std::size_t>(va)], width, at);
  int wb = b == no_id ? 0 : nodes_[b].width;
  return constant(evaluate(op, width, nodes_[a].width, wb, va, vb, vc, extra), width, at);
}

// A part of a mux is a mux of parts (a choice between concatenations is split at once), and the low bits of a sum need
// only the low bits of its operands. Networks of such nodes have many paths to one node: what was split once is
// remembered. Depth is limited, since a netlist may be deeper than the stack.
Id Module::split_slice(const Node& n, int width, Id a, std::uint64_t extra, SourceLine at) {
  constexpr int deepest = 64;
  const Node key{Op::slice, false, width, a, no_id, no_id, extra, at};
  if (auto it = split_.find(key); it != split_.end()) return it->second;
  if (split_depth_ == deepest) return no_id;
  ++split_depth_;
  const bool is_mux = n.op == Op::mux;
  Id x = make(Op::slice, width, is_mux ? n.b : n.a, no_id, no_id, extra, at);
  Id y = make(Op::slice, width, is_mux ? n.c : n.b, no_id, no_id, extra, at);
  --split_depth_;
  Id result = is_mux ? make(n.op, width, n.a, x, y, 0, at) : make(n.op, width, x, y, no_id, 0, at);
  split_.emplace(key, result);
  return result;
}

Id Module::simplify(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at) {
  if (Id id = fold_constants(op, width, a, b, c, extra, at); id != no_id) return id;
  std::uint64_t va = 0, vb = 0;
  const bool ka = is_constant(a, va), kb = is_constant(b, vb);
  const bool all_a = ka && is_all_ones(a), all_b = kb && is_all_ones(b);
  auto zero = [&] {
    return width <= 64 ? constant(0, width, at) : make(Op::zero_extend, width, constant(0, 1, at), no_id, no_id, 0, at);
  };

  switch (op) {
    case Op::bit_not:
      if (nodes_[a].op == Op::bit_not) return nodes_[a].a;
      break;
    case Op::bit_and:
      if (a == b) return a;
      if ((ka && va == 0) || (kb && vb == 0)) return zero();
      if (all_a) return b;
      if (all_b) return a;
      break;
    case Op::bit_or:
      if (a == b) return a;
      if (all_a || all_b) return all_a ? a : b;
      if (ka && va == 0) return b;
      if (kb && vb == 0) return a;
      break;
    case Op::bit_xor:
      if (a == b) return zero();
      if (ka && va == 0) return b;
      if (kb && vb == 0) return a;
      break;
    case Op::add:
      if (ka && va == 0) return b;
      if (kb && vb == 0) return a;
      break;
    case Op::sub:
      if (a == b) return zero();
      if (kb && vb == 0) return a;
      break;
    case Op::shift_left:
    case Op::shift_right:
    case Op::shift_right_signed:
      if (kb && vb == 0) return a;
      break;
    case Op::equal:
      if (a == b) return constant(1, 1, at);
      if (nodes_[a].width == 1 && kb) return vb ? a : make(Op::bit_not, 1, a, no_id, no_id, 0, at);
      if (nodes_[a].width == 1 && ka) return va ? b : make(Op::bit_not, 1, b, no_id, no_id, 0, at);
      // Comparing a widened value with a constant that fits: compare the narrow one.
      if (kb && nodes_[a].op == Op::zero_extend) {
        Id x = nodes_[a].a;
        if (vb > mask(nodes_[x].width)) return constant(0, 1, at);
        return make(Op::equal, 1, x, constant(vb, nodes_[x].width, at), no_id, 0, at);
      }
      break;
    case Op::less_unsigned:
      if (a == b) return constant(0, 1, at);
      if (kb && nodes_[a].op == Op::zero_extend) {
        Id x = nodes_[a].a;
        if (vb > mask(nodes_[x].width)) return constant(1, 1, at);
        return make(op, 1, x, constant(vb, nodes_[x].width, at), no_id, 0, at);
      }
      if (ka && nodes_[b].op == Op::zero_extend) {
        Id x = nodes_[b].a;
        if (va >= mask(nodes_[x].width)) return constant(0, 1, at);
        return make(op, 1, constant(va, nodes_[x].width, at), x, no_id, 0, at);
      }
      if ((kb && vb == 0) || all_a) return constant(0, 1, at);
      break;
    case Op::less_signed: {
      if (a == b) return constant(0, 1, at);
      const std::uint64_t least = std::uint64_t{1} << (nodes_[a].width - 1);
      if ((kb && vb == least) || (ka && va == least - 1)) return constant(0, 1, at);
      break;
    }
    case Op::mux:
      if (ka) return va ? b : c;
      if (b == c) return b;
      if (nodes_[a].op == Op::bit_not && name_of(a).empty()) return make(op, width, nodes_[a].a, c, b, 0, at);
      if (width == 1) {
        std::uint64_t v1 = 0, v0 = 0;
        const bool k1 = is_constant(b, v1), k0 = is_constant(c, v0);
        if (k1 && k0) return v1 ? a : make(Op::bit_not, 1, a, no_id, no_id, 0, at);
        if (k1 && v1) return make(Op::bit_or, 1, a, c, no_id, 0, at);
        if (k0 && !v0) return make(Op::bit_and, 1, a, b, no_id, 0, at);
        Id inverse = make(Op::bit_not, 1, a, no_id, no_id, 0, at);
        nodes_[inverse].absorbed = true;
        if (k1) return make(Op::bit_and, 1, inverse, c, no_id, 0, at);
        if (k0) return make(Op::bit_or, 1, inverse, b, no_id, 0, at);
      }
      break;
    case Op::zero_extend:
    case Op::sign_extend:
      if (width == nodes_[a].width) return a;
      if (nodes_[a].op == op ||
          (op == Op::sign_extend && nodes_[a].op == Op::zero_extend && nodes_[a].width > nodes_[nodes_[a].a].width)) {
        return make(nodes_[a].op, width, nodes_[a].a, no_id, no_id, 0, at);
      }
      break;
    case Op::concat:
      if (ka && va == 0) return make(Op::zero_extend, width, b, no_id, no_id, 0, at);
      // {x[7:4], x[3:0]} is x[7:0]
      if (nodes_[a].op == Op::slice && nodes_[b].op == Op::slice && nodes_[a].a == nodes_[b].a &&
          nodes_[a].extra == nodes_[b].extra + static_cast<std::uint64_t>(nodes_[b].width)) {
        return make(Op::slice, width, nodes_[a].a, no_id, no_id, nodes_[b].extra, at);
      }
      break;
    case Op::slice: {
      const Node n = nodes_[a];
      if (width == n.width) return a;
      if (!name_of(a).empty()) break;  // a named value is shown whole
      const auto w = static_cast<std::uint64_t>(width);
      switch (n.op) {
        case Op::slice:
          return make(op, width, n.a, no_id, no_id, extra + n.extra, at);
        case Op::concat: {
          const auto low = static_cast<std::uint64_t>(nodes_[n.b].width);
          if (extra + w <= low) return make(op, width, n.b, no_id, no_id, extra, at);
          if (extra >= low) return make(op, width, n.a, no_id, no_id, extra - low, at);
          break;
        }
        case Op::zero_extend:
        case Op::sign_extend: {
          const auto inner = static_cast<std::uint64_t>(nodes_[n.a].width);
          if (extra + w <= inner) return make(op, width, n.a, no_id, no_id, extra, at);
          if (extra == 0) return make(n.op, width, n.a, no_id, no_id, 0, at);
          if (n.op == Op::zero_extend && extra >= inner) return zero();
          break;
        }
        case Op::mux:
          return split_slice(n, width, a, extra, at);
        case Op::add:
        case Op::sub:
          if (extra == 0) return split_slice(n, width, a, extra, at);
          break;
        default:
          break;
      }
      break;
    }
    default:
      break;
  }
  return no_id;
}

}  // namespace quillgen::hdl
