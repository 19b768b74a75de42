// What the typed handles allow: mixing signs, booleans and numbers does not compile. The checks are static; the test
// case only says that they were there.
#include <doctest/doctest.h>

#include <type_traits>

#include "hdl/build.hpp"

using namespace quillgen::hdl;

namespace {

template <class A, class B>
concept adds = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept subtracts = requires(A a, B b) {
  a - b;
};
template <class A, class B>
concept multiplies = requires(A a, B b) {
  a* b;
};
template <class A, class B>
concept compares = requires(A a, B b) {
  a == b;
};
template <class A, class B>
concept orders = requires(A a, B b) {
  a < b;
};
template <class A, class B>
concept ands = requires(A a, B b) {
  a& b;
};
template <class A, class B>
concept chooses = requires(Bool c, A a, B b) {
  mux(c, a, b);
};
template <class A, class B>
concept shifts = requires(A a, B b) {
  shift_right(a, b);
};
template <class A, class B>
concept takes_max = requires(A a, B b) {
  max(a, b);
};
template <class T, class V>
concept reg_takes = requires(Reg<T> r, V v) {
  r.next(v);
};
template <class T, class V>
concept wire_takes = requires(Wire<T> w, V v) {
  w.drive(v);
};
template <class V>
concept is_condition = requires(Reg<UInt> r, V v, UInt x) {
  r.when(v, x);
};

// Numbers of one kind, and literals.
static_assert(adds<UInt, UInt> && adds<SInt, SInt> && adds<Fixed, Fixed> && adds<UInt, int> && adds<int, SInt>);
static_assert(adds<Reg<UInt>, UInt> && adds<Wire<SInt>, Reg<SInt>>);
static_assert(subtracts<UInt, UInt> && multiplies<SInt, SInt> && compares<UInt, unsigned> && orders<SInt, int>);
static_assert(ands<UInt, UInt> && ands<Bool, Bool> && ands<Bool, bool> && chooses<UInt, int> && chooses<Bool, bool>);
static_assert(shifts<UInt, UInt> && shifts<SInt, UInt> && takes_max<SInt, SInt>);
static_assert(reg_takes<UInt, UInt> && reg_takes<SInt, int> && wire_takes<Bool, Bool> && wire_takes<Bool, bool>);
static_assert(is_condition<Bool> && is_condition<bool>);

// Signed with unsigned.
static_assert(!adds<UInt, SInt> && !adds<SInt, UInt> && !subtracts<UInt, SInt> && !multiplies<SInt, UInt>);
static_assert(!compares<UInt, SInt> && !orders<SInt, UInt> && !ands<UInt, SInt> && !chooses<UInt, SInt>);
static_assert(!takes_max<UInt, SInt> && !shifts<UInt, SInt>);
static_assert(!reg_takes<UInt, SInt> && !reg_takes<SInt, UInt> && !wire_takes<SInt, UInt>);
static_assert(!std::is_assignable_v<UInt&, SInt> && !std::is_assignable_v<SInt&, UInt>);

// Booleans with numbers.
static_assert(!adds<Bool, Bool> && !adds<UInt, Bool> && !adds<UInt, bool> && !ands<UInt, Bool> && !ands<UInt, bool>);
static_assert(!compares<UInt, Bool> && !compares<UInt, bool> && !compares<Bool, int> && !chooses<Bool, UInt>);
static_assert(!reg_takes<Bool, UInt> && !reg_takes<Bool, int> && !reg_takes<UInt, Bool> && !is_condition<UInt>);
static_assert(!is_condition<int> && !std::is_assignable_v<Bool&, UInt> && !std::is_convertible_v<Bool, bool>);

// Fixed with anything else; logic on signed numbers.
static_assert(!adds<Fixed, SInt> && !multiplies<UInt, Fixed> && !ands<SInt, SInt> &&
              !std::is_convertible_v<SInt, Fixed>);

// A width is not a value.
static_assert(!std::is_convertible_v<int, UInt> && !std::is_convertible_v<int, SInt>);

}  // namespace

TEST_CASE("mixing signs, booleans and numbers does not compile") { MESSAGE("checked by the compiler"); }
