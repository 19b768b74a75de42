// Outputs from the sums of all head lanes (NUMERICS.md N9, N10).
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_output_requantise(Design& d, const Shapes& s) {
  return d.module("output_requantise", s, [](Design& d, Module& m, const Shapes& s) {
    const int columns = s.projection_columns(), groups = s.projection_groups(), lanes = s.head_lanes();
    const int share_bits = s.lane().output_acc_bits();
    m.describe(
        "Adds what the lanes have of an output (NUMERICS.md N9) and requantises it (N10), columns outputs a cycle.");
    m.parameter("columns", columns);
    m.parameter("groups", groups);
    m.parameter("lanes", lanes);
    auto table_write = input(
        m, "table",
        TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(Shapes::bits(groups)), UInt(lib::requant_entry_bits)});
    const Bool norm = s.has_epilogue() ? input(m, "norm", Bool()) : Bool();
    const bool one_format =
        s.n.output_bits == s.projected_bits() && (!s.has_epilogue() || s.n.output_bits == s.branch_bits());
    if (s.has_epilogue() && one_format) discard(norm);
    std::vector<Stream<UInt>> in;
    for (int l = 0; l < lanes; ++l)
      in.push_back(input_stream(m, fmt::format("sums_{}", l), UInt(columns * share_bits)));

    m.note("A group of outputs goes when all lanes have it.");
    auto advance = wire(m, "advance", Bool());
    Bool all = in[0].valid;
    for (std::size_t l = 1; l < in.size(); ++l) all = all & in[l].valid;
    Bool step = (all & advance).named("step");
    for (auto& lane : in) lane.ready.drive(lanes == 1 ? advance : step);
    auto group = reg(m, "group", UInt(Shapes::bits(groups)), 0);
    group.when(step, lib::next_index(group, groups));

    std::vector<UInt> values;
    for (int c = 0; c < columns; ++c) {
      std::vector<SInt> shares;
      for (const auto& lane : in) shares.push_back(lane.data.bits(c * share_bits, share_bits).as_sint());
      SInt total = lib::sum_tree(shares);
      auto acc = reg(m, fmt::format("acc_{}", c), SInt(total.width()));
      acc.when(advance, total);
      Ram table(m, fmt::format("table_{}", c), groups, lib::requant_entry_bits, 1);
      table.write(table_write.enable & (table_write.bank == c), table_write.address, table_write.data);
      auto entry = unpack(table.read(group, step), lib::RequantEntry{});
      Instance unit(m, fmt::format("requantise_{}", c),
                    lib::build_requantise(d, total.width(), s.projected_bits(), true));
      unit.in("enable", advance);
      unit.in("acc", acc);
      unit.in("bias", entry.bias), unit.in("mult", entry.mult), unit.in("shift", entry.shift);
      UInt value = unit.out("value", UInt(s.projected_bits()));
      if (!one_format) {
        const auto as = [&](int bits) { return value.as_sint().saturate(bits).extend(s.projected_bits()).as_uint(); };
        value = mux(norm, as(s.branch_bits()), as(s.n.output_bits)).named(fmt::format("output_{}", c));
      }
      values.push_back(value);
    }

    m.note("What is in flight, and whether it ends its row.");
    Bool valid = all, last = lib::is_last(group, groups);
    for (int i = 1; i <= 1 + lib::requantise_latency; ++i) {
      auto v = reg(m, fmt::format("requant_{}_valid", i), Bool(), 0),
           l = reg(m, fmt::format("requant_{}_last", i), Bool());
      v.when(advance, valid), l.when(advance, last);
      valid = v, last = l;
    }
    OutputGroup result(s);
    result.values = lib::join(values);
    result.last = last;
    auto out = stream(m, "output_out", valid, result);
    advance.drive(~valid | out.ready);
    output_stream(m, "output", out);
    tap(m, "output", Stream<ValueList>{ValueList(values), out.valid, out.ready});
  });
}

}  // namespace quillgen::accel
