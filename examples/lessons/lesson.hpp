// What the lessons share: checks, and the files that each lesson keeps.
//
// The Verilog of a lesson is compared with the file beside it, the text it prints with its block in README.md, both
// byte for byte; `--update` rewrites them instead. A result that is wrong or a file that differs makes the exit
// status 1. With `--exercise FOLDER` only results count: Verilog and waveforms are written to the folder, and what the
// page has is left alone. Solutions are lessons too; the code that the page shows of one must be in its source.
#pragma once
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "interp/interpreter.hpp"
#include "unit/stream_bench.hpp"

namespace quillgen::lessons {

using namespace hdl;

class Lesson {
 public:
  /// `name` as in the command on the page, "1_counter" or "solutions/1_counter". The folder of an exercise, or none.
  Lesson(std::string name, bool update, const std::filesystem::path& exercise);
  ~Lesson();

  /// Prints a line; it belongs to the output shown in README.md.
  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    output_ += "    " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  }
  /// The page that shows the output, where it is not README.md; a path from the folder of the lessons.
  void page(const std::filesystem::path& file) { page_ = file; }
  /// States what must hold. The first five that do not are named.
  void check(bool holds, const std::string& what);
  /// Compares the Verilog of the module with <module>.v.
  void verilog(const Module& m);
  /// In an exercise: this cycle of the interpreter goes into <module>.vcd. Call it before each step, with the inputs
  /// set. Of a module the first run is kept, up to 2000 cycles.
  void sample(interp::Interpreter& sim);
  /// Compares the output with README.md. Exit status.
  int end();

 private:
  struct Wave;
  void keep(const std::filesystem::path& file, const std::string& is, const std::string& should_be);
  void compare(const std::string& module, const std::string& is);
  void check_code(const std::string& readme, std::size_t command);

  std::string name_, output_;
  bool update_;
  std::filesystem::path exercise_, page_ = "README.md";
  std::map<std::string, std::unique_ptr<Wave>> waves_;
  std::vector<std::string> notes_;  // of an exercise, printed last
  int checks_ = 0, wrong_ = 0;
};

/// The module after a cycle of reset, all inputs 0.
interp::Interpreter simulate(const Module& m);

/// What hardware costs, roughly: nodes of the netlist, bits of registers and memories, bits of constant tables, the
/// modules below included.
struct Cost {
  std::size_t nodes = 0, storage_bits = 0, table_bits = 0;
};
Cost cost(const Module& m);

}  // namespace quillgen::lessons

// A lesson is about the language and shows it without prefixes.
using namespace quillgen;
using namespace quillgen::lessons;

/// What each lesson is; main is in lesson.cpp.
void teach(Lesson& lesson);
