// Lesson 6: a block of its own, made of two. It adds up the values of a group, divides the sum by a power of two,
// rounded, and clamps the mean to the format of the output, under stalls.
#include "lesson.hpp"
#include "lib/pipeline.hpp"

struct Group {
  int bits, most;  // of a value; values of a group, at most
  bool operator==(const Group&) const = default;
  int sum_bits() const { return bits + index_bits(most); }
  int shift_bits() const { return value_bits(index_bits(most)); }  // 0 .. log2(most), rounded up
};
struct Mean {
  Group group;
  int out_bits;
  bool operator==(const Mean&) const = default;
  std::string name() const { return fmt::format("{}x{}_to_{}", group.bits, group.most, out_bits); }
};

// What goes from block to block is a bundle. It names its fields once; one left out of the list does not compile.
struct Item {
  SInt value;
  UInt shift;  // the sum is divided by 2^shift; means something with the last value alone
  Bool last;
  QUILLGEN_FIELDS(value, shift, last)
};
struct Total {
  SInt sum;
  UInt shift;
  QUILLGEN_FIELDS(sum, shift)
};

// A value is taken at once; the last of a group is held up until its sum leaves.
const Module& build_accumulate(Design& d, const Group& group) {
  const auto name = fmt::format("accumulate_{}x{}", group.bits, group.most);
  return d.module(name, group, [](Design&, Module& m, const Group& group) {
    m.describe("The sum of each group of values, in the cycle of its last one. A group has `most` values at most.");
    m.parameter("bits", group.bits), m.parameter("most", group.most);
    auto item = input_stream(m, "item", Item{SInt(group.bits), UInt(group.shift_bits()), Bool()});
    auto first = reg(m, "first", Bool(), 1);
    auto acc = reg(m, "acc", SInt(group.sum_bits()));                          // no reset: `first` starts every sum
    SInt sum = (mux(first, 0, acc) + item.data.value).wrap(group.sum_bits());  // which hold `most` values
    auto total = stream(m, "whole", item.valid & item.data.last, Total{sum.named("sum"), item.data.shift});
    item.ready.drive(~item.data.last | total.ready);
    first.when(item.fire(), item.data.last);
    acc.when(item.fire(), sum);
    output_stream(m, "total", total);
  });
}

// Two stages. All that a stage needs comes from the one before it: the shift goes along with its sum.
const Module& build_normalise(Design& d, const Mean& mean) {
  return d.module("normalise_" + mean.name(), mean, [](Design&, Module& m, const Mean& mean) {
    m.describe("sum / 2^shift, rounded half up and clamped to the output's format.");
    m.parameter("sum_bits", mean.group.sum_bits()), m.parameter("out_bits", mean.out_bits);
    auto total = input_stream(m, "total", Total{SInt(mean.group.sum_bits()), UInt(mean.group.shift_bits())});
    lib::Pipeline pipe(m, "pipe", total);
    UInt one = UInt::constant(m, 1, mean.group.sum_bits());
    UInt half = (shift_left(one, total.data.shift) >> 1).named("half");  // of 2^shift; 0 for a shift of 0
    auto raised = pipe.stage("raised", Total{total.data.sum + half.to_signed(), total.data.shift});
    SInt shifted = shift_right(raised.sum, raised.shift).named("shifted");
    auto result = pipe.stage("mean", shifted.saturate(mean.out_bits));
    output_stream(m, "mean", pipe.finish(result));
  });
}

// The block around them has no widths of its own: a port that is passed or connected is as wide as the block below has
// it.
const Module& build_mean(Design& d, const Mean& mean) {
  return d.module("mean_" + mean.name(), mean, [](Design& d, Module& m, const Mean& mean) {
    m.describe("The mean of each group of values, in the format of the output.");
    Instance accumulate(m, "accumulate", build_accumulate(d, mean.group));
    Instance normalise(m, "normalise", build_normalise(d, mean));
    accumulate.pass("item");
    normalise.connect("total", accumulate);
    normalise.pass("mean");
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const Mean& mean : {Mean{{8, 16}, 8}, {{8, 16}, 6}, {{12, 64}, 8}}) {
    const Module& block = build_mean(design, mean);
    const int end = 1 << (mean.out_bits - 1);
    std::string cycles;
    std::size_t values = 0;
    int clamped = 0;
    for (const int percent : {0, 30, 60}) {
      test::StreamBench bench(block, {.seed = 1, .stall_percent = percent});
      if (percent == 30) bench.on_cycle([&](auto& sim) { lesson.sample(sim); });
      std::mt19937 random(1);
      const auto draw = [&](int from, int to) { return from + static_cast<int>(random() % unsigned(to - from + 1)); };
      std::vector<int> expected;
      values = 0, clamped = 0;
      for (int group = 0; group < 1000; ++group) {
        const int count = draw(1, mean.group.most), shift = draw(0, index_bits(mean.group.most));
        int sum = 0;
        for (int i = 0; i < count; ++i, ++values) {
          const int value = draw(-1 << (mean.group.bits - 1), (1 << (mean.group.bits - 1)) - 1);
          bench.push("item", {value, shift, i + 1 == count});
          sum += value;
        }
        const int exact = (sum + (1 << shift) / 2) >> shift;  // >> rounds down, so this rounds half up
        expected.push_back(std::clamp(exact, -end, end - 1));
        clamped += exact != expected.back();
      }
      bench.expect("mean", expected.size());
      cycles += fmt::format("{:6}", bench.run());
      const auto received = bench.received_signed("mean");
      for (std::size_t i = 0; i < expected.size(); ++i) lesson.check(received[i][0] == expected[i], block.name());
    }
    lesson.print("{:15}: {} of 1000 means clamped, {:5} values in {} cycles at stalls of 0, 30, 60 %", block.name(),
                 clamped, values, cycles);
  }
  lesson.print("{} modules: two of the three blocks have one accumulate_8x16", design.modules().size());
  for (std::size_t i = 0; i < 3; ++i) lesson.verilog(*design.modules()[i]);
}
