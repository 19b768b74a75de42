// Output projection (NUMERICS.md N9): each head vector times its W''_m, accumulated over the heads that the lane has of
// a query, in exact sums.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Dot product of a head with one column of W'': products, sum.
const Module& build_column(Design& d, const Shapes& s) {
  return d.module("projection_column", s, [](Design&, Module& m, const Shapes& s) {
    m.describe("Dot product of a head and a column of W'' (NUMERICS.md N9): products, then their sum.");
    m.parameter("depth", s.a.head_dim());
    const int product_bits = s.n.head_bits + s.n.output_weight_bits;
    auto advance = input(m, "advance", Bool());
    auto head = input(m, "head", UInt(s.a.head_dim() * s.n.head_bits));
    auto weights = input(m, "weights", UInt(s.a.head_dim() * s.n.output_weight_bits));
    auto channel = lib::elements(head, s.a.head_dim(), s.n.head_bits),
         weight = lib::elements(weights, s.a.head_dim(), s.n.output_weight_bits);
    std::vector<SInt> products;
    for (std::size_t i = 0; i < channel.size(); ++i) {
      auto product = reg(m, fmt::format("product_{}", i), SInt(product_bits));
      product.when(advance, channel[i] * weight[i]);
      products.push_back(product);
    }
    output(m, "sum", lib::registered_sum_tree(m, "sum", products, s.config.gemm.tree_levels, advance));
  });
}

struct Step {  // of one column group of one head
  UInt group;
  Bool first_head, last_head;
  QUILLGEN_FIELDS(group, first_head, last_head)
};

}  // namespace

const Module& build_head_projection(Design& d, const Shapes& s) {
  return d.module("head_projection", s, [](Design& d, Module& m, const Shapes& s) {
    const int columns = s.projection_columns(), groups = s.projection_groups(), words = s.a.heads * groups;
    const int weight_bits = s.a.head_dim() * s.n.output_weight_bits, acc_bits = s.output_acc_bits();
    const Shapes& sh = s;
    m.describe(
        "Projection by W'' (NUMERICS.md N9): columns outputs of a head a cycle, accumulated over the heads of a query "
        "that the lane has; with the last of them the sums leave.");
    m.parameter("columns", columns);
    m.parameter("groups", groups);
    m.parameter("heads", s.a.heads);
    auto weight_write = input(
        m, "weights", TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(Shapes::bits(words)), UInt(weight_bits)});
    auto in = input_stream(m, "vector", HeadVector(s));

    m.note("One column group a cycle.");
    auto advance = wire(m, "advance", Bool());
    auto group = reg(m, "group", UInt(Shapes::bits(groups)), 0);
    auto word = reg(m, "word", UInt(Shapes::bits(words)), 0);  // head * groups + group
    auto first_head = reg(m, "first_head", Bool(), 1);
    Bool step = (in.valid & advance).named("step");
    Bool last = lib::is_last(group, groups).named("last_group");
    in.ready.drive(advance & last);
    group.when(step, lib::next_index(group, groups));
    Bool end = (last & in.data.last_of_query).named("end_of_query");
    word.when(step & end, 0).when(step, lib::increment(word));
    first_head.when(step & last, in.data.last_of_query);

    m.note("Weights from memory, then products and sums.");
    auto head = reg(m, "head", UInt(in.data.channels.width()));
    head.when(step, in.data.channels);
    std::vector<SInt> sums;
    for (int c = 0; c < columns; ++c) {
      Ram memory(m, fmt::format("weights_{}", c), words, weight_bits, 1);
      memory.write(weight_write.enable & (weight_write.bank == c), weight_write.address, weight_write.data);
      Instance column(m, fmt::format("column_{}", c), build_column(d, sh));
      column.in("advance", advance);
      column.in("head", head);
      column.in("weights", memory.read(word, step));
      sums.push_back(column.out("sum", SInt(s.n.head_bits + s.n.output_weight_bits +
                                            (s.a.head_dim() == 1 ? 0 : Shapes::bits(s.a.head_dim())))));
    }
    const int dot_stages = 2 + lib::sum_tree_stages(s.a.head_dim(), s.config.gemm.tree_levels);
    Step now{group, first_head, in.data.last_of_query};
    Bool valid = in.valid;
    for (int i = 1; i <= dot_stages; ++i) {
      auto v = reg(m, fmt::format("dot_{}_valid", i), Bool(), 0);
      auto t = reg(m, fmt::format("dot_{}", i), Step{UInt(Shapes::bits(groups)), Bool(), Bool()});
      v.when(advance, valid), t.when(advance, now);
      valid = v, now = t;
    }

    m.note("Accumulate over the heads; the sums of the last head leave.");
    Ram accumulators(m, "accumulators", groups, columns * acc_bits, 0);
    UInt before = accumulators.read(now.group, true);
    std::vector<SInt> after;
    for (int c = 0; c < columns; ++c) {
      SInt old = before.bits(c * acc_bits, acc_bits).as_sint();
      SInt base = mux(now.first_head, SInt::constant(m, 0, acc_bits), old);
      const SInt& sum = sums[static_cast<std::size_t>(c)];
      after.push_back((base + sum).wrap(acc_bits).named(fmt::format("acc_{}", c)));
    }
    accumulators.write(valid & advance, now.group, lib::join(after));

    auto out = stream(m, "sums_out", (valid & now.last_head).named("finished"), lib::join(after));
    advance.drive(~out.valid | out.ready);
    output_stream(m, "sums", out);
  });
}

}  // namespace quillgen::accel
