// What the blocks around rows of the stream exchange.
#pragma once
#include "accel/array/gemm.hpp"

namespace quillgen::accel {

/// A word of a row of results: the elements of a beat, each with all its bits.
inline int result_word_bits(const Shapes& s) { return s.row_unit() * s.result_element_bits(); }

}  // namespace quillgen::accel
