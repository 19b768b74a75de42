// N17: boxes, kept as logits, refined and turned into references.
#pragma once
#include <cstdint>

namespace quillgen::model {

/// A coordinate of a box (centre x, centre y, width, height) as a logit: signed 16 bits, 11 of fraction, within
/// +- box_logit_limit, the logit of 1 - 1e-4.
inline constexpr int box_logit_frac_bits = 11, box_delta_bits = 18;
inline constexpr std::int32_t box_logit_limit = 18862;

/// A box logit moved by a delta of the same fraction, box_delta_bits.
std::int32_t refine(std::int32_t logit, std::int32_t delta);

/// The reference: sigmoid of a box logit, 16 fraction bits. At most 6e-5 off.
std::int32_t box_reference(std::int32_t logit);

}  // namespace quillgen::model
