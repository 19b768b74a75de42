// One case through everything: netlist, checks, model, interpreter behind the harness, lint, Verilator.
#pragma once
#include <cstdint>
#include <string>

#include "fuzz/case.hpp"
#include "fuzz/facts.hpp"

namespace quillgen::fuzz {

/// What is done beside building the netlist and running it on the interpreter.
struct Steps {
  bool lint = false;             ///< verilator --lint-only -Wall of the generated Verilog
  bool verilator = false;        ///< the same jobs in Verilator: also equal cycles and counters
  std::vector<int> stalls = {};  ///< percent; a run with each of them, or, when empty, with that of the case
};

struct Outcome {
  std::string
      kind;  ///< of the failure: model, build, interpreter, hang, lint, verilator, crash; empty when all is well
  std::string text;                ///< what is wrong, for people
  std::int64_t elements = 0;       ///< compared with the model, Verilator's not included
  std::uint64_t cycles = 0;        ///< of the interpreter
  std::uint64_t instructions = 0;  ///< of the interpreter in a cycle
  Facts facts;                     ///< of the layers, and of the runs on the interpreter
  double seconds = 0;

  bool failed() const { return !kind.empty(); }
  /// Equal for failures that have the same cause, most likely: the kind, and the first source line or name of a warning
  /// in the text.
  std::string signature() const;
};

/// Runs the case, which must be legal, in a process of its own.
Outcome run_case(const Case& c, const Steps& steps);

}  // namespace quillgen::fuzz
