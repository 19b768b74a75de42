// What the blocks of a LayerNorm exchange (NUMERICS.md N13, N14).
#pragma once
#include "accel/bundles.hpp"

namespace quillgen::accel {

/// Rows that are held between their sums and their results: one comes in, one has its scale computed, one goes out, and
/// one makes up for what lies between them.
inline constexpr int norm_rows = 4;
inline constexpr int norm_row_bits = 2;  ///< which of them

inline constexpr int norm_gamma_bits = 16, norm_beta_bits = 32;
inline constexpr int norm_entry_bits = norm_gamma_bits + norm_beta_bits;  ///< of a channel, gamma lowest
inline constexpr int norm_gain_bits = 5;                                  ///< g, 1..31
inline constexpr int norm_epsilon_bits = 51;                              ///< e, 1..2^50
inline constexpr int norm_rho_bits = 17;
inline constexpr int norm_shift_bits = 6;  ///< 17 + h, 6..33
inline constexpr int normalised_bits = 16;

/// Sums of a row of C numbers z of branch_bits. Both reach the end of their range when all z are the lowest.
struct RowSums {
  hdl::SInt sum;      ///< S
  hdl::UInt squares;  ///< Q
  hdl::UInt slot;     ///< of the row
  explicit RowSums(const Shapes& s)
      : sum(s.branch_bits() + Shapes::bits(s.config.attention.embed_dim)),
        squares(2 * (s.branch_bits() - 1) + Shapes::holds(s.config.attention.embed_dim)),
        slot(norm_row_bits) {}
  QUILLGEN_FIELDS(sum, squares, slot)
};

/// What its numbers are normalised with.
struct RowScale {
  hdl::SInt sum;
  hdl::UInt rho;
  hdl::UInt shift;  ///< of (C * z - sum) * rho
  hdl::UInt slot;
  explicit RowScale(const Shapes& s)
      : sum(RowSums(s).sum), rho(norm_rho_bits), shift(norm_shift_bits), slot(norm_row_bits) {}
  QUILLGEN_FIELDS(sum, rho, shift, slot)
};

}  // namespace quillgen::accel
