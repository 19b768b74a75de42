// What the tests of jobs do on every preset: the descriptors that are refused, the queue of jobs, and the registers of
// the host.
#pragma once
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <string>
#include <vector>

#include "accel/host/registers.hpp"
#include "config/derived.hpp"
#include "config/region.hpp"
#include "harness/session.hpp"

namespace quillgen::harness {

struct Case {
  std::string name;
  std::uint32_t error;
  int word = 0;  ///< ERROR_DETAIL of a descriptor that is refused
  std::function<void(Descriptor&)> tamper = nullptr;
  std::optional<AxiFault> read_fault = std::nullopt, write_fault = std::nullopt;
};

/// A descriptor that is refused for one of its words.
inline Case refused(const std::string& name, std::uint32_t error, int word,
                    const std::function<std::uint32_t(std::uint32_t)>& change) {
  return {name, error, word, [=](Descriptor& d) { d[word] = change(d[word]); }};
}

/// What descriptors of both kinds have, `wrong_flags` apart: those of the other kind.
inline std::vector<Case> refused_words(const Config& config, std::uint32_t wrong_flags,
                                       const std::vector<int>& addresses) {
  const auto set = [](std::uint32_t value) { return [=](std::uint32_t) { return value; }; };
  const auto add = [](std::uint32_t value) { return [=](std::uint32_t before) { return before + value; }; };
  const auto most = static_cast<std::uint32_t>(config.attention.max_queries);
  std::vector<Case> all = {
      refused("no such kind", 1, 0, set(0x00030003)),
      refused("no kind", 1, 0, set(0x00030000)),
      refused("an older version", 1, 0, set(0x00020001)),
      refused("a later version", 1, 0, add(0x00010000)),
      refused("flags of the other kind", 1, 1, [=](std::uint32_t flags) { return flags | wrong_flags; }),
      refused("unknown flags", 1, 1, [](std::uint32_t flags) { return flags | 64; }),
      refused("the highest flag", 1, 1, [](std::uint32_t flags) { return flags | 1U << 31; }),
      refused("no row", 2, 3, set(0)),
      refused("one row too many", 2, 3, set(most + 1)),
      refused("rows beyond 16 bits", 2, 3, set(0x10002)),
      refused("stride", 4, 14, add(4)),
      refused("output stride", 4, 15, add(4)),
      refused("stride 0", 4, 14, set(0)),
      refused("output stride 0", 4, 15, set(0)),
  };
  for (const int word : addresses) {
    all.push_back(refused(fmt::format("address in word {} not aligned", word), 4, word, add(32)));
    if (const int bits = config.memory.address_bits; bits < 64)
      all.push_back({fmt::format("address in word {} too large", word), 4, word,
                     [=](Descriptor& d) { d[word + 1] = 1U << (bits - 32); }});
  }
  for (const std::uint32_t word : {0xFFFFFFFFU, 0U, 0x5A5A5A5AU, 0xA5A5A5A5U})
    all.push_back({fmt::format("words of {:#010x}", word), 1, 0, [=](Descriptor& d) { d.fill(word); }});
  return all;
}

/// Descriptors of a layer, with a mask, that end their job with an error. It is not of the largest size.
inline std::vector<Case> refused_layers(const Config& config) {
  const auto set = [](std::uint32_t value) { return [=](std::uint32_t) { return value; }; };
  const auto add = [](std::uint32_t value) { return [=](std::uint32_t before) { return before + value; }; };
  const auto width = static_cast<std::uint32_t>(config.attention.max_width),
             height = static_cast<std::uint32_t>(config.attention.max_height);
  auto all = refused_words(config, QUILLGEN_DESCRIPTOR_FLAG_RELU, {4, 6, 8, 10, 12, 24, 26});
  all.push_back(refused("width 0", 3, 16, set(0x00040000)));
  all.push_back(refused("height 0", 3, 17, set(0x00000004)));
  all.push_back(refused("too wide", 3, 16, set(0x00040000 | (width + 1))));
  all.push_back(refused("too high", 3, 17, set((height + 1) << 16 | 4)));
  if (config.order.bucket_bits > 0)
    all.push_back({"an order of as many queries is not held", 12, 1, [](Descriptor& d) {
                     d[1] |= QUILLGEN_DESCRIPTOR_FLAG_ORDER_KEPT;
                     --d[3];
                   }});
  all.push_back(
      {"a list of no rows", 2, 29, [](Descriptor& d) { d[1] |= QUILLGEN_DESCRIPTOR_FLAG_LISTED, d[29] = 0; }});
  all.push_back({"a list not aligned", 4, 30, [](Descriptor& d) {
                   d[1] |= QUILLGEN_DESCRIPTOR_FLAG_LISTED;
                   d[30] = 32, d[31] = 0;
                 }});
  if (has_ranged_regions(config)) {
    all.push_back(refused("no ranges", 13, 1, [](std::uint32_t flags) {
      return flags & ~static_cast<std::uint32_t>(QUILLGEN_DESCRIPTOR_FLAG_RANGED);
    }));
    for (std::size_t l = 0; l < config.feature_cache.region_ranges.size(); ++l)
      all.push_back(refused("a range too large", 13, 46 + static_cast<int>(l), add(1)));
  }
  all.push_back(refused("source stride", 4, 28, add(4)));
  all.push_back(refused("source stride 0", 4, 28, set(0)));
  return all;
}

/// The same of a dense job of several panels.
inline std::vector<Case> refused_dense(const Config& config) {
  const auto inner = static_cast<std::uint32_t>(config.gemm.max_inner),
             most = static_cast<std::uint32_t>(most_panel_tiles(config));
  auto all = refused_words(config, QUILLGEN_DESCRIPTOR_FLAG_BOXES, {4, 10, 12});
  for (const auto& [name, flag] : {std::pair("a mask", QUILLGEN_DESCRIPTOR_FLAG_MASKED),
                                   {"a given map", QUILLGEN_DESCRIPTOR_FLAG_MAP_GIVEN},
                                   {"a list", QUILLGEN_DESCRIPTOR_FLAG_LISTED},
                                   {"a kept order", QUILLGEN_DESCRIPTOR_FLAG_ORDER_KEPT}})
    all.push_back(refused(name, 1, 1, [flag = flag](std::uint32_t flags) { return flags | flag; }));
  all.push_back(refused("no element in a row", 9, 16, [](std::uint32_t shape) { return shape & 0xFFFF0000; }));
  all.push_back(refused("no output", 9, 16, [](std::uint32_t shape) { return shape & 0xFFFF; }));
  all.push_back(
      refused("rows too long", 9, 16, [=](std::uint32_t shape) { return (shape & 0xFFFF0000) | (inner + 1); }));
  all.push_back(refused("no tile in a panel", 9, 17, [](std::uint32_t tiles) { return tiles & 0xFFFF0000; }));
  all.push_back(refused("too many tiles in a panel", 9, 17,
                        [=](std::uint32_t tiles) { return (tiles & 0xFFFF0000) | (most + 1); }));
  all.push_back(refused("a tile too few", 9, 17, [](std::uint32_t tiles) { return tiles - 0x10000; }));
  all.push_back(refused("a tile too many", 9, 17, [](std::uint32_t tiles) { return tiles + 0x10000; }));
  for (const int word : {18, 23, 24, 31})
    all.push_back({fmt::format("reserved word {}", word), 1, 18, [=](Descriptor& d) { d[word] = 1U << 31; }});
  return all;
}

/// Two jobs of a layer wait behind the one in work; a third is refused; a snapshot is consistent.
inline void check_queue(const SimulatorLibrary& library, const Manifest& manifest, const Config& config,
                        const Job& job) {
  MemoryMap map;
  const JobMemory memory(map, job.work, config, 7);
  AxiOptions options;
  options.data_bytes = config.memory.data_bits / 8, options.latency = 20;
  Bench bench(library, manifest, config, map, options);
  bench.reset();
  Comparison ignored(config, job.work);
  bench.set_comparison(&ignored);
  auto& device = bench.device();
  for (int i = 0; i < 3; ++i) quillgen_start(&device, memory.descriptor_address());
  CHECK((quillgen_read(&device, QUILLGEN_STATUS) == (QUILLGEN_STATUS_BUSY_MASK | QUILLGEN_STATUS_QUEUE_FULL_MASK)));
  CHECK(quillgen_poll(&device) == QUILLGEN_BUSY);
  quillgen_start(&device, memory.descriptor_address());
  CHECK(quillgen_poll(&device) == QUILLGEN_REFUSED);
  quillgen_acknowledge(&device, QUILLGEN_INT_STATE_REFUSED_MASK);
  for (int i = 0; i < 100; ++i) bench.cycle();
  quillgen_snapshot(&device);
  quillgen_counters read;
  CHECK(quillgen_read_counters(&device, &read));
  const auto c = counters_of(read);
  CHECK(sum_of(c, first_cause, causes) == std::uint64_t{c.cycles} * config.core.lanes());
  CHECK(sum_of(c, first_gemm_cause, gemm_causes) == c.cycles);
  CHECK(c.cycles > 90);
  for (int done = 0; done < 3; ++done) {
    CHECK(quillgen_wait(&device, 200000) == QUILLGEN_DONE);
    CHECK(quillgen_finish(&device).error == QUILLGEN_ERROR_NONE_CODE);
  }
  CHECK(quillgen_wait_quiet(&device, 1) == QUILLGEN_DONE);
  CHECK((quillgen_read(&device, QUILLGEN_STATUS) == (QUILLGEN_STATUS_DONE_MASK | QUILLGEN_STATUS_QUEUE_EMPTY_MASK)));
  CHECK(memory.output_rows() == std::get<AttentionWork>(job.work).stages.output);
}

/// Registers keep all bits; enabled interrupts reach the pin.
inline void check_registers(const SimulatorLibrary& library, const Manifest& manifest, const Config& config) {
  MemoryMap map;
  AxiOptions options;
  options.data_bytes = config.memory.data_bits / 8;
  Bench bench(library, manifest, config, map, options);
  bench.reset();
  for (const auto& r : accel::register_map(config))  // as IP-XACT and SystemRDL say
    CHECK(bench.read_register(r.offset) == (r.access == accel::Access::wo ? 0 : accel::reset_value(r)));
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
