// Softmax in one pass (NUMERICS.md N4): largest logit, exponentials and their running sum, quotient. Each of the three
// steps works on another head; the FIFOs between them hold two heads.
#include <fmt/core.h>

#include <cmath>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/divider.hpp"
#include "lib/fifo.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// T[i] = 2^(t - i / 2^f)
std::vector<std::uint64_t> exp_table(const Shapes& s) {
  const int entries = 1 << s.n.logit_frac_bits;
  std::vector<std::uint64_t> table;
  for (int i = 0; i < entries; ++i)
    table.push_back(
        static_cast<std::uint64_t>(std::floor(std::exp2(s.exp_fraction() - static_cast<double>(i) / entries) + 0.5)));
  return table;
}

// Of points_at_once() points side by side:
struct BelowMaximum {
  Beside<UInt> distance;  // max - logit
  PointTag tag;
  QUILLGEN_FIELDS(distance, tag)
};
struct Power {
  Beside<UInt> mantissa, exponent;  // table value, right shift
  PointTag tag;
  QUILLGEN_FIELDS(mantissa, exponent, tag)
};
struct Exp {
  Beside<UInt> value;
  PointTag tag;
  QUILLGEN_FIELDS(value, tag)
};
struct Fraction {
  Beside<UInt> numerator;
  UInt denominator, tag;
  QUILLGEN_FIELDS(numerator, denominator, tag)
};
struct Weight {  // what the harness sees
  Beside<UInt> weight;
  QUILLGEN_FIELDS(weight)
};
struct Quotient {
  Beside<UInt> quotient;
  UInt tag;
  QUILLGEN_FIELDS(quotient, tag)
};

// Applies `f` to each value.
template <class To, class From, class F>
Beside<To> each_of(const Beside<From>& values, F f) {
  Beside<To> result;
  for (const From& value : values) result.push_back(f(value));
  return result;
}

// A register that is 1 for the first element of a head: at the start, and after every last_of_head.
Reg<Bool> first_of_head(Module& m, const std::string& name, const Bool& step, const Bool& last) {
  auto first = reg(m, name, Bool(), 1);
  first.when(step, last);
  return first;
}

}  // namespace

const Module& build_softmax(Design& d, const Shapes& s) {
  return d.module("softmax", s, [](Design& d, Module& m, const Shapes& s) {
    const int at_once = s.points_at_once(), heads_held = power_of_two(2 * s.a.samples_per_head() / at_once);
    m.describe("Softmax over the logits of a head (NUMERICS.md N4). Weights of a head sum to exactly 1.");
    m.parameter("logit_bits", s.n.logit_bits());
    m.parameter("logit_frac_bits", s.n.logit_frac_bits);
    m.parameter("attention_bits", s.n.attention_bits);
    m.parameter("samples_per_head", s.a.samples_per_head());
    if (s.has_pruned_points()) m.parameter("points_at_once", at_once);

    m.note("Step 1: the largest logit of the head. The logits wait until it is known.");
    auto in = input_stream(m, "logit", Logit(s));
    auto held_ready = ready_wire(m, "held_ready"), done_ready = ready_wire(m, "done_ready");
    auto maximum = reg(m, "maximum", SInt(s.n.logit_bits()));
    auto take = in.fire().named("take_logit");
    auto first_logit = first_of_head(m, "first_logit", take, in.data.tag.last_of_head);
    SInt largest = in.data.logit[0];
    for (std::size_t i = 1; i < in.data.logit.size(); ++i) largest = max(largest, in.data.logit[i]);
    auto larger = mux(first_logit, largest, max(maximum, largest)).named("larger");
    maximum.when(take, larger);
    in.ready.drive(held_ready & done_ready);
    auto logits = lib::fifo(d, m, "logits", Stream<Logit>{in.data, in.valid & done_ready, held_ready}, heads_held);
    auto maxima = lib::fifo(d, m, "maxima",
                            Stream<SInt>{larger, in.valid & held_ready & in.data.tag.last_of_head, done_ready}, 2);

    m.note("Step 2: e = 2^-(maximum - logit) by table and shift, and the running sum.");
    const auto below = [&](const SInt& l) { return (maxima.data - l).as_uint().wrap(s.n.logit_bits()); };
    Bool both = logits.valid & maxima.valid;
    auto logit = stream(m, "exp_in", both, BelowMaximum{each_of<UInt>(logits.data.logit, below), logits.data.tag});
    logits.ready.drive(logit.ready & maxima.valid);
    maxima.ready.drive(logit.ready & logits.valid & logits.data.tag.last_of_head);
    lib::Pipeline pipe(m, "exp", logit);
    auto apart = pipe.stage("apart", logit.data);
    const auto numbered = [&](const char* name, std::size_t i) {
      return at_once == 1 ? std::string(name) : fmt::format("{}_{}", name, i);
    };
    Power powers{{}, {}, apart.tag};
    for (std::size_t i = 0; i < apart.distance.size(); ++i) {
      UInt of_table = rom(apart.distance[i].wrap(s.n.logit_frac_bits), exp_table(s), s.exp_bits());
      powers.mantissa.push_back(of_table.named(numbered("exp_table", i)));
      powers.exponent.push_back(apart.distance[i] >> s.n.logit_frac_bits);
    }
    auto power = pipe.stage("power", powers);
    m.note("Rounding right shift: one bit more is kept, then rounded half up.");
    Exp values{{}, power.tag};
    for (std::size_t i = 0; i < power.mantissa.size(); ++i) {
      auto shifted = shift_right(power.mantissa[i] << 1, power.exponent[i]).named(numbered("shifted", i));
      values.value.push_back(((shifted + 1) >> 1).wrap(s.exp_bits()));
    }
    auto exp = pipe.stage("value", values);
    if (at_once > 1) {
      m.note("Sums of those that come together.");
      Exp sums{exp.value, exp.tag};
      for (std::size_t i = 1; i < sums.value.size(); ++i) {
        UInt sum = sums.value[i - 1] + exp.value[i];
        sums.value[i] = sum.wrap(std::min(sum.width(), s.exp_sum_bits()));
      }
      exp = pipe.stage("together", sums);
    }
    auto exps = pipe.finish(exp);

    auto take_exp = exps.fire().named("take_exp");
    auto running = reg(m, "running", UInt(s.exp_sum_bits()));
    auto first_exp = first_of_head(m, "first_exp", take_exp, exp.tag.last_of_head);
    Beside<UInt> sums;
    for (std::size_t i = 0; i < exp.value.size(); ++i) {
      const UInt& value = exp.value[i];
      sums.push_back(mux(first_exp, value.extend(s.exp_sum_bits()), (running + value).wrap(s.exp_sum_bits()))
                         .named(numbered("sum", i)));
    }
    const UInt& sum = sums.back();
    running.when(take_exp, sum);
    auto part_ready = ready_wire(m, "part_ready"), total_ready = ready_wire(m, "total_ready");
    exps.ready.drive(part_ready & total_ready);
    auto parts =
        lib::fifo(d, m, "parts", Stream<Exp>{Exp{sums, exp.tag}, exps.valid & total_ready, part_ready}, heads_held);
    auto totals =
        lib::fifo(d, m, "totals", Stream<UInt>{sum, exps.valid & part_ready & exp.tag.last_of_head, total_ready}, 2);

    m.note(
        "Step 3: the share of the running sum in the total, rounded; a weight is the difference of two neighbouring "
        "shares.");
    const int tag_bits = total_width(PointTag(s));
    auto fraction = stream(m, "fraction", parts.valid & totals.valid,
                           Fraction{parts.data.value, totals.data, pack(parts.data.tag)});
    parts.ready.drive(fraction.ready & totals.valid);
    totals.ready.drive(fraction.ready & parts.valid & parts.data.tag.last_of_head);
    Instance divide(m, "divide", lib::build_divide_round(d, s.exp_sum_bits(), s.n.attention_bits, tag_bits, at_once));
    divide.in_stream("in", fraction);
    const Beside<UInt> quotients(static_cast<std::size_t>(at_once), UInt(s.attention_width()));
    auto share = divide.out_stream("out", Quotient{quotients, UInt(tag_bits)});
    auto tag = unpack(share.data.tag, PointTag(s));
    auto previous = reg(m, "previous", UInt(s.attention_width()), 0);
    const auto& quotient = share.data.quotient;
    previous.when(share.fire() & tag.last_of_head, 0).when(share.fire(), quotient.back());
    AttnVector result(s);
    for (std::size_t i = 0; i < quotient.size(); ++i) {
      const UInt& before = i == 0 ? static_cast<const UInt&>(previous) : quotient[i - 1];
      result.weight[i] = (quotient[i] - before).as_uint().wrap(s.attention_width());
    }
    result.tag = tag;
    Stream<AttnVector> out{result, share.valid, share.ready};
    output_stream(m, "attention", out);
    tap(m, "attention", Stream<Weight>{{result.weight}, share.valid, share.ready});
  });
}

}  // namespace quillgen::accel
