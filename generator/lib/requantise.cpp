#include "lib/requantise.hpp"

#include <fmt/core.h>

namespace quillgen::lib {

using namespace hdl;

namespace {

struct Format {
  int acc_bits, out_bits;
  bool with_bias;
  bool operator==(const Format&) const = default;
};

}  // namespace

const Module& build_requantise(Design& d, int acc_bits, int out_bits, bool with_bias) {
  const auto name = fmt::format("requantise_{}_to_{}{}", acc_bits, out_bits, with_bias ? "" : "_no_bias");
  return d.module(name, Format{acc_bits, out_bits, with_bias}, [](Design&, Module& m, const Format& format) {
    const auto [acc_bits, out_bits, with_bias] = format;
    m.describe(
        "Requantisation (NUMERICS.md N2): value = saturate(round((acc + bias) * mult / 2^shift)), half up, in "
        "three stages that move with enable.");
    m.parameter("acc_bits", acc_bits);
    m.parameter("out_bits", out_bits);
    auto enable = input(m, "enable", Bool());
    auto acc = input(m, "acc", SInt(acc_bits));
    SInt sum = acc;
    if (with_bias) sum = acc + input(m, "bias", SInt(bias_bits));
    auto mult = input(m, "mult", UInt(mult_bits));
    auto shift = input(m, "shift", UInt(shift_bits));

    m.note("Add the bias.");
    auto biased = reg(m, "biased", SInt(sum.width()));
    auto mult_1 = reg(m, "mult_1", UInt(mult_bits));
    auto shift_1 = reg(m, "shift_1", UInt(shift_bits));
    biased.when(enable, sum);
    mult_1.when(enable, mult);
    shift_1.when(enable, shift);

    m.note("Scale.");
    auto product = biased * mult_1.to_signed();
    auto scaled = reg(m, "scaled", SInt(product.width()));
    auto shift_2 = reg(m, "shift_2", UInt(shift_bits));
    scaled.when(enable, product);
    shift_2.when(enable, shift_1);

    m.note("Shift by one less than asked for, then round the last bit half up. The shift is at least 1.");
    auto value = reg(m, "value", SInt(out_bits));
    auto shifted = shift_right(scaled, (shift_2 - 1).as_uint().wrap(shift_bits)).named("shifted");
    auto rounded = ((shifted + 1) >> 1).named("rounded");
    value.when(enable, rounded.saturate(out_bits));
    output(m, "value", value);
  });
}

}  // namespace quillgen::lib
