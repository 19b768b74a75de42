// Tests a block with valid/ready streams on the interpreter: feeds its input streams from queues and collects its
// output streams, both with random stalls.
//
//     StreamBench bench(module, {.seed = 7, .stall_percent = 40});
//     bench.push("point", {3, -2});                 // fields in the order of the ports
//     bench.expect("weights", 1);
//     bench.run();
//     CHECK(bench.received("weights") == ...);
//
// Streams are found by their ports: name_valid and name_ready, the fields name or name_*. Wide fields take several
// words of a transfer, lowest first. While an input stream is not valid its payload is random, and it never takes back
// an offer. Ports that belong to no stream are set through interpreter().
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "interp/interpreter.hpp"

namespace quillgen::test {

class StreamBench {
 public:
  struct Options {
    std::uint64_t seed = 1;    ///< of stalls, of payloads while not valid and of the start state
    int stall_percent = 0;     ///< cycles in which a stream is held back, 0 to 99
    int trailing_cycles = 16;  ///< run on after the last expected transfer, to see surplus ones
  };
  /// Applies reset for two cycles.
  explicit StreamBench(const hdl::Module& module) : StreamBench(module, Options{}) {}
  StreamBench(const hdl::Module& module, Options options);

  /// Queues a transfer. Negative values are taken as two's complement of the field.
  void push(const std::string& stream, const std::vector<std::int64_t>& words);
  /// Stalls of one stream, in place of Options::stall_percent.
  void stall(const std::string& stream, int percent) { find(stream).stall_percent = percent; }
  /// Number of further transfers that run() waits for.
  void expect(const std::string& stream, std::size_t transfers) { find(stream).expected += transfers; }
  /// Called in every cycle before the clock edge, with the nets settled.
  void on_cycle(std::function<void(interp::Interpreter&)> f) { on_cycle_ = std::move(f); }

  /// Runs until all queues are empty and all expected transfers have arrived. Throws when that takes more than
  /// `max_cycles`, when an output sends more than expected, and when a check of the netlist fails; messages carry the
  /// seed and the state of the streams. Returns the number of cycles, trailing ones not counted.
  std::uint64_t run(std::uint64_t max_cycles = 100000);
  /// Runs a given number of cycles, whatever happens in them; surplus transfers are collected.
  void run_cycles(std::uint64_t cycles);

  /// All transfers of an output stream so far, words zero-extended, or sign-extended from the width of their field.
  const std::vector<std::vector<std::uint64_t>>& received(const std::string& stream) { return find(stream).received; }
  std::vector<std::vector<std::int64_t>> received_signed(const std::string& stream);
  void forget(const std::string& stream) { find(stream).received.clear(), find(stream).expected = 0; }

  interp::Interpreter& interpreter() { return sim_; }
  /// "block, seed 7, stalls 40 %, cycle 12" and the state of every stream, for messages.
  std::string state();

 private:
  struct Field {
    int port, width;
  };
  struct Stream {
    std::string name;
    bool is_input = true;
    int valid = -1, ready = -1;
    std::vector<Field> fields;
    int stall_percent = 0;
    bool offering = false;                             // input: the front of the queue is on the port
    std::deque<std::vector<std::uint64_t>> queue;      // input
    std::size_t accepted = 0, expected = 0;            // input: transfers taken; output: transfers awaited in total
    std::vector<std::vector<std::uint64_t>> received;  // output
  };

  void find_streams();
  Stream& find(const std::string& name);
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  void drive(Stream& s);
  void drive_payload(const Stream& s, const std::vector<std::uint64_t>* words);
  void cycle(bool allow_surplus);
  bool finished() const;
  [[noreturn]] void fail(const std::string& what);

  Options options_;
  std::mt19937_64 random_;
  interp::Interpreter sim_;
  std::vector<Stream> streams_;
  std::function<void(interp::Interpreter&)> on_cycle_;
};

}  // namespace quillgen::test
