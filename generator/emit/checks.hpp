// The built-in checks of a module: streams that hold still while they wait, and assertions.
#pragma once
#include <functional>
#include <string>

#include "emit/expression.hpp"
#include "hdl/reset.hpp"

namespace quillgen::emit {

/// The block under QUILLGEN_CHECKS and FORMAL; "" when the module has no checks. `unique_name` gives a net its name.
std::string print_checks(const hdl::Module& m, const Expressions& text, hdl::Reset style,
                         const std::function<std::string(const std::string&)>& unique_name);

}  // namespace quillgen::emit
