// A Verilated design loaded into this program.
#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/abi.hpp"

namespace quillgen::harness {

/// The folder of the environment variable QUILLGEN_COVERAGE: when it is set, simulators without a waveform are built to
/// measure coverage, and each instance leaves a file there. By the environment, so that every test can be measured.
std::optional<std::filesystem::path> coverage_folder();

/// The design stopped itself: $fatal of a built-in check, $stop or $finish.
struct DesignStopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A signal of a recorded waveform.
struct WaveSignal {
  std::string scope;  ///< "TOP.quillgen.u_core"
  std::string name;   ///< "hits [2:0]"
  bool is_output;     ///< an output port of its scope
  std::string value;  ///< of a parameter, as digits 0 and 1
};

/// A loaded shared object; instances keep it loaded.
class SimulatorLibrary {
 public:
  /// UserError when it cannot be loaded, std::runtime_error when it is something else.
  explicit SimulatorLibrary(const std::filesystem::path& file);
  /// A stand-in that is part of this program, for tests of the harness.
  explicit SimulatorLibrary(const SimInterface& interface) : interface_(&interface) {}
  const SimInterface& interface() const { return *interface_; }
  /// The signals of a waveform this library has recorded, in the order of the design; none when the file is not whole.
  std::vector<WaveSignal> signals(const std::filesystem::path& waveform) const;

 private:
  std::shared_ptr<void> library_;
  const SimInterface* interface_;
};

/// A port or net of one instance, read and written in place; values up to 64 bits as integers, wider ones as bytes.
class Signal {
 public:
  Signal() = default;
  Signal(void* data, int bits) : data_(static_cast<std::uint8_t*>(data)), bits_(bits) {}

  explicit operator bool() const { return data_ != nullptr; }
  int bits() const { return bits_; }

  /// The value zero-extended; only the low 64 bits of a wider one.
  std::uint64_t get() const {
    if (bits_ <= 8) return *data_;
    std::uint64_t value = 0;
    std::memcpy(&value, data_, bits_ <= 16 ? 2 : bits_ <= 32 ? 4 : 8);
    return value;
  }

  /// Sets the low 64 bits; bits beyond the width are dropped.
  void set(std::uint64_t value) {
    if (bits_ < 64) value &= (std::uint64_t{1} << bits_) - 1;
    std::memcpy(data_, &value, bits_ <= 8 ? 1 : bits_ <= 16 ? 2 : bits_ <= 32 ? 4 : 8);
  }

  /// The value as little-endian bytes; the width must be a multiple of 8.
  void get_bytes(std::uint8_t* bytes) const { std::memcpy(bytes, data_, bits_ / 8); }
  void set_bytes(const std::uint8_t* bytes) { std::memcpy(data_, bytes, bits_ / 8); }

 private:
  std::uint8_t* data_ = nullptr;
  int bits_ = 0;
};

/// One instance of the design.
class Simulator {
 public:
  /// Registers without reset start with bits drawn from the seed. With `waveform`, which takes a library built for it,
  /// every eval is recorded in that file; it is complete when the instance is gone. UserError when it cannot be made.
  Simulator(const SimulatorLibrary& library, std::uint32_t seed, const std::filesystem::path& waveform = {});

  /// A port by name; an empty signal when there is none.
  Signal find_port(const std::string& name) const;
  /// A port that must exist with `bits` bits (any width when 0) and direction. RtlError otherwise.
  Signal port(const std::string& name, bool is_input, int bits = 0) const;
  /// A net made visible by a tap. RtlError when there is none.
  Signal net(const std::string& instance, const std::string& name) const;

  /// Settles the design after its inputs have changed. Throws DesignStopped, or UserError when the disk is too full for
  /// the waveform.
  void eval();
  /// With QUILLGEN_COVERAGE in the environment, counts from now on which lines and bits were active, for a file of that
  /// folder.
  void start_coverage();
  /// The same while the design is being reset: registers hold random bits, so a check may fail in vain.
  void eval_in_reset();

 private:
  SimulatorLibrary library_;
  std::unique_ptr<void, void (*)(void*)> sim_;
  bool covering_ = false;
};

}  // namespace quillgen::harness
