// The text of expressions.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "emit/plan.hpp"

namespace quillgen::emit {

/// Verilog literal: decimal up to 10 bits, hexadecimal above.
std::string literal(std::uint64_t value, int width);

class Expressions {
 public:
  Expressions(const hdl::Module& m, const Plan& plan, const std::vector<std::string>& nets);

  /// As an operand: a net by its name, anything else in full, in parentheses where needed.
  std::string operand(hdl::Id id) const;
  /// The right-hand side that defines a node, even if the node has a net.
  std::string definition(hdl::Id id) const;
  /// A constant that is stored in, or compared with, a register: by name if the register names it.
  std::string value_of(hdl::Id reg, std::uint64_t value) const;
  /// That a condition does not hold, without a negation around the whole where that can be.
  std::string denial(hdl::Id id, bool in_chain = false) const;
  /// As the right-hand side of an assignment.
  std::string whole(hdl::Id id) const { return is_named(id) ? nets_.at(id) : definition(id); }

 private:
  bool is_named(hdl::Id id) const { return plan_.is_net[id]; }
  void find_states(hdl::Id id, hdl::Id reg);
  hdl::Id register_of(hdl::Id id) const;
  std::string value(hdl::Id id, hdl::Id reg) const;
  std::string parts(hdl::Id id) const;
  std::string chain(hdl::Id id, hdl::Op op, const char* symbol) const;
  std::string negation(const hdl::Node& n) const;
  std::string comparison(hdl::Id id, bool inverted) const;
  std::string signed_operand(hdl::Id id, bool widened = false) const;

  const hdl::Module& m_;
  const Plan& plan_;
  const std::vector<std::string>& nets_;
  std::unordered_map<hdl::Id, hdl::Id> states_;  // choices of what a register with named values is given: the register
};

}  // namespace quillgen::emit
