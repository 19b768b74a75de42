#include "hdl/value.hpp"

#include <algorithm>
#include <bit>

namespace quillgen::hdl {
namespace {

Module& module_of(const Signal& a, const Signal& b, SourceLine at) {
  Module* m = a.module_or_null() != nullptr ? a.module_or_null() : b.module_or_null();
  if (m == nullptr) throw HdlError("an operation at " + at.str() + " has no operand that belongs to a module");
  if (!a.is_shape() && !b.is_shape() && &a.module() != &b.module())
    throw HdlError("values of modules " + a.module().name() + " and " + b.module().name() + " meet at " + at.str() +
                   "; connect them through ports");
  return *m;
}

// The first operand of an operation that needs a handle there.
const Signal& handle(const Signal& a, SourceLine at) {
  if (a.is_shape()) throw HdlError("an operation at " + at.str() + " has no operand that belongs to a module");
  return a;
}

int signed_bits(std::int64_t v) { return std::bit_width(static_cast<std::uint64_t>(v < 0 ? ~v : v)) + 1; }

int width_of(const UArg& a) { return a.is_literal() ? value_bits(a.literal) : a.value.width(); }
int width_of(const SArg& a) { return a.is_literal() ? signed_bits(a.literal) : a.value.width(); }

Id widened(Module& m, const UArg& a, int width, SourceLine at) {
  return a.is_literal() ? m.constant(a.literal, width, at)
                        : m.make(Op::zero_extend, width, a.value.id(), no_id, no_id, 0, at);
}
Id widened(Module& m, const SArg& a, int width, SourceLine at) {
  return a.is_literal() ? m.constant(static_cast<std::uint64_t>(a.literal) & mask(width), width, at)
                        : m.make(Op::sign_extend, width, a.value.id(), no_id, no_id, 0, at);
}

// Both operands brought to `width`, or to the wider of the two when width is 0.
template <class Arg>
Id binary(Op op, const Arg& a, const Arg& b, int operand_width, int result_width) {
  Module& m = module_of(a.value, b.value, a.at);
  Id x = widened(m, a, operand_width, a.at), y = widened(m, b, operand_width, a.at);
  return m.make(op, result_width, x, y, no_id, 0, a.at);
}
template <class Arg>
int wider(const Arg& a, const Arg& b) {
  return std::max(width_of(a), width_of(b));
}

template <class T, class Arg>
T sum(Op op, const Arg& a, const Arg& b) {
  Module& m = module_of(a.value, b.value, a.at);
  int w = wider(a, b) + 1;
  return T(m, binary(op, a, b, w, w));
}
template <class T, class Arg>
T product(Op op, const Arg& a, const Arg& b) {
  Module& m = module_of(a.value, b.value, a.at);
  int wa = width_of(a), wb = width_of(b);
  Id x = widened(m, a, wa, a.at), y = widened(m, b, wb, a.at);
  return T(m, m.make(op, wa + wb, x, y, no_id, 0, a.at));
}
template <class Arg>
Bool compare(Op op, const Arg& a, const Arg& b) {
  return Bool(module_of(a.value, b.value, a.at), binary(op, a, b, wider(a, b), 1));
}
UInt bitwise(Op op, const UArg& a, const UArg& b) {
  Module& m = module_of(a.value, b.value, a.at);
  if (!a.is_literal() && !b.is_literal() && a.value.width() != b.value.width())
    m.fail("bitwise operands differ in width at " + a.at.str() + ": " + m.describe_node(a.value.id()) + ", " +
           m.describe_node(b.value.id()));
  int w = a.is_literal() ? b.value.width() : a.value.width();
  return UInt(m, binary(op, a, b, w, w));
}
Id boolean(Module& m, const BArg& a) { return a.is_literal() ? m.constant(a.literal, 1, a.at) : a.value.id(); }
Bool logical(Op op, const BArg& a, const BArg& b) {
  Module& m = module_of(a.value, b.value, a.at);
  return Bool(m, m.make(op, 1, boolean(m, a), boolean(m, b), no_id, 0, a.at));
}
Module& module_of_mux(const BArg& c, const Signal& a, const Signal& b) {
  if (c.is_literal()) throw HdlError("the condition of mux at " + c.at.str() + " is a literal");
  module_of(c.value, a, c.at);
  return module_of(c.value, b, c.at);
}
template <class T, class Arg>
T choose(const BArg& c, const Arg& a, const Arg& b) {
  Module& m = module_of_mux(c, a.value, b.value);
  int w = wider(a, b);
  Id x = widened(m, a, w, c.at), y = widened(m, b, w, c.at);
  return T(m, m.make(Op::mux, w, c.value.id(), x, y, 0, c.at));
}
template <class T, class Arg>
T shifted(Op op, const Arg& a, const UArg& amount) {
  Module& m = module_of(a.value, amount.value, a.at);
  const int w = width_of(a);
  Id x = widened(m, a, w, a.at), n = widened(m, amount, width_of(amount), a.at);
  return T(m, m.make(op, w, x, n, no_id, 0, a.at));
}
Bool inverse(const Bool& a, SourceLine at) {
  handle(a, at);
  return Bool(a.module(), a.module().make(Op::bit_not, 1, a.id(), no_id, no_id, 0, at));
}

}  // namespace

void fail_negative(std::int64_t literal, SourceLine at) {
  throw HdlError("negative literal " + std::to_string(literal) + " as an unsigned operand at " + at.str());
}

const Signal& checked(const Signal& value, SourceLine at) {
  if (value.is_shape())
    throw HdlError("a shape of " + std::to_string(value.width()) + " bits is used as a value at " + at.str() +
                   "; make it with input(), reg() or wire()");
  return value;
}

Id id_in(const Module& m, const Signal& value, SourceLine at) {
  if (&checked(value, at).module() != &m)
    m.fail("value " + value.module().describe_node(value.id()) + " of module " + value.module().name() +
           " is used at " + at.str() + "; connect it through ports");
  return value.id();
}

UInt Bool::as_uint() const { return {module(), id()}; }

UInt UInt::bits(int low, int count, SourceLine at) const {
  return {module(), module().make(Op::slice, count, id(), no_id, no_id, static_cast<std::uint64_t>(low), at)};
}
Bool UInt::bit(int index, SourceLine at) const { return {module(), bits(index, 1, at).id()}; }
UInt UInt::extend(int count, SourceLine at) const {
  return {module(), module().make(Op::zero_extend, count, id(), no_id, no_id, 0, at)};
}
SInt SInt::extend(int count, SourceLine at) const {
  return {module(), module().make(Op::sign_extend, count, id(), no_id, no_id, 0, at)};
}
SInt UInt::as_sint() const { return {module(), id()}; }
SInt UInt::to_signed(SourceLine at) const { return extend(width() + 1, at).as_sint(); }
Bool UInt::is_zero(SourceLine at) const {
  return {module(), module().make(Op::equal, 1, id(),
                                  width() <= 64 ? module().constant(0, width(), at)
                                                : module().make(Op::zero_extend, width(), module().constant(0, 1, at),
                                                                no_id, no_id, 0, at),
                                  no_id, 0, at)};
}
Bool UInt::any(SourceLine at) const { return inverse(is_zero(at), at); }

UInt UInt::saturate(int count, SourceLine at) const {
  if (count >= width()) return extend(count, at);
  Bool over = bits(count, width() - count, at).any(at);
  return {module(), module().make(Op::mux, count, over.id(), module().constant(mask(count), count, at),
                                  wrap(count, at).id(), 0, at)};
}

// In range when the bits from the new sign upward are all equal.
SInt SInt::saturate(int count, SourceLine at) const {
  if (count >= width()) return extend(count, at);
  Module& m = module();
  const int upper_bits = width() - count + 1;
  UInt upper = bits(count - 1, upper_bits, at);
  Bool fits = BArg(UArg(upper, at) == UArg(0, at), at) | BArg(UArg(upper, at) == UArg(mask(upper_bits), at), at);
  SInt low = constant(m, -(std::int64_t{1} << (count - 1)), count, at),
       high = constant(m, (std::int64_t{1} << (count - 1)) - 1, count, at);
  return mux({fits, at}, {wrap(count, at), at}, {mux({sign(at), at}, low, high), at});
}

UInt operator+(UArg a, UArg b) { return sum<UInt>(Op::add, a, b); }
SInt operator-(UArg a, UArg b) { return sum<SInt>(Op::sub, a, b); }
UInt operator*(UArg a, UArg b) { return product<UInt>(Op::mul_unsigned, a, b); }
UInt operator&(UArg a, UArg b) { return bitwise(Op::bit_and, a, b); }
UInt operator|(UArg a, UArg b) { return bitwise(Op::bit_or, a, b); }
UInt operator^(UArg a, UArg b) { return bitwise(Op::bit_xor, a, b); }
UInt operator~(UArg a) {
  Module& m = handle(a.value, a.at).module();
  return {m, m.make(Op::bit_not, a.value.width(), a.value.id(), no_id, no_id, 0, a.at)};
}
Bool operator==(UArg a, UArg b) { return compare(Op::equal, a, b); }
Bool operator!=(UArg a, UArg b) { return inverse(compare(Op::equal, a, b), a.at); }
Bool operator<(UArg a, UArg b) { return compare(Op::less_unsigned, a, b); }
Bool operator>(UArg a, UArg b) {
  b.at = a.at;
  return compare(Op::less_unsigned, b, a);
}
Bool operator<=(UArg a, UArg b) {
  b.at = a.at;
  return inverse(compare(Op::less_unsigned, b, a), a.at);
}
Bool operator>=(UArg a, UArg b) { return inverse(compare(Op::less_unsigned, a, b), a.at); }
UInt mux(BArg c, UArg a, UArg b) { return choose<UInt>(c, a, b); }

UInt operator<<(UArg a, int n) {
  Module& m = handle(a.value, a.at).module();
  return n == 0 ? a.value : concat({a.value, UInt::constant(m, 0, n, a.at)}, a.at);
}
UInt operator>>(UArg a, int n) {
  Module& m = handle(a.value, a.at).module();
  const int w = a.value.width();
  return n >= w ? UInt::constant(m, 0, 1, a.at) : a.value.bits(n, w - n, a.at);
}
UInt shift_left(UArg a, UArg amount) { return shifted<UInt>(Op::shift_left, a, amount); }
UInt shift_right(UArg a, UArg amount) { return shifted<UInt>(Op::shift_right, a, amount); }

SInt operator+(SArg a, SArg b) { return sum<SInt>(Op::add, a, b); }
SInt operator-(SArg a, SArg b) { return sum<SInt>(Op::sub, a, b); }
SInt operator-(SArg a) {
  handle(a.value, a.at);
  return SArg(0, a.at) - a;
}
SInt operator*(SArg a, SArg b) { return product<SInt>(Op::mul_signed, a, b); }
Bool operator==(SArg a, SArg b) { return compare(Op::equal, a, b); }
Bool operator!=(SArg a, SArg b) { return inverse(compare(Op::equal, a, b), a.at); }
Bool operator<(SArg a, SArg b) { return compare(Op::less_signed, a, b); }
Bool operator>(SArg a, SArg b) {
  b.at = a.at;
  return compare(Op::less_signed, b, a);
}
Bool operator<=(SArg a, SArg b) {
  b.at = a.at;
  return inverse(compare(Op::less_signed, b, a), a.at);
}
Bool operator>=(SArg a, SArg b) { return inverse(compare(Op::less_signed, a, b), a.at); }
SInt mux(BArg c, SArg a, SArg b) { return choose<SInt>(c, a, b); }
SInt operator<<(SArg a, int n) { return (UArg(a.value.as_uint(), a.at) << n).as_sint(); }
SInt operator>>(SArg a, int n) {
  const int w = handle(a.value, a.at).width();
  const UInt bits = a.value.as_uint();
  return (n >= w ? bits.bits(w - 1, 1, a.at) : bits.bits(n, w - n, a.at)).as_sint();
}
SInt shift_right(SArg a, UArg amount) { return shifted<SInt>(Op::shift_right_signed, a, amount); }

Bool operator&(BArg a, BArg b) { return logical(Op::bit_and, a, b); }
Bool operator|(BArg a, BArg b) { return logical(Op::bit_or, a, b); }
Bool operator^(BArg a, BArg b) { return logical(Op::bit_xor, a, b); }
Bool operator!(BArg a) { return inverse(a.value, a.at); }
Bool operator~(BArg a) { return inverse(a.value, a.at); }
Bool operator==(BArg a, BArg b) { return logical(Op::equal, a, b); }
Bool mux(BArg c, BArg a, BArg b) {
  Module& m = module_of_mux(c, a.value, b.value);
  return Bool(m, m.make(Op::mux, 1, c.value.id(), boolean(m, a), boolean(m, b), 0, c.at));
}

UInt concat(const std::vector<Signal>& parts, SourceLine at) {
  if (parts.empty()) throw HdlError("empty concatenation at " + at.str());
  Module& m = checked(parts.front(), at).module();
  Id result = id_in(m, parts.back(), at);
  for (std::size_t i = parts.size() - 1; i-- > 0;)
    result = m.make(Op::concat, parts[i].width() + m.width(result), id_in(m, parts[i], at), result, no_id, 0, at);
  return {m, result};
}
UInt concat(std::initializer_list<Signal> parts, SourceLine at) { return concat(std::vector<Signal>(parts), at); }

UInt rom(const UInt& address, std::vector<std::uint64_t> table, int width, SourceLine at) {
  return {checked(address, at).module(), address.module().rom(std::move(table), width, address.id(), at)};
}

UInt select(const UInt& index, const std::vector<UInt>& table, SourceLine at) {
  if (table.empty()) throw HdlError("select from nothing at " + at.str());
  Module& m = checked(index, at).module();
  std::vector<Id> level;
  for (const UInt& v : table) level.push_back(id_in(m, v, at));
  for (int b = 0; level.size() > 1; ++b) {
    std::vector<Id> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(i + 1 < level.size()
                         ? m.make(Op::mux, m.width(level[i]), index.bit(b, at).id(), level[i + 1], level[i], 0, at)
                         : level[i]);
    level = std::move(next);
  }
  return {m, level[0]};
}

Fixed fixed_constant(Module& m, std::int64_t value, int fraction_bits, SourceLine at) {
  return {SInt::constant(m, value, signed_bits(value), at), fraction_bits};
}

Fixed Fixed::round_to(int fraction_bits, SourceLine at) const {
  int drop = fraction_ - fraction_bits;
  if (drop <= 0) return {SArg(raw_, at) << -drop, fraction_bits};
  SInt half = SInt::constant(raw_.module(), std::int64_t{1} << (drop - 1), drop + 1, at);
  return {SArg(SArg(raw_, at) + SArg(half, at), at) >> drop, fraction_bits};
}

namespace {
SArg aligned(const FArg& x, int fraction) {
  return {SArg(x.value.raw(), x.at) << (fraction - x.value.fraction_bits()), x.at};
}
int finer(const FArg& a, const FArg& b) { return std::max(a.value.fraction_bits(), b.value.fraction_bits()); }
}  // namespace
Fixed operator+(FArg a, FArg b) {
  const int f = finer(a, b);
  return {aligned(a, f) + aligned(b, f), f};
}
Fixed operator-(FArg a, FArg b) {
  const int f = finer(a, b);
  return {aligned(a, f) - aligned(b, f), f};
}
Fixed operator*(FArg a, FArg b) {
  return {SArg(a.value.raw(), a.at) * SArg(b.value.raw(), a.at), a.value.fraction_bits() + b.value.fraction_bits()};
}

SInt clamp(SArg x, SArg low, SArg high) {
  const SInt below_high = mux({x > high, x.at}, high, x);
  return mux({x < low, x.at}, low, {below_high, x.at});
}
UInt min(UArg a, UArg b) { return mux({a < b, a.at}, a, b); }
UInt max(UArg a, UArg b) { return mux({a < b, a.at}, b, a); }
SInt max(SArg a, SArg b) { return mux({a < b, a.at}, b, a); }

}  // namespace quillgen::hdl
