// The parameter loader and the sequence of a job.
#include <array>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("parameter_loader: every entry of the image in its table") {
  for_all("parameter_loader", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_parameter_loader);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& a = config.attention;
    const auto& n = config.numerics;
    struct Table {
      std::string name;
      int bits, banks, words;
    };
    const int units = head_requant_units(a), columns = config.core.projection_columns,
              groups = divide_up(a.embed_dim, columns), lanes = config.core.lanes;
    const std::vector<Table> tables = {
        {"query_weights", config.gemm.depth * n.query_weight_bits, config.gemm.columns,
         divide_up(a.samples_per_query(), config.gemm.columns / 3) * divide_up(a.embed_dim, config.gemm.depth)},
        {"query_requant", 3 * 54, lanes, a.samples_per_query() / lanes},
        {"head_requant", units * 22, lanes, a.embed_dim / lanes / units},
        {"output_weights", a.head_dim() * n.output_weight_bits, lanes * columns, a.heads / lanes * groups},
        {"output_requant", 54, columns, groups}};
    struct Write {
      std::size_t table;
      std::uint64_t bank, address;
      std::vector<std::uint64_t> data;
      bool operator==(const Write&) const = default;
    };
    std::vector<Write> wanted, got;
    int finished = 0;
    bench.on_cycle([&](auto& now) {
      finished += static_cast<int>(now.get("finished"));
      for (std::size_t t = 0; t < tables.size(); ++t) {
        const auto& name = tables[t].name;
        if (now.get(name + "_enable") == 0) continue;
        got.push_back({t, now.get(name + "_bank"), now.get(name + "_address"), now.get_wide(now.port(name + "_data"))});
        CHECK(finished == (got.size() == wanted.size()));
      }
    });
    for (int job = 0; job < 2; ++job) {
      wanted.clear(), got.clear(), finished = 0;
      sim.set("start", 1);
      bench.run_cycles(1);
      sim.set("start", 0);
      for (std::size_t t = 0; t < tables.size(); ++t)
        for (int word = 0; word < tables[t].words; ++word)
          for (int bank = 0; bank < tables[t].banks; ++bank) {
            BitVector entry;
            const int beats = divide_up(tables[t].bits, config.memory.data_bits);
            for (int beat = 0; beat < beats; ++beat) {
              BitVector all;  // what pads the entry is not looked at
              for (int bit = 0; bit < config.memory.data_bits; ++bit) {
                const auto value = random.in(0, 1);
                all.add(value, 1);
                if (beat * config.memory.data_bits + bit < tables[t].bits) entry.add(value, 1);
              }
              bench.push("beat", all.transfer());
            }
            wanted.push_back({t, static_cast<std::uint64_t>(bank), static_cast<std::uint64_t>(word), entry.words()});
          }
      bench.run();
      CHECK(got == wanted);
      CHECK(finished == 1);
    }
  });
}

TEST_CASE("job_control: the sequence of a job, and each error") {
  for_all("job_control", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_job_control);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& a = config.attention;
    const int beat_words = config.memory.data_bits / 32;
    const auto beat = static_cast<std::uint32_t>(config.memory.data_bits / 8);
    for (const auto* port : {"parameters_loaded", "tags_clearing", "written", "read_error", "write_error", "soft_reset",
                             "abort", "expired", "failure_pending", "reads_waiting", "writes_waiting"})
      sim.set(port, 0);
    sim.set("quiet", 1), sim.set("read_client", 3), sim.set("read_response", 2), sim.set("write_response", 3);
    using Descriptor = std::array<std::uint32_t, 32>;
    struct Case {
      std::uint64_t error, detail;
      std::function<void(Descriptor&)> tamper;
      const char* fault = nullptr;  ///< raised while the job runs
    };
    const auto put = [](std::size_t word, std::uint32_t value) { return [=](Descriptor& d) { d[word] = value; }; };
    const auto add = [](std::size_t word, std::uint32_t value) { return [=](Descriptor& d) { d[word] += value; }; };
    const auto wide = static_cast<std::uint32_t>(a.max_width), tall = static_cast<std::uint32_t>(a.max_height);
    std::vector<Case> cases = {{0, 0, add(0, 0)},
                               {1, 0, put(0, 0x00020001)},
                               {1, 0, put(0, 0x00010002)},
                               {1, 1, put(1, 2)},
                               {2, 3, put(3, 0)},
                               {2, 3, put(3, static_cast<std::uint32_t>(a.max_queries) + 1)},
                               {3, 16, put(16, 1u << 16)},
                               {3, 16, put(16, 1)},
                               {3, 16, put(16, (wide + 1) | 1u << 16)},
                               {3, static_cast<std::uint64_t>(15 + a.levels),
                                put(15 + static_cast<std::size_t>(a.levels), 1 | (tall + 1) << 16)},
                               {4, 14, put(14, 0)},
                               {4, 15, put(15, 0)},
                               {4, 14, add(14, beat / 2)},
                               {4, 15, add(15, 1)},
                               {5, 2 << 4 | 3, add(0, 0), "read_error"},
                               {6, 3 << 4, add(0, 0), "write_error"},
                               {7, 0, add(0, 0), "abort"},
                               {8, 1, add(0, 0), "expired"},
                               {0, 0, add(0, 0)}};
    for (const std::size_t word : {4, 6, 8, 10, 12}) {
      cases.push_back({4, word, add(word, 32)});
      cases.push_back({4, word, put(word + 1, 1u << (config.memory.address_bits - 32))});
    }
    for (const auto& c : cases) {
      CAPTURE(c.error);
      Descriptor d{};
      d[0] = 0x00010001, d[2] = static_cast<std::uint32_t>(random.bits());
      d[3] = static_cast<std::uint32_t>(random.in(1, a.max_queries));
      for (const std::size_t word : {4, 6, 8, 10, 12}) d[word] = static_cast<std::uint32_t>(random.bits()) & ~1023u;
      d[14] = static_cast<std::uint32_t>(query_row_beats(config) + random.in(0, 3)) * beat;
      d[15] = static_cast<std::uint32_t>(output_row_beats(config) + random.in(0, 3)) * beat;
      for (int l = 0; l < a.levels; ++l)
        d[static_cast<std::size_t>(16 + l)] = static_cast<std::uint32_t>(random.in(1, a.max_width)) |
                                              static_cast<std::uint32_t>(random.in(1, a.max_height)) << 16;
      c.tamper(d);
      bench.forget("request");
      const auto address = random.in(0, 1 << 20) * 64;
      bench.push("job", {address});
      bench.expect("request", 1);
      bench.run(2000);
      for (int i = 0; i < 32; i += beat_words) {
        BitVector words;
        for (int w = 0; w < beat_words; ++w) words.add(d[static_cast<std::size_t>(i + w)], 32);
        bench.push("beat", words.transfer());
      }
      const bool refused = c.error >= 1 && c.error <= 4;
      bench.expect("request", refused ? 0 : 1);  // nothing but the descriptor is read for a bad one
      bench.run(2000);
      CHECK(bench.received("request")[0][0] == static_cast<std::uint64_t>(address));
      CHECK(bench.received("request")[0][1] == static_cast<std::uint64_t>(32 / beat_words));
      CHECK(sim.get("job_id") == d[2]);
      if (!refused) {
        CHECK(bench.received("request")[1][0] == d[10]);
        std::uint64_t place = d[8];
        for (int l = 0; l < a.levels; ++l) {
          const auto side = d[static_cast<std::size_t>(16 + l)];
          CHECK(sim.get(fmt::format("start_{}", l)) == place);
          CHECK(sim.get(fmt::format("levels_width_{}", l)) == (side & 0xFFFF));
          CHECK(sim.get(fmt::format("levels_height_{}", l)) == side >> 16);
          place += std::uint64_t{((side & 0xFFFF) + 1) / 2 * (((side >> 16) + 1) / 2)} *
                   static_cast<std::uint64_t>(a.heads * line_bytes(config));
        }
        CHECK(sim.get("queries") == d[3]);
        CHECK(sim.get("query_address") == d[4]);
        CHECK(sim.get("reference_address") == d[6]);
        CHECK(sim.get("output_address") == d[12]);
        CHECK(sim.get("query_stride") == d[14]);
        CHECK(sim.get("output_stride") == d[15]);
        int runs = 0;
        bench.on_cycle([&](auto& now) { runs += static_cast<int>(now.get("run")); });
        sim.set("tags_clearing", 1), sim.set("parameters_loaded", 1);
        bench.run_cycles(1);
        sim.set("parameters_loaded", 0);
        bench.run_cycles(5);
        CHECK(runs == 0);  // tags are still being cleared
        CHECK(sim.get("setup") == 1);
        sim.set("tags_clearing", 0), sim.set("written", 0);
        bench.run_cycles(3);
        CHECK(runs == 1);
        CHECK(sim.get("setup") == 0);
        bool halted = false, was_reset = false;
        if (c.fault != nullptr) {
          sim.set("quiet", 0), sim.set("reads_waiting", 1);
          sim.set(c.fault, 1);
          bench.run_cycles(1);
          sim.set(c.fault, 0), sim.set("reads_waiting", 0);
          bench.run_cycles(10);
          halted = sim.get("halt") != 0;
          CHECK(sim.get("job_reset") == 0);
          // A time-out is reported at once; otherwise the job ends when the port is quiet.
          CHECK(sim.get("busy") == (c.error != 8));
          CHECK(sim.get("quarantined") == (c.error == 8));
          bench.on_cycle([&](auto& now) { was_reset |= now.get("job_reset") != 0; });
          sim.set("quiet", 1);
          bench.run_cycles(4);
          CHECK(halted);
          CHECK(was_reset);
        } else {
          bench.run_cycles(10);
          CHECK(sim.get("busy") == 1);
          CHECK(sim.get("done") == 0);
          sim.set("written", 1);
          bench.run_cycles(2);
          sim.set("written", 0);
        }
        CHECK(runs == 1);
      }
      bench.run_cycles(4);
      bench.on_cycle(nullptr);
      CHECK(sim.get("busy") == 0);
      CHECK(sim.get("quarantined") == 0);
      CHECK(sim.get("halt") == 0);
      CHECK(sim.get("done") == 1);
      CHECK(sim.get("failed") == (c.error != 0));
      CHECK(sim.get("error") == c.error);
      CHECK(sim.get("error_detail") == c.detail);
    }
  });
}

TEST_CASE("job_control: the value map is aligned to its lines, also when they are longer than 64 bytes") {
  const std::vector<std::string> overrides = {"numerics.preset=int12"};
  const auto config = load_preset("small", overrides);
  REQUIRE(line_bytes(config) == 128);
  for (const std::uint32_t offset : {0, 64, 128, 192}) {
    const Block block(config, accel::build_job_control);
    StreamBench bench(block.module, {.seed = 1, .stall_percent = 0});
    auto& sim = bench.interpreter();
    for (const auto& port : block.module.ports())
      if (port.is_input && !port.name.starts_with("job") && !port.name.starts_with("beat") &&
          !port.name.starts_with("request"))
        sim.set(port.name, 0);
    sim.set("quiet", 1);
    std::array<std::uint32_t, 32> d{};
    d[0] = 0x00010001, d[3] = 1, d[8] = 4096 + offset, d[14] = d[15] = 4096;
    for (std::size_t l = 0; l < 4; ++l) d[16 + l] = 1 | 1 << 16;
    bench.push("job", {0});
    bench.expect("request", 1);
    bench.run(2000);
    for (std::size_t i = 0; i < 32; i += 4) {
      BitVector words;
      for (std::size_t w = 0; w < 4; ++w) words.add(d[i + w], 32);
      bench.push("beat", words.transfer());
    }
    const bool bad = offset % 128 != 0;
    bench.expect("request", bad ? 0 : 1);
    bench.run(2000);
    bench.run_cycles(6);
    CHECK(sim.get("done") == bad);
    CHECK(sim.get("error") == (bad ? 4u : 0u));
    CHECK(sim.get("error_detail") == (bad ? 8u : 0u));
  }
}

TEST_CASE("axil_registers: storage, interrupts, and what a soft reset leaves") {
  const Block block(block_configs().front(), accel::build_registers);
  interp::Interpreter sim(block.module);
  for (const auto& port : block.module.ports())
    if (port.is_input) sim.set_wide(sim.port(port.name), {0});
  sim.set("rready", 1), sim.set("bready", 1), sim.set("wstrb", 15);
  sim.set_reset(true);
  sim.step();
  sim.set_reset(false);
  const auto write = [&](std::uint64_t address, std::uint64_t data) {
    sim.set("awvalid", 1), sim.set("awaddr", address), sim.set("wvalid", 1), sim.set("wdata", data);
    sim.step();
    sim.set("awvalid", 0), sim.set("wvalid", 0);
    sim.step(), sim.step();
  };
  const auto read = [&](std::uint64_t address) {
    sim.set("arvalid", 1), sim.set("araddr", address);
    sim.step();
    sim.set("arvalid", 0);
    REQUIRE(sim.get("rvalid") == 1);
    const auto data = sim.get("rdata");
    sim.step();
    return data;
  };
  const auto event = [&](const char* name) {
    sim.set(name, 1);
    sim.step();
    sim.set(name, 0);
    sim.step();
  };
  write(0x030, 0x12345678), write(0x034, 0x9ABCDEF0), write(0x050, 77);
  CHECK(read(0x030) == 0x12345678);
  CHECK(sim.get("descriptor") == 0x9ABCDEF012345678);
  CHECK(sim.get("timeout") == 77);
  sim.set("wstrb", 7);
  write(0x030, 0);  // not a whole word: ignored
  sim.set("wstrb", 15);
  CHECK(read(0x030) == 0x12345678);
  const char* const events[] = {"event_done", "event_failed", "event_refused"};
  for (unsigned i = 0; i < 3; ++i) {
    write(0x058, 0);
    event(events[i]);
    CHECK(read(0x054) == 1u << i);
    CHECK(sim.get("failure_pending") == (i == 1));
    CHECK(sim.get("irq") == 0);
    write(0x058, 1u << i);
    CHECK(sim.get("irq") == 1);
    write(0x054, 7u & ~(1u << i));  // other bits: not cleared
    CHECK(read(0x054) == 1u << i);
    write(0x054, 1u << i);
    CHECK(read(0x054) == 0);
    CHECK(sim.get("irq") == 0);
    write(0x05C, 1u << i);  // test
    CHECK(read(0x054) == 1u << i);
    CHECK(sim.get("irq") == 1);
    write(0x054, 7);
  }
  event("event_failed");
  write(0x03C, 2);  // soft reset
  for (const unsigned address : {0x030u, 0x034u, 0x050u, 0x054u, 0x058u}) CHECK(read(address) == 0);
  sim.set("counter_cycles", 5), sim.set("counter_samples", 9);
  CHECK(read(0x080) == 0);
  write(0x060, 1);
  sim.set("counter_cycles", 6);
  CHECK(read(0x080) == 5);
  CHECK(read(0x0A0) == 9);
  event("job_ended");
  CHECK(read(0x080) == 6);
}

TEST_CASE("bus_watch: quiet, and the time-out of a port that stands still") {
  hdl::Design d;
  StreamBench bench(accel::build_bus_watch(d), {.seed = 1, .stall_percent = 0});
  auto& sim = bench.interpreter();
  for (const auto* port : {"reads_waiting", "writes_waiting", "progress"}) sim.set(port, 0);
  sim.set("timeout", 5);
  bench.run_cycles(20);
  CHECK(sim.get("quiet") == 1);
  CHECK(sim.get("expired") == 0);
  for (const auto* waiting : {"reads_waiting", "writes_waiting"}) {
    sim.set(waiting, 1);
    CHECK(sim.get("quiet") == 0);
    bench.run_cycles(4);
    sim.set("progress", 1);  // just in time
    bench.run_cycles(1);
    sim.set("progress", 0);
    for (int i = 0; i < 5; ++i, bench.run_cycles(1)) CHECK(sim.get("expired") == 0);
    CHECK(sim.get("expired") == 1);
    bench.run_cycles(1);
    CHECK(sim.get("expired") == 0);
    sim.set(waiting, 0);
    bench.run_cycles(2);
  }
  sim.set("timeout", 0), sim.set("reads_waiting", 1);
  for (int i = 0; i < 50; ++i, bench.run_cycles(1)) CHECK(sim.get("expired") == 0);
}
