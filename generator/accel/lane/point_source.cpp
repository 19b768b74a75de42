// Walks over the samples of each query and reads their logits. This is the only place that counts samples: behind it
// they are marked.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/lane/slot.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct LogitValue {  // what the harness sees
  Beside<SInt> logit;
  QUILLGEN_FIELDS(logit)
};

// Of the points of a level, or of their vectors.
Bool is_last_point(const Shapes& s, const UInt& point, const UInt& level) {
  if (!s.has_level_points()) return lib::is_last(point, s.a.points / s.points_at_once());
  std::vector<UInt> last;
  for (int l = 0; l < s.a.levels; ++l)
    last.push_back(UInt::constant(point.module(), static_cast<std::uint64_t>(s.a.points_of(l) / s.points_at_once() - 1),
                                  point.width()));
  return point == select(level, last);
}

}  // namespace

const Module& build_point_source(Design& d, const Shapes& s) {
  return d.module("point_source", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Walks over the samples of every query of a group, head by head, level by level, and reads their logits." +
        std::string(s.level_lanes() > 1 ? " Lanes that share the levels go side by side, each over its own." : ""));
    const int at_once = s.points_at_once();
    if (s.has_pruned_points()) m.parameter("points_at_once", at_once);
    if (s.level_lanes() > 1) m.parameter("level_lanes", s.level_lanes());
    m.parameter("rows", s.rows());
    m.parameter("heads", s.a.heads);
    m.parameter("levels", s.a.levels);
    m.parameter("points", s.a.points);
    auto group = input_stream(m, "rows", UInt(s.rows_bits()));

    m.note("Logits of the groups on chip, several in a word; one group is filled while another is read.");
    const int bits = s.n.logit_bits(), in_word = s.points_of_word(), lanes = s.level_lanes();
    const auto of_lane = [&](const char* name, int j) { return lanes == 1 ? name : fmt::format("{}_{}", name, j); };
    std::vector<Ram> logits;
    for (int j = 0; j < lanes; ++j)
      logits.emplace_back(m, of_lane("logits", j), s.slots() << s.logit_word_bits(), 2 * in_word * bits, 1);
    auto write_enable = input(m, "logit_write_enable", Bool());
    auto write_address = input(m, "logit_write_address", UInt(logits[0].address_bits()));
    for (int j = 0; j < lanes; ++j) {
      auto write_data = input(m, of_lane("logit_write_data", j), UInt(2 * in_word * bits));
      logits[static_cast<std::size_t>(j)].write(write_enable, write_address, write_data);
    }

    m.note("Position: query, head, level, point.");
    SlotCounter slot(m, s);
    auto head = reg(m, "head", UInt(s.head_bits()), 0);
    auto level = reg(m, "level", UInt(s.level_bits()), 0);
    const int vectors = s.a.points / at_once;  // of a level, or the most of one
    const bool counts_points = at_once == 1 || vectors > 1;
    Reg<UInt> point;
    if (counts_points) point = reg(m, "point", UInt(Shapes::bits(vectors)), 0);
    auto sample = reg(m, "sample", UInt(s.sample_bits()), 0);
    Bool last_point = counts_points ? is_last_point(s, point, level).named("last_point") : Bool::constant(m, true);
    Bool last_level = (last_point & lib::is_last(level, s.a.levels)).named("last_of_head");
    Bool last_head = (last_level & lib::is_last(head, s.a.heads)).named("last_of_query");
    Bool last_row = (last_head & (slot.rows_so_far() == group.data)).named("last_of_group");

    PointTag tag(s);
    tag.slot = slot.slot(), tag.sample = sample, tag.head = head, tag.level = level;
    tag.last_of_head = last_level, tag.last_of_query = last_head, tag.last_of_group = last_row;
    Reg<UInt> anchor;
    if (s.has_anchors()) tag.anchor = anchor = reg(m, "anchor", UInt(s.anchor_bits()), 0);
    auto points = stream(m, "points", group.valid, tag);
    lib::Pipeline pipe(m, "read", points);
    Bool step = points.fire().named("step");
    group.ready.drive(points.ready & last_row);
    if (s.has_level_points()) point.when(step & last_point, 0).when(step, lib::increment(point));
    else if (counts_points) point.when(step, lib::next_index(point, vectors));
    if (s.has_anchors()) anchor.when(step & last_point, 0).when(step, lib::next_index(anchor, s.a.anchors));
    level.when(step & last_point, lib::next_index(level, s.a.levels));
    head.when(step & last_level, lib::next_index(head, s.a.heads));
    sample.when(step & last_head, 0).when(step, next_sample(s, sample));
    slot.step(step & last_head, step & last_row);

    std::vector<UInt> words;
    UInt address = concat({tag.slot, logit_word(s, sample)});
    for (Ram& memory : logits) words.push_back(memory.read(address, step));
    auto read = pipe.stage("at", tag);
    Logit chosen(s);
    for (int i = 0; i < lanes * at_once; ++i) {
      const UInt& word = words[static_cast<std::size_t>(i / at_once)];
      const int n = i % at_once;
      std::vector<UInt> halves;
      for (int half = 0; half < 2; ++half) {
        std::vector<UInt> of_half;
        for (int first = 0; first < in_word; first += at_once)
          of_half.push_back(word.bits((half * in_word + first + n) * bits, bits));
        halves.push_back(select_element(part_of_word(s, read.sample), of_half));
      }
      chosen.logit[static_cast<std::size_t>(i)] = select(offset_word(s, read.sample).bits(0, 1), halves).as_sint();
    }
    chosen.tag = read;
    auto result = pipe.stage("chosen", chosen);
    auto out = pipe.finish(result);
    output_stream(m, "logit", out);
    tap(m, "logit", Stream<LogitValue>{{result.logit}, out.valid, out.ready});
  });
}

}  // namespace quillgen::accel
