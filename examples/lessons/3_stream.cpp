// Lesson 3: a stage of a valid/ready stream, a chain of them, and what random stalls do to it.
#include "lesson.hpp"

// One register. It takes a value when it is empty, or when its own value leaves in the same cycle.
Stream<UInt> stage(Module& m, const std::string& name, Stream<UInt> in) {
  auto full = reg(m, name + "_full", Bool(), 0);
  auto held = reg(m, name, in.data);
  auto out = stream<UInt>(m, name, full, held);
  in.ready.drive(~full | out.ready);
  full.when(in.fire(), true).when(out.ready, false);
  held.when(in.fire(), in.data);  // no reset: `full` says when it means something
  return out;
}

struct Chain {
  int bits, stages;
  bool operator==(const Chain&) const = default;
};

const Module& build_chain(Design& d, const Chain& chain) {
  const auto name = fmt::format("chain_{}x{}", chain.bits, chain.stages);
  return d.module(name, chain, [](Design&, Module& m, const Chain& chain) {
    const auto [bits, stages] = chain;
    m.describe("Stages of a stream, one behind the other.");
    m.parameter("bits", bits), m.parameter("stages", stages);
    auto values = input_stream(m, "data_in", UInt(bits));
    for (int i = 0; i < stages; ++i) values = stage(m, fmt::format("stage_{}", i), values);  // a loop makes hardware
    output_stream(m, "data_out", values);  // states that a value waits unchanged; every simulation checks that
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const int stages : {1, 2, 4, 8}) {
    const Module& chain = build_chain(design, {16, stages});
    std::string cycles;
    for (const int percent : {0, 30, 60}) {  // of the cycles, in which either end holds back
      test::StreamBench bench(chain, {.seed = 1, .stall_percent = percent});
      if (percent == 30) bench.on_cycle([&](auto& sim) { lesson.sample(sim); });
      for (int i = 0; i < 1000; ++i) bench.push("data_in", {i}), bench.expect("data_out", 1);
      cycles += fmt::format("{:6}", bench.run());
      for (unsigned i = 0; i < 1000; ++i) lesson.check(bench.received("data_out")[i][0] == i, chain.name());
    }
    lesson.print("{}: 1000 values in {} cycles at stalls of 0, 30, 60 %", chain.name(), cycles);
    if (stages == 2) lesson.verilog(chain);
  }
}
