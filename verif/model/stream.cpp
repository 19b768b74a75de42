#include "model/stream.hpp"

#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {

std::vector<std::int32_t> form_operands(std::span<const std::int32_t> rows, std::span<const std::int32_t> positions,
                                        const Requant& requant, int bits) {
  check(positions.empty() || positions.size() == rows.size(), "N12: shapes differ");
  std::vector<std::int32_t> operands;
  operands.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    operands.push_back(requantise(rows[i] + (positions.empty() ? 0 : positions[i]), requant, bits));
  return operands;
}

}  // namespace quillgen::model
