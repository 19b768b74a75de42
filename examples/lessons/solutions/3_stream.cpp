// Solution of lesson 3: a stage without the path through ready, and one that needs no cycles for that.
#include "lesson.hpp"

// As in the lesson: ready comes from the stage behind, in the same cycle.
Stream<UInt> stage(Module& m, const std::string& name, Stream<UInt> in) {
  auto full = reg(m, name + "_full", Bool(), 0);
  auto held = reg(m, name, in.data);
  auto out = stream<UInt>(m, name, full, held);
  in.ready.drive(~full | out.ready);
  full.when(in.fire(), true).when(out.ready, false);
  held.when(in.fire(), in.data);
  return out;
}

// Ready from a register. A full stage takes nothing, so it is full at most every other cycle.
Stream<UInt> cut_stage(Module& m, const std::string& name, Stream<UInt> in) {
  auto full = reg(m, name + "_full", Bool(), 0);
  auto held = reg(m, name, in.data);
  auto out = stream<UInt>(m, name, full, held);
  in.ready.drive(~full);
  full.when(in.fire(), true).when(out.ready, false);
  held.when(in.fire(), in.data);
  return out;
}

// Two registers: what arrives while the first one is held up waits in the spare one.
Stream<UInt> skid_stage(Module& m, const std::string& name, Stream<UInt> in) {
  auto full = reg(m, name + "_full", Bool(), 0), spare_full = reg(m, name + "_spare_full", Bool(), 0);
  auto held = reg(m, name, in.data), spare = reg(m, name + "_spare", in.data);
  auto out = stream<UInt>(m, name, full, held);
  in.ready.drive(~spare_full);
  Bool moves = ~full | out.ready;
  full.when(moves, spare_full | in.fire());
  held.when(moves, mux(spare_full, spare, in.data));
  spare_full.when(moves, false).when(in.fire(), true);
  spare.when(in.fire(), in.data);
  return out;
}

using Stage = Stream<UInt> (*)(Module&, const std::string&, Stream<UInt>);

struct Chain {
  std::string kind;
  Stage build_stage;
  int bits, stages;
  bool operator==(const Chain&) const = default;
};

const Module& build_chain(Design& d, const Chain& chain) {
  const auto name = fmt::format("{}_{}x{}", chain.kind, chain.bits, chain.stages);
  return d.module(name, chain, [](Design&, Module& m, const Chain& chain) {
    const auto& [kind, build_stage, bits, stages] = chain;
    m.describe("Stages of a stream, one behind the other.");
    m.parameter("bits", bits), m.parameter("stages", stages);
    auto values = input_stream(m, "data_in", UInt(bits));
    for (int i = 0; i < stages; ++i) values = build_stage(m, fmt::format("stage_{}", i), values);
    output_stream(m, "data_out", values);
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const auto& [kind, build_stage] :
       {std::pair<std::string, Stage>{"chain", stage}, {"cut", cut_stage}, {"skid", skid_stage}})
    for (const int stages : {1, 2, 8}) {
      const Module& chain = build_chain(design, {kind, build_stage, 16, stages});
      std::string cycles;
      for (const int percent : {0, 30, 60}) {
        test::StreamBench bench(chain, {.seed = 1, .stall_percent = percent});
        if (percent == 30) bench.on_cycle([&](auto& sim) { lesson.sample(sim); });
        for (int i = 0; i < 1000; ++i) bench.push("data_in", {i}), bench.expect("data_out", 1);
        cycles += fmt::format("{:6}", bench.run());
        for (unsigned i = 0; i < 1000; ++i) lesson.check(bench.received("data_out")[i][0] == i, chain.name());
      }
      lesson.print("{:10}: {:3} bits, 1000 values in {} cycles at stalls of 0, 30, 60 %", chain.name(),
                   cost(chain).storage_bits, cycles);
      if (stages == 2) lesson.verilog(chain);
    }
}
