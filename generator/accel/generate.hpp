// A configuration as files.
#pragma once
#include <filesystem>

#include "config/config.hpp"
#include "emit/design_files.hpp"

namespace quillgen {

/// Name of the top module.
inline constexpr const char* top_name = "quillgen";

/// Adds to the Verilog of the whole design what belongs to it: driver, C headers and page of the registers, how to
/// integrate it, a bench, and files for other tools. The names of modules begin with `prefix`; what C has for every
/// configuration has no prefix.
void add_guides(const Config& config, const std::string& prefix, emit::Files& files);

/// How the modules of a configuration are printed.
emit::Options print_options(const Config& config, const std::string& prefix = "");

/// Writes Verilog, file list and manifest of a valid configuration into a folder, for tests; `quillgen generate` has
/// more options and care (cli/output_folder.hpp).
void generate(const Config& config, const std::filesystem::path& folder);

}  // namespace quillgen
