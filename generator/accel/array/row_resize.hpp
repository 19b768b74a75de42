// Changing the width of a stream of words, row by row.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::accel {

/// Length of the rows of a stream: words that come, and the number of the last one that goes.
struct RowLength {
  hdl::UInt in_words, last_out_word;
};

/// The rows of a stream in words of `out_bits`, by an instance of that name; the stream itself when the widths are
/// equal. `length` must not change within a row.
hdl::Stream<hdl::UInt> resize_rows(hdl::Design& d, hdl::Module& m, const std::string& name,
                                   const hdl::Stream<hdl::UInt>& in, int out_bits, const RowLength& length,
                                   const hdl::Bool& restart, hdl::SourceLine at = hdl::Here::current());
/// .. of rows that are all in_words, and then out_words, long.
hdl::Stream<hdl::UInt> resize_rows(hdl::Design& d, hdl::Module& m, const std::string& name,
                                   const hdl::Stream<hdl::UInt>& in, int in_words, int out_bits, int out_words,
                                   const hdl::Bool& restart, hdl::SourceLine at = hdl::Here::current());

/// row_resize_<in>_to_<out>: a row of words of `in` bits becomes words of `out` bits, first word lowest. One width is a
/// power-of-two multiple of the other. Words or bits that the row lacks are zero; what exceeds the last word is
/// dropped. Streams: in, out (UInt). Ports: restart (forget a row that was begun); last_word: number of the last word
/// of a row, of those that go when words get narrower, and of those that come when they get wider (`length_bits`).
const hdl::Module& build_row_resize(hdl::Design& d, int in_bits, int out_bits, int length_bits);

}  // namespace quillgen::accel
