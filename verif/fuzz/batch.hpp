// Several netlists run side by side: the same random stimuli through the interpreter, Verilator and Icarus.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
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
  /// The netlist of a seed.
  using Build = std::function<const hdl::Module&(hdl::Design&, std::uint64_t seed)>;
  struct Options {
    int cycles = 200;
    int reset_every = 25;  ///< cycles, on average
  };
  /// Builds and verifies the netlists, draws the stimuli and runs the interpreter.
  Batch(const std::vector<std::uint64_t>& seeds, const Options& options, const Build& build = random_netlist);

  /// Writes every module as a file of its own, what they need of templates/ and the module `batch` with all netlists.
  void write(const std::filesystem::path& folder) const;

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
  std::vector<bool> resets_;  ///< of every cycle
  std::size_t nodes_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace quillgen::fuzz
