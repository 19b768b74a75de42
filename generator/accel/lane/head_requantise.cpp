// Requantisation of a head (NUMERICS.md N8): a few channels a cycle, so that a head is done before the next is
// aggregated.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_head_requantise(Design& d, const Shapes& s) {
  return d.module("head_requantise", s, [](Design& d, Module& m, const Shapes& s) {
    const int units = head_requant_units(s.config), words = s.a.head_dim() / units, table_words = s.a.embed_dim / units;
    const int entry_bits = lib::mult_bits + lib::shift_bits, acc_bits = s.head_acc_bits();
    m.describe(
        "Requantisation of a head (NUMERICS.md N8), units channels a cycle. The sums are held by the interpolation "
        "until the last has been taken.");
    m.parameter("channels", s.a.head_dim());
    m.parameter("units", units);
    auto table_write =
        input(m, "table", TableWrite{Bool(), UInt(1), UInt(Shapes::bits(table_words)), UInt(units * entry_bits)});
    discard(table_write.bank);
    auto in = input_stream(m, "head", HeadSums(s));

    m.note("Walk over the channels of the head, and over the table of all channels of the query.");
    auto advance = wire(m, "advance", Bool());
    auto word = reg(m, "word", UInt(Shapes::bits(words)), 0);
    auto channel = reg(m, "table_word", UInt(Shapes::bits(table_words)), 0);
    Bool step = (in.valid & advance).named("step");
    Bool last = lib::is_last(word, words).named("last_word");
    in.ready.drive(advance & last);
    word.when(step, lib::next_index(word, words));
    channel.when(step & last & in.data.last_of_query, 0).when(step, lib::increment(channel));

    m.note("Table entry and sums of these channels.");
    Ram table(m, "table_memory", table_words, units * entry_bits, 1);
    table.write(table_write.enable, table_write.address, table_write.data);
    UInt entry = table.read(channel, step);
    std::vector<UInt> by_word;
    for (int w = 0; w < words; ++w) by_word.push_back(in.data.sums.bits(w * units * acc_bits, units * acc_bits));
    auto sums = reg(m, "sums", UInt(units * acc_bits));
    sums.when(advance, select(word, by_word));

    m.note("What is in flight: valid, last word of its head, last head of its query.");
    constexpr int stages = 1 + lib::requantise_latency;
    Bool valid = in.valid, last_word = last, last_query = in.data.last_of_query;
    for (int i = 1; i <= stages; ++i) {
      auto v = reg(m, fmt::format("valid_{}", i), Bool(), 0);
      auto l = reg(m, fmt::format("last_{}", i), Bool()), q = reg(m, fmt::format("last_of_query_{}", i), Bool());
      v.when(advance, valid), l.when(advance, last_word), q.when(advance, last_query);
      valid = v, last_word = l, last_query = q;
    }

    std::vector<UInt> values;
    for (int u = 0; u < units; ++u) {
      Instance unit(m, fmt::format("requantise_{}", u), lib::build_requantise(d, acc_bits, s.n.head_bits, false));
      unit.in("enable", advance);
      unit.in("acc", sums.bits(u * acc_bits, acc_bits));
      unit.in("mult", entry.bits(u * entry_bits, lib::mult_bits));
      unit.in("shift", entry.bits(u * entry_bits + lib::mult_bits, lib::shift_bits));
      values.push_back(unit.out("value", UInt(s.n.head_bits)));
    }

    m.note("Collect the head; the newest channels go in at the top.");
    const int group_bits = units * s.n.head_bits;
    HeadVector vector(s);
    vector.last_of_query = last_query;
    if (words == 1) {
      vector.channels = lib::join(values);
    } else {
      auto collected = reg(m, "collected", UInt((words - 1) * group_bits));
      UInt whole = concat({lib::join(values), collected}).named("whole");
      collected.when(advance & valid, whole.bits(group_bits, (words - 1) * group_bits));
      vector.channels = whole;
    }
    auto out = stream(m, "vector_out", (valid & last_word).named("vector_ready_to_go"), vector);
    advance.drive(~out.valid | out.ready);
    output_stream(m, "vector", out);
    tap(m, "head", Stream<ValueList>{ValueList(values), valid, advance});
  });
}

}  // namespace quillgen::accel
