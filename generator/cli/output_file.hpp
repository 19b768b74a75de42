// Result files that are either whole or not there.
#pragma once
#include <string>
#include <string_view>

namespace quillgen::cli {

/// Writes `text` beside `file` and renames it over it. A `file` that exists and is no regular file (/dev/stdout, a
/// pipe) is written directly. Throws UserError when that fails; nothing is left behind.
void write_output(const std::string& file, std::string_view text);

}  // namespace quillgen::cli
