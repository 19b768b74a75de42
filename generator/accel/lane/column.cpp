// The lanes that share the levels of some heads: from logits to the heads' share of the outputs. The softmax needs all
// levels of a head, and so does the requantisation of its sums; in between each lane works on its own levels, with
// memories, a cache and a read ID of its own.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/lane/freed.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/fork.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// The column in the order of its data.
struct Column {
  Design& d;
  Module& m;
  const Shapes& s;
  const int lanes = s.level_lanes(), levels = lane_levels(s.config);
  const Shapes lane = s.lane();

  LevelShapes level_shapes = LevelShapes(s);
  std::optional<LevelRanges> ranges = {};
  std::optional<CountPlaces> places = {};
  std::optional<CountRead> read = {};
  std::optional<PixelCounts> counts = {};  // of the lane whose level is read
  std::vector<UInt> starts = {};
  BufferWrite reference = {};
  std::vector<Stream<AttnVector>> points_of = {};
  Instance join = {};
  std::vector<Bool> freed_by = {};
  Bool clearing = {};

  void inputs();
  void weights();
  /// Whether a level is one of lane j, and its number there; named `name` of the lane.
  struct OwnLevel {
    Bool mine;
    UInt number;
  };
  OwnLevel own_level(const UInt& level, const char* name, int j) const;
  void add(int j);
  void count(Instance& u, int j);
  void heads();
  std::string numbered(const char* name, int j) const { return fmt::format("{}_{}", name, j); }
};

void Column::inputs() {
  level_shapes = input(m, "levels", LevelShapes(s));
  if (s.has_ranges()) ranges = input(m, "ranges", LevelRanges(s));
  if (s.has_pixel_counts()) places = input(m, "places", CountPlaces(s)), read = input(m, "count_read", CountRead(s));
  for (int l = 0; l < s.a.levels; ++l) starts.push_back(input(m, numbered("start", l), UInt(s.address_bits())));
  reference =
      input(m, "reference_write",
            BufferWrite{Bool(), UInt(Shapes::bits(s.slots() << s.level_bits())), UInt(s.reference_word_bits())});
  join = Instance(m, "head_join", build_head_join(d, lane));
  clearing = Bool::constant(m, false);
}

void Column::weights() {
  m.note("Weights of the points of all lanes, side by side.");
  Instance source(m, "point_source", build_point_source(d, lane));
  source.pass("rows");
  source.pass("logit_write_enable", "logits_valid"), source.pass("logit_write_address", "logits_address");
  for (int j = 0; j < lanes; ++j) source.pass(numbered("logit_write_data", j), numbered("logits", j));
  Instance softmax(m, "softmax", build_softmax(d, lane));
  softmax.connect("logit", source);
  const int points = s.points_at_once();
  auto all = softmax.out_stream("attention", AttnVector(lane, lanes * points));
  auto copies = lib::fork(m, "attention", all, lanes);
  for (int j = 0; j < lanes; ++j) {
    auto& copy = copies[static_cast<std::size_t>(j)];
    AttnVector own(lane, points);
    for (int i = 0; i < points; ++i)
      own.weight[static_cast<std::size_t>(i)] = copy.data.weight[static_cast<std::size_t>(j * points + i)];
    own.tag = copy.data.tag;
    points_of.push_back({own, copy.valid, copy.ready});
  }
}

Column::OwnLevel Column::own_level(const UInt& level, const char* name, int j) const {
  const int first = j * levels;
  Bool mine = ((level >= first) & (level < first + levels)).named(numbered(name, j));
  return {mine, (level - first).as_uint().wrap(lane.level_bits())};
}

void Column::add(int j) {
  const int first = j * levels;
  m.note(levels == 1 ? fmt::format("Lane {}: level {}.", j, first)
                     : fmt::format("Lane {}: levels {} to {}.", j, first, first + levels - 1));
  Instance u(m, numbered("lane", j), build_lane(d, s.lane(j)));
  u.pass({"first_head", "boxes", "clear", "offsets_valid", "offsets_address", "feature_data"});
  LevelShapes own(lane);
  for (int l = 0; l < levels; ++l) {
    const auto of_lane = static_cast<std::size_t>(l), of_all = static_cast<std::size_t>(first + l);
    own.width[of_lane] = level_shapes.width[of_all], own.height[of_lane] = level_shapes.height[of_all];
    u.in(numbered("start", l), starts[of_all]);
  }
  u.in("levels", own);
  if (ranges) {
    LevelRanges held(lane);
    held.held = ranges->held;
    for (int l = 0; l < levels; ++l)
      held.range[static_cast<std::size_t>(l)] = ranges->range[static_cast<std::size_t>(first + l)];
    u.in("ranges", held);
  }
  // A reference lies at {slot, level}.
  UInt level = reference.address.bits(0, s.level_bits()),
       slot = reference.address.bits(s.level_bits(), reference.address.width() - s.level_bits());
  const auto own_reference = own_level(level, "reference_of_lane", j);
  u.in("reference_write",
       BufferWrite{reference.enable & own_reference.mine, concat({slot, own_reference.number}), reference.data});
  if (s.has_pixel_counts()) count(u, j);
  if (s.has_pruned_points()) u.pass("threshold");
  u.in_stream("attention", points_of[static_cast<std::size_t>(j)]);
  for (const char* port : {"offsets", "feature_valid", "feature_burst", "sample_taken", "lane_blocked",
                           "feature_missing", "hits", "misses"})
    u.pass(port, numbered(port, j));
  freed_by.push_back(u.out<Bool>("group_freed"));
  clearing = clearing | u.out<Bool>("clearing");
  join.connect(numbered("sums", j), u, "sums");
  if (s.has_pruned_points()) join.connect(numbered("mark", j), u, "mark");
}

void Column::count(Instance& u, int j) {
  const int first = j * levels;
  CountPlaces own(lane);
  own.counts = places->counts;
  for (int l = 0; l < levels; ++l)
    own.first_block[static_cast<std::size_t>(l)] = places->first_block[static_cast<std::size_t>(first + l)];
  u.in("places", own);
  CountRead of_lane(lane);
  const auto level = own_level(read->level, "count_of_lane", j);
  of_lane.enable = read->enable & level.mine, of_lane.lower = read->lower, of_lane.address = read->address;
  of_lane.level = level.number;
  u.in("count_read", of_lane);
  auto counted = u.out<PixelCounts>("counts", PixelCounts(s));
  counts = j == 0 ? counted : mux(level.mine, counted, *counts);
}

void Column::heads() {
  m.note("A group is done with when all lanes are; heads are the sums of their parts.");
  output(m, "group_freed", from_all(m, freed_by));
  output(m, "clearing", clearing);
  if (counts) output(m, "counts", *counts);
  Bool ends = join.out<Bool>("ends_query");
  for (int j = 0; j < lanes; ++j) output(m, numbered("query_ends", j), ends);
  Instance requantise(m, "head_requantise", build_head_requantise(d, lane));
  requantise.pass("table", "head_requant");
  requantise.connect("head", join);
  Instance projection(m, "head_projection", build_head_projection(d, lane));
  projection.pass("weights", "output_weights");
  // The projection holds a head for as long as it works on it; the next one is collected meanwhile.
  projection.in_stream("vector", lib::fifo(d, m, "heads", requantise.out_stream("vector", HeadVector(lane)), 2));
  projection.pass("sums");
}

}  // namespace

const Module& build_lane_column(Design& d, const Shapes& s) {
  return d.module("sampling_column", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Lanes that share the levels, and what a head needs all levels for: softmax, the sum of its parts, its share "
        "of the projection by W''. first_head: number of its first head in the layer.");
    Column column{d, m, s};
    m.parameter("heads", column.lane.a.heads);
    m.parameter("level_lanes", column.lanes);
    column.inputs();
    column.weights();
    for (int j = 0; j < column.lanes; ++j) column.add(j);
    column.heads();
  });
}

}  // namespace quillgen::accel
