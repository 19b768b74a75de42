// The built-in checks of a module: streams that hold still while they wait, and assertions.
#pragma once
#include <functional>
#include <string>

#include "emit/expression.hpp"
#include "emit/verilog.hpp"

namespace quillgen::emit {

/// What stands under QUILLGEN_CHECKS and FORMAL: an instance of stream_check for every stream that the module makes,
/// not those that it only passes on, and the assertions. "" when there are none. `unique_name` gives an instance its
/// name.
std::string print_checks(const hdl::Module& m, const Expressions& text, const Options& options,
                         const std::function<std::string(const std::string&)>& unique_name);

/// The module has an instance of stream_check.
bool has_stream_check(const hdl::Module& m);

}  // namespace quillgen::emit
