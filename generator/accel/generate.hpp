// A configuration as a folder of Verilog.
#pragma once
#include <filesystem>

#include "config/config.hpp"
#include "emit/design_files.hpp"

namespace quillgen {

/// Name of the top module.
inline constexpr const char* top_name = "quillgen";

/// The files of the accelerator of a valid configuration.
emit::Files accelerator_files(const Config& config);

/// Writes them into `out`, which appears whole or not at all. UserError when `out` exists and is not an empty folder,
/// unless `replace` is set and it is a folder that quillgen wrote; when it cannot be written.
void generate(const Config& config, const std::filesystem::path& out, bool replace = false);

}  // namespace quillgen
