// What the tag look-up hands to the feature buffer: the bundle of the run-ahead queue.
#pragma once
#include <array>

#include "accel/bundles.hpp"

namespace quillgen::accel {

/// Parities are numbered 2 * row + column.
inline constexpr int banks = 4;

/// Samples whose missing lines wait to be asked for, with has_line_pairs().
inline constexpr int missed_samples = 3;

/// The missing lines of a sample are asked for, and written, lowest bit of this vector first: by their parity, or with
/// has_line_pairs() column after column, 2 * column + row, so that of two that follow each other most share no bank.
inline hdl::UInt in_turn(const Shapes& s, const hdl::UInt& lines) {
  if (!s.has_line_pairs()) return lines;
  return hdl::concat({lines.bit(3), lines.bit(1), lines.bit(2), lines.bit(0)});
}
/// Of the one bit that is set in such a vector.
struct LineParity {
  hdl::Bool row, column;
};
inline LineParity parity_in_turn(const Shapes& s, const hdl::UInt& one) {
  hdl::Bool outer = one.bit(2) | one.bit(3);
  hdl::Bool inner = one.bit(1) | one.bit(3);
  return s.has_line_pairs() ? LineParity{inner, outer} : LineParity{outer, inner};
}

/// One sample in the run-ahead queue.
struct QueueEntry {
  std::array<hdl::UInt, banks> weight;  ///< by parity of the pixel; 0: not read
  std::array<hdl::UInt, banks> place;   ///< by parity of the line: {set, way} or {half, line}, and with has_aside() one
                                        ///< bit above: a line aside has the bank's place beside these, which are 0
  /// Bit p: the line of parity p comes from memory and is written before the sample is read; only with demand.
  std::optional<hdl::UInt> fill;
  /// Bit c: parity of the line column (row) of the pixel in column (row) of parity c. Not there where lines are one
  /// pixel wide (high), and it would be c.
  std::optional<hdl::UInt> line_x, line_y;
  hdl::Bool last_of_head, last_of_query;
  std::optional<hdl::Bool> last_of_region;  ///< the last sample of its half; only with regions
  explicit QueueEntry(const Shapes& s) {
    if (s.has_demand()) fill.emplace(banks);
    if (s.line_width() == 2) line_x.emplace(2);
    if (s.line_height() == 2) line_y.emplace(2);
    if (s.has_regions()) last_of_region.emplace();
    weight.fill(hdl::UInt(s.corner_width()));
    place.fill(hdl::UInt((s.has_aside() ? 1 : 0) + s.line_place_bits()));
  }
  QUILLGEN_FIELDS(weight, place, fill, line_x, line_y, last_of_head, last_of_query, last_of_region)
};

/// Bit c of QueueEntry::line_x (line_y).
inline hdl::Bool line_parity(hdl::Module& m, const std::optional<hdl::UInt>& parities, int c) {
  return parities ? parities->bit(c) : hdl::Bool::constant(m, c == 1);
}

/// Four pixels of D channels and their weights, by parity of the pixel.
struct Sample {
  std::array<hdl::UInt, banks> pixel, weight;
  hdl::Bool last_of_head, last_of_query;
  explicit Sample(const Shapes& s) {
    pixel.fill(hdl::UInt(s.a.head_dim() * s.n.feature_bits));
    weight.fill(hdl::UInt(s.corner_width()));
  }
  QUILLGEN_FIELDS(pixel, weight, last_of_head, last_of_query)
};

/// Accumulators of a head, D of them in one vector.
struct HeadSums {
  hdl::UInt sums;
  hdl::Bool last_of_query;
  explicit HeadSums(const Shapes& s) : sums(s.a.head_dim() * s.head_acc_bits()) {}
  QUILLGEN_FIELDS(sums, last_of_query)
};

/// A requantised head, D channels in one vector.
struct HeadVector {
  hdl::UInt channels;
  hdl::Bool last_of_query;
  explicit HeadVector(const Shapes& s) : channels(s.a.head_dim() * s.n.head_bits) {}
  QUILLGEN_FIELDS(channels, last_of_query)
};

/// Outputs of one column group.
struct OutputGroup {
  hdl::UInt values;
  hdl::Bool last;  ///< of the query
  explicit OutputGroup(const Shapes& s) : values(s.projection_columns() * s.projected_bits()) {}
  QUILLGEN_FIELDS(values, last)
};

}  // namespace quillgen::accel
