// What programs of random jobs on a preset share: their options, the simulated design, how main ends.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "command_line/command.hpp"
#include "config/config.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/simulator.hpp"
#include "hdl/build.hpp"

namespace quillgen::fuzz {

struct SessionOptions {
  std::string preset;
  std::vector<std::string> overrides = {};
  std::uint64_t first = 1, count;  ///< seeds of the sessions
  bool interpreted = false;
  /// `sessions`: what --count counts.
  void add_to(command_line::Program& app, const std::string& sessions);
};

/// The design of the options, in Verilator or on the interpreter.
struct Simulated {
  explicit Simulated(const SessionOptions& options);
  Config config;
  hdl::Design design;
  harness::TemporaryFolder folder;
  harness::Manifest manifest;
  std::optional<harness::SimulatorLibrary> library;
};

/// What main does with its options: the exit status of `run`, which Ctrl-C and errors end.
int run_main(const char* name, const std::function<int()>& run);

}  // namespace quillgen::fuzz
