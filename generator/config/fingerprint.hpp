// A number that tells designs apart: a job packed for one does not run on another.
#pragma once
#include <string>

#include "config/config.hpp"

namespace quillgen {

/// Of everything in a configuration but its name: 16 hexadecimal digits (FNV-1a of its JSON).
std::string fingerprint(const Config& config);

}  // namespace quillgen
