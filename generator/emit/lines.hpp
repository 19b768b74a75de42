// Lines of Verilog: where long ones are broken, and how a vector is declared.
#pragma once
#include <string>
#include <string_view>

namespace quillgen::emit {

inline constexpr std::size_t line_limit = 118;

/// "[7:0] " of a vector, nothing of a single bit.
std::string range(int width);

/// Breaks lines that are too long; continuation lines are indented by `indent`.
std::string wrap_line(std::string_view text, std::size_t indent);

}  // namespace quillgen::emit
