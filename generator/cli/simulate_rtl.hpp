// The RTL that `quillgen simulate` runs: generated for the purpose or given.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "cli/simulate_options.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"

namespace quillgen::cli {

/// A folder of RTL and, if it is a temporary one, its end.
struct Rtl {
  std::unique_ptr<harness::TemporaryFolder> temporary;
  std::filesystem::path folder;
  harness::Manifest manifest;
  Config config;
  bool generated = false;
};

/// Takes --rtl, or generates from the configuration that `choose` returns. `check` is called with the configuration
/// before anything is generated, and throws UserError when the work does not fit. Throws UserError for options that do
/// not go together.
Rtl rtl_for(const SimulateOptions& options, const std::function<Config()>& choose,
            const std::function<void(const Config&)>& check);

/// The simulator of it, built or from the cache; `say` is told what is being done. A library file.
std::filesystem::path simulator_of(const Rtl& rtl, const SimulateOptions& options,
                                   const std::function<void(std::string_view)>& say);

}  // namespace quillgen::cli
