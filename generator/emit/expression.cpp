#include "emit/expression.hpp"

#include <fmt/core.h>

namespace quillgen::emit {

using namespace hdl;

std::string literal(std::uint64_t value, int width) {
  if (width == 1) return fmt::format("1'b{}", value);
  if (width > 10 && value == mask(width)) return fmt::format("{{{}{{1'b1}}}}", width);
  return width <= 10 || value < 10 ? fmt::format("{}'d{}", width, value) : fmt::format("{}'h{:X}", width, value);
}

Expressions::Expressions(const Module& m, const Plan& plan, const std::vector<std::string>& nets)
    : m_(m), plan_(plan), nets_(nets) {
  for (const RegInfo& r : m.regs())
    if (!r.value_names.empty())
      for (const RegUpdate& u : r.updates) find_states(u.data, r.node);
}

// What is older than the register may be printed above the names of its values.
void Expressions::find_states(Id id, Id reg) {
  const Node& n = m_.node(id);
  if (n.op != Op::mux || id < reg) return;
  if (const auto [it, fresh] = states_.try_emplace(id, reg); !fresh) {
    if (it->second != reg) it->second = no_id;  // of two registers: neither's names
    return;
  }
  find_states(n.b, reg), find_states(n.c, reg);
}

// The register whose values a node has; no_id for a node without names for its values.
Id Expressions::register_of(Id id) const {
  while (m_.node(id).op == Op::wire) id = m_.node(id).a;
  if (m_.node(id).op == Op::reg) return id;
  const auto found = states_.find(id);
  return found == states_.end() ? no_id : found->second;
}

// An operand that is a value of `reg`.
std::string Expressions::value(Id id, Id reg) const {
  const bool has_name = reg != no_id && m_.node(id).op == Op::constant;
  return has_name ? value_of(reg, m_.node(id).extra) : operand(id);
}

// Constants of signed operators are written as signed decimals. A negative one is the negation of a literal, which must
// not be widened by its context: a factor is written as bits.
std::string Expressions::signed_operand(Id id, bool widened) const {
  const Node& n = m_.node(id);
  if (n.op != Op::constant) return fmt::format("$signed({})", whole(id));
  const bool negative = (n.extra >> (n.width - 1)) != 0;
  if (negative && widened) return fmt::format("$signed({})", literal(n.extra, n.width));
  return fmt::format("{}{}'sd{}", negative ? "-" : "", n.width, negative ? (~n.extra & mask(n.width)) + 1 : n.extra);
}

// Of a concatenation: nested ones flattened, the zeros of an extension in front.
std::string Expressions::parts(Id id) const {
  std::string text;
  while (!is_named(id)) {
    const Node& n = m_.node(id);
    if (n.op == Op::concat) text += parts(n.a) + ", ", id = n.b;
    else if (n.op == Op::zero_extend) text += literal(0, n.width - m_.width(n.a)) + ", ", id = n.a;
    else break;
  }
  return text + whole(id);
}

// a && b && c without inner parentheses.
std::string Expressions::chain(Id id, Op op, const char* symbol) const {
  const Node& n = m_.node(id);
  auto side = [&](Id o) { return (!is_named(o) && m_.node(o).op == op) ? chain(o, op, symbol) : operand(o); };
  return fmt::format("{} {} {}", side(n.a), symbol, side(n.b));
}

std::string Expressions::value_of(Id reg, std::uint64_t value) const {
  const auto& names = m_.reg_of(reg).value_names;
  return value < names.size() ? names[value] : literal(value, m_.width(reg));
}

std::string Expressions::comparison(Id id, bool inverted) const {
  const Node& n = m_.node(id);
  if (n.op == Op::equal) {
    return fmt::format("{} {} {}", operand(n.a), inverted ? "!=" : "==", value(n.b, register_of(n.a)));
  }
  const bool is_signed = n.op == Op::less_signed;
  auto side = [&](Id o) { return is_signed ? signed_operand(o) : operand(o); };
  // A constant reads better on the right.
  if (m_.node(n.a).op == Op::constant) return fmt::format("{} {} {}", side(n.b), inverted ? "<=" : ">", side(n.a));
  return fmt::format("{} {} {}", side(n.a), inverted ? ">=" : "<", side(n.b));
}

std::string Expressions::negation(const Node& n) const {
  const Node& inner = m_.node(n.a);
  if (!is_named(n.a) && (inner.op == Op::equal || inner.op == Op::less_unsigned || inner.op == Op::less_signed))
    return comparison(n.a, true);
  return fmt::format("{}{}", n.width == 1 ? "!" : "~", operand(n.a));
}

std::string Expressions::denial(Id id, bool in_chain) const {
  const Node& n = m_.node(id);
  if (is_named(id)) return "!" + nets_.at(id);
  switch (n.op) {
    case Op::bit_not:
      return operand(n.a);
    case Op::bit_or:
      return fmt::format("{} && {}", denial(n.a, true), denial(n.b, true));
    case Op::equal:
    case Op::less_unsigned:
    case Op::less_signed:
      return in_chain ? fmt::format("({})", comparison(id, true)) : comparison(id, true);
    default:
      return fmt::format("!{}", operand(id));
  }
}

std::string Expressions::definition(Id id) const {
  const Node& n = m_.node(id);
  const bool bit = n.width == 1;
  switch (n.op) {
    case Op::constant:
      return literal(n.extra, n.width);
    case Op::wire:
      return whole(n.a);
    case Op::bit_not:
      return negation(n);
    case Op::bit_and:
      return chain(id, n.op, bit ? "&&" : "&");
    case Op::bit_or:
      return chain(id, n.op, bit ? "||" : "|");
    case Op::bit_xor:
      return chain(id, n.op, "^");
    case Op::add:
    case Op::sub: {
      const char* symbol = n.op == Op::add ? "+" : "-";
      if (!is_carry_sum(m_, plan_, id)) return fmt::format("{} {} {}", operand(n.a), symbol, operand(n.b));
      Id x = m_.node(n.a).a, y = m_.node(n.b).a;
      if (m_.node(n.a).op == Op::sign_extend)
        return fmt::format("{} {} {}", signed_operand(x), symbol, signed_operand(y));
      return fmt::format("{} {} {}", operand(x), symbol, operand(y));
    }
    case Op::mul_unsigned:
      return fmt::format("{} * {}", operand(n.a), operand(n.b));
    case Op::mul_signed:
      return fmt::format("{} * {}", signed_operand(n.a, true), signed_operand(n.b, true));
    case Op::equal:
    case Op::less_unsigned:
    case Op::less_signed:
      return comparison(id, false);
    case Op::shift_left:
      return fmt::format("{} << {}", operand(n.a), operand(n.b));
    case Op::shift_right:
      return fmt::format("{} >> {}", operand(n.a), operand(n.b));
    case Op::shift_right_signed:
      return fmt::format("{} >>> {}", signed_operand(n.a), operand(n.b));
    case Op::mux: {
      const bool nested = !is_named(n.c) && m_.node(n.c).op == Op::mux;
      const Id reg = register_of(id);
      std::string otherwise = nested ? "\n        " + definition(n.c) : value(n.c, reg);
      return fmt::format("{} ? {} :{}{}", operand(n.a), value(n.b, reg), nested ? "" : " ", otherwise);
    }
    case Op::slice:
      if (bit) return fmt::format("{}[{}]", operand(n.a), n.extra);
      return fmt::format("{}[{}:{}]", operand(n.a), n.extra + static_cast<std::uint64_t>(n.width) - 1, n.extra);
    case Op::concat:
      return fmt::format("{{{}, {}}}", parts(n.a), parts(n.b));
    case Op::zero_extend:
      return fmt::format("{{{}, {}}}", literal(0, n.width - m_.width(n.a)), parts(n.a));
    case Op::sign_extend: {
      const int w = m_.width(n.a), extra = n.width - w;
      std::string x = operand(n.a);
      std::string sign = w == 1 ? x : fmt::format("{}[{}]", x, w - 1);
      if (m_.node(n.a).op == Op::constant) sign = literal(m_.node(n.a).extra >> (w - 1), 1);
      return extra == 1 ? fmt::format("{{{}, {}}}", sign, x) : fmt::format("{{{{{}{{{}}}}}, {}}}", extra, sign, x);
    }
    default:
      return nets_.at(id);
  }
}

std::string Expressions::operand(Id id) const {
  if (is_named(id)) return nets_.at(id);
  const Node& n = m_.node(id);
  switch (n.op) {
    case Op::constant:
    case Op::slice:
    case Op::concat:
    case Op::zero_extend:
    case Op::sign_extend:
      return definition(id);
    case Op::bit_not: {
      std::string text = definition(id);
      return text[0] == '!' || text[0] == '~' ? text : fmt::format("({})", text);
    }
    default:
      return fmt::format("({})", definition(id));
  }
}

}  // namespace quillgen::emit
