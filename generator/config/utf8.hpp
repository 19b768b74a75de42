// Text of any origin, names of files and words of tools, where only UTF-8 may stand.
#pragma once
#include <string>

namespace quillgen {

/// The text with every byte that is not part of a UTF-8 character replaced by U+FFFD.
std::string valid_utf8(const std::string& text);

}  // namespace quillgen
