// The manual page, made of the help.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace quillgen::cli {

/// In roff, for section 1. `examples` is the folder of the example layers of the installation.
std::string manual_page(const CLI::App& app, const std::string& examples);

}  // namespace quillgen::cli
