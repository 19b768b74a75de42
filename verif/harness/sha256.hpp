// SHA-256 (FIPS 180-4), for naming cache entries by their content.
#pragma once
#include <string>
#include <string_view>

namespace quillgen::harness {

/// The digest of `data` as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view data);

}  // namespace quillgen::harness
