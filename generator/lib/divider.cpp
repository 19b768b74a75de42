#include "lib/divider.hpp"

#include <fmt/core.h>

#include "lib/pipeline.hpp"

namespace quillgen::lib {

using namespace hdl;

namespace {

struct Widths {
  int bits, fraction_bits, tag_bits, count;
  bool operator==(const Widths&) const = default;
};

struct Operands {
  Beside<UInt> numerator;
  UInt denominator, tag;
  QUILLGEN_FIELDS(numerator, denominator, tag)
};

struct Step {
  Beside<UInt> remainder;
  UInt denominator;
  Beside<UInt> quotient;
  UInt tag;
  QUILLGEN_FIELDS(remainder, denominator, quotient, tag)
};

struct Result {
  Beside<UInt> quotient;
  UInt tag;
  QUILLGEN_FIELDS(quotient, tag)
};

}  // namespace

const Module& build_divide_round(Design& d, int bits, int fraction_bits, int tag_bits, int count) {
  auto name = fmt::format("divide_round_{}_to_{}_tag_{}", bits, fraction_bits, tag_bits);
  if (count > 1) name += fmt::format("_x{}", count);
  return d.module(name, Widths{bits, fraction_bits, tag_bits, count}, [](Design&, Module& m, const Widths& w) {
    const int bits = w.bits, fraction_bits = w.fraction_bits, tag_bits = w.tag_bits;
    const auto count = static_cast<std::size_t>(w.count);
    m.describe(
        "Rounded quotient of numerator <= denominator (NUMERICS.md N4): restoring division, one bit of the quotient a "
        "stage, then half up.");
    m.parameter("bits", bits);
    m.parameter("fraction_bits", fraction_bits);
    m.parameter("tag_bits", tag_bits);
    auto in = input_stream(m, "in", Operands{Beside<UInt>(count, UInt(bits)), UInt(bits), UInt(tag_bits)});
    Pipeline pipe(m, "division", in);
    const auto numbered = [&](std::string text, std::size_t n) {
      return count == 1 ? text : fmt::format("{}_of_{}", text, n);
    };

    m.note("Integer bit: 1 only when numerator = denominator.");
    Step step{{}, in.data.denominator, {}, in.data.tag};
    for (std::size_t n = 0; n < count; ++n) {
      auto whole = (in.data.numerator[n] == in.data.denominator).named(numbered("whole", n));
      step.remainder.push_back(mux(whole, UInt::constant(m, 0, bits), in.data.numerator[n]));
      step.quotient.push_back(whole.as_uint());
    }
    step = pipe.stage("bit_0", step);
    for (int i = 1; i <= fraction_bits; ++i) {
      m.note(fmt::format("Fraction bit {}.", i));
      Step next = step;
      for (std::size_t n = 0; n < count; ++n) {
        auto twice = step.remainder[n] << 1;
        auto rest = (twice - step.denominator).named(numbered(fmt::format("rest_{}", i), n));
        auto fits = (!rest.sign()).named(numbered(fmt::format("fits_{}", i), n));
        next.remainder[n] = mux(fits, rest.as_uint().wrap(bits), twice.wrap(bits));
        next.quotient[n] = concat({step.quotient[n], fits});
      }
      step = pipe.stage(fmt::format("bit_{}", i), next);
    }
    m.note("Half up.");
    Result rounded{{}, step.tag};
    for (std::size_t n = 0; n < count; ++n) {
      auto up = ((step.remainder[n] << 1) >= step.denominator).named(numbered("up", n));
      rounded.quotient.push_back((step.quotient[n] + up.as_uint()).wrap(fraction_bits + 1));
    }
    auto result = pipe.stage("out", rounded);
    output_stream(m, "out", pipe.finish(result));
  });
}

}  // namespace quillgen::lib
