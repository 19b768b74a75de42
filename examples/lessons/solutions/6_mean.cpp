// Solution of lesson 6: the shift is a register that somebody writes. Read where it is needed, and carried along.
#include "lesson.hpp"
#include "lib/pipeline.hpp"

struct Group {
  int bits, most;
  bool operator==(const Group&) const = default;
  int sum_bits() const { return bits + index_bits(most); }
  int shift_bits() const { return value_bits(index_bits(most)); }
};
struct Mean {
  Group group;
  int out_bits;
  bool carries;  // the shift along with its sum; otherwise a stage reads the register
  bool operator==(const Mean&) const = default;
  std::string name() const {
    return fmt::format("{}x{}_to_{}_{}", group.bits, group.most, out_bits, carries ? "carried" : "read");
  }
};

struct Item {
  SInt value;
  Bool last;
  QUILLGEN_FIELDS(value, last)
};
struct Total {
  SInt sum;
  UInt shift;
  QUILLGEN_FIELDS(sum, shift)
};

const Module& build_accumulate(Design& d, const Group& group) {
  const auto name = fmt::format("accumulate_{}x{}", group.bits, group.most);
  return d.module(name, group, [](Design&, Module& m, const Group& group) {
    m.describe("The sum of each group of values, in the cycle of its last one. A group has `most` values at most.");
    m.parameter("bits", group.bits), m.parameter("most", group.most);
    auto item = input_stream(m, "item", Item{SInt(group.bits), Bool()});
    auto first = reg(m, "first", Bool(), 1);
    auto acc = reg(m, "acc", SInt(group.sum_bits()));
    SInt sum = (mux(first, 0, acc) + item.data.value).wrap(group.sum_bits());
    auto total = stream(m, "whole", item.valid & item.data.last, sum.named("sum"));
    item.ready.drive(~item.data.last | total.ready);
    first.when(item.fire(), item.data.last);
    acc.when(item.fire(), sum);
    output_stream(m, "total", total);
  });
}

const Module& build_normalise(Design& d, const Mean& mean) {
  return d.module("normalise_" + mean.name(), mean, [](Design&, Module& m, const Mean& mean) {
    m.describe("total / 2^shift, rounded half up and clamped to the output's format. `write` sets the shift.");
    m.parameter("sum_bits", mean.group.sum_bits()), m.parameter("out_bits", mean.out_bits);
    auto write = input(m, "write", Bool());
    auto new_shift = input(m, "new_shift", UInt(mean.group.shift_bits()));
    auto shift = reg(m, "shift", new_shift, 0);
    shift.when(write, new_shift);
    auto total = input_stream(m, "total", SInt(mean.group.sum_bits()));
    lib::Pipeline pipe(m, "pipe", total);
    UInt half = (shift_left(UInt::constant(m, 1, mean.group.sum_bits()), shift) >> 1).named("half");
    SInt raised = total.data + half.to_signed(), shifted;
    if (mean.carries) {
      auto stage = pipe.stage("raised", Total{raised, shift});
      shifted = shift_right(stage.sum, stage.shift);
    } else {
      pipe.allow(shift);
      shifted = shift_right(pipe.stage("raised", raised), shift);
    }
    auto result = pipe.stage("mean", shifted.named("shifted").saturate(mean.out_bits));
    output_stream(m, "mean", pipe.finish(result));
  });
}

const Module& build_mean(Design& d, const Mean& mean) {
  return d.module("mean_" + mean.name(), mean, [](Design& d, Module& m, const Mean& mean) {
    m.describe("The mean of each group of values, in the format of the output.");
    Instance accumulate(m, "accumulate", build_accumulate(d, mean.group));
    Instance normalise(m, "normalise", build_normalise(d, mean));
    accumulate.pass("item");
    normalise.connect("total", accumulate);
    normalise.pass({"write", "new_shift", "mean"});
  });
}

void teach(Lesson& lesson) {
  Design design;
  for (const bool carries : {false, true}) {
    const Mean mean{{8, 16}, 8, carries};
    const Module& block = build_mean(design, mean);
    std::string wrong;
    for (const int percent : {0, 30, 60}) {
      test::StreamBench bench(block, {.seed = 1, .stall_percent = percent});
      auto& sim = bench.interpreter();
      std::mt19937 random(1);
      const auto draw = [&](int from, int to) { return from + static_cast<int>(random() % unsigned(to - from + 1)); };
      // The shift of a sum is that of the cycle in which the last value of its group is taken.
      int shift = 0, sum = 0;
      std::vector<int> expected;
      bench.on_cycle([&](auto& now) {
        if (percent == 30) lesson.sample(now);
        if (now.get("item_valid") != 0 && now.get("item_ready") != 0) {
          sum += static_cast<int>(now.get_signed("item_value"));
          if (now.get("item_last") != 0)
            expected.push_back(std::clamp((sum + (1 << shift) / 2) >> shift, -128, 127)), sum = 0;
        }
        if (now.get("write") != 0) shift = static_cast<int>(now.get("new_shift"));
      });
      for (int group = 0; group < 1000; ++group)
        for (int count = draw(1, 16); count > 0; --count) bench.push("item", {draw(-128, 127), count == 1});
      while (bench.received("mean").size() < 1000) {
        sim.set("write", draw(1, 8) == 1), sim.set("new_shift", static_cast<unsigned>(draw(0, 4)));
        bench.run_cycles(1);
      }
      int differ = 0;
      const auto received = bench.received_signed("mean");
      for (std::size_t i = 0; i < expected.size(); ++i) differ += received[i][0] != expected[i];
      lesson.check(carries == (differ == 0), block.name());
      wrong += fmt::format("{:4}", differ);
    }
    lesson.print("{:21}: {} of 1000 means wrong at stalls of 0, 30, 60 %, {} bits", block.name(), wrong,
                 cost(block).storage_bits);
  }
  lesson.verilog(*design.modules()[3]);  // normalise, with the shift along
}
