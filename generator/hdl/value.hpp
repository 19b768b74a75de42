// Typed handles on netlist values: Bool, UInt, SInt, Fixed. Mixing signs does not compile. + - * grow so that they
// never overflow; fewer bits are always asked for by name (wrap, saturate, round_to). Integer literals take the width
// they need. A handle that was made with a width only, UInt(8), is a shape: it tells the type of a port or register.
#pragma once
#include <concepts>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "hdl/module.hpp"

namespace quillgen::hdl {

/// A handle: module, node, width. Base of the typed ones.
class Signal {
 public:
  Signal() = default;
  Module& module() const { return *module_; }
  Module* module_or_null() const { return module_; }
  Id id() const { return id_; }
  int width() const { return width_; }
  bool is_shape() const { return module_ == nullptr; }

 protected:
  explicit Signal(int width) : width_(width) {}
  Signal(Module& m, Id id) : module_(&m), id_(id), width_(m.width(id)) {}

 private:
  Module* module_ = nullptr;
  Id id_ = no_id;
  int width_ = 0;
};

/// The node of a value as seen from module m. Throws when it belongs to another module or is only a shape.
Id id_in(const Module& m, const Signal& value, SourceLine at);
/// Throws when the value is only a shape; `value` otherwise.
const Signal& checked(const Signal& value, SourceLine at);
[[noreturn]] void fail_negative(std::int64_t literal, SourceLine at);
template <class T>
const T& given(const T& value, SourceLine at) {
  checked(value, at);
  return value;
}

class Bool;
class UInt;
class SInt;

/// One bit.
class Bool : public Signal {
 public:
  Bool() : Signal(1) {}
  Bool(Module& m, Id id) : Signal(m, id) {}
  static Bool constant(Module& m, bool v, SourceLine at = std::source_location::current()) {
    return {m, m.constant(v, 1, at)};
  }
  UInt as_uint() const;
  Bool named(const std::string& name, SourceLine at = std::source_location::current()) const {
    return {module(), module().set_name(id(), name, at)};
  }
};

/// Unsigned integer.
class UInt : public Signal {
 public:
  UInt() = default;
  explicit UInt(int width) : Signal(width) {}
  UInt(Module& m, Id id) : Signal(m, id) {}
  static UInt constant(Module& m, std::uint64_t v, int width, SourceLine at = std::source_location::current()) {
    return {m, m.constant(v, width, at)};
  }
  UInt named(const std::string& name, SourceLine at = std::source_location::current()) const {
    return {module(), module().set_name(id(), name, at)};
  }

  /// Bits [low + count - 1 : low].
  UInt bits(int low, int count, SourceLine at = std::source_location::current()) const;
  Bool bit(int index, SourceLine at = std::source_location::current()) const;
  Bool msb(SourceLine at = std::source_location::current()) const { return bit(width() - 1, at); }
  /// The low `count` bits.
  UInt wrap(int count, SourceLine at = std::source_location::current()) const { return bits(0, count, at); }
  UInt extend(int count, SourceLine at = std::source_location::current()) const;
  /// Exactly `count` bits: extended or wrapped.
  UInt resize(int count, SourceLine at = std::source_location::current()) const {
    return count < width() ? wrap(count, at) : extend(count, at);
  }
  /// The largest value of `count` bits if it is larger.
  UInt saturate(int count, SourceLine at = std::source_location::current()) const;
  Bool is_zero(SourceLine at = std::source_location::current()) const;
  Bool any(SourceLine at = std::source_location::current()) const;
  /// The same number, one bit wider.
  SInt to_signed(SourceLine at = std::source_location::current()) const;
  /// The same bits, read as two's complement.
  SInt as_sint() const;
};

/// Two's complement integer.
class SInt : public Signal {
 public:
  SInt() = default;
  explicit SInt(int width) : Signal(width) {}
  SInt(Module& m, Id id) : Signal(m, id) {}
  static SInt constant(Module& m, std::int64_t v, int width, SourceLine at = std::source_location::current()) {
    return {m, m.constant(static_cast<std::uint64_t>(v) & mask(width), width, at)};
  }
  SInt named(const std::string& name, SourceLine at = std::source_location::current()) const {
    return {module(), module().set_name(id(), name, at)};
  }

  UInt bits(int low, int count, SourceLine at = std::source_location::current()) const {
    return as_uint().bits(low, count, at);
  }
  Bool sign(SourceLine at = std::source_location::current()) const { return as_uint().msb(at); }
  SInt wrap(int count, SourceLine at = std::source_location::current()) const {
    return as_uint().wrap(count, at).as_sint();
  }
  SInt extend(int count, SourceLine at = std::source_location::current()) const;
  /// Clamped to the range of `count` bits.
  SInt saturate(int count, SourceLine at = std::source_location::current()) const;
  /// The same bits, read as unsigned.
  UInt as_uint() const { return {module(), id()}; }
};

/// Operands: a handle or an integer literal, and the line where it was written.
struct UArg {
  UInt value;
  std::uint64_t literal = 0;
  SourceLine at;
  UArg(const UInt& v, SourceLine at = std::source_location::current()) : value(given(v, at)), at(at) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) UArg(I v, SourceLine at = std::source_location::current())
      : literal(static_cast<std::uint64_t>(v)), at(at) {
    if (std::cmp_less(v, 0)) fail_negative(static_cast<std::int64_t>(v), at);
  }
  bool is_literal() const { return value.is_shape(); }
};
struct SArg {
  SInt value;
  std::int64_t literal = 0;
  SourceLine at;
  SArg(const SInt& v, SourceLine at = std::source_location::current()) : value(given(v, at)), at(at) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) SArg(I v, SourceLine at = std::source_location::current())
      : literal(static_cast<std::int64_t>(v)), at(at) {}
  bool is_literal() const { return value.is_shape(); }
};
struct BArg {
  Bool value;
  bool literal = false;
  SourceLine at;
  BArg(const Bool& v, SourceLine at = std::source_location::current()) : value(given(v, at)), at(at) {}
  BArg(std::same_as<bool> auto v, SourceLine at = std::source_location::current()) : literal(v), at(at) {}
  bool is_literal() const { return value.is_shape(); }
};

UInt operator+(UArg a, UArg b);
SInt operator-(UArg a, UArg b);  ///< exact: signed, one bit wider
UInt operator*(UArg a, UArg b);
UInt operator&(UArg a, UArg b);
UInt operator|(UArg a, UArg b);
UInt operator^(UArg a, UArg b);
UInt operator~(UArg a);
Bool operator==(UArg a, UArg b);
Bool operator!=(UArg a, UArg b);
Bool operator<(UArg a, UArg b);
Bool operator>(UArg a, UArg b);
Bool operator<=(UArg a, UArg b);
Bool operator>=(UArg a, UArg b);
UInt operator<<(UArg a, int n);         ///< n zeros below: n bits wider
UInt operator>>(UArg a, int n);         ///< n bits narrower, at least 1
UInt shift_left(UArg a, UArg amount);   ///< as wide as a
UInt shift_right(UArg a, UArg amount);  ///< as wide as a
UInt mux(BArg c, UArg a, UArg b);

SInt operator+(SArg a, SArg b);
SInt operator-(SArg a, SArg b);
SInt operator-(SArg a);
SInt operator*(SArg a, SArg b);
Bool operator==(SArg a, SArg b);
Bool operator!=(SArg a, SArg b);
Bool operator<(SArg a, SArg b);
Bool operator>(SArg a, SArg b);
Bool operator<=(SArg a, SArg b);
Bool operator>=(SArg a, SArg b);
SInt operator<<(SArg a, int n);
SInt operator>>(SArg a, int n);         ///< floor; n bits narrower, at least 1
SInt shift_right(SArg a, UArg amount);  ///< arithmetic, as wide as a
SInt mux(BArg c, SArg a, SArg b);

Bool operator&(BArg a, BArg b);
Bool operator|(BArg a, BArg b);
Bool operator^(BArg a, BArg b);
Bool operator!(BArg a);
Bool operator~(BArg a);  ///< the same as !, and binds as tightly as & and | expect
Bool operator==(BArg a, BArg b);
Bool mux(BArg c, BArg a, BArg b);

/// {first, second, ..}: the first is highest.
UInt concat(std::initializer_list<Signal> parts, SourceLine at = std::source_location::current());
UInt concat(const std::vector<Signal>& parts, SourceLine at = std::source_location::current());
/// Constant table, indexed by address; entries beyond its end are 0.
UInt rom(const UInt& address, std::vector<std::uint64_t> table, int width,
         SourceLine at = std::source_location::current());
/// table[index] of equally wide values by a tree of multiplexers.
UInt select(const UInt& index, const std::vector<UInt>& table, SourceLine at = std::source_location::current());

/// Signed number with fraction bits; the range is that of its bits. Arithmetic is exact.
class Fixed {
 public:
  Fixed() = default;
  Fixed(SInt raw, int fraction_bits) : raw_(raw), fraction_(fraction_bits) {}
  /// An unsigned number as Fixed, one bit wider.
  Fixed(const UInt& raw, int fraction_bits, SourceLine at = std::source_location::current())
      : raw_(raw.to_signed(at)), fraction_(fraction_bits) {}
  const SInt& raw() const { return raw_; }
  int fraction_bits() const { return fraction_; }
  int width() const { return raw_.width(); }
  /// rnd: half up to fewer fraction bits (NUMERICS.md), or exact to more.
  Fixed round_to(int fraction_bits, SourceLine at = std::source_location::current()) const;
  Fixed named(const std::string& name, SourceLine at = std::source_location::current()) const {
    return {raw_.named(name, at), fraction_};
  }

 private:
  SInt raw_;
  int fraction_ = 0;
};
/// Constant value / 2^fraction_bits.
Fixed fixed_constant(Module& m, std::int64_t value, int fraction_bits, SourceLine at = std::source_location::current());
/// Operand: a Fixed and the line where it was written.
struct FArg {
  Fixed value;
  SourceLine at;
  FArg(const Fixed& v, SourceLine at = std::source_location::current()) : value(v), at(at) {}
};
Fixed operator+(FArg a, FArg b);
Fixed operator-(FArg a, FArg b);
Fixed operator*(FArg a, FArg b);

/// Clamped to [low, high]; as wide as x.
SInt clamp(SArg x, SArg low, SArg high);
UInt min(UArg a, UArg b);
UInt max(UArg a, UArg b);
SInt max(SArg a, SArg b);

}  // namespace quillgen::hdl
