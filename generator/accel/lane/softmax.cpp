// Softmax in one pass (NUMERICS.md N4): largest logit, exponentials and their running sum, quotient. Each of the three
// steps works on another head; the FIFOs between them hold two heads.
//
// Where lanes share the levels, each vector has points of all lanes, though the running sum goes over the levels in
// their order. So there is a sum for each lane, and in front of the quotient the totals of the lanes before it are
// added (its base). The quotient of the base itself is the share that the first weight of the lane is to be told from.
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

// Of points_of_column() points side by side, points_at_once() of each lane:
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
struct Totals {  // of each lane
  Beside<UInt> of_lane;
  QUILLGEN_FIELDS(of_lane)
};
struct Bases {  // totals of all lanes before one, of the second and up; of all
  Beside<UInt> base;
  UInt total;
  QUILLGEN_FIELDS(base, total)
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

// Running sums and their totals, which stay until the head has ended.
Stream<Fraction> fractions(Module& m, Stream<Exp> parts, Stream<Totals> totals) {
  auto fraction = stream(m, "fraction", parts.valid & totals.valid,
                         Fraction{parts.data.value, totals.data.of_lane[0], pack(parts.data.tag)});
  parts.ready.drive(fraction.ready & totals.valid);
  totals.ready.drive(fraction.ready & parts.valid & parts.data.tag.last_of_head);
  return fraction;
}

// .. each lane's sums behind those of the lanes before it, and the bases as further numerators.
Stream<Fraction> based_fractions(Module& m, const Shapes& s, Stream<Exp> parts, const Stream<Totals>& totals) {
  const int at_once = s.points_at_once();
  lib::Pipeline head(m, "head", totals);
  Bases bases{{}, totals.data.of_lane[0]};
  for (std::size_t j = 1; j < totals.data.of_lane.size(); ++j) {
    bases.base.push_back(bases.total);
    bases.total = (bases.total + totals.data.of_lane[j]).wrap(s.exp_sum_bits());
  }
  auto of_head = head.finish(head.stage("bases", bases));
  Fraction sums{parts.data.value, of_head.data.total, pack(parts.data.tag)};
  for (std::size_t i = static_cast<std::size_t>(at_once); i < sums.numerator.size(); ++i)
    sums.numerator[i] =
        (sums.numerator[i] + of_head.data.base[i / static_cast<std::size_t>(at_once) - 1]).wrap(s.exp_sum_bits());
  for (const UInt& base : of_head.data.base) sums.numerator.push_back(base);
  auto fraction = stream(m, "fraction", parts.valid & of_head.valid, sums);
  parts.ready.drive(fraction.ready & of_head.valid);
  of_head.ready.drive(fraction.ready & parts.valid & parts.data.tag.last_of_head);
  lib::Pipeline pipe(m, "numerators", fraction);
  return pipe.finish(pipe.stage("behind_bases", sums));
}

}  // namespace

const Module& build_softmax(Design& d, const Shapes& s) {
  return d.module("softmax", s, [](Design& d, Module& m, const Shapes& s) {
    const int at_once = s.points_at_once(), lanes = s.level_lanes(),
              heads_held = power_of_two(2 * s.a.samples_per_head() / at_once);
    const auto of_points = [&](int j, int i) { return static_cast<std::size_t>(j * at_once + i); };
    m.describe("Softmax over the logits of a head (NUMERICS.md N4). Weights of a head sum to exactly 1.");
    m.parameter("logit_bits", s.n.logit_bits());
    m.parameter("logit_frac_bits", s.n.logit_frac_bits);
    m.parameter("attention_bits", s.n.attention_bits);
    m.parameter("samples_per_head", s.samples_of_head());
    if (s.has_pruned_points()) m.parameter("points_at_once", at_once);
    if (lanes > 1) m.parameter("level_lanes", lanes);

    m.note("Step 1: the largest logit of the head. The logits wait until it is known.");
    auto in = input_stream(m, "logit", Logit(s));
    auto held_ready = ready_wire(m, "held_ready"), done_ready = ready_wire(m, "done_ready");
    auto maximum = reg(m, "maximum", SInt(s.n.logit_bits()));
    auto take = in.fire().named("take_logit");
    auto first_logit = first_of_head(m, "first_logit", take, in.data.tag.last_of_head);
    std::vector<SInt> most(in.data.logit.begin(), in.data.logit.end());  // of two, of four and so on
    while (most.size() > 1) {
      std::vector<SInt> of_pairs;
      for (std::size_t i = 0; i + 1 < most.size(); i += 2) of_pairs.push_back(max(most[i], most[i + 1]));
      if (most.size() % 2 != 0) of_pairs.push_back(most.back());
      most = std::move(of_pairs);
    }
    auto larger = mux(first_logit, most[0], max(maximum, most[0])).named("larger");
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
      return s.points_of_column() == 1 ? std::string(name) : fmt::format("{}_{}", name, i);
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
      for (std::size_t i = 0; i < sums.value.size(); ++i) {
        if (i % static_cast<std::size_t>(at_once) == 0) continue;
        UInt sum = sums.value[i - 1] + exp.value[i];
        sums.value[i] = sum.wrap(std::min(sum.width(), s.exp_sum_bits()));
      }
      exp = pipe.stage("together", sums);
    }
    auto exps = pipe.finish(exp);

    auto take_exp = exps.fire().named("take_exp");
    const auto of_lane = [&](const char* name, int j) { return lanes == 1 ? name : fmt::format("{}_{}", name, j); };
    std::vector<Reg<UInt>> running;
    for (int j = 0; j < lanes; ++j) running.push_back(reg(m, of_lane("running", j), UInt(s.exp_sum_bits())));
    auto first_exp = first_of_head(m, "first_exp", take_exp, exp.tag.last_of_head);
    Beside<UInt> sums, ends;  // of the points; of the last one of each lane
    for (int j = 0; j < lanes; ++j) {
      for (int i = 0; i < at_once; ++i) {
        const UInt& value = exp.value[of_points(j, i)];
        sums.push_back(mux(first_exp, value.extend(s.exp_sum_bits()),
                           (running[static_cast<std::size_t>(j)] + value).wrap(s.exp_sum_bits()))
                           .named(numbered("sum", of_points(j, i))));
      }
      ends.push_back(sums.back());
    }
    for (std::size_t j = 0; j < running.size(); ++j) running[j].when(take_exp, ends[j]);
    auto part_ready = ready_wire(m, "part_ready"), total_ready = ready_wire(m, "total_ready");
    exps.ready.drive(part_ready & total_ready);
    auto parts =
        lib::fifo(d, m, "parts", Stream<Exp>{Exp{sums, exp.tag}, exps.valid & total_ready, part_ready}, heads_held);
    const Bool total_valid = exps.valid & part_ready & exp.tag.last_of_head;
    auto totals = lib::fifo(d, m, "totals", Stream<Totals>{Totals{ends}, total_valid, total_ready}, 2);

    m.note(
        "Step 3: the share of the running sum in the total, rounded; a weight is the difference of two neighbouring "
        "shares.");
    const int tag_bits = total_width(PointTag(s));
    auto fraction = lanes == 1 ? fractions(m, parts, totals) : based_fractions(m, s, parts, totals);
    const int count = lanes * at_once + lanes - 1;  // the bases last
    Instance divide(m, "divide", lib::build_divide_round(d, s.exp_sum_bits(), s.n.attention_bits, tag_bits, count));
    divide.in_stream("in", fraction);
    const Beside<UInt> quotients(static_cast<std::size_t>(count), UInt(s.attention_width()));
    auto share = divide.out_stream("out", Quotient{quotients, UInt(tag_bits)});
    auto tag = unpack(share.data.tag, PointTag(s));
    const auto& quotient = share.data.quotient;
    AttnVector result(s, lanes * at_once);
    std::optional<Reg<Bool>> first_share;
    if (lanes > 1) first_share = first_of_head(m, "first_share", share.fire(), tag.last_of_head);
    for (int j = 0; j < lanes; ++j) {
      auto previous = reg(m, of_lane("previous", j), UInt(s.attention_width()), 0);
      previous.when(share.fire() & tag.last_of_head, 0).when(share.fire(), quotient[of_points(j, at_once - 1)]);
      UInt before = previous;
      if (j > 0) before = mux(*first_share, quotient[static_cast<std::size_t>(lanes * at_once + j - 1)], before);
      for (int i = 0; i < at_once; ++i) {
        const UInt& now = quotient[of_points(j, i)];
        result.weight[of_points(j, i)] = (now - before).as_uint().wrap(s.attention_width());
        before = now;
      }
    }
    result.tag = tag;
    Stream<AttnVector> out{result, share.valid, share.ready};
    output_stream(m, "attention", out);
    tap(m, "attention", Stream<Weight>{{result.weight}, share.valid, share.ready});
  });
}

}  // namespace quillgen::accel
