// Every operation of the language, for all values of small operands, in the interpreter against plain C++ integers.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "interp/interpreter.hpp"

using namespace quillgen;
using namespace quillgen::hdl;
using quillgen::interp::Interpreter;

namespace {

using I = std::int64_t;

I floor_shift(I v, I n) { return n > 62 ? (v < 0 ? -1 : 0) : v >> n; }
I low_bits(I v, int width) { return v & ((I{1} << width) - 1); }
I wrap_signed(I v, int width) {
  const I low = low_bits(v, width);
  return low >> (width - 1) != 0 ? low - (I{1} << width) : low;
}
I largest(int width) { return (I{1} << (width - 1)) - 1; }

/// What both operands of a case stand for, read as unsigned and as two's complement.
struct Values {
  I ua, ub, sa, sb;
};

/// A module with one output a case, and what each must be.
class OperationBench {
 public:
  explicit OperationBench(int wa, int wb)
      : wa_(wa),
        wb_(wb),
        ua(input(m, "a", UInt(wa))),
        ub(input(m, "b", UInt(wb))),
        sa(ua.as_sint()),
        sb(ub.as_sint()) {}

  void add(const std::string& what, const UInt& v, int width, std::function<I(Values)> want) {
    add_any(what, v, width, false, std::move(want));
  }
  void add(const std::string& what, const SInt& v, int width, std::function<I(Values)> want) {
    add_any(what, v, width, true, std::move(want));
  }
  void add(const std::string& what, const Bool& v, std::function<I(Values)> want) {
    add_any(what, v, 1, false, std::move(want));
  }
  void add(const std::string& what, const Fixed& v, int width, std::function<I(Values)> want) {
    add_any(what, v.raw(), width, true, std::move(want));
  }

  /// Runs all pairs of operands; returns the number of values compared.
  int run() {
    Interpreter sim(m);
    int compared = 0;
    for (I a = 0; a < I{1} << wa_; ++a)
      for (I b = 0; b < I{1} << wb_; ++b) {
        const Values v{a, b, wrap_signed(a, wa_), wrap_signed(b, wb_)};
        sim.set("a", static_cast<std::uint64_t>(a));
        sim.set("b", static_cast<std::uint64_t>(b));
        for (std::size_t i = 0; i < cases_.size(); ++i) {
          const Case& c = cases_[i];
          const int port = static_cast<int>(i) + 2;
          const I got = c.is_signed ? sim.get_signed(port) : static_cast<I>(sim.get(port));
          ++compared;
          if (got != c.want(v))
            FAIL(fmt::format("{} on {} and {} bits, a = {}, b = {}: {} instead of {}", c.what, wa_, wb_, a, b, got,
                             c.want(v)));
        }
      }
    return compared;
  }

 private:
  struct Case {
    std::string what;
    bool is_signed;
    std::function<I(Values)> want;
  };
  void add_any(const std::string& what, const hdl::Signal& v, int width, bool is_signed,
               std::function<I(Values)> want) {
    CHECK_MESSAGE(v.width() == width, what << " on " << wa_ << " and " << wb_ << " bits");
    m.add_output(fmt::format("q{}", cases_.size()), v.id(), Here::current());
    cases_.push_back({what, is_signed, std::move(want)});
  }

  Module m{"bench"};
  int wa_, wb_;
  std::vector<Case> cases_;

 public:
  UInt ua, ub;
  SInt sa, sb;
};

template <class F>
void for_all_widths(const char* what, F&& add_cases) {
  int compared = 0;
  for (int wa = 1; wa <= 5; ++wa)
    for (int wb = 1; wb <= 5; ++wb) {
      OperationBench t(wa, wb);
      add_cases(t, wa, wb);
      compared += t.run();
    }
  MESSAGE(fmt::format("{}: {} values compared", what, compared));
}

}  // namespace

TEST_CASE("sums, differences and products are exact") {
  for_all_widths("arithmetic", [](OperationBench& t, int wa, int wb) {
    const int w = std::max(wa, wb);
    t.add("a + b", t.ua + t.ub, w + 1, [](Values v) { return v.ua + v.ub; });
    t.add("a - b", t.ua - t.ub, w + 1, [](Values v) { return v.ua - v.ub; });
    t.add("a * b", t.ua * t.ub, wa + wb, [](Values v) { return v.ua * v.ub; });
    t.add("a + b signed", t.sa + t.sb, w + 1, [](Values v) { return v.sa + v.sb; });
    t.add("a - b signed", t.sa - t.sb, w + 1, [](Values v) { return v.sa - v.sb; });
    t.add("a * b signed", t.sa * t.sb, wa + wb, [](Values v) { return v.sa * v.sb; });
    t.add("-a", -t.sa, wa + 1, [](Values v) { return -v.sa; });
    t.add("a + a", t.ua + t.ua, wa + 1, [](Values v) { return 2 * v.ua; });
    t.add("a - a", t.sa - t.sa, wa + 1, [](Values) { return 0; });
    t.add("(a + b) * (a - b)", (t.sa + t.sb) * (t.sa - t.sb), 2 * w + 2,
          [](Values v) { return v.sa * v.sa - v.sb * v.sb; });
  });
}

TEST_CASE("arithmetic with literals") {
  for_all_widths("literals", [](OperationBench& t, int wa, int) {
    for (I k : {0, 1, 2, 5, 31, 40}) {
      const int wk = k == 0 ? 1 : static_cast<int>(std::bit_width(static_cast<unsigned>(k)));
      t.add(fmt::format("a + {}", k), t.ua + k, std::max(wa, wk) + 1, [k](Values v) { return v.ua + k; });
      t.add(fmt::format("{} - a", k), k - t.ua, std::max(wa, wk) + 1, [k](Values v) { return k - v.ua; });
      t.add(fmt::format("a * {}", k), t.ua * k, wa + wk, [k](Values v) { return v.ua * k; });
    }
    for (I k : {-33, -32, -16, -4, -2, -1, 0, 1, 3, 15, 16}) {
      int wk = 1;
      while (k > largest(wk) || k < -largest(wk) - 1) ++wk;
      t.add(fmt::format("a + {} signed", k), t.sa + k, std::max(wa, wk) + 1, [k](Values v) { return v.sa + k; });
      t.add(fmt::format("{} - a signed", k), k - t.sa, std::max(wa, wk) + 1, [k](Values v) { return k - v.sa; });
      t.add(fmt::format("a * {} signed", k), t.sa * k, wa + wk, [k](Values v) { return v.sa * k; });
    }
  });
}

TEST_CASE("comparisons") {
  for_all_widths("comparisons", [](OperationBench& t, int, int) {
    t.add("==", t.ua == t.ub, [](Values v) { return v.ua == v.ub; });
    t.add("!=", t.ua != t.ub, [](Values v) { return v.ua != v.ub; });
    t.add("<", t.ua < t.ub, [](Values v) { return v.ua < v.ub; });
    t.add(">", t.ua > t.ub, [](Values v) { return v.ua > v.ub; });
    t.add("<=", t.ua <= t.ub, [](Values v) { return v.ua <= v.ub; });
    t.add(">=", t.ua >= t.ub, [](Values v) { return v.ua >= v.ub; });
    t.add("== signed", t.sa == t.sb, [](Values v) { return v.sa == v.sb; });
    t.add("!= signed", t.sa != t.sb, [](Values v) { return v.sa != v.sb; });
    t.add("< signed", t.sa < t.sb, [](Values v) { return v.sa < v.sb; });
    t.add("> signed", t.sa > t.sb, [](Values v) { return v.sa > v.sb; });
    t.add("<= signed", t.sa <= t.sb, [](Values v) { return v.sa <= v.sb; });
    t.add(">= signed", t.sa >= t.sb, [](Values v) { return v.sa >= v.sb; });
    t.add("a == a", t.ua == t.ua, [](Values) { return 1; });
    t.add("a < a", t.sa < t.sa, [](Values) { return 0; });
    t.add("is_zero", t.ua.is_zero(), [](Values v) { return v.ua == 0; });
    t.add("any", t.ua.any(), [](Values v) { return v.ua != 0; });
    t.add("sign", t.sa.sign(), [](Values v) { return v.sa < 0; });
  });
}

TEST_CASE("comparisons with literals, in and out of range") {
  for_all_widths("literal comparisons", [](OperationBench& t, int, int) {
    for (I k : {0, 1, 2, 7, 15, 16, 31, 32, 33}) {
      const auto wide = t.ua.extend(7);
      t.add(fmt::format("== {}", k), t.ua == k, [k](Values v) { return v.ua == k; });
      t.add(fmt::format("< {}", k), t.ua < k, [k](Values v) { return v.ua < k; });
      t.add(fmt::format("> {}", k), t.ua > k, [k](Values v) { return v.ua > k; });
      t.add(fmt::format("<= {}", k), t.ua <= k, [k](Values v) { return v.ua <= k; });
      t.add(fmt::format(">= {}", k), t.ua >= k, [k](Values v) { return v.ua >= k; });
      t.add(fmt::format("wide == {}", k), wide == k, [k](Values v) { return v.ua == k; });
      t.add(fmt::format("wide < {}", k), wide < k, [k](Values v) { return v.ua < k; });
      t.add(fmt::format("wide > {}", k), wide > k, [k](Values v) { return v.ua > k; });
      t.add(fmt::format("{} > wide", k), k > wide, [k](Values v) { return k > v.ua; });
    }
    for (I k : {-33, -17, -16, -1, 0, 1, 15, 16, 33}) {
      t.add(fmt::format("== {} signed", k), t.sa == k, [k](Values v) { return v.sa == k; });
      t.add(fmt::format("< {} signed", k), t.sa < k, [k](Values v) { return v.sa < k; });
      t.add(fmt::format("> {} signed", k), t.sa > k, [k](Values v) { return v.sa > k; });
      t.add(fmt::format("<= {} signed", k), t.sa <= k, [k](Values v) { return v.sa <= k; });
    }
  });
}

TEST_CASE("logic on vectors and on Bool") {
  for_all_widths("logic", [](OperationBench& t, int wa, int wb) {
    const I ones = (I{1} << wa) - 1;
    t.add("~a", ~t.ua, wa, [=](Values v) { return v.ua ^ ones; });
    t.add("~~a", ~~t.ua, wa, [=](Values v) { return v.ua; });
    t.add("a & a", t.ua & t.ua, wa, [=](Values v) { return v.ua; });
    t.add("a | a", t.ua | t.ua, wa, [=](Values v) { return v.ua; });
    t.add("a ^ a", t.ua ^ t.ua, wa, [=](Values) { return 0; });
    for (I k : {I{0}, I{1}, ones}) {
      t.add(fmt::format("a & {}", k), t.ua & k, wa, [k](Values v) { return v.ua & k; });
      t.add(fmt::format("a | {}", k), k | t.ua, wa, [k](Values v) { return v.ua | k; });
      t.add(fmt::format("a ^ {}", k), t.ua ^ k, wa, [k](Values v) { return v.ua ^ k; });
    }
    if (wa == wb) {
      t.add("a & b", t.ua & t.ub, wa, [](Values v) { return v.ua & v.ub; });
      t.add("a | b", t.ua | t.ub, wa, [](Values v) { return v.ua | v.ub; });
      t.add("a ^ b", t.ua ^ t.ub, wa, [](Values v) { return v.ua ^ v.ub; });
    }
    const Bool p = t.ua.bit(0), q = t.ub.msb();
    const auto bq = [wb](Values v) { return v.ub >> (wb - 1) & 1; };
    t.add("p & q", p & q, [=](Values v) { return v.ua & 1 & bq(v); });
    t.add("p | q", p | q, [=](Values v) { return (v.ua & 1) | bq(v); });
    t.add("p ^ q", p ^ q, [=](Values v) { return (v.ua & 1) ^ bq(v); });
    t.add("p == q", p == q, [=](Values v) { return (v.ua & 1) == bq(v); });
    t.add("!p", !p, [](Values v) { return 1 - (v.ua & 1); });
    t.add("p & true", p & true, [](Values v) { return v.ua & 1; });
    t.add("p | true", p | true, [](Values) { return 1; });
    t.add("p ^ true", p ^ true, [](Values v) { return 1 - (v.ua & 1); });
    t.add("p == false", p == false, [](Values v) { return 1 - (v.ua & 1); });
    t.add("as_uint", p.as_uint() + t.ub, wb + 1, [](Values v) { return (v.ua & 1) + v.ub; });
  });
}

TEST_CASE("mux, min, max and clamp") {
  for_all_widths("choices", [](OperationBench& t, int wa, int wb) {
    const int w = std::max(wa, wb);
    const Bool c = t.ua.bit(0);
    const auto on = [](Values v) { return (v.ua & 1) != 0; };
    t.add("mux", mux(c, t.ua, t.ub), w, [=](Values v) { return on(v) ? v.ua : v.ub; });
    t.add("mux of !", mux(!c, t.ua, t.ub), w, [=](Values v) { return on(v) ? v.ub : v.ua; });
    t.add("mux signed", mux(c, t.sa, t.sb), w, [=](Values v) { return on(v) ? v.sa : v.sb; });
    t.add("mux same", mux(c, t.ub, t.ub), wb, [=](Values v) { return v.ub; });
    t.add("mux literals", mux(c, t.sa, SArg(-1)), wa, [=](Values v) { return on(v) ? v.sa : -1; });
    for (bool x : {false, true}) {
      const Bool q = t.ub.bit(0);
      t.add("mux x q", mux(c, x, q), [=](Values v) { return on(v) ? x : v.ub & 1; });
      t.add("mux q x", mux(c, q, x), [=](Values v) { return on(v) ? v.ub & 1 : x; });
      t.add("mux x !x", mux(c, x, !x), [=](Values v) { return on(v) ? x : !x; });
    }
    t.add("min", min(t.ua, t.ub), w, [](Values v) { return std::min(v.ua, v.ub); });
    t.add("max", max(t.ua, t.ub), w, [](Values v) { return std::max(v.ua, v.ub); });
    t.add("max signed", max(t.sa, t.sb), w, [](Values v) { return std::max(v.sa, v.sb); });
    t.add("clamp to b", clamp(t.sa, SArg(-1), t.sb), std::max(w, 1),
          [](Values v) { return v.sa < -1 ? -1 : std::min(v.sa, v.sb); });
    t.add("clamp", clamp(t.sa, SArg(-2), SArg(1)), std::max(wa, 2),
          [](Values v) { return std::clamp<I>(v.sa, -2, 1); });
  });
}

TEST_CASE("bits, concatenation, extension, wrapping and saturation") {
  for_all_widths("bits", [](OperationBench& t, int wa, int wb) {
    for (int low = 0; low < wa; ++low)
      for (int count = 1; low + count <= wa; ++count) {
        t.add("bits", t.ua.bits(low, count), count, [=](Values v) { return low_bits(v.ua >> low, count); });
        t.add("bits of signed", t.sa.bits(low, count), count, [=](Values v) { return low_bits(v.ua >> low, count); });
      }
    const UInt both = concat({t.ua, t.ub}), three = concat({t.ub, t.ua, t.ub});
    const auto joined = [=](Values v) { return v.ua << wb | v.ub; };
    t.add("{a, b}", both, wa + wb, joined);
    t.add("{b, a, b}", three, wa + 2 * wb, [=](Values v) { return v.ub << (wa + wb) | joined(v); });
    for (int low = 0; low < wa + wb; ++low)
      t.add("part of {a, b}", both.bits(low, wa + wb - low), wa + wb - low, [=](Values v) { return joined(v) >> low; });
    for (int w = wa; w <= 8; ++w) {
      t.add("extend", t.ua.extend(w), w, [](Values v) { return v.ua; });
      t.add("extend signed", t.sa.extend(w), w, [](Values v) { return v.sa; });
    }
    const UInt sum = t.ua + t.ub;
    const SInt difference = t.sa - t.sb, product = t.sa * t.sb;
    for (int w = 1; w <= std::max(wa, wb) + 1; ++w) {
      t.add("wrap", sum.wrap(w), w, [=](Values v) { return low_bits(v.ua + v.ub, w); });
      t.add("wrap signed", difference.wrap(w), w, [=](Values v) { return wrap_signed(v.sa - v.sb, w); });
      t.add("saturate", sum.saturate(w), w, [=](Values v) { return std::min(v.ua + v.ub, (I{1} << w) - 1); });
      t.add("saturate signed", difference.saturate(w), w,
            [=](Values v) { return std::clamp(v.sa - v.sb, -largest(w) - 1, largest(w)); });
      t.add("saturate product", product.saturate(w), w,
            [=](Values v) { return std::clamp(v.sa * v.sb, -largest(w) - 1, largest(w)); });
    }
    for (int w = 1; w <= 7; ++w) t.add("resize", t.ua.resize(w), w, [=](Values v) { return low_bits(v.ua, w); });
    t.add("to_signed", t.ua.to_signed(), wa + 1, [](Values v) { return v.ua; });
    t.add("as_sint", t.ua.as_sint(), wa, [](Values v) { return v.sa; });
    t.add("as_uint", t.sa.as_uint(), wa, [](Values v) { return v.ua; });
    t.add("saturate wider", t.ua.saturate(7), 7, [](Values v) { return v.ua; });
    t.add("saturate wider signed", t.sa.saturate(7), 7, [](Values v) { return v.sa; });
  });
}

TEST_CASE("shifts") {
  for_all_widths("shifts", [](OperationBench& t, int wa, int) {
    for (int n = 0; n <= 7; ++n) {
      t.add("a << n", t.ua << n, wa + n, [=](Values v) { return v.ua << n; });
      t.add("a >> n", t.ua >> n, std::max(wa - n, 1), [=](Values v) { return v.ua >> n; });
      t.add("a << n signed", t.sa << n, wa + n, [=](Values v) { return v.sa * (I{1} << n); });
      t.add("a >> n signed", t.sa >> n, std::max(wa - n, 1), [=](Values v) { return v.sa >> n; });
      t.add("shift_left by literal", shift_left(t.ua, n), wa, [=](Values v) { return low_bits(v.ua << n, wa); });
      t.add("shift_right by literal", shift_right(t.ua, n), wa, [=](Values v) { return v.ua >> n; });
      t.add("shift_right signed by literal", shift_right(t.sa, n), wa, [=](Values v) { return v.sa >> n; });
    }
    t.add("shift_left", shift_left(t.ua, t.ub), wa, [=](Values v) { return low_bits(v.ua << v.ub, wa); });
    t.add("shift_right", shift_right(t.ua, t.ub), wa, [](Values v) { return v.ua >> v.ub; });
    t.add("shift_right signed", shift_right(t.sa, t.ub), wa, [](Values v) { return floor_shift(v.sa, v.ub); });
    const UInt far = concat({t.ub, t.ub});  // amounts up to 1023
    t.add("shift_left far", shift_left(t.ua, far), wa, [=, wb = t.ub.width()](Values v) {
      return (v.ub << wb | v.ub) > 40 ? 0 : low_bits(v.ua << (v.ub << wb | v.ub), wa);
    });
    t.add("shift_right far", shift_right(t.sa, far), wa,
          [wb = t.ub.width()](Values v) { return floor_shift(v.sa, v.ub << wb | v.ub); });
  });
}

TEST_CASE("select and rom") {
  for_all_widths("tables", [](OperationBench& t, int wa, int wb) {
    for (int n = 1; n <= 1 << wa; ++n) {
      std::vector<UInt> table;
      for (int i = 0; i < n; ++i) table.push_back((t.ub + i).wrap(wb));
      t.add("select", select(mux(t.ua < n, t.ua, 0), table), wb,
            [=](Values v) { return low_bits(v.ub + (v.ua < n ? v.ua : 0), wb); });
    }
    for (int n = 0; n <= 1 << wa; n += 3) {
      std::vector<std::uint64_t> table;
      for (int i = 0; i < n; ++i) table.push_back(static_cast<std::uint64_t>(i * 37 % 61));
      t.add("rom", rom(t.ua, table, 6), 6, [=](Values v) { return v.ua < n ? v.ua * 37 % 61 : 0; });
    }
  });
}

TEST_CASE("fixed point: exact sums and products, rounding half up") {
  for_all_widths("fixed point", [](OperationBench& t, int wa, int wb) {
    for (int fa : {0, 1, 3})
      for (int fb : {0, 2}) {
        const int f = std::max(fa, fb);
        const Fixed a(t.sa, fa), b(t.sb, fb);
        const int wide = std::max(wa + f - fa, wb + f - fb) + 1;
        const auto xa = [=](Values v) { return v.sa * (I{1} << (f - fa)); };
        const auto xb = [=](Values v) { return v.sb * (I{1} << (f - fb)); };
        t.add("a + b", a + b, wide, [=](Values v) { return xa(v) + xb(v); });
        t.add("a - b", a - b, wide, [=](Values v) { return xa(v) - xb(v); });
        t.add("a * b", a * b, wa + wb, [=](Values v) { return v.sa * v.sb; });
        CHECK((a + b).fraction_bits() == f);
        CHECK((a - b).fraction_bits() == f);
        CHECK((a * b).fraction_bits() == fa + fb);
      }
    const Fixed x(t.sa, 3);
    t.add("round to 5", x.round_to(5), wa + 2, [](Values v) { return v.sa * 4; });
    t.add("round to 3", x.round_to(3), wa, [](Values v) { return v.sa; });
    for (int drop = 1; drop <= 7; ++drop) {
      const int w = std::max(wa, drop + 1) + 1 - drop;
      t.add("round", x.round_to(3 - drop), w, [=](Values v) { return (v.sa + (I{1} << (drop - 1))) >> drop; });
    }
    t.add("unsigned as fixed", Fixed(t.ua, 2), wa + 1, [](Values v) { return v.ua; });
    t.add("plus constant", x + fixed_constant(x.raw().module(), -3, 3), std::max(wa, 3) + 1,
          [](Values v) { return v.sa - 3; });
  });
}
