// A whole file as bytes.
#pragma once
#include <string>

namespace quillgen {

/// The bytes of `file`. Throws UserError naming it when it is a directory or cannot be read.
std::string read_file(const std::string& file);

}  // namespace quillgen
