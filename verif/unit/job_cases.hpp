// What the tests of jobs do on every preset: the descriptors that are refused, and the registers of the host.
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
  return all;
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
