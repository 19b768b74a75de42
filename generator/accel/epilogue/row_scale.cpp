// Power of two and reciprocal square root of the variance of a row (NUMERICS.md N14), a row at a time.
#include "accel/blocks.hpp"
#include "accel/epilogue/row_norm.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_row_scale(Design& d, const Shapes& s) {
  return d.module("row_scale", s, [](Design&, Module& m, const Shapes& s) {
    const int channels = s.config.attention.embed_dim;
    constexpr int variance_bits = 56;  // V <= 2^55, and whole pairs of bits: powers of 4
    constexpr int mantissa_bits = 24;  // m
    m.describe(
        "Scale of a row from its sums (NUMERICS.md N14): 1 / sqrt(V) = rho * 2^(-28 - h), one bit of rho a cycle. 25 "
        "cycles a row.");
    m.parameter("channels", channels);
    auto epsilon = input(m, "epsilon", UInt(norm_epsilon_bits));
    auto in = input_stream(m, "sums", RowSums(s));

    constexpr int idle = 0, subtract = 1, normalise = 2, root = 3, done = 4;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "subtract", "normalise", "root", "done"});
    auto step = reg(m, "step", UInt(5));  // of the states normalise and root
    Bool take = in.fire().named("take");
    in.ready.drive(state == idle);

    m.note("V = C * Q - S^2 + e, the products a cycle before.");
    auto sum = reg(m, "sum", RowSums(s).sum);
    auto slot = reg(m, "slot", UInt(norm_row_bits));
    UInt scaled_squares = in.data.squares * channels;
    SInt square_of_sum = in.data.sum * in.data.sum;
    auto cq = reg(m, "c_times_q", UInt(scaled_squares.width()));
    auto ss = reg(m, "sum_squared", SInt(square_of_sum.width()));
    sum.when(take, in.data.sum), slot.when(take, in.data.slot);
    cq.when(take, scaled_squares), ss.when(take, square_of_sum);
    UInt variance = ((cq.to_signed() - ss) + epsilon.to_signed()).as_uint().resize(variance_bits).named("v");

    m.note("Leading zeros of V leave it in pairs: 16, 8, 4, 2 and 1 of them. What is above 32 bits is m.");
    auto term = reg(m, "term", UInt(variance_bits));
    auto pairs = reg(m, "pairs", UInt(5));
    constexpr int normalise_steps = 5;
    std::vector<UInt> shifted, leading;
    for (int i = 0; i < normalise_steps; ++i) {
      const int by = 32 >> i;
      UInt top = term.bits(variance_bits - by, by);
      shifted.push_back(mux(top.is_zero(), (term << by).wrap(variance_bits), term));
      leading.push_back(top.is_zero().as_uint());
    }
    constexpr int below_m = variance_bits - mantissa_bits;
    shifted.back() = concat({shifted.back().bits(below_m, mantissa_bits), UInt::constant(m, 0, below_m)});

    m.note("For bit b of rho: term = m * 2^2b, twice = rho * m * 2^(b+1), left = 2^56 - rho^2 * m.");
    // (rho + 2^b)^2 * m is at most 2^56 if term + twice is at most what is left. Bit 16 always is, m being below 2^24;
    // after it 2^(b+1) is at most rho, so that twice is at most rho^2 * m, and that 2^56.
    auto twice = reg(m, "twice", UInt(variance_bits + 1));
    auto left = reg(m, "left", UInt(variance_bits + 1));
    auto rho = reg(m, "rho", UInt(norm_rho_bits));
    SInt rest = (left - (twice + term)).named("rest");
    Bool fits = (!rest.sign()).named("fits");
    UInt kept = mux(fits, term, UInt::constant(m, 0, variance_bits)).named("kept");

    Bool in_subtract = (state == subtract).named("in_subtract"),
         in_normalise = (state == normalise).named("in_normalise"), in_root = (state == root).named("in_root");
    Bool normalised = (in_normalise & lib::is_last(step, normalise_steps)).named("normalised"),
         finished = (in_root & lib::is_last(step, norm_rho_bits)).named("finished");
    term.when(in_subtract, variance)
        .when(in_normalise, select(step, shifted))
        .when(in_root, (term >> 2).extend(variance_bits));
    pairs.when(in_normalise, concat({pairs.bits(0, normalise_steps - 1), select(step, leading)}));
    twice.when(in_subtract, 0).when(in_root, ((twice >> 1) + kept).wrap(variance_bits + 1));
    left.when(in_subtract, std::uint64_t{1} << variance_bits)
        .when(in_root & fits, rest.as_uint().wrap(variance_bits + 1));
    rho.when(in_root, concat({rho.bits(0, norm_rho_bits - 1), fits}));
    step.when(in_subtract | normalised, 0).when(in_normalise | in_root, lib::increment(step));

    RowScale result(s);
    result.sum = sum, result.rho = rho, result.slot = slot;
    // h = 16 less the pairs, of which V >= 1 has at most 27.
    result.shift = (UInt::constant(m, 17 + 16, norm_shift_bits) - pairs).as_uint().wrap(norm_shift_bits);
    auto out = stream(m, "scale_out", state == done, result);
    state.when(take, subtract)
        .when(in_subtract, normalise)
        .when(normalised, root)
        .when(finished, done)
        .when(out.fire(), idle);
    output_stream(m, "scale", out);
  });
}

}  // namespace quillgen::accel
