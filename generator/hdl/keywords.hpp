// Names that Verilog or SystemVerilog reserves.
#pragma once
#include <string_view>

namespace quillgen::hdl {

/// Keyword of IEEE 1364-2005 or 1800-2012; tools that read a .v file as SystemVerilog trip over the latter.
bool is_keyword(std::string_view name);

}  // namespace quillgen::hdl
