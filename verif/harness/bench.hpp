// One instance of the accelerator on a bench: clock, reset, memory and host, advanced a cycle at a time.
#pragma once
#include <quillgen_driver.h>

#include <cstdint>
#include <functional>
#include <stdexcept>

#include "harness/axi_lite.hpp"
#include "harness/axi_memory.hpp"
#include "harness/axi_port.hpp"
#include "harness/compare.hpp"
#include "harness/simulator.hpp"
#include "harness/taps.hpp"

namespace quillgen::harness {

/// Nothing has moved for too long, or a register access was not answered.
struct Hang : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Bench {
 public:
  /// The memory serves `map`, whose regions may be changed between jobs. The stalls of the host follow from the options
  /// of the memory. `waveform`: see Simulator; cycle n begins at 10 n.
  Bench(const SimulatorLibrary& library, const Manifest& manifest, const Config& config, MemoryMap& map,
        const AxiOptions& options, const std::filesystem::path& waveform = {});
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void reset();
  /// One clock cycle. Throws Hang, Interrupted, DesignStopped.
  void cycle();
  std::uint32_t read_register(std::uint32_t address);
  void write_register(std::uint32_t address, std::uint32_t data);
  /// The driver of every output folder, whose accesses take the cycles that the host's port takes.
  quillgen_device& device() { return device_; }
  /// What the driver does while it waits, false to have it stop; null: a cycle.
  void on_idle(std::function<bool()> idle) { idle_driver_ = std::move(idle); }

  /// Where firings go; null when there is no job: any firing is then a breach.
  void set_comparison(Comparison* comparison) { comparison_ = comparison; }
  AxiMemory& memory() { return memory_; }
  bool irq() const { return irq_ && irq_.get() != 0; }
  const AxiLiteMaster& host() const { return host_; }
  /// Firings outside of a job and outputs that are wrong in reset.
  const Breaches& breaches() const { return breaches_; }
  std::uint64_t cycles() const { return cycles_; }
  /// When the host last began to write START.
  std::uint64_t started() const { return started_; }
  /// The last cycle with a handshake on the memory port.
  std::uint64_t last_memory_activity() const { return last_memory_; }
  /// Cycles without a handshake on the memory port and without a firing after which a job counts as hung.
  std::uint64_t hang_limit() const { return hang_limit_; }

 private:
  void edge();
  void set_reset(bool on) { reset_.set(on != reset_low_ ? 1 : 0); }
  void finish_access(const char* what, std::uint32_t address);
  static quillgen_device driver(Bench& bench);

  Simulator sim_;
  AxiPort port_;
  AxiLitePort host_port_;
  Signal clk_, reset_;
  bool reset_low_;
  Signal irq_;
  TapMonitor taps_;
  AxiMemory memory_;
  AxiLiteMaster host_;
  Comparison* comparison_ = nullptr;
  Comparison idle_;  ///< takes the firings outside of a job
  quillgen_device device_;
  std::function<bool()> idle_driver_;
  Breaches breaches_;
  std::uint64_t cycles_ = 0, last_activity_ = 0, last_memory_ = 0, hang_limit_, started_ = 0;
};

}  // namespace quillgen::harness
