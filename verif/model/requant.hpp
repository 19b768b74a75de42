// Requantisation of one output channel (N2).
#pragma once
#include <cstdint>

namespace quillgen::model {

struct Requant {
  std::int32_t bias = 0;
  std::uint32_t mult = 0;   ///< 16 bits
  std::uint32_t shift = 1;  ///< 1..47
};

}  // namespace quillgen::model
