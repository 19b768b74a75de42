// The count below which pixels of a level are dropped (NUMERICS.md N20), a bit a cycle.
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_pixel_threshold(Design& d, const Shapes& s) {
  return d.module("pixel_threshold", s, [](Design&, Module& m, const Shapes& s) {
    const int bits = s.count_bits(), product_bits = share_bits + read_sum_bits - 1, pixel_bits = s.token_bits(),
              low_bits = share_fraction + bits;  // of the product, below what a quotient of more bits would come from
    m.describe(
        "Threshold of a level (NUMERICS.md N20): ceil(share * reads / (2^16 * pixels)), at most what a count can be. "
        "First the product, then the quotient, a bit a cycle.");
    m.parameter("count_bits", bits);
    auto share = input(m, "share", UInt(share_bits));
    auto in = input_stream(m, "level", LevelReads(s));

    constexpr int idle = 0, multiply = 1, begin = 2, divide = 3, done = 4;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "multiply", "begin", "divide", "done"});
    Bool is_idle = (state == idle).named("is_idle"), is_multiply = (state == multiply).named("is_multiply"),
         is_begin = (state == begin).named("is_begin"), is_divide = (state == divide).named("is_divide"),
         is_done = (state == done).named("is_done");
    auto step = reg(m, "step", UInt(Shapes::bits(read_sum_bits)), 0);
    Bool last_factor = (is_multiply & lib::is_last(step, read_sum_bits)).named("last_factor"),
         last_digit = (is_divide & lib::is_last(step, bits)).named("last_digit");
    in.ready.drive(is_idle);
    Bool taken = in.fire().named("taken");
    step.when(taken | last_factor | last_digit, 0).when(is_multiply | is_divide, lib::increment(step));

    m.note("Product, from the highest bit of the sum, which is below 2^31.");
    auto reads = reg(m, "reads", UInt(read_sum_bits));
    auto pixels = reg(m, "pixels", UInt(pixel_bits));
    auto product = reg(m, "product", UInt(product_bits));
    reads.when(taken, in.data.reads).when(is_multiply, (reads << 1).wrap(read_sum_bits));
    pixels.when(taken, in.data.pixels);
    UInt added = mux(reads.bit(read_sum_bits - 1), share, UInt::constant(m, 0, share_bits));
    product.when(taken, 0).when(is_multiply, ((product.wrap(product_bits - 1) << 1) + added).wrap(product_bits));

    m.note("A quotient of more bits than a count has is one that is as large as can be. Otherwise digit after digit.");
    UInt above = product.bits(low_bits, product_bits - low_bits);
    auto remainder = reg(m, "remainder", UInt(pixel_bits));
    auto rest = reg(m, "rest", UInt(low_bits));
    auto quotient = reg(m, "quotient", UInt(bits));
    auto full = reg(m, "full", Bool());
    UInt longer = concat({remainder, rest.bit(low_bits - 1)}).named("longer");
    Bool digit = (longer >= pixels).named("digit");
    full.when(is_begin, above >= pixels);
    remainder.when(is_begin, above.resize(pixel_bits))
        .when(is_divide, (longer - mux(digit, pixels, UInt::constant(m, 0, pixel_bits))).as_uint().wrap(pixel_bits));
    rest.when(is_begin, product.bits(0, low_bits)).when(is_divide, (rest << 1).wrap(low_bits));
    quotient.when(is_begin, 0).when(is_divide, concat({quotient, digit}).wrap(bits));
    state.when(taken, multiply).when(last_factor, begin).when(is_begin, divide).when(last_digit, done);

    m.note("Rounded up.");
    Bool all_ones = full | (quotient == mask(bits));
    UInt ceiling = (quotient + (remainder.any() | rest.any()).as_uint()).wrap(bits);
    auto out = stream(m, "threshold_out", is_done,
                      mux(all_ones, UInt::constant(m, mask(bits), bits), ceiling).named("threshold_value"));
    state.when(out.fire(), idle);
    output_stream(m, "threshold", out);
  });
}

}  // namespace quillgen::accel
