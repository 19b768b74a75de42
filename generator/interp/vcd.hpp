// A waveform of an interpreted module as a value change dump (VCD, IEEE 1364-2005 clause 18), which gtkwave and every
// other viewer reads.
//
// One scope an instance, in it every net with a name, under the names of the Verilog; at the top clk and rst as well.
// Cycle n begins at 10 n ns, and its edge is at 10 n + 5 ns, as in the waveforms of `quillgen simulate --trace`.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "interp/interpreter.hpp"

namespace quillgen::interp {

class Vcd {
 public:
  /// Writes the names. The interpreter and the file must outlive it.
  Vcd(Interpreter& sim, std::ostream& out);

  /// The values of this cycle: call it once in a cycle, when the inputs are set, before the step.
  void sample();

 private:
  struct Net {
    Slot slot;
    int width;
    std::string code;
    std::vector<std::uint64_t> shown;  // what the file says; empty before the first cycle
  };
  void add_scope(std::uint32_t scope, const std::string& name);
  void add_net(const std::string& name, Slot slot, int width);
  std::string declare(const std::string& name, int width);

  Interpreter& sim_;
  std::ostream& out_;
  std::vector<Net> nets_;
  std::size_t codes_ = 0;
  std::string clock_, reset_;
};

}  // namespace quillgen::interp
