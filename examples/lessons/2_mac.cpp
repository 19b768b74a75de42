// Lesson 2: a multiply-accumulate unit that saturates, and how many bits its accumulator is worth.
#include "lesson.hpp"

struct Mac {
  int bits, acc_bits;
  bool operator==(const Mac&) const = default;
};

const Module& build_mac(Design& d, const Mac& mac) {
  return d.module(fmt::format("mac_{}_to_{}", mac.bits, mac.acc_bits), mac, [](Design&, Module& m, const Mac& mac) {
    const auto [bits, acc_bits] = mac;
    m.describe("acc + a * b, or a * b at the first product of a sum. Beyond its range acc stays at the end of it.");
    m.parameter("bits", bits), m.parameter("acc_bits", acc_bits);
    auto first = input(m, "first", Bool());
    auto a = input(m, "a", SInt(bits)), b = input(m, "b", SInt(bits));
    auto acc = reg(m, "acc", SInt(acc_bits));  // no reset: `first` starts every sum
    // Operators grow: a * b has 2 * bits, the sum one bit more than its wider operand. Nothing is lost here ...
    SInt sum = (mux(first, 0, acc) + a * b).named("sum");
    acc.next(sum.saturate(acc_bits));  // ... only here, where it is asked for
    output(m, "acc", acc);
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const int acc_bits : {16, 17, 18, 19, 20}) {
    const Module& mac = build_mac(design, {8, acc_bits});
    auto sim = simulate(mac);
    std::mt19937 random(1);
    int inexact = 0;
    for (int run = 0; run < 1000; ++run) {
      int acc = 0, exact = 0;
      for (int i = 0; i < 64; ++i) {
        const int a = int(random() % 256) - 128, b = int(random() % 256) - 128;
        sim.set("first", i == 0), sim.set("a", a & 255), sim.set("b", b & 255);
        lesson.sample(sim);
        sim.step();
        exact += a * b, acc = std::clamp(acc + a * b, -(1 << (acc_bits - 1)), (1 << (acc_bits - 1)) - 1);
        lesson.check(sim.get_signed("acc") == acc, fmt::format("{}, sum {}", mac.name(), run));
      }
      inexact += acc != exact;
    }
    lesson.print("{} bits: {:3} of 1000 sums of 64 products are not exact", acc_bits, inexact);
    if (acc_bits == 18) lesson.verilog(mac);
  }
}
