// Regions: what the planner tells the lanes, and where blocks lie in a half of the buffer.
#pragma once
#include <optional>

#include "accel/bundles.hpp"
#include "config/region.hpp"

namespace quillgen::accel {

/// Window of a level, in blocks of 2x2 pixels, the first and the last included.
struct LevelWindow {
  hdl::UInt left, right, top, bottom;
  /// With region_ranges: of the pairs of columns (rows) at place 0 of the torus the last one not behind that of left
  /// (top), its low bits. The place of a pair follows from how far behind it is.
  std::optional<hdl::UInt> column_origin, row_origin;
  explicit LevelWindow(const Shapes& s)
      : left(s.block_bits()), right(s.block_bits()), top(s.block_bits()), bottom(s.block_bits()) {
    if (s.has_ranged_regions()) column_origin.emplace(s.torus_bits()), row_origin.emplace(s.torus_bits());
  }
  LevelWindow(hdl::UInt l, hdl::UInt r, hdl::UInt t, hdl::UInt b)
      : left(std::move(l)), right(std::move(r)), top(std::move(t)), bottom(std::move(b)) {}
  QUILLGEN_FIELDS(left, right, top, bottom, column_origin, row_origin)
};

/// Windows of the levels that have one.
struct LevelWindows {
  std::vector<std::optional<LevelWindow>> level;
  explicit LevelWindows(const Shapes& s) {
    for (const auto& share : region_levels(s.config))
      level.push_back(share.has_window() ? std::optional(LevelWindow(s)) : std::nullopt);
  }
  QUILLGEN_FIELDS_UNNAMED(level)
};

/// A group of queries that share a region.
struct RegionGroup {
  hdl::UInt queries;  ///< in it, 1 and more
  LevelWindows windows;
  explicit RegionGroup(const Shapes& s) : queries(Shapes::holds(s.config.feature_cache.region_queries)), windows(s) {}
  QUILLGEN_FIELDS(queries, windows)
};

/// {half, line of the half} of a block and head: its place in the bank of its line parity. Where tori have sides that
/// are powers of two.
hdl::UInt region_place(const Shapes& s, const hdl::UInt& half, const hdl::UInt& level, const hdl::UInt& by,
                       const hdl::UInt& bx, const hdl::UInt& head);

// Tori of any even side, with region_ranges. Blocks whose columns (rows) are 2 i and 2 i + 1, a pair, lie in two banks
// at the same place of half a side, i mod that.
enum class Side { column, row };
/// LevelWindow::column_origin of the block that a window begins with.
hdl::UInt torus_origin(const Shapes& s, Side side, const hdl::UInt& level, const hdl::UInt& first);
/// Place of the pair of a block in the window that has this origin.
hdl::UInt torus_place(const Shapes& s, Side side, const hdl::UInt& level, const hdl::UInt& block,
                      const hdl::UInt& origin);
/// That of the pair `pairs` behind the one at `place`, no more than half a side.
hdl::UInt torus_move(const Shapes& s, Side side, const hdl::UInt& level, const hdl::UInt& place,
                     const hdl::UInt& pairs);
/// The first place of a row of a torus, in blocks, among those of all levels.
hdl::UInt torus_row(const Shapes& s, const hdl::UInt& level, const hdl::UInt& row_place);
/// As region_place(), of a row that begins there.
hdl::UInt torus_line(const Shapes& s, const hdl::UInt& half, const hdl::UInt& row, const hdl::UInt& column_place,
                     const hdl::UInt& head);

/// A line on its way into a half, from memory or from the other half.
struct RegionLine {
  hdl::UInt address;  ///< {line parity, place}
  hdl::Bool last;     ///< the half is filled with it
  hdl::UInt data;
  std::optional<hdl::Bool> copied;  ///< from the same place of the other half; only with overlap = copy
  explicit RegionLine(const Shapes& s) : address(2 + s.line_place_bits()), data(s.line_bits()) {
    if (s.has_copies()) copied.emplace();
  }
  QUILLGEN_FIELDS(address, last, data, copied)
};

/// Queries whose references may wait while their group is planned: those of two groups. So the first of them is always
/// planned, whatever they are.
inline int planned_queries(const Shapes& s) { return s.has_regions() ? 2 * s.config.feature_cache.region_queries : 0; }

/// Words of references, x and y of a level or width and height of a box, that wait while their group is planned: those
/// of twice the queries of a group.
int planned_words(const Shapes& s);

/// Closes groups of queries and computes their windows. Streams: word in and out (64 bits, level after level, query
/// after query), group (RegionGroup) out. Ports: start, queries, boxes, levels.
const hdl::Module& build_region_planner(hdl::Design& d, const Shapes& s);

// Blocks of a lane, built with Shapes::lane():

/// Finds the lines of a sample in the window of its group, asks for those outside. Streams: group (RegionGroup),
/// corners (Corners) in; entry (QueueEntry) and, with demand, miss (LineName) out. Ports: hits, misses as tag_lookup.
const hdl::Module& build_region_lookup(hdl::Design& d, const Shapes& s);

/// Brings the windows of group after group into the half that is free. Streams: group (RegionGroup) in; begun
/// (RegionGroup, when it has its half), line (RegionLine) and request (BurstRequest) out. Ports: clear (start of a
/// job), map_complete (the map may be read), freed (pulse: the oldest half has been read for the last time), levels,
/// start_<level>, first_head; data (beats), data_valid.
const hdl::Module& build_region_fetch(hdl::Design& d, const Shapes& s);

}  // namespace quillgen::accel
