// Runs a netlist cycle by cycle, without going through Verilog: for tests of blocks and as a second opinion on the
// printer.
//
// One clock. An instance with a clock enable holds its registers and memories while that is 0 and it is not being
// reset, by a reset of its own or, if resets are synchronous, by any. In every cycle outside reset the checks of all
// instances are evaluated: streams hold still while they wait, assertions hold, and no latency-1 memory reads the
// address that is being written. Registers and memories start with random content, so that a read of something never
// written shows.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "interp/program.hpp"

namespace quillgen::interp {

class Interpreter {
 public:
  /// The module and all below it must outlive the interpreter. `seed` chooses the random start content of registers
  /// and memories; 0 starts them at zero.
  explicit Interpreter(const hdl::Module& top, std::uint64_t seed = 1);

  /// Number of a port of the top module; throws if there is none.
  int port(std::string_view name) const;
  int width(int port) const { return port_info(port).width; }

  /// Sets an input. Throws when the value does not fit.
  void set(int port, std::uint64_t value);
  void set(std::string_view port_name, std::uint64_t value) { set(port(port_name), value); }
  /// Words lowest first; missing ones are zero.
  void set_wide(int port, const std::vector<std::uint64_t>& words);
  void set_reset(bool on) {
    dirty_ = dirty_ || on != reset_;
    reset_ = on;
  }
  /// Asynchronous reset: a register that is reset takes its value at once, with or without a clock. Otherwise at the
  /// next edge.
  void set_asynchronous_reset(bool on) { asynchronous_ = on; }

  /// Value of a port in this cycle, given the inputs set so far. get and get_signed take ports of up to 64 bits.
  std::uint64_t get(int port);
  std::uint64_t get(std::string_view port_name) { return get(port(port_name)); }
  std::int64_t get_signed(int port);
  std::int64_t get_signed(std::string_view port_name) { return get_signed(port(port_name)); }
  std::vector<std::uint64_t> get_wide(int port);

  /// Value of a named net in the instance at `path` below the top ("" is the top, "a.b" instance b of instance a).
  std::uint64_t peek(std::string_view path, std::string_view net);
  std::vector<std::uint64_t> peek_wide(std::string_view path, std::string_view net);
  /// Value of a node of a tap in that instance, of up to 64 bits.
  std::uint64_t peek_tap(std::string_view path, hdl::Id node);

  /// Brings the combinational nets up to date with inputs and state. Reading does so by itself.
  void settle();
  /// One clock cycle: settles, evaluates the checks, then applies the clock edge.
  void step();

  /// What runs, and the words of a value of it in this cycle, lowest first: for waveforms.
  const Program& program() const { return program_; }
  std::vector<std::uint64_t> words(Slot slot, int width) {
    settle();
    return words({slot, width});
  }
  bool in_reset() const { return reset_; }

  std::uint64_t cycle() const { return cycle_; }                     ///< clock edges so far
  std::size_t instructions() const { return program_.code.size(); }  ///< evaluated in a cycle
  const hdl::Module& top() const { return *program_.scopes[0].module; }

 private:
  struct Net {
    Slot slot;
    int width;
  };
  const Scope& scope(std::string_view path) const;
  Net net(std::string_view path, std::string_view name) const;
  const hdl::Port& port_info(int port) const { return top().ports().at(static_cast<std::size_t>(port)); }
  Slot port_slot(int port) const { return program_.ports[static_cast<std::size_t>(port)]; }
  std::vector<std::uint64_t> words(Net n) const;
  void randomise(std::uint64_t seed);
  void run_wide(const Instruction& i);
  void find_domains();
  void reset_at_once();
  void check_streams();
  void check_assertions() const;
  void check_memories() const;
  void prepare_registers();
  void prepare_reads();
  void write_memories();
  [[noreturn]] void fail(const std::string& what) const;

  Program program_;
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> next_;                   // of the state words
  std::vector<std::vector<std::uint64_t>> contents_;  // of the memories
  struct Held {
    bool waiting = false;
    std::vector<std::uint64_t> payload;
  };
  std::vector<Held> held_;                // of the streams
  std::vector<bool> in_reset_, stopped_;  // of the domains
  bool reset_ = false, asynchronous_ = false, dirty_ = true;
  std::uint64_t cycle_ = 0;
};

}  // namespace quillgen::interp
