// The always block of registers that are reset and enabled alike.
#pragma once
#include <string>
#include <vector>

#include "emit/expression.hpp"
#include "hdl/reset.hpp"

namespace quillgen::emit {

/// `nets` as in Expressions. `group` is not empty; what its registers are given has been printed.
std::string always_block(const hdl::Module& m, const Expressions& text, const std::vector<std::string>& nets,
                         const std::vector<const hdl::RegInfo*>& group, hdl::Reset style);

}  // namespace quillgen::emit
