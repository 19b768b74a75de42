// Lesson 1: a counter as wide as its parameter asks for, with a comparison only where one is needed.
#include <bit>

#include "lesson.hpp"

struct Counter {
  unsigned modulus;
  bool operator==(const Counter&) const = default;
};

// A module is its name and its parameters. Whoever asks for the same ones again gets the same module; the same name
// with others is refused, so what differs belongs in the name. The function that builds it captures nothing, [], and so
// can depend on nothing else.
const Module& build_counter(Design& d, const Counter& counter) {
  return d.module(fmt::format("counter_{}", counter.modulus), counter, [](Design&, Module& m, const Counter& counter) {
    const auto [modulus] = counter;
    m.describe("Counts 0 .. modulus - 1, one step in every cycle with enable.");
    m.parameter("modulus", modulus);
    auto enable = input(m, "enable", Bool());
    auto count = reg(m, "count", UInt(index_bits(modulus)), 0);  // modulus 10: 4 bits, which hold 0 .. 9
    UInt next = (count + 1).wrap(count.width());                 // + has a carry; wrap drops it, and says so
    // This `if` decides here, once. `mux` becomes hardware and decides in every cycle. A power of two needs none.
    if (!std::has_single_bit(modulus)) next = mux(count == modulus - 1, 0, next);
    count.when(enable, next);
    output(m, "count", count);
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const unsigned modulus : {10, 16}) {
    const Module& counter = build_counter(design, {modulus});
    auto sim = simulate(counter);
    std::mt19937 random(1);
    unsigned expected = 0;
    for (int cycle = 0; cycle < 1000; ++cycle, sim.step()) {
      const bool enable = random() % 4 != 0;
      sim.set("enable", enable);
      lesson.sample(sim);
      lesson.check(sim.get("count") == expected, fmt::format("{} in cycle {}", counter.name(), cycle));
      expected = (expected + enable) % modulus;
    }
    lesson.print("{}: {} bits, {} nodes", counter.name(), index_bits(modulus), cost(counter).nodes);
    lesson.check(&build_counter(design, {modulus}) == &counter, "the same parameters give the same module");
    lesson.verilog(counter);
  }
}
