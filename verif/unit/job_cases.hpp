// What the tests of jobs do on every preset: the descriptors that are refused, the queue of jobs, and the registers of
// the host.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <quillgen_regs.h>

#include <string>
#include <vector>

#include "config/config.hpp"
#include "harness/session.hpp"

namespace quillgen::harness {

struct Case {
  std::string name;
  std::uint32_t error;
  std::function<void(Descriptor&)> tamper = nullptr;
  std::optional<AxiFault> read_fault = std::nullopt, write_fault = std::nullopt;
};

/// Descriptors that end their job with an error. The layer is not of the largest size.
inline std::vector<Case> refused_descriptors(const Attention& attention) {
  const auto set = [](int word, std::uint32_t value) { return [=](Descriptor& d) { d[word] = value; }; };
  const auto add = [](int word, std::uint32_t value) { return [=](Descriptor& d) { d[word] += value; }; };
  const auto queries = static_cast<std::uint32_t>(attention.max_queries);
  const auto width = static_cast<std::uint32_t>(attention.max_width),
             height = static_cast<std::uint32_t>(attention.max_height);
  std::vector<Case> all = {
      {"version", 1, set(0, 0x00020001)},
      {"kind", 1, set(0, 0x00010002)},
      {"flags", 1, set(1, 2)},
      {"no query", 2, set(3, 0)},
      {"one query too many", 2, set(3, queries + 1)},
      {"queries beyond 16 bits", 2, set(3, 0x10002)},
      {"width 0", 3, set(16, 0x00040000)},
      {"height 0", 3, set(17, 0x00000004)},
      {"too wide", 3, set(16, 0x00040000 | (width + 1))},
      {"too high", 3, set(17, (height + 1) << 16 | 4)},
      {"query stride", 4, add(14, 4)},
      {"output stride", 4, add(15, 4)},
      {"query stride 0", 4, set(14, 0)},
      {"output stride 0", 4, set(15, 0)},
  };
  for (const int word : {4, 6, 8, 10, 12}) all.push_back({fmt::format("address in word {}", word), 4, add(word, 32)});
  for (const std::uint32_t word : {0xFFFFFFFFU, 0U, 0x5A5A5A5AU, 0xA5A5A5A5U})
    all.push_back({fmt::format("words of {:#010x}", word), 1, [=](Descriptor& d) { d.fill(word); }});
  return all;
}

/// Two jobs wait behind the one in work; a third is refused; a snapshot is consistent.
inline void check_queue(const SimulatorLibrary& library, const Manifest& manifest, const Config& config,
                        const Job& job) {
  MemoryMap map;
  const JobMemory memory(map, job.layer, job.stages.value, config, 7);
  AxiOptions options;
  options.data_bytes = config.memory.data_bits / 8, options.latency = 20;
  Bench bench(library, manifest, config, map, options);
  bench.reset();
  Comparison ignored(config, job.layer, job.stages);
  bench.set_comparison(&ignored);
  bench.write_register(QUILLGEN_DESC_LO, static_cast<std::uint32_t>(memory.descriptor_address()));
  bench.write_register(QUILLGEN_DESC_HI, static_cast<std::uint32_t>(memory.descriptor_address() >> 32));
  for (int i = 0; i < 3; ++i) bench.write_register(QUILLGEN_START, 1);
  CHECK((bench.read_register(QUILLGEN_STATUS) == (QUILLGEN_STATUS_BUSY_MASK | QUILLGEN_STATUS_QUEUE_FULL_MASK)));
  CHECK(bench.read_register(QUILLGEN_INT_STATE) == 0);
  bench.write_register(QUILLGEN_START, 1);
  CHECK(bench.read_register(QUILLGEN_INT_STATE) == QUILLGEN_INT_STATE_REFUSED_MASK);
  bench.write_register(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_REFUSED_MASK);
  for (int i = 0; i < 100; ++i) bench.cycle();
  bench.write_register(QUILLGEN_SNAPSHOT, 0);
  std::uint32_t causes = 0;
  for (std::uint32_t c = 1; c < 8; ++c) causes += bench.read_register(QUILLGEN_COUNT_CYCLES + 4 * c);
  const auto lanes = static_cast<std::uint32_t>(config.core.lanes);  // each has a cause for every cycle
  CHECK(lanes * bench.read_register(QUILLGEN_COUNT_CYCLES) == causes);
  CHECK(causes > 90);
  for (int done = 0; done < 3; ++done) {
    std::uint32_t state = 0;
    for (int i = 0; i < 20000 && state == 0; ++i) state = bench.read_register(QUILLGEN_INT_STATE);
    CHECK(state == QUILLGEN_INT_STATE_DONE_MASK);
    bench.write_register(QUILLGEN_INT_STATE, state);
  }
  CHECK((bench.read_register(QUILLGEN_STATUS) == (QUILLGEN_STATUS_DONE_MASK | QUILLGEN_STATUS_QUEUE_EMPTY_MASK)));
  CHECK(memory.output_rows() == job.stages.output);
}

/// Registers keep all bits; enabled interrupts reach the pin.
inline void check_registers(const SimulatorLibrary& library, const Manifest& manifest, const Config& config) {
  MemoryMap map;
  AxiOptions options;
  options.data_bytes = config.memory.data_bits / 8;
  Bench bench(library, manifest, config, map, options);
  bench.reset();
  for (const std::uint32_t bits : {0xFFFFFFFFU, 0x5A5A5A5AU, 0xA5A5A5A5U, 0U})
    for (const std::uint32_t address : {QUILLGEN_TIMEOUT, QUILLGEN_DESC_LO, QUILLGEN_DESC_HI}) {
      bench.write_register(address, bits);
      CHECK(bench.read_register(address) == bits);
    }
  for (const std::uint32_t enabled : {0U, 7U, 2U})
    for (const std::uint32_t bit : {1U, 2U, 4U}) {
      bench.write_register(QUILLGEN_INT_ENABLE, enabled);
      bench.write_register(QUILLGEN_INT_TEST, bit);
      CHECK(bench.read_register(QUILLGEN_INT_STATE) == bit);
      CHECK(bench.irq() == ((enabled & bit) != 0));
      bench.write_register(QUILLGEN_INT_STATE, bit);
      CHECK(bench.read_register(QUILLGEN_INT_STATE) == 0);
      CHECK(!bench.irq());
    }
}

}  // namespace quillgen::harness
