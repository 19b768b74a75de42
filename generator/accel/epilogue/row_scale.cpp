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

    constexpr int idle = 0, square = 1, subtract = 2, normalise = 3, root = 4, done = 5;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "square", "subtract", "normalise", "root", "done"});
    auto step = reg(m, "step", UInt(5));  // of the states normalise and root
    Bool take = in.fire().named("take");
    in.ready.drive(state == idle);
    Bool in_square = (state == square).named("in_square"), in_subtract = (state == subtract).named("in_subtract"),
         in_normalise = (state == normalise).named("in_normalise"), in_root = (state == root).named("in_root");

    m.note("V = C * Q + e - S^2: Q, then C * Q + e, while S is squared, then the difference.");
    auto sum = reg(m, "sum", RowSums(s).sum);
    auto slot = reg(m, "slot", UInt(norm_row_bits));
    auto squares = reg(m, "squares", UInt(variance_bits));
    SInt square_of_sum = sum * sum;
    auto ss = reg(m, "sum_squared", SInt(square_of_sum.width()));
    UInt scaled_squares = squares.wrap(in.data.squares.width()) * channels;
    sum.when(take, in.data.sum), slot.when(take, in.data.slot);
    squares.when(take, in.data.squares.extend(variance_bits))
        .when(in_square, (scaled_squares + epsilon).resize(variance_bits));
    ss.when(in_square, square_of_sum);
    UInt variance = (squares.to_signed() - ss).as_uint().resize(variance_bits).named("v");

    m.note("Leading zeros of V leave it in pairs: 16, 8, 4, then 2 and 1 of them. What is above 32 bits is m.");
    auto term = reg(m, "term", UInt(variance_bits));
    auto pairs = reg(m, "pairs", UInt(5));
    constexpr int normalise_steps = 4;
    const auto without_zeros = [&](const UInt& x, int zeros, UInt& leading) {
      UInt top = x.bits(variance_bits - zeros, zeros);
      leading = top.is_zero().as_uint();
      return mux(top.is_zero(), (x << zeros).wrap(variance_bits), x);
    };
    std::vector<UInt> shifted(normalise_steps), leading(normalise_steps);
    for (int i = 0; i < normalise_steps; ++i)
      shifted[static_cast<std::size_t>(i)] = without_zeros(term, 32 >> i, leading[static_cast<std::size_t>(i)]);
    UInt last_pair;
    shifted.back() = without_zeros(shifted.back().named("but_a_pair"), 2, last_pair);
    constexpr int below_m = variance_bits - mantissa_bits;
    shifted.back() = concat({shifted.back().bits(below_m, mantissa_bits), UInt::constant(m, 0, below_m)});

    m.note("For bit b of rho: term = m * 2^2b, trial = rho * m * 2^(b+1) + term, left = 2^56 - rho^2 * m.");
    // (rho + 2^b)^2 * m is at most 2^56 if trial is at most what is left. Bit 16 always is, m being below 2^24; after
    // it 2^(b+1) is at most rho, so that trial is below 2^57. The next trial is trial / 2 + 3/4 term if the bit is 1,
    // else trial / 2 - term / 4: both are there when the subtraction tells which. For bit 16, where trial is term, the
    // first is term + term / 4, and the second would be three quarters of term, from which those of later bits follow.
    constexpr int trial_bits = variance_bits + 1;
    auto trial = reg(m, "trial", UInt(trial_bits));
    auto three_quarters = reg(m, "three_quarters", UInt(variance_bits));
    auto left = reg(m, "left", UInt(trial_bits));
    auto rho = reg(m, "rho", UInt(norm_rho_bits));
    SInt rest = (left - trial).named("rest");
    Bool fits = (!rest.sign()).named("fits"), first_bit = (step == 0).named("first_bit");
    UInt quarter = term >> 2;
    UInt half = mux(first_bit, trial, (trial >> 1).extend(trial_bits)).named("half");
    UInt next_if_0 = (half - quarter).as_uint().wrap(trial_bits).named("next_if_0");
    UInt next_if_1 = (half + mux(first_bit, quarter.extend(variance_bits), three_quarters)).wrap(trial_bits);
    UInt quarters = mux(first_bit, next_if_0.wrap(variance_bits), three_quarters);

    Bool normalised = (in_normalise & lib::is_last(step, normalise_steps)).named("normalised"),
         finished = (in_root & lib::is_last(step, norm_rho_bits)).named("finished");
    UInt normalised_term = select(step, shifted).named("normalised_term");
    term.when(in_subtract, variance).when(in_normalise, normalised_term).when(in_root, quarter.extend(variance_bits));
    pairs.when(normalised, concat({pairs.bits(0, 3), leading.back(), last_pair}))
        .when(in_normalise, concat({pairs.bits(0, 4), select(step, leading)}));
    trial.when(in_normalise, normalised_term.extend(trial_bits)).when(in_root, mux(fits, next_if_1, next_if_0));
    three_quarters.when(in_root, (quarters >> 2).extend(variance_bits));
    left.when(in_subtract, std::uint64_t{1} << variance_bits).when(in_root & fits, rest.as_uint().wrap(trial_bits));
    rho.when(in_root, concat({rho.bits(0, norm_rho_bits - 1), fits}));
    step.when(in_subtract | normalised, 0).when(in_normalise | in_root, lib::increment(step));

    RowScale result(s);
    result.sum = sum, result.rho = rho, result.slot = slot;
    // h = 16 less the pairs, of which V >= 1 has at most 27.
    result.shift = (UInt::constant(m, 17 + 16, norm_shift_bits) - pairs).as_uint().wrap(norm_shift_bits);
    auto out = stream(m, "scale_out", state == done, result);
    state.when(take, square)
        .when(in_square, subtract)
        .when(in_subtract, normalise)
        .when(normalised, root)
        .when(finished, done)
        .when(out.fire(), idle);
    output_stream(m, "scale", out);
  });
}

}  // namespace quillgen::accel
