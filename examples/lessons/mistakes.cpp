// Mistakes in a block, and what is said of them: shown in generator/README.md. None of these gets as far as Verilog.
#include <sstream>

#include "lesson.hpp"
#include "lib/pipeline.hpp"
#include "passes/verify.hpp"

namespace {

struct Format {
  int sum_bits, out_bits;
  bool operator==(const Format&) const = default;
};

// The name leaves out_bits out.
const Module& build_clamp(Design& d, const Format& format) {
  return d.module(fmt::format("clamp_{}", format.sum_bits), format, [](Design&, Module& m, const Format& format) {
    output(m, "clamped", input(m, "sum", SInt(format.sum_bits)).saturate(format.out_bits));
  });
}

// The second stage reads a register that may have been written since its value came in.
void build_scale(Module& m) {
  auto shift = reg(m, "shift", UInt(3), 0);
  shift.when(input(m, "write", Bool()), input(m, "new_shift", UInt(3)));
  auto sum = input_stream(m, "sum", SInt(12));
  lib::Pipeline pipe(m, "pipe", sum);
  auto raised = pipe.stage("raised", sum.data);
  auto scaled = pipe.stage("scaled", shift_right(raised, shift));
  output_stream(m, "mean", pipe.finish(scaled));
}

struct Sum {
  SInt sum{12};
  UInt shift{3};
  QUILLGEN_FIELDS(sum, shift)
};

// One side of the stream has a field that the other has not.
void build_pair(Module& m) {
  Design d;
  const Module& maker = d.module("maker", [](Module& m) { output_stream(m, "total", input_stream(m, "sum", Sum())); });
  const Module& taker =
      d.module("taker", [](Module& m) { output_stream(m, "sum", input_stream(m, "total", SInt(12))); });
  Instance(m, "taker", taker).connect("total", Instance(m, "maker", maker));
}

// A sum has a bit more than its register.
void build_sum(Module& m) {
  auto a = input(m, "a", UInt(4)), b = input(m, "b", UInt(6));
  auto sum = reg(m, "sum", UInt(6), 0);
  sum.next(a + b);
}

// A wire that nothing drives.
void build_forgotten(Module& m) {
  auto count = reg(m, "count", UInt(4), 0);
  count.when(wire(m, "step", Bool()), 0);
  output(m, "done", count.bit(3));
}

/// What is said, in lines of the page.
void show(Lesson& lesson, const std::function<void()>& mistake) {
  std::string said;
  try {
    mistake();
  } catch (const HdlError& e) {
    said = e.what();
  }
  lesson.check(!said.empty(), "something is said of a mistake");
  std::istringstream words(said);
  std::string line = "*";
  for (std::string word; words >> word; line += " " + word)
    if (line.size() + word.size() > 110) lesson.print("{}", line), line = " ";
  lesson.print("{}", line);
}

}  // namespace

void teach(Lesson& lesson) {
  lesson.page("../../generator/README.md");
  Design d;
  show(lesson, [&] { build_clamp(d, {12, 8}), build_clamp(d, {12, 6}); });
  for (auto* build : {build_scale, build_pair, build_sum, build_forgotten})
    show(lesson, [&] {
      Module m("block");
      build(m);
      passes::verify_or_throw(m);
    });
}
