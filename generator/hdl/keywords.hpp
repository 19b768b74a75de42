// Names that Verilog or SystemVerilog reserves.
#pragma once
#include <string_view>

namespace quillgen::hdl {

/// Keyword of IEEE 1364-2005 or 1800-2012; tools that read a .v file as SystemVerilog trip over the latter.
bool is_keyword(std::string_view name);

/// Keyword of IEEE 1076-2008, in lower case: no port has such a name, so that a VHDL design can instantiate the module.
bool is_vhdl_keyword(std::string_view name);

}  // namespace quillgen::hdl
