// The manual page, made of the help.
#pragma once
#include <string>

#include "cli/help.hpp"

namespace quillgen::cli {

/// In roff, for section 1. `examples` is the folder of the example layers of the installation.
std::string manual_page(const std::vector<CommandHelp>& commands, const std::string& examples);

}  // namespace quillgen::cli
