#include "hdl/evaluate.hpp"

#include <cassert>

#include "hdl/module.hpp"

namespace quillgen::hdl {
namespace {

std::int64_t as_signed(std::uint64_t v, int width) {
  const int unused = 64 - width;
  return static_cast<std::int64_t>(v << unused) >> unused;
}

}  // namespace

std::uint64_t evaluate(Op op, int width, int wa, int wb, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                       std::uint64_t extra) {
  const std::uint64_t m = mask(width);
  switch (op) {
    case Op::wire:
      return a;
    case Op::bit_not:
      return ~a & m;
    case Op::bit_and:
      return a & b;
    case Op::bit_or:
      return a | b;
    case Op::bit_xor:
      return a ^ b;
    case Op::add:
      return (a + b) & m;
    case Op::sub:
      return (a - b) & m;
    case Op::mul_unsigned:
      return (a * b) & m;
    case Op::mul_signed:
      return static_cast<std::uint64_t>(as_signed(a, wa) * as_signed(b, wb)) & m;
    case Op::equal:
      return a == b ? 1 : 0;
    case Op::less_unsigned:
      return a < b ? 1 : 0;
    case Op::less_signed:
      return as_signed(a, wa) < as_signed(b, wb) ? 1 : 0;
    case Op::shift_left:
      return b >= 64 ? 0 : (a << b) & m;
    case Op::shift_right:
      return b >= 64 ? 0 : a >> b;
    case Op::shift_right_signed:
      return static_cast<std::uint64_t>(as_signed(a, wa) >> (b >= 63 ? 63 : b)) & m;
    case Op::mux:
      return a ? b : c;
    case Op::slice:
      return (a >> extra) & m;
    case Op::concat:
      return (a << wb) | b;
    case Op::zero_extend:
      return a;
    case Op::sign_extend:
      return static_cast<std::uint64_t>(as_signed(a, wa)) & m;
    default:
      assert(false);
      return 0;
  }
}

}  // namespace quillgen::hdl
