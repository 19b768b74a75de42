// The texts of templates/, compiled into the program.
#pragma once
#include <string_view>

namespace quillgen::emit {

/// Text of the file of that name, without its ending but for those of tb/ and the driver. Throws std::out_of_range for
/// a name that is not there.
std::string_view template_text(std::string_view name);

}  // namespace quillgen::emit
