// Verilog to a shared object with the interface of abi.hpp, kept in the cache folder.
//
// An entry is named <design>-<tools>: <design> hashes the Verilog texts, the taps, the shim and the flags; <tools> the
// versions of Verilator and compiler. A run whose entry exists starts neither of them. When the tools are missing, the
// newest entry of the same design serves.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

namespace quillgen::harness {

struct Manifest;

struct BuildOptions {
  int jobs = 2;                                         ///< compilers at a time
  bool optimise = true;                                 ///< false: built in a third of the time, for short runs
  bool waveform = false;                                ///< it can record one: another simulator, and a slower one
  std::function<void(std::string_view)> say = nullptr;  ///< told one line per step, for people
};

struct BuiltSimulator {
  std::filesystem::path library;
  bool reused = false;  ///< taken from the cache
  double seconds = 0;   ///< of building, 0 when reused
};

/// Builds or reuses the simulator of the RTL in `folder`. UserError when Verilator, the compiler or (for a waveform)
/// zlib is missing and nothing is cached, RtlError when Verilator refuses the RTL; std::runtime_error when the
/// generated C++ does not compile.
BuiltSimulator build_simulator(const std::filesystem::path& folder, const Manifest& manifest,
                               const BuildOptions& options = {});

}  // namespace quillgen::harness
