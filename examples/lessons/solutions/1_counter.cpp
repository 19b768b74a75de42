// Solution of lesson 1: a counter that can run down, and whose other modules stay as they were.
#include <bit>

#include "lesson.hpp"

struct Counter {
  unsigned modulus;
  bool down;
  bool operator==(const Counter&) const = default;
};

const Module& build_counter(Design& d, const Counter& counter) {
  const auto name = fmt::format("counter_{}{}", counter.modulus, counter.down ? "_down" : "");
  return d.module(name, counter, [](Design&, Module& m, const Counter& counter) {
    const auto [modulus, down] = counter;
    const unsigned first = down ? modulus - 1 : 0, last = modulus - 1 - first;
    m.describe(
        fmt::format("Counts {}, one step in every cycle with enable.", down ? "modulus - 1 .. 0" : "0 .. modulus - 1"));
    m.parameter("modulus", modulus);
    auto enable = input(m, "enable", Bool());
    auto count = reg(m, "count", UInt(index_bits(modulus)), first);
    // The sum has a carry, the difference a sign: wrap drops either.
    UInt next = down ? (count - 1).wrap(count.width()).as_uint() : (count + 1).wrap(count.width());
    if (!std::has_single_bit(modulus)) next = mux(count == last, first, next);
    count.when(enable, next);
    output(m, "count", count);
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const bool down : {false, true})
    for (const unsigned modulus : {10, 16}) {
      const Module& counter = build_counter(design, {modulus, down});
      auto sim = simulate(counter);
      std::mt19937 random(1);
      unsigned expected = down ? modulus - 1 : 0;
      for (int cycle = 0; cycle < 1000; ++cycle, sim.step()) {
        const bool enable = random() % 4 != 0;
        sim.set("enable", enable);
        lesson.sample(sim);
        lesson.check(sim.get("count") == expected, fmt::format("{} in cycle {}", counter.name(), cycle));
        if (enable) expected = (expected + (down ? modulus - 1 : 1)) % modulus;
      }
      lesson.print("{}: {} bits, {} nodes", counter.name(), index_bits(modulus), cost(counter).nodes);
      lesson.verilog(counter);
    }
}
