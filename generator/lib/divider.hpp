// Division for the softmax, NUMERICS.md N4.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// divide_round_<n>_to_<f>_tag_<t>: quotient = floor(numerator / denominator * 2^f + 1/2) for 0 <= numerator <=
/// denominator, one result a cycle. Restoring division, one bit of the quotient a stage, f + 2 stages. Stream "in":
/// numerator, denominator (n bits), tag (tag_bits); stream "out": quotient (f + 1 bits), tag. `count` numerators may
/// share a denominator: numerator_0, .. and quotient_0, ..; the name then ends in _x<count>.
const hdl::Module& build_divide_round(hdl::Design& d, int bits, int fraction_bits, int tag_bits, int count = 1);

}  // namespace quillgen::lib
