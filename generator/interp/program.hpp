// What the interpreter runs: the flattened hierarchy as a linear list of instructions on an array of 64-bit words.
//
// A value of up to 64 bits is one word, zero-extended; a wider one takes consecutive words, lowest first, bits above
// its width zero. Wires, ports of instances and zero extensions within a word cost nothing: they share the word of
// their source.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "hdl/module.hpp"

namespace quillgen::interp {

/// A check of the netlist that failed, or a netlist or request that cannot be run. Names cycle, path and check.
struct InterpreterError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Slot = std::uint32_t;  ///< index of a word
inline constexpr Slot no_slot = ~Slot{0};

enum class Code : std::uint8_t {
  // one word: d = f(a, b, c), the result limited by mask
  bit_not,
  bit_and,
  bit_or,
  bit_xor,
  add,
  sub,
  mul,
  mul_signed,  // shift, c: unused high bits of a and of b
  equal,
  less_unsigned,
  less_signed,  // shift: unused high bits of both
  shift_left,
  shift_right,
  shift_right_signed,  // shift: unused high bits of a
  mux,
  slice,         // shift: lowest bit
  slice_across,  // the same from two neighbouring words
  concat,        // shift: width of b
  sign_extend,   // shift: unused high bits of a
  rom,           // c: number of the table
  memory,        // a: address, c: number of the memory
  // several words; mask: number of words of the result, c: number of words of a
  clear,
  deposit,   // d |= a << shift
  wide_not,  // b: valid bits of the last word
  wide_and,
  wide_or,
  wide_xor,
  wide_equal,        // c: number of words compared
  wide_mux,          // a ? b : c
  wide_slice,        // shift: lowest bit; b: valid bits of the last word
  wide_sign_extend,  // shift: sign position in the last word of a; b: valid bits of the last word of the result
};

struct Instruction {
  Code code = Code::clear;
  std::uint8_t shift = 0;
  Slot d = 0, a = 0, b = 0, c = 0;
  std::uint64_t mask = 0;
};

struct RegisterUpdate {
  Slot enable = no_slot;  ///< no_slot: always
  Slot data = no_slot;
};

/// The instances that share a reset and a clock: the top and, for each instance with a reset or a clock enable of its
/// own, that instance and what is below it.
struct Domain {
  std::uint32_t parent = 0;                      ///< a lower number than its own; 0 of the top
  Slot reset = no_slot, clock_enable = no_slot;  ///< of its own; no_slot: none
};

struct Register {
  Slot q = no_slot;
  std::uint32_t words = 1;
  int width = 0;
  bool has_reset = false;
  std::uint64_t reset = 0;
  std::uint32_t domain = 0;
  std::uint32_t first_update = 0, updates = 0;  ///< range of Program::updates
};

struct MemoryPort {
  Slot enable = no_slot, address = no_slot, data = no_slot;  ///< no_slot: the port is not there
};

struct MemoryState {
  std::string path;
  std::uint64_t depth = 0;
  std::uint32_t words = 1;  ///< of one entry
  int width = 0, latency = 0;
  std::uint32_t domain = 0;
  MemoryPort write, read;
};

struct StreamState {
  std::string path;  ///< "top.block: stream name"
  Slot valid = no_slot, ready = no_slot;
  std::vector<Slot> payload;  ///< every word
  std::uint32_t domain = 0;
};

struct AssertionState {
  std::string path;
  Slot condition = no_slot;
  std::uint32_t domain = 0;
};

/// A module somewhere in the hierarchy.
struct Scope {
  const hdl::Module* module = nullptr;
  std::string path;  ///< "top.a.b"
  std::uint32_t parent = 0, instance = 0;
  std::vector<std::uint32_t> children;  ///< scope of every instance
  std::size_t base = 0;                 ///< of its nodes in Program::slots
  std::uint32_t domain = 0;
};

struct Program {
  std::vector<Scope> scopes;  ///< 0: the top
  std::map<std::string, std::uint32_t> scope_by_path;
  std::vector<Slot> ports;              ///< of the top, in its order
  std::vector<Slot> slots;              ///< of every node of every scope; no_slot where nothing needs the node
  std::vector<std::uint64_t> values;    ///< start values: constants, zero otherwise
  Slot state_begin = 0, state_end = 0;  ///< words of registers and of read data of latency-1 memories
  std::vector<Instruction> code;
  std::vector<Domain> domains;
  std::vector<Register> registers;
  std::vector<RegisterUpdate> updates;
  std::vector<MemoryState> memories;
  std::vector<const std::vector<std::uint64_t>*> roms;
  std::vector<StreamState> streams;
  std::vector<AssertionState> assertions;
};

/// Flattens and orders the hierarchy below `top`. Throws InterpreterError on undriven nets and combinational loops.
Program elaborate(const hdl::Module& top);

inline std::uint32_t words_of(int width) { return static_cast<std::uint32_t>(width + 63) / 64; }

}  // namespace quillgen::interp
