// The registers, and the watch over the memory port.
#include "accel/host/registers.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

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
  // One read at a time: no address is taken while data wait, and the data stay.
  sim.set("rready", 0), sim.set("arvalid", 1), sim.set("araddr", 0);
  CHECK(sim.get("arready") == 1);
  sim.step();
  for (int i = 0; i < 3; ++i, sim.step()) {
    CHECK(sim.get("arready") == 0);
    CHECK(sim.get("rvalid") == 1);
    CHECK(sim.get("rdata") == 0x5155494C);
  }
  sim.set("arvalid", 0), sim.set("rready", 1);
  CHECK(sim.get("arready") == 0);
  sim.step();
  CHECK(sim.get("rvalid") == 0);
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
  const auto& names = accel::counter_names;
  const auto samples =
      0x080 + 4 * static_cast<std::uint64_t>(std::find(names.begin(), names.end(), std::string_view("samples")) -
                                             names.begin());
  write(0x060, 1);
  sim.set("counter_cycles", 6);
  CHECK(read(0x080) == 5);
  CHECK(read(samples) == 9);
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
