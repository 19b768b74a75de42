// Points of small weight are dropped (NUMERICS.md N19). What is left of a head is handed on in vectors; one in which no
// point lives is not, so that it costs the lane no cycle.
#include "accel/blocks.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Heads between the softmax and the output projection: in the run-ahead queue with one sample each, and on their way.
int marks_held(const Shapes& s) { return power_of_two(s.config.feature_cache.run_ahead + 32); }

}  // namespace

const Module& build_point_filter(Design& d, const Shapes& s) {
  return d.module("point_filter", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Points whose weight is below the threshold are dropped (NUMERICS.md N19). A vector of points is handed on if "
        "one of them lives, and a head is marked as empty if none of it does.");
    m.parameter("points_at_once", s.points_at_once());
    auto threshold = input(m, "threshold", UInt(s.attention_width() + 1));
    auto in = input_stream(m, "attention", AttnVector(s, s.points_at_once()));
    std::vector<Signal> lives;
    for (auto weight = in.data.weight.rbegin(); weight != in.data.weight.rend(); ++weight)
      lives.push_back(*weight >= threshold);
    UInt live = concat(lives).named("live");
    Bool none_lives = (live == 0).named("none_lives");
    Bool ends_head = in.data.tag.last_of_head, ends_group = in.data.tag.last_of_group;

    m.note("The last vector waits until it is known whether it ends its head: points behind it may all be dropped.");
    auto held_valid = reg(m, "held_valid", Bool(), 0);
    auto held = reg(m, "held", LivePoints(s));
    auto closed = reg(m, "closed", Bool(), 0), closed_group = reg(m, "closed_group", Bool(), 0);
    Bool ends = (held.tag.last_of_head | closed).named("held_ends_head"),
         open = (held_valid & ~ends).named("head_open");

    m.note(
        "It is replaced by one with live points. One without that ends a group needs a place too, but for its head's.");
    Bool replaces = (~none_lives | (ends_group & ~open)).named("replaces");
    auto held_ready = ready_wire(m, "held_ready"), mark_ready = ready_wire(m, "mark_ready");
    Bool room = (~replaces | ~held_valid | held_ready).named("room");
    in.ready.drive(room & (~ends_head | mark_ready));
    Bool take = in.fire().named("take"), keep = (take & replaces).named("keep"),
         close = (take & ~replaces & open & ends_head).named("close");
    held_valid.when(keep, true).when(held_ready & (~open | keep), false);
    LivePoints next(s);
    next.weight = in.data.weight, next.live = live, next.tag = in.data.tag;
    held.when(keep, next);
    closed.when(keep, false).when(close, true);
    closed_group.when(keep, false).when(close, ends_group);

    LivePoints left = held;
    left.tag.last_of_head = ends, left.tag.last_of_group = held.tag.last_of_group | closed_group;
    Stream<LivePoints> out{left, (held_valid & (~open | (in.valid & replaces & (~ends_head | mark_ready)))),
                           held_ready};
    output_stream(m, "points", out);

    m.note("Of each head, whether there is anything of it.");
    Bool empty = (none_lives & ~open).named("empty");
    Stream<HeadMark> mark{HeadMark{empty, in.data.tag.last_of_query}, in.valid & ends_head & room, mark_ready};
    output_stream(m, "head", lib::sram_fifo(d, m, "marks", mark, marks_held(s)));
  });
}

}  // namespace quillgen::accel
