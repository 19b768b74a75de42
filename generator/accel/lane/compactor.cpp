// Live points one after the other (NUMERICS.md N19).
#include "accel/blocks.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_compactor(Design& d, const Shapes& s) {
  return d.module("compactor", s, [](Design&, Module& m, const Shapes& s) {
    m.describe("Takes vectors of points apart: those that live leave, one a cycle.");
    const int at_once = s.points_at_once();
    m.parameter("points_at_once", at_once);
    auto in = input_stream(m, "points", LivePoints(s));

    m.note("The first that has not left, and whether another is behind it.");
    UInt left = in.data.live;
    std::optional<Reg<UInt>> gone;
    if (at_once > 1) {
      gone = reg(m, "gone", UInt(at_once), 0);
      left = (in.data.live & ~*gone).named("left");
    }
    Attn point(s);
    point.weight = in.data.weight.back();
    UInt number = UInt::constant(m, static_cast<std::uint64_t>(at_once - 1), std::max(1, Shapes::bits(at_once)));
    UInt first = UInt::constant(m, std::uint64_t{1} << (at_once - 1), at_once);
    for (int i = at_once - 2; i >= 0; --i) {
      const auto n = static_cast<std::uint64_t>(i);
      point.weight = mux(left.bit(i), in.data.weight[n], point.weight);
      number = mux(left.bit(i), UInt::constant(m, n, number.width()), number);
      first = mux(left.bit(i), UInt::constant(m, std::uint64_t{1} << i, at_once), first);
    }
    if (at_once > 1) first = first.named("first");
    Bool last = at_once == 1 ? Bool::constant(m, true) : (~(left & ~first).any()).named("is_last");
    point.tag = in.data.tag;
    if (at_once > 1) {
      const int low = Shapes::bits(at_once);
      number = number.named("number");
      point.tag.sample =
          s.sample_bits() == low ? number : concat({in.data.tag.sample.bits(low, s.sample_bits() - low), number});
    }
    point.tag.last_of_head = in.data.tag.last_of_head & last,
    point.tag.last_of_query = in.data.tag.last_of_query & last;
    point.tag.last_of_group = in.data.tag.last_of_group & last;
    Bool any_left = left.any().named("any_left");
    auto out = stream(m, "point", in.valid & any_left, point);
    Bool through = (~any_left | (last & out.ready)).named("through");
    in.ready.drive(through);
    if (gone) gone->when(in.valid & through, 0).when(in.valid & out.ready, *gone | first);
    output_stream(m, "attention", out);
    // A group whose last points were all dropped ends with a vector without any.
    output(m, "group_freed", in.valid & ~any_left);
  });
}

}  // namespace quillgen::accel
