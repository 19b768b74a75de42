// A multiplier tree and an accumulator of the PE array.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/sum_tree.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_pe(Design& d, const Shapes& s) {
  return d.module("pe", s, [](Design&, Module& m, const Shapes& s) {
    const int depth = s.config.gemm.depth;
    m.describe(
        "Processing element: dot product of depth operands and weights a cycle, accumulated over the words of a row. "
        "accumulate, first and last belong to the sum of products; result holds a finished tile.");
    m.parameter("depth", depth);
    m.parameter("operand_bits", s.operand_bits());
    m.parameter("weight_bits", s.weight_bits());
    auto advance = input(m, "advance", Bool());
    auto accumulate = input(m, "accumulate", Bool());
    auto first = input(m, "first", Bool());
    auto last = input(m, "last", Bool());
    auto operand = lib::elements(input(m, "operands", UInt(depth * s.operand_bits())), depth, s.operand_bits());
    auto weight = lib::elements(input(m, "weights", UInt(depth * s.weight_bits())), depth, s.weight_bits());
    std::vector<SInt> products;
    for (std::size_t i = 0; i < operand.size(); ++i) {
      auto product = reg(m, fmt::format("product_{}", i), SInt(s.operand_bits() + s.weight_bits()));
      product.when(advance, operand[i] * weight[i]);
      products.push_back(product);
    }
    SInt sum = lib::registered_sum_tree(m, "sum", products, s.config.gemm.tree_levels, advance);
    const int wide = std::max(sum.width(), s.gemm_acc_bits());
    auto acc = reg(m, "acc", SInt(s.gemm_acc_bits()));
    auto next = mux(first, sum.extend(wide), (acc + sum).wrap(wide)).wrap(s.gemm_acc_bits()).named("next_acc");
    acc.when(accumulate, next);
    auto result = reg(m, "result", SInt(s.gemm_acc_bits()));
    result.when(accumulate & last, next);
    output(m, "result", result);
  });
}

}  // namespace quillgen::accel
