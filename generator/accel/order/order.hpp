// What the blocks of the order of queries exchange.
#pragma once
#include "accel/bundles.hpp"

namespace quillgen::accel {

inline constexpr int reference_word_bits = 2 * reference_bits;  ///< x and y of a level, or width and height of its box

inline constexpr int reference_stride_bits = 16;

/// A word of the reference of a query: level after level, of boxes two words a level.
struct QueryWord {
  hdl::UInt query, word;
  hdl::Bool last;  ///< of the query
  explicit QueryWord(const Shapes& s) : query(s.index_bits()), word(reference_word_bits) {}
  QUILLGEN_FIELDS(query, word, last)
};

/// The `bits` highest fraction bits of coordinate `axis` (0 x, 1 y) of a word of x and y; a place outside of the map
/// counts as one at its border.
hdl::UInt map_coordinate(const hdl::UInt& word, int axis, int bits);

/// Strips of the curve `strips`: by order.strip_width, or by what the feature cache holds of level 0.
int order_strips(const Config& config);

/// Number of a cell along the curve of the sort, from 0 to 4^bucket_bits - 1; column and row have bucket_bits bits.
hdl::UInt cell_number(const Shapes& s, const hdl::UInt& column, const hdl::UInt& row);

/// Address base + query * stride of each query's row, two cycles later.
hdl::Stream<hdl::UInt> row_addresses(hdl::Module& m, const Shapes& s, const hdl::Stream<hdl::UInt>& queries,
                                     const hdl::UInt& base, const hdl::UInt& stride);

/// Queries in flight between their order and their outputs: rows on their way, groups in the array, in the lanes and
/// behind them.
int queries_in_flight(const Shapes& s);

}  // namespace quillgen::accel
