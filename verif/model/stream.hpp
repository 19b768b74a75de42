// Rows of the stream of a network around a job: operands formed from them (N12), a residual added and the sum
// normalised (N13, N14).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/norm.hpp"
#include "model/requant.hpp"

namespace quillgen::model {

/// N12: rows of the stream, with the positions (as many numbers, or none) added, to operands of `bits` bits.
std::vector<std::int32_t> form_operands(std::span<const std::int32_t> rows, std::span<const std::int32_t> positions,
                                        const Requant& requant, int bits);

/// What a job is given in place of operands, and what becomes of its results. All rows have `bits` bits.
struct Stream {
  int bits = 0;                         ///< bs
  std::optional<Requant> query;         ///< operands of queries, or of the rows of a dense job, are formed ..
  std::vector<std::int32_t> queries;    ///< .. from these, [R, length]
  std::vector<std::int32_t> positions;  ///< and these, or none
  std::optional<Requant> source;        ///< those of the sources of a value map are formed ..
  std::vector<std::int32_t> sources;    ///< .. from these, [S, C]
  int reference_stride = 0;             ///< bytes from the references of a query to those of the next; 0: packed
  std::optional<Norm> norm;             ///< results, of bs + 2 bits, are added to a residual and normalised
  std::vector<std::int32_t> residual;   ///< [R, C]
};

}  // namespace quillgen::model
