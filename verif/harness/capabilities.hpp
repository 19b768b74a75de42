// What the registers that tell about a design are to hold, by its configuration.
#pragma once
#include <cstdint>
#include <vector>

#include "config/config.hpp"

namespace quillgen::harness {

struct RegisterValue {
  const char* name;
  std::uint32_t address, value;
};

/// ID, VERSION and all CAP registers.
std::vector<RegisterValue> capabilities(const Config& config);

}  // namespace quillgen::harness
