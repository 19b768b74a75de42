// The bundles that blocks exchange, of several parts of the accelerator; those of one part are in its own header.
#pragma once
#include <optional>
#include <vector>

#include "accel/shapes.hpp"
#include "hdl/build.hpp"

namespace quillgen::accel {

/// Which sample a value belongs to.
struct PointTag {
  hdl::UInt slot;    ///< query in the group buffers
  hdl::UInt sample;  ///< number of the sample in its query
  hdl::UInt head, level;
  hdl::Bool last_of_head, last_of_query, last_of_group;
  std::optional<hdl::UInt> anchor;  ///< the reference of its level that it is measured from, where there are several
  explicit PointTag(const Shapes& s)
      : slot(s.slot_bits()), sample(s.sample_bits()), head(s.head_bits()), level(s.level_bits()) {
    if (s.has_anchors()) anchor.emplace(s.anchor_bits());
  }
  QUILLGEN_FIELDS(slot, sample, head, level, last_of_head, last_of_query, last_of_group, anchor)
};

/// Logits of points_at_once() points of a level on their way into the softmax, of each lane of a column; the tag is
/// that of the first of each.
struct Logit {
  hdl::Beside<hdl::SInt> logit;  ///< logit_frac_bits
  PointTag tag;
  explicit Logit(const Shapes& s)
      : logit(static_cast<std::size_t>(s.points_of_column()), hdl::SInt(s.n.logit_bits())), tag(s) {}
  QUILLGEN_FIELDS(logit, tag)
};

/// Attention weights of `points` of them.
struct AttnVector {
  hdl::Beside<hdl::UInt> weight;  ///< attention_bits fraction bits, one integer bit
  PointTag tag;
  AttnVector(const Shapes& s, int points)
      : weight(static_cast<std::size_t>(points), hdl::UInt(s.attention_width())), tag(s) {}
  QUILLGEN_FIELDS(weight, tag)
};

/// .. of which some live (N19). The tag ends a head with its last vector in which a point lives.
struct LivePoints {
  hdl::Beside<hdl::UInt> weight;
  hdl::UInt live;  ///< a bit a point
  PointTag tag;
  explicit LivePoints(const Shapes& s)
      : weight(static_cast<std::size_t>(s.points_at_once()), hdl::UInt(s.attention_width())),
        live(s.points_at_once()),
        tag(s) {}
  QUILLGEN_FIELDS(weight, live, tag)
};

/// What becomes of a head.
struct HeadMark {
  hdl::Bool empty;  ///< no point of it lives
  hdl::Bool last_of_query;
  QUILLGEN_FIELDS(empty, last_of_query)
};

/// The weight of one point.
struct Attn {
  hdl::UInt weight;  ///< attention_bits fraction bits, one integer bit
  PointTag tag;
  explicit Attn(const Shapes& s) : weight(s.attention_width()), tag(s) {}
  QUILLGEN_FIELDS(weight, tag)
};

/// What goes along with a sample from its location to the look-up of its lines; its nets have no name in front.
struct SampleTag {
  hdl::UInt head, level;
  hdl::Bool last_of_head, last_of_query;
  std::optional<hdl::Bool> far;  ///< bypass_distance or more off its reference; only with a bypass
  explicit SampleTag(const Shapes& s) : head(s.head_bits()), level(s.level_bits()) {
    if (s.has_bypass()) far.emplace();
  }
  explicit SampleTag(const PointTag& p)
      : head(p.head), level(p.level), last_of_head(p.last_of_head), last_of_query(p.last_of_query) {}
  QUILLGEN_FIELDS_UNNAMED(head, level, last_of_head, last_of_query, far)
};

/// Where the sample lies (N5).
struct Location {
  hdl::SInt x, y;    ///< interp_frac_bits
  hdl::UInt weight;  ///< attention
  hdl::UInt inside;  ///< column x0, column x0 + 1, row y0, row y0 + 1 lie in the map: bits 0..3
  SampleTag tag;
  explicit Location(const Shapes& s)
      : x(s.location_bits()), y(s.location_bits()), weight(s.attention_width()), inside(4), tag(s) {}
  QUILLGEN_FIELDS(x, y, weight, inside, tag)
};

/// Corner weights (N6), w00 at (y0, x0), w01 at (y0, x0 + 1).
struct Corners {
  hdl::UInt w00, w01, w10, w11;
  hdl::SInt x0, y0;  ///< pixels
  SampleTag tag;
  explicit Corners(const Shapes& s)
      : w00(s.corner_width()),
        w01(s.corner_width()),
        w10(s.corner_width()),
        w11(s.corner_width()),
        x0(s.pixel_bits()),
        y0(s.pixel_bits()),
        tag(s) {}
  QUILLGEN_FIELDS(w00, w01, w10, w11, x0, y0, tag)
};

/// A line of the value map, its row and column counted in lines.
struct LineName {
  hdl::UInt level, row, column, head;
  explicit LineName(const Shapes& s)
      : level(s.level_bits()), row(s.line_row_bits()), column(s.line_column_bits()), head(s.head_bits()) {}
  QUILLGEN_FIELDS(level, row, column, head)
};

/// Widths and heights of all levels, set once for each job.
struct LevelShapes {
  std::vector<hdl::UInt> width, height;
  explicit LevelShapes(const Shapes& s)
      : width(static_cast<std::size_t>(s.a.levels), hdl::UInt(s.side_bits())), height(width) {}
  QUILLGEN_FIELDS(width, height)
};

/// The event of a lane that ends a query: a sample that does or, where the last samples may be dropped or lie in
/// another lane, its last head.
inline const char* end_of_query(const Shapes& s) { return s.has_join() ? "query_ends" : "sample_ends_query"; }

/// How far samples may lie from their reference (N5), set once for each job.
struct LevelRanges {
  hdl::Bool held;                ///< they are held at all
  std::vector<hdl::UInt> range;  ///< pixels, by level
  explicit LevelRanges(const Shapes& s) : range(static_cast<std::size_t>(s.a.levels), hdl::UInt(s.range_bits())) {}
  QUILLGEN_FIELDS(held, range)
};

/// Where the counts of pixels lie (N20), and whether a job counts, set once for each job.
struct CountPlaces {
  hdl::Bool counts;
  std::vector<hdl::UInt> first_block;  ///< by level: 2x2 blocks of those before, of the same lane
  explicit CountPlaces(const Shapes& s)
      : first_block(static_cast<std::size_t>(s.a.levels), hdl::UInt(s.count_address_bits())) {}
  QUILLGEN_FIELDS(counts, first_block)
};

/// What of a sample is counted.
struct ReadCorners {
  hdl::UInt w00, w01, w10, w11;
  hdl::SInt x0, y0;
  hdl::UInt level;
  explicit ReadCorners(const Shapes& s) : ReadCorners(Corners(s)) {}
  explicit ReadCorners(const Corners& c)
      : w00(c.w00), w01(c.w01), w10(c.w10), w11(c.w11), x0(c.x0), y0(c.y0), level(c.tag.level) {}
  QUILLGEN_FIELDS(w00, w01, w10, w11, x0, y0, level)
};

/// A read of the counts of two pixels beside each other, which are zero afterwards.
struct CountRead {
  hdl::Bool enable;
  hdl::Bool lower;    ///< the lower row of the block
  hdl::UInt address;  ///< which block
  hdl::UInt level;    ///< whose sum of counts is told
  explicit CountRead(const Shapes& s) : address(s.count_address_bits()), level(s.level_bits()) {}
  QUILLGEN_FIELDS(enable, lower, address, level)
};

/// Counts of a lane.
struct PixelCounts {
  hdl::UInt left, right;  ///< of the pixels that were read last
  hdl::UInt reads;        ///< sum of the exact counts of the level, modulo 2^32
  explicit PixelCounts(const Shapes& s) : left(s.count_bits()), right(s.count_bits()), reads(read_sum_bits) {}
  QUILLGEN_FIELDS(left, right, reads)
};

/// What the threshold of a level follows from.
struct LevelReads {
  hdl::UInt reads, pixels;
  explicit LevelReads(const Shapes& s) : reads(read_sum_bits), pixels(s.token_bits()) {}
  QUILLGEN_FIELDS(reads, pixels)
};

/// Signed values side by side, for taps.
struct ValueList {
  std::vector<hdl::SInt> value;
  explicit ValueList(const std::vector<hdl::UInt>& bits) {
    for (const auto& v : bits) value.push_back(v.as_sint());
  }
  QUILLGEN_FIELDS(value)
};

/// A run of beats to read.
struct ReadRequest {
  hdl::UInt address, beats;
  ReadRequest(const Shapes& s, int beat_bits) : address(s.address_bits()), beats(beat_bits) {}
  QUILLGEN_FIELDS(address, beats)
};

/// AXI4 read address and read data of one client. No ready on the data: space is reserved before a read is asked for.
struct BurstRequest {
  hdl::UInt address, length;  ///< length = beats - 1
  explicit BurstRequest(const Shapes& s) : address(s.address_bits()), length(8) {}
  QUILLGEN_FIELDS(address, length)
};

/// A write into a buffer of a group.
struct BufferWrite {
  hdl::Bool enable;
  hdl::UInt address, data;
  QUILLGEN_FIELDS(enable, address, data)
};

/// One word of a table of the parameter image on its way into its memory.
struct TableWrite {
  hdl::Bool enable;
  hdl::UInt bank, address, data;
  QUILLGEN_FIELDS(enable, bank, address, data)
};

}  // namespace quillgen::accel
