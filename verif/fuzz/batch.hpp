// Several random netlists run side by side: the same stimuli through the interpreter, Verilator and Icarus.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/random_netlist.hpp"
#include "hdl/reset.hpp"

namespace quillgen::fuzz {

using Words = std::vector<std::uint64_t>;  ///< a vector of bits, lowest word first

/// All inputs of a netlist in one vector, and all outputs in another, first port lowest.
struct Subject {
  std::uint64_t seed = 0;
  const hdl::Module* top = nullptr;
  hdl::Reset reset = hdl::Reset::sync_high;  ///< by the seed, each style in turn
  int input_bits = 0, output_bits = 0;
  std::vector<Words> inputs;   ///< of every cycle
  std::vector<Words> outputs;  ///< of every cycle, from the interpreter
};

class Batch {
 public:
  /// Builds and verifies the netlists, draws the stimuli and runs the interpreter.
  Batch(const std::vector<std::uint64_t>& seeds, int cycles);

  /// Writes every module as a file of its own, the memory wrappers and the module `batch` with all netlists in it.
  void write(const std::filesystem::path& folder, const std::filesystem::path& templates) const;

  /// Each returns what went wrong, a line each; empty when all is well. Lint reads the built-in checks only if asked.
  std::vector<std::string> lint(const std::filesystem::path& folder, bool with_checks) const;
  std::vector<std::string> run_verilator(const std::filesystem::path& folder) const;
  std::vector<std::string> run_icarus(const std::filesystem::path& folder) const;

  std::size_t nodes() const { return nodes_; }
  std::uint64_t values() const { return values_; }  ///< output bits of all cycles after warm-up

 private:
  void compare(std::vector<std::string>& problems, const Subject& s, int cycle, const Words& got,
               const char* tool) const;
  std::string testbench() const;
  std::string wrapper() const;

  hdl::Design design_;
  std::vector<Subject> subjects_;
  std::vector<bool> resets_;        ///< of every cycle
  std::vector<hdl::Reset> styles_;  ///< of every module of the design
  std::size_t nodes_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace quillgen::fuzz
