// Numbers of the accelerator that no configuration changes.
#pragma once

namespace quillgen::accel {

/// Read IDs of the AXI master: one for each client, and for the features one for each lane, from `feature` on; with
/// regions, another for each lane follows, of what is brought ahead, or with region_ranges stands in its place; with an
/// epilogue two more, of positions and of residuals. Writes use ID 0.
enum class Client : int { job = 0, rows = 1, reference = 2, list = 3, feature = 4 };
inline constexpr int max_levels = 8;  ///< of a job descriptor
/// Groups of queries whose offsets, logits and references are on chip: one is computed, one is sampled, and one is
/// between the two, in the softmax.
inline constexpr int group_buffers = 3;
inline constexpr int base_alignment = 64;  ///< bytes, of the addresses in a descriptor
inline constexpr int error_bits = 4, error_detail_bits = 8;
inline constexpr int reference_bits = 32, reference_fraction = 16;
inline constexpr int read_sum_bits = 32, share_bits = 32, share_fraction = 16;  ///< of counted pixels (NUMERICS.md N20)
inline constexpr int score_bits = 13, score_fraction = 6;  ///< of a score of self-attention (NUMERICS.md N16)
inline constexpr int box_size_bits = 17;  ///< width or height of a reference box: unsigned, reference_fraction
/// Coordinates of a box as logits (NUMERICS.md N17), and what moves them.
inline constexpr int box_logit_bits = 16, box_logit_fraction = 11, box_delta_bits = 18;
/// An activation by linear pieces (NUMERICS.md N15): what goes into it, and what comes out before it is scaled.
inline constexpr int activation_in_bits = 16, activation_in_fraction = 11, activation_out_bits = 17,
                     activation_out_fraction = 12;

}  // namespace quillgen::accel
