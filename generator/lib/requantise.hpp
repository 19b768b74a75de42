// Requantisation, NUMERICS.md N2.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

inline constexpr int bias_bits = 32;
inline constexpr int mult_bits = 16;
inline constexpr int shift_bits = 6;
/// Cycles from input to output, counted with enable high.
inline constexpr int requantise_latency = 3;

/// One entry of a requantisation table: bias in the accumulator's scale, multiplier, right shift 1..47.
struct RequantEntry {
  hdl::SInt bias{bias_bits};
  hdl::UInt mult{mult_bits};
  hdl::UInt shift{shift_bits};
  QUILLGEN_FIELDS(bias, mult, shift)
};
inline constexpr int requant_entry_bits = bias_bits + mult_bits + shift_bits;

/// requantise_<acc>_to_<out>: value = sat(rnd((acc + bias) * mult, shift)), three stages. Without bias the port is
/// missing. Ports: enable, acc (signed), bias, mult, shift; value (signed).
const hdl::Module& build_requantise(hdl::Design& d, int acc_bits, int out_bits, bool with_bias);

}  // namespace quillgen::lib
