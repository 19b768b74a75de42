// The operators of the language: what each gives, for a of 4 bits and b of 6, and that it is right for every a and b.
#include "lesson.hpp"

namespace {

constexpr int a_bits = 4, b_bits = 6;

int as_signed(unsigned v, int bits) { return static_cast<int>(v) - ((v >> (bits - 1) & 1) != 0 ? 1 << bits : 0); }

std::string kind(const UInt& v) { return fmt::format("UInt({})", v.width()); }
std::string kind(const SInt& v) { return fmt::format("SInt({})", v.width()); }
std::string kind(const Bool&) { return "Bool"; }

template <class T>
void row(Lesson& lesson, const std::string& text, const std::string& about, auto build, auto expected) {
  Design d;
  std::string result;
  const Module& m = d.module("operation", [&](Module& module) {
    auto a = input(module, "a", T(a_bits)), b = input(module, "b", T(b_bits));
    auto y = build(a, b);
    result = kind(y);
    output(module, "y", y);
  });
  interp::Interpreter sim(m);
  bool right = true;
  for (unsigned a = 0; a < 1 << a_bits; ++a)
    for (unsigned b = 0; b < 1 << b_bits; ++b) {
      sim.set("a", a), sim.set("b", b);
      const auto [x, y] = std::same_as<T, UInt> ? std::pair(static_cast<int>(a), static_cast<int>(b))
                                                : std::pair(as_signed(a, a_bits), as_signed(b, b_bits));
      const auto is = result[0] == 'S' ? sim.get_signed("y") : static_cast<std::int64_t>(sim.get("y"));
      right &= is == expected(x, y);
    }
  lesson.check(right, text);
  lesson.print("{:20} {:8} {}", text, result, about);
}

}  // namespace

void teach(Lesson& lesson) {
  const auto u = [&](auto... arguments) { row<UInt>(lesson, arguments...); };
  const auto s = [&](auto... arguments) { row<SInt>(lesson, arguments...); };
  lesson.print("UInt a(4), b(6)");
  u(
      "a + b", "a bit more than the wider: never overflows", [](UInt a, UInt b) { return a + b; },
      [](int a, int b) { return a + b; });
  u(
      "a - b", "signed, a bit more: never overflows", [](UInt a, UInt b) { return a - b; },
      [](int a, int b) { return a - b; });
  u(
      "a * b", "the bits of both", [](UInt a, UInt b) { return a * b; }, [](int a, int b) { return a * b; });
  u(
      "b & a.extend(6), | ^", "of equal widths only", [](UInt a, UInt b) { return b & a.extend(6); },
      [](int a, int b) { return a & b; });
  u(
      "~a", "every bit the other way", [](UInt a, UInt) { return ~a; }, [](int a, int) { return 15 - a; });
  u(
      "a < b, > <= >= == !=", "of numbers, whatever their widths", [](UInt a, UInt b) { return a < b; },
      [](int a, int b) { return a < b; });
  u(
      "a << 3", "zeros below: 3 bits more", [](UInt a, UInt) { return a << 3; }, [](int a, int) { return 8 * a; });
  u(
      "b >> 2", "the lowest 2 bits are gone", [](UInt, UInt b) { return b >> 2; }, [](int, int b) { return b / 4; });
  u(
      "mux(b.bit(0), a, b)", "a where bit 0 of b is 1, b elsewhere", [](UInt a, UInt b) { return mux(b.bit(0), a, b); },
      [](int a, int b) { return b % 2 == 1 ? a : b; });
  u(
      "b.wrap(4)", "the lowest 4 bits", [](UInt, UInt b) { return b.wrap(4); }, [](int, int b) { return b % 16; });
  u(
      "b.saturate(4)", "at most 15", [](UInt, UInt b) { return b.saturate(4); },
      [](int, int b) { return std::min(b, 15); });
  u(
      "b.bits(1, 3)", "3 bits from bit 1 upwards", [](UInt, UInt b) { return b.bits(1, 3); },
      [](int, int b) { return b / 2 % 8; });
  u(
      "concat({a, b})", "a above b",
      [](UInt a, UInt b) {
        return concat({a, b});
      },
      [](int a, int b) { return 64 * a + b; });
  u(
      "b.any()", "whether a bit is 1", [](UInt, UInt b) { return b.any(); }, [](int, int b) { return b != 0; });
  u(
      "a.to_signed()", "the same number", [](UInt a, UInt) { return a.to_signed(); }, [](int a, int) { return a; });
  u(
      "a.as_sint()", "the same bits", [](UInt a, UInt) { return a.as_sint(); },
      [](int a, int) { return a < 8 ? a : a - 16; });
  lesson.print("SInt a(4), b(6)");
  s(
      "a + b, a - b", "a bit more than the wider", [](SInt a, SInt b) { return a - b; },
      [](int a, int b) { return a - b; });
  s(
      "a * b", "the bits of both", [](SInt a, SInt b) { return a * b; }, [](int a, int b) { return a * b; });
  s(
      "b >> 2", "towards minus infinity", [](SInt, SInt b) { return b >> 2; },
      [](int, int b) { return (b + 32) / 4 - 8; });
  s(
      "b.saturate(4)", "-8 .. 7", [](SInt, SInt b) { return b.saturate(4); },
      [](int, int b) { return std::clamp(b, -8, 7); });
  s(
      "b.wrap(4)", "the lowest 4 bits, read as signed", [](SInt, SInt b) { return b.wrap(4); },
      [](int, int b) { return (b + 40) % 16 - 8; });
}
