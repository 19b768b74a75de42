// Interpolation and aggregation of a head (NUMERICS.md N7): D channels side by side, each with four multipliers and an
// accumulator.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Stages of a channel: products, their sum, accumulator, result.
const Module& build_channel(Design& d, const Shapes& s) {
  return d.module("interpolate_channel", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "One channel of the interpolation (NUMERICS.md N7): four pixels times four weights, summed over the samples of "
        "a head. "
        "accumulate, first and last belong to the sum of products.");
    m.parameter("feature_bits", s.n.feature_bits);
    m.parameter("corner_bits", s.n.corner_bits);
    auto advance = input(m, "advance", Bool());
    auto accumulate = input(m, "accumulate", Bool());
    auto first = input(m, "first", Bool());
    auto last = input(m, "last", Bool());
    std::vector<SInt> terms;
    for (int p = 0; p < banks; ++p) {
      auto pixel = input(m, fmt::format("pixel_{}", p), SInt(s.n.feature_bits));
      auto weight = input(m, fmt::format("weight_{}", p), UInt(s.corner_width()));
      auto product = reg(m, fmt::format("product_{}", p), SInt(s.n.feature_bits + s.corner_width() + 1));
      product.when(advance, pixel * weight.to_signed());
      terms.push_back(product);
    }
    SInt total = lib::sum_tree(terms);
    auto value = reg(m, "value", SInt(total.width()));
    value.when(advance, total);
    auto acc = reg(m, "acc", SInt(s.head_acc_bits()));
    auto next = mux(first, value.extend(std::max(total.width(), s.head_acc_bits())),
                    (acc + value).wrap(std::max(total.width(), s.head_acc_bits())))
                    .wrap(s.head_acc_bits())
                    .named("next_acc");
    acc.when(accumulate, next);
    auto result = reg(m, "result", SInt(s.head_acc_bits()));
    result.when(accumulate & last, next);
    output(m, "result", result);
  });
}

struct Marks {
  Bool last_of_head, last_of_query;
  QUILLGEN_FIELDS(last_of_head, last_of_query)
};

}  // namespace

const Module& build_interpolate(Design& d, const Shapes& s) {
  return d.module("interpolate", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Bilinear interpolation and aggregation (NUMERICS.md N7): one sample a cycle, all channels of its head. Sums "
        "are exact.");
    m.parameter("channels", s.a.head_dim());
    auto in = input_stream(m, "sample", Sample(s));
    auto advance = wire(m, "advance", Bool());
    in.ready.drive(advance);

    m.note("Marks travel with the products and with their sum.");
    auto product_valid = reg(m, "product_valid", Bool(), 0), value_valid = reg(m, "value_valid", Bool(), 0);
    product_valid.when(advance, in.valid);
    value_valid.when(advance, product_valid);
    auto product_mark = reg(m, "product_mark", Marks{}), value_mark = reg(m, "value_mark", Marks{});
    product_mark.when(advance, Marks{in.data.last_of_head, in.data.last_of_query});
    value_mark.when(advance, static_cast<const Marks&>(product_mark));

    m.note("The sample after the last of a head is the first of the next one.");
    auto first = reg(m, "first", Bool(), 1);
    first.when(advance & value_valid, value_mark.last_of_head);
    auto enable = (advance & value_valid).named("accumulate");
    Bool ends_head = (value_valid & value_mark.last_of_head).named("ends_head");

    m.note("Finished sums wait here while the next head is accumulated.");
    auto head_valid = reg(m, "head_valid", Bool(), 0);
    auto last_of_query = reg(m, "head_last_of_query", Bool());
    HeadSums sums(s);
    std::vector<UInt> results;
    for (int ch = 0; ch < s.a.head_dim(); ++ch) {
      Instance u(m, fmt::format("channel_{}", ch), build_channel(d, s));
      u.in("advance", advance);
      u.in("first", first);
      u.in("last", ends_head);
      u.in("accumulate", enable);
      for (std::size_t p = 0; p < banks; ++p) {
        u.in(fmt::format("pixel_{}", p), in.data.pixel[p].bits(ch * s.n.feature_bits, s.n.feature_bits));
        u.in(fmt::format("weight_{}", p), in.data.weight[p]);
      }
      results.push_back(u.out("result", UInt(s.head_acc_bits())));
    }
    sums.sums = lib::join(results);
    sums.last_of_query = last_of_query;
    auto out = stream(m, "head_out", head_valid, sums);
    advance.drive(~(ends_head & head_valid & ~out.ready));
    head_valid.when(ends_head & advance, true).when(out.ready, false);
    last_of_query.when(ends_head & advance, value_mark.last_of_query);
    output_stream(m, "head", out);
  });
}

}  // namespace quillgen::accel
