// Changing the width of a stream of words, row by row.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::accel {

/// The rows of a stream in words of another width, by an instance of that name; the stream itself when the widths are
/// equal.
hdl::Stream<hdl::UInt> resize_rows(hdl::Design& d, hdl::Module& m, const std::string& name,
                                   const hdl::Stream<hdl::UInt>& in, int in_words, int out_bits, int out_words,
                                   const hdl::Bool& restart, hdl::SourceLine at = hdl::Here::current());

/// row_resize_<in>x<n>_to_<out>x<k>: a row of n words of `in` bits becomes k words of `out` bits, first word lowest.
/// One width is a power-of-two multiple of the other. Words or bits that the row lacks are zero; what exceeds k words
/// is dropped. Streams: in, out (UInt). Ports: restart (forget a row that was begun).
const hdl::Module& build_row_resize(hdl::Design& d, int in_bits, int in_words, int out_bits, int out_words);

}  // namespace quillgen::accel
