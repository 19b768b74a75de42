// Completion of command lines in bash, made of the help.
#pragma once
#include <string>

#include "cli/help.hpp"

namespace quillgen::cli {

/// A script for bash that completes commands, options, and the names that options take; elsewhere names of files.
std::string bash_completion(const std::vector<CommandHelp>& commands);

}  // namespace quillgen::cli
