#include "lib/divider.hpp"

#include <fmt/core.h>

#include "lib/pipeline.hpp"

namespace quillgen::lib {

using namespace hdl;

namespace {

struct Widths {
  int bits, fraction_bits, tag_bits;
  bool operator==(const Widths&) const = default;
};

struct Operands {
  UInt numerator, denominator, tag;
  QUILLGEN_FIELDS(numerator, denominator, tag)
};

struct Step {
  UInt remainder, denominator, quotient, tag;
  QUILLGEN_FIELDS(remainder, denominator, quotient, tag)
};

struct Result {
  UInt quotient, tag;
  QUILLGEN_FIELDS(quotient, tag)
};

}  // namespace

const Module& build_divide_round(Design& d, int bits, int fraction_bits, int tag_bits) {
  const auto name = fmt::format("divide_round_{}_to_{}_tag_{}", bits, fraction_bits, tag_bits);
  return d.module(name, Widths{bits, fraction_bits, tag_bits}, [](Design&, Module& m, const Widths& w) {
    const auto [bits, fraction_bits, tag_bits] = w;
    m.describe(
        "Rounded quotient of numerator <= denominator (NUMERICS.md N4): restoring division, one bit of the quotient a "
        "stage, then half up.");
    m.parameter("bits", bits);
    m.parameter("fraction_bits", fraction_bits);
    m.parameter("tag_bits", tag_bits);
    auto in = input_stream(m, "in", Operands{UInt(bits), UInt(bits), UInt(tag_bits)});
    Pipeline pipe(m, "division", in);

    m.note("Integer bit: 1 only when numerator = denominator.");
    auto whole = (in.data.numerator == in.data.denominator).named("whole");
    Step step{mux(whole, UInt::constant(m, 0, bits), in.data.numerator), in.data.denominator, whole.as_uint(),
              in.data.tag};
    step = pipe.stage("bit_0", step);
    for (int i = 1; i <= fraction_bits; ++i) {
      m.note(fmt::format("Fraction bit {}.", i));
      auto twice = step.remainder << 1;
      auto rest = (twice - step.denominator).named(fmt::format("rest_{}", i));
      auto fits = (!rest.sign()).named(fmt::format("fits_{}", i));
      step = pipe.stage(fmt::format("bit_{}", i), Step{mux(fits, rest.as_uint().wrap(bits), twice.wrap(bits)),
                                                       step.denominator, concat({step.quotient, fits}), step.tag});
    }
    m.note("Half up.");
    auto up = ((step.remainder << 1) >= step.denominator).named("up");
    auto result = pipe.stage("out", Result{(step.quotient + up.as_uint()).wrap(fraction_bits + 1), step.tag});
    output_stream(m, "out", pipe.finish(result));
  });
}

}  // namespace quillgen::lib
