// Solution of lesson 2: what wraps is wrong less often, and then by more.
#include "lesson.hpp"

struct Mac {
  int bits, acc_bits;
  bool wraps;
  bool operator==(const Mac&) const = default;
};

const Module& build_mac(Design& d, const Mac& mac) {
  const auto name = fmt::format("mac_{}_to_{}{}", mac.bits, mac.acc_bits, mac.wraps ? "_wrap" : "");
  return d.module(name, mac, [](Design&, Module& m, const Mac& mac) {
    const auto [bits, acc_bits, wraps] = mac;
    m.describe(
        wraps ? "acc + a * b, or a * b at the first product of a sum. Beyond its range acc goes on at the other end."
              : "acc + a * b, or a * b at the first product of a sum. Beyond its range acc stays at the end of it.");
    m.parameter("bits", bits), m.parameter("acc_bits", acc_bits);
    auto first = input(m, "first", Bool());
    auto a = input(m, "a", SInt(bits)), b = input(m, "b", SInt(bits));
    auto acc = reg(m, "acc", SInt(acc_bits));
    SInt sum = (mux(first, 0, acc) + a * b).named("sum");
    acc.next(wraps ? sum.wrap(acc_bits) : sum.saturate(acc_bits));
    output(m, "acc", acc);
  });
}

void teach(Lesson& lesson) {
  Design design;
  lesson.print("of 1000 sums    saturate: not exact  worst    wrap: not exact  worst");
  for (const int acc_bits : {16, 17, 18, 19}) {
    int inexact[2] = {}, worst[2] = {};
    for (const bool wraps : {false, true}) {
      const Module& mac = build_mac(design, {8, acc_bits, wraps});
      const int end = 1 << (acc_bits - 1);
      auto sim = simulate(mac);
      std::mt19937 random(1);
      for (int run = 0; run < 1000; ++run) {
        int acc = 0, exact = 0;
        for (int i = 0; i < 64; ++i) {
          const int a = int(random() % 256) - 128, b = int(random() % 256) - 128;
          sim.set("first", i == 0), sim.set("a", a & 255), sim.set("b", b & 255);
          lesson.sample(sim);
          sim.step();
          exact += a * b, acc += a * b;
          if (wraps) acc = ((acc + end) & (2 * end - 1)) - end;
          else acc = std::clamp(acc, -end, end - 1);
          lesson.check(sim.get_signed("acc") == acc, fmt::format("{}, sum {}", mac.name(), run));
        }
        inexact[wraps] += acc != exact, worst[wraps] = std::max(worst[wraps], std::abs(acc - exact));
      }
      if (acc_bits == 18) lesson.verilog(mac);
    }
    lesson.print("{} bits {:26} {:6} {:18} {:6}", acc_bits, inexact[0], worst[0], inexact[1], worst[1]);
  }
}
