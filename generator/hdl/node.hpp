// A netlist is a flat array of these nodes; a module owns one array. Values are signless bit vectors, operators know
// signs.
#pragma once
#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>

namespace quillgen::hdl {

using Id = std::uint32_t;
inline constexpr Id no_id = ~Id{0};

/// Widest operand of arithmetic, comparison and shift. Bitwise operators, multiplexers, slices and concatenations have
/// no limit.
inline constexpr int max_arithmetic_bits = 64;

enum class Op : std::uint8_t {
  // sources: no operands, value set from outside the combinational network
  constant,         // extra: value, width <= 64
  input,            // input port
  reg,              // register; its updates are in Module::regs
  instance_output,  // output port of an instance, or read data of a memory
  // a net driven later, once: a = driver; extra 1: a handshake net (Module::add_wire)
  wire,
  // bitwise, operands as wide as the result
  bit_not,
  bit_and,
  bit_or,
  bit_xor,
  // arithmetic, operands as wide as the result; mul_*: width(a) + width(b) is the width of the result
  add,
  sub,
  mul_unsigned,
  mul_signed,
  // comparison, operands equally wide, result 1 bit
  equal,
  less_unsigned,
  less_signed,
  // shift of a by b, result as wide as a
  shift_left,
  shift_right,
  shift_right_signed,
  // a ? b : c
  mux,
  // bits [extra + width - 1 : extra] of a
  slice,
  // {a, b}
  concat,
  // a, widened
  zero_extend,
  sign_extend,
  // table extra of the module, indexed by a
  rom,
};

/// Where in the C++ source something was made.
struct SourceLine {
  const char* file = "";
  std::uint32_t line = 0;

  SourceLine() = default;
  SourceLine(const std::source_location& at) : file(at.file_name()), line(at.line()) {}
  std::string str() const;  ///< "file.cpp:12", folder left out
};

struct Node {
  Op op = Op::constant;
  bool absorbed = false;  ///< a simplification took its place: not reported as unused
  std::int32_t width = 0;
  Id a = no_id, b = no_id, c = no_id;
  std::uint64_t extra = 0;
  SourceLine at;
};

/// A mistake in the C++ that describes a netlist.
struct HdlError : std::logic_error {
  using std::logic_error::logic_error;
};

/// Calls f(operand) for each operand of a node, in order.
template <class F>
void each_operand(const Node& n, F&& f) {
  for (const Id operand : {n.a, n.b, n.c})
    if (operand != no_id) f(operand);
}

inline bool is_source(Op op) { return op <= Op::instance_output; }
const char* op_name(Op op);

}  // namespace quillgen::hdl
