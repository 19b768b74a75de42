// A configuration as files.
#pragma once
#include <filesystem>

#include "config/config.hpp"
#include "emit/design_files.hpp"

namespace quillgen {

/// Name of the top module.
inline constexpr const char* top_name = "quillgen";

/// What a driver needs beside the Verilog: the C header and the page of the registers.
emit::Files host_files(const Config& config);

/// How the modules of a configuration are printed.
emit::Options print_options(const Config& config, const std::string& prefix = "");

/// Writes Verilog, file list and manifest of a valid configuration into a folder, for tests; `quillgen generate` has
/// more options and care (cli/output_folder.hpp).
void generate(const Config& config, const std::filesystem::path& folder);

}  // namespace quillgen
