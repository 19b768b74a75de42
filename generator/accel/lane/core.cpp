// The MSDeformAttn core: from offsets, logits and references to output groups, in one pass. Each lane has its share of
// the heads (or, of a column of lanes, each column has), and works on a group of queries when it is done with the last.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "accel/lane/freed.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/fork.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

TableWrite table_port(Module& m, const std::string& name, int banks, int words, int bits) {
  return input(m, name, TableWrite{Bool(), UInt(Shapes::bits(banks)), UInt(Shapes::bits(words)), UInt(bits)});
}

// What a lane takes of a table of lanes * banks banks: those numbered lane * banks and up. banks is a power of two.
TableWrite part_of(const TableWrite& all, int lanes, int lane, int banks) {
  if (lanes == 1) return all;
  const int low = std::countr_zero(static_cast<unsigned>(banks));
  TableWrite part = all;
  part.enable = all.enable & (all.bank.bits(low, all.bank.width() - low) == lane);
  part.bank = low == 0 ? UInt::constant(all.enable.module(), 0, 1) : all.bank.bits(0, low);
  return part;
}

// Copies of a stream of groups, one for each lane. There is always room, since no more than group_buffers are held.
std::vector<Stream<UInt>> share(Design& d, Module& m, Stream<UInt> groups, int lanes) {
  if (lanes == 1) return {groups};
  std::vector<Stream<UInt>> copies;
  Bool room = Bool::constant(m, true);
  std::vector<Wire<Bool>> ready;
  for (int l = 0; l < lanes; ++l) {
    ready.push_back(ready_wire(m, fmt::format("group_{}_ready", l)));
    copies.push_back(lib::fifo(d, m, fmt::format("groups_{}", l), Stream<UInt>{groups.data, groups.valid, ready.back()},
                               group_buffers));
    room = room & ready.back();
  }
  m.add_assertion("every lane has room for a group", (~groups.valid | room).id());
  groups.ready.drive(true);
  return copies;
}

// The lanes, or columns of them, and what they have in common.
struct Lanes {
  Design& d;
  Module& m;
  const Shapes& s;
  const int lanes = s.head_lanes(), columns = s.projection_columns(), groups = s.projection_groups();
  const Shapes lane = s.lane();

  std::vector<Stream<UInt>> groups_of = {};          // queries of a group, for each lane
  std::vector<Stream<RegionGroup>> regions_of = {};  // with regions
  UInt logits_address = {}, offsets_address = {};
  TableWrite head_requant = {}, output_weights = {};
  Instance requantise = {};
  std::vector<Bool> freed_by = {};
  Bool clearing = {};

  void inputs();
  void add(int l);
};

void Lanes::inputs() {
  m.note("Logits and offsets come a word a cycle for each lane.");
  input(m, "logits_valid", Bool()), input(m, "offsets_valid", Bool());
  UInt slot = input(m, "sample_slot", UInt(s.slot_bits())),
       of_logits = input(m, "logits_word", UInt(lane.logit_word_bits())),
       of_offsets = input(m, "offsets_word", UInt(lane.offset_word_bits()));
  logits_address = concat({slot, of_logits}).named("logits_address");
  offsets_address = concat({slot, of_offsets}).named("offsets_address");

  m.note("A group is worked on when its samples and its references are there.");
  auto projected = input_stream(m, "projected", UInt(s.rows_bits()));
  auto referenced = input_stream(m, "references_of_group", UInt(1));
  discard(referenced.data);
  auto group = stream(m, "group", (projected.valid & referenced.valid).named("group_valid"), projected.data);
  projected.ready.drive(group.ready & referenced.valid);
  referenced.ready.drive(group.ready & projected.valid);
  groups_of = share(d, m, group, lanes);
  if (s.has_regions()) regions_of = lib::fork(m, "region", input_stream(m, "region", RegionGroup(s)), lanes);

  const int units = head_requant_units(s.config);
  head_requant =
      table_port(m, "head_requant", lanes, lane.a.embed_dim / units, units * (lib::mult_bits + lib::shift_bits));
  output_weights =
      table_port(m, "output_weights", lanes * columns, lane.a.heads * groups, s.a.head_dim() * s.n.output_weight_bits);
  requantise = Instance(m, "output_requantise", build_output_requantise(d, s));
  clearing = Bool::constant(m, false);
}

void Lanes::add(int l) {
  const auto numbered = [l](const char* name) { return fmt::format("{}_{}", name, l); };
  const int inner = s.level_lanes();
  m.note(fmt::format("{} {}: heads {} to {}.", inner == 1 ? "Lane" : "Column", l, l * lane.a.heads,
                     (l + 1) * lane.a.heads - 1));
  Instance u = inner == 1 ? Instance(m, numbered("lane"), build_lane(d, lane))
                          : Instance(m, numbered("column"), build_lane_column(d, s));
  // Ports that each lane of a column has, and their numbers among those of all lanes.
  const auto pass = [&](std::initializer_list<const char*> ports) {
    for (int j = 0; j < inner; ++j)
      for (const char* port : ports)
        u.pass(inner == 1 ? port : fmt::format("{}_{}", port, j), fmt::format("{}_{}", port, l * inner + j));
  };
  u.in("first_head", UInt::constant(m, static_cast<std::uint64_t>(l * lane.a.heads), Shapes::bits(s.a.heads)));
  u.pass({"levels", "boxes", "clear", "logits_valid", "offsets_valid", "reference_write", "feature_data"});
  if (s.has_ranges()) u.pass("ranges");
  if (s.has_pruned_points()) u.pass("threshold");
  if (s.has_pixel_counts()) u.pass({"places", "count_read"}), u.pass("counts", numbered("counts"));
  for (int i = 0; i < s.a.levels; ++i) u.pass(fmt::format("start_{}", i));
  u.in_stream("rows", groups_of[static_cast<std::size_t>(l)]);
  u.in("logits_address", logits_address), u.in("offsets_address", offsets_address);
  pass({"logits", "offsets"});
  if (s.has_demand()) pass({"feature_valid", "feature_burst"});
  if (s.has_regions()) {
    u.in_stream("region", regions_of[static_cast<std::size_t>(l)]);
    u.pass("map_complete");
    for (const char* port : {"region_data_valid", "region_burst"}) u.pass(port, numbered(port));
  }
  u.in("head_requant", part_of(head_requant, lanes, l, 1));
  u.in("output_weights", part_of(output_weights, lanes, l, columns));
  pass({"sample_taken", end_of_query(s), "lane_blocked", "feature_missing", "hits", "misses"});
  freed_by.push_back(u.out<Bool>("group_freed"));
  clearing = clearing | u.out<Bool>("clearing");
  auto sums = u.out_stream<UInt>("sums");
  // A lane may be ahead of the others by the outputs of a query.
  if (lanes > 1) sums = lib::sram_fifo(d, m, numbered("sums"), sums, power_of_two(std::max(groups, 2)));
  requantise.in_stream(numbered("sums"), sums);
}

}  // namespace

const Module& build_core(Design& d, const Shapes& s) {
  return d.module("msda_core", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "MSDeformAttn core: softmax, locations, corner weights, line cache, interpolation and aggregation, projection "
        "by W''. Nothing between the query and its output leaves the chip.");
    Lanes all{d, m, s};
    m.parameter("lanes", s.lanes());
    if (s.level_lanes() > 1) m.parameter("level_lanes", s.level_lanes());
    auto freed = wire(m, "group_freed", Bool());
    all.inputs();
    for (int l = 0; l < all.lanes; ++l) all.add(l);

    m.note("A group is done with when all lanes are; outputs are the sums of all lanes.");
    freed.drive(from_all(m, all.freed_by));
    output(m, "freed", freed);
    output(m, "clearing", all.clearing);
    if (s.has_epilogue()) all.requantise.pass("norm");
    all.requantise.in("table", table_port(m, "output_requant", all.columns, all.groups, lib::requant_entry_bits));
    // The last head of a query brings its outputs at once; memory takes them until the last of the next.
    output_stream(m, "output",
                  lib::sram_fifo(d, m, "outputs", all.requantise.out_stream("output", OutputGroup(s)),
                                 power_of_two(std::max(all.groups, 2))));
  });
}

}  // namespace quillgen::accel
