// Operands of the PE array from rows of the stream (NUMERICS.md N12).
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_operand_former(Design& d, const Shapes& s) {
  return d.module("operand_former", s, [](Design& d, Module& m, const Shapes& s) {
    const int count = s.row_unit(), element = s.row_element_bits(), bits = s.formed_bits();
    m.describe(
        "Forms operands from rows of the stream (NUMERICS.md N12): the numbers of a beat, those of its position added "
        "where there is one, scaled and rounded.");
    m.parameter("elements", count);
    auto of_tokens = input(m, "of_tokens", Bool());
    auto with_position = input(m, "with_position", Bool());
    auto scale = input(m, "scale", Scale());
    auto row = input_stream(m, "row", UInt(s.data_bits())), position = input_stream(m, "position", UInt(s.data_bits()));

    m.note("A beat of a row waits for that of its position.");
    auto advance = wire(m, "advance", Bool());
    Bool both = (row.valid & (position.valid | ~with_position)).named("both");
    row.ready.drive(advance & both);
    position.ready.drive(advance & both & with_position);
    Bool valid = both;
    for (int i = 1; i <= lib::requantise_latency; ++i) {
      auto v = reg(m, fmt::format("valid_{}", i), Bool(), 0);
      v.when(advance, valid);
      valid = v;
    }

    const bool same_bits = s.n.query_bits == s.n.feature_bits;
    if (same_bits) discard(of_tokens);
    std::vector<SInt> operands;
    for (int i = 0; i < count; ++i) {
      SInt x = row.data.bits(i * element, bits).as_sint(), p = position.data.bits(i * element, bits).as_sint();
      Instance unit(m, fmt::format("requantise_{}", i), lib::build_requantise(d, bits + 1, s.operand_bits(), false));
      unit.in("enable", advance);
      unit.in("acc", x + mux(with_position, p, SInt::constant(m, 0, bits)));
      unit.in("mult", scale.mult), unit.in("shift", scale.shift);
      SInt value = unit.out<UInt>("value").as_sint();
      const auto as = [&](int bits) { return value.saturate(bits).extend(s.operand_bits()); };
      operands.push_back(same_bits ? value : mux(of_tokens, as(s.n.feature_bits), as(s.n.query_bits)));
    }
    auto out = stream(m, "operands_out", valid, lib::join(operands));
    advance.drive(~valid | out.ready);
    output_stream(m, "operands", out);
  });
}

}  // namespace quillgen::accel
