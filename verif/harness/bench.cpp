#include "harness/bench.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/derived.hpp"
#include "harness/interrupt.hpp"

namespace quillgen::harness {
namespace {

constexpr int reset_cycles = 8;

/// N = 20000 + 20 * latency, more when stalls slow everything down. Tags and counts are cleared in silence, a word a
/// cycle, and the PE array computes a group in silence, a word of its weights a cycle.
std::uint64_t hang_limit_of(const Config& config, const AxiOptions& options) {
  auto latency = static_cast<std::uint64_t>(options.latency);
  if (options.dram) latency = static_cast<std::uint64_t>(options.dram->slowest() / options.dram->clock_period());
  return (20000 + 20 * latency) * 100 / (100 - std::clamp(options.stall_percent, 0, 95)) +
         static_cast<std::uint64_t>(most_cache_sets(config) + weight_words(config) +
                                    (config.pruning.count_bits > 0 ? count_words(config) : 0));
}

}  // namespace

Bench::Bench(const SimulatorLibrary& library, const Manifest& manifest, const Config& config, MemoryMap& map,
             const AxiOptions& options, const std::filesystem::path& waveform)
    : sim_(library, static_cast<std::uint32_t>(options.seed), waveform),
      port_(sim_, config.memory.data_bits, config.memory.address_bits),
      host_port_(sim_),
      clk_(sim_.port("clk", true, 1)),
      reset_(sim_.port(config.implementation.reset == sync_high ? "rst" : "rst_n", true, 1)),
      reset_low_(config.implementation.reset != sync_high),
      irq_(sim_.find_port("irq")),
      taps_(sim_, manifest, config),
      memory_(map, options),
      host_(options.stall_percent, options.seed),
      idle_(config),
      device_(driver(*this)),
      hang_limit_(hang_limit_of(config, options)) {
  if (auto test_mode = sim_.find_port("test_mode")) test_mode.set(0);
}

quillgen_device Bench::driver(Bench& bench) {
  quillgen_device device{};
  device.context = &bench;
  device.read32 = [](void* bench, std::uint32_t offset) { return static_cast<Bench*>(bench)->read_register(offset); };
  device.write32 = [](void* bench, std::uint32_t offset, std::uint32_t value) {
    static_cast<Bench*>(bench)->write_register(offset, value);
  };
  device.idle = [](void* context) {
    auto& bench = *static_cast<Bench*>(context);
    if (bench.idle_driver_) return bench.idle_driver_();
    bench.cycle();
    return true;
  };
  return device;
}

void Bench::edge() {
  clk_.set(1);
  sim_.eval();
  ++cycles_;
}

void Bench::reset() {
  memory_.reset();
  set_reset(true);
  for (int i = 0; i < reset_cycles; ++i, ++cycles_) {
    if (i == reset_cycles / 2) sim_.start_coverage();  // what random bits did at power-up covers nothing
    port_.drive({});
    host_port_.drive({});
    clk_.set(0);
    sim_.eval_in_reset();
    const auto m = port_.sample();
    const auto s = host_port_.sample();
    // A gated clock may miss the first edge: the gate opens while the clock is low.
    if (i > 1 && (m.ar_valid || m.aw_valid || m.w_valid || s.b_valid || s.r_valid))
      breaches_.add(cycles_, "a valid output is 1 during reset");
    clk_.set(1);
    sim_.eval_in_reset();
  }
  set_reset(false);
  last_activity_ = cycles_;
}

void Bench::cycle() {
  port_.drive(memory_.outputs());
  host_port_.drive(host_.outputs());
  clk_.set(0);
  sim_.eval();
  const auto master = port_.sample();
  const auto slave = host_port_.sample();
  const int firings = taps_.sample(comparison_ ? *comparison_ : idle_);
  if (firings && !comparison_) breaches_.add(cycles_, "a tap fires outside of a job");
  memory_.clock(master);
  host_.clock(slave);
  if (memory_.moved()) last_memory_ = cycles_;
  if (memory_.moved() || firings || !comparison_) last_activity_ = cycles_;
  edge();
  if (cycles_ % 1024 == 0) check_interrupt();
  if (cycles_ - last_activity_ > hang_limit_)
    throw Hang(fmt::format("hang: nothing has moved since cycle {} ({} cycles)", last_activity_, hang_limit_));
}

/// Runs until the register access is answered.
void Bench::finish_access(const char* what, std::uint32_t address) {
  const auto limit = cycles_ + hang_limit_;
  while (host_.busy()) {
    if (cycles_ > limit) throw Hang(fmt::format("hang: {} of register {:#05x} is not answered", what, address));
    cycle();
  }
}

std::uint32_t Bench::read_register(std::uint32_t address) {
  host_.start_read(address);
  finish_access("a read", address);
  return host_.data();
}

void Bench::write_register(std::uint32_t address, std::uint32_t data) {
  if (address == QUILLGEN_START) started_ = cycles_;
  host_.start_write(address, data);
  finish_access("a write", address);
}

}  // namespace quillgen::harness
