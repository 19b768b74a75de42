// The DRAM by itself: sequences of accesses whose times are worked out by hand beside them.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "dram/dram.hpp"
#include "harness/dram_file.hpp"
#include "refusal.hpp"

using namespace quillgen;
using namespace quillgen::harness;
using namespace quillgen::test;

namespace {

/// Cycles of 1 ns; an access is 64 bytes and takes 4 ns on the bus; rows of 1024 bytes, 4 banks: address 1024 is bank
/// 1, 4096 is row 1 of bank 0. No refresh.
DramTiming plain() {
  DramTiming t;
  t.clock_mhz = 1000, t.data_rate_mts = 2000, t.data_bits = 64, t.burst_length = 8;
  t.banks = 4, t.row_bytes = 1024, t.lookahead = 8;
  t.activate_to_column = 10'000;     // tRCD
  t.precharge = 12'000;              // tRP
  t.activate_to_precharge = 30'000;  // tRAS
  t.read_latency = 8'000;            // CL
  t.write_latency = 6'000;           // CWL
  t.activate_to_activate = 5'000;    // tRRD
  t.four_activates = 40'000;         // tFAW
  t.read_to_precharge = 7'000;       // tRTP
  t.write_recovery = 15'000;         // tWR
  t.write_to_read = 9'000;           // tWTR
  t.read_to_write = 3'000;           // tRTW
  return t;
}

/// A DRAM that is asked for one access of 64 bytes at a time.
struct One {
  Dram dram;
  explicit One(const DramTiming& timing) : dram(timing) {}
  std::uint64_t read(std::uint64_t cycle, std::uint64_t address) { return dram.read(cycle, address, 1, 64).at(0); }
  std::uint64_t write(std::uint64_t cycle, std::uint64_t address) { return dram.write(cycle, address, 1, 64); }
};

}  // namespace

TEST_CASE("miss, hit, conflict") {
  One d(plain());
  CHECK(d.read(100, 0) == 122);     // miss: activate 100, read 100 + 10, data 110 + 8 to 118 + 4
  CHECK(d.read(101, 64) == 126);    // hit: read when the bus is free for its data, 110 + 4, data 122 to 126
  CHECK(d.read(200, 128) == 212);   // hit, nobody before it: read 200, data 208 to 212
  CHECK(d.read(300, 4096) == 334);  // conflict: precharge 300, activate 312, read 322, data 330 to 334
  CHECK(d.read(400, 8192) == 434);  // likewise
  // Conflict too soon: precharge not before activate 412 + 30 and read 422 + 7, so at 442; activate 454, read 464, data
  // 472 to 476.
  CHECK(d.read(401, 0) == 476);
  const auto& c = d.dram.counts();
  CHECK((c.misses == 1 && c.hits == 2 && c.conflicts == 3));
  CHECK(c.bus_busy == 6 * 4'000);
}

TEST_CASE("banks are prepared while others work") {
  One d(plain());
  CHECK(d.read(0, 0) == 22);     // activate 0, read 10, data 18 to 22
  CHECK(d.read(0, 1024) == 27);  // activate 0 + 5 (tRRD), read 15, data 23 to 27
  CHECK(d.read(0, 2048) == 32);  // activate 10
  CHECK(d.read(0, 3072) == 37);  // activate 15
  // Bank 0 again, row 1: precharge 0 + 30 (tRAS), activate 42, later than 15 + 5 and 0 + 40 (tFAW), data to 64.
  CHECK(d.read(0, 4096) == 64);

  auto slow = plain();
  slow.four_activates = 60'000;
  One e(slow);
  for (std::uint64_t bank = 0; bank < 4; ++bank) e.read(0, 1024 * bank);
  CHECK(e.read(0, 4096) == 82);  // the fifth activate waits for 0 + 60: read 70, data 78 to 82

  auto blind = plain();
  blind.lookahead = 1;
  One f(blind);
  CHECK(f.read(0, 0) == 22);
  CHECK(f.read(0, 1024) == 32);  // its activate waits for the column command before it, 10: read 20, data 28 to 32
}

TEST_CASE("the data bus is the limit of hits") {
  One d(plain());
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < 100; ++i) last = d.read(0, i % 16 * 64);
  CHECK(last == 22 + 99 * 4);

  // Beats come with the access that holds their last byte; cycles of 2 ns are counted from the one that follows.
  Dram beats(plain());
  CHECK(beats.read(0, 0, 8, 16) == std::vector<std::uint64_t>{22, 22, 22, 22, 26, 26, 26, 26});
  Dram inside(plain());
  CHECK(inside.read(0, 48, 2, 16) == std::vector<std::uint64_t>{22, 26});
  Dram wide(plain());
  CHECK(wide.read(0, 0, 2, 128) == std::vector<std::uint64_t>{26, 34});
  auto slow_clock = plain();
  slow_clock.clock_mhz = 500, slow_clock.controller = 5'000;
  Dram cycles(slow_clock);
  CHECK(cycles.read(10, 0, 5, 16) == std::vector<std::uint64_t>{24, 24, 24, 24, 26});  // 20 + 5 + 22 = 47 ns, 51 ns
}

TEST_CASE("without times of its own it is a latency and a bandwidth") {
  DramTiming t;
  t.clock_mhz = 1000, t.data_rate_mts = 2000, t.data_bits = 64, t.burst_length = 8;
  t.banks = 4, t.row_bytes = 1024, t.lookahead = 8, t.controller = 200'000;
  One d(t);
  for (std::uint64_t i = 0; i < 50; ++i) {
    CHECK(d.read(0, i * 4096) == 200 + 4 * (2 * i + 1));  // 64 bytes in 4 ns, whatever bank and row
    CHECK(d.write(0, i * 1024) == 200 + 4 * (2 * i + 2));
  }
}

TEST_CASE("the bus turns round") {
  One d(plain());
  CHECK(d.write(0, 0) == 20);       // activate 0, write 10, data 16 to 20
  CHECK(d.read(0, 64) == 41);       // read at 20 + 9 (tWTR), data 37 to 41
  CHECK(d.read(100, 0) == 112);     // hit, data 108 to 112
  CHECK(d.write(100, 64) == 119);   // data 3 after the last ones (tRTW), 115 to 119; its command at 109
  CHECK(d.write(100, 128) == 123);  // write after write: no gap
  // Other row: precharge at 123 + 15 (tWR), activate 150, read 160, data 168 to 172.
  CHECK(d.read(100, 4096) == 172);
}

TEST_CASE("refresh closes the rows, and waits for an access that has begun") {
  auto timing = plain();
  timing.refresh_interval = 200'000, timing.refresh = 50'000;
  One d(timing);
  CHECK(d.read(190, 0) == 212);  // activate 190, before the refresh falls due
  // Its command would go at 204. The refresh that was due at 200: precharge at 190 + 30 (tRAS), done at 220 + 12 + 50;
  // then activate 282, read 292, data 300 to 304.
  CHECK(d.read(191, 64) == 304);
  CHECK(d.dram.counts().refreshes == 1);
  // Idle at 400 (rows open: 400 + 12 + 50), 600 and 800 (closed); that of 1000 goes first: activate 1050, data to 1072.
  CHECK(d.read(1000, 128) == 1072);
  CHECK(d.dram.counts().refreshes == 5);
  CHECK((d.dram.counts().misses == 3 && d.dram.counts().hits == 0));
}

TEST_CASE("memories that are built in") {
  for (const auto& name : dram_names()) {
    const auto t = load_dram(name);
    Dram d(t);
    const auto first = d.read(0, 0, 4, 16).at(0), next = d.read(1000, 64, 4, 16).at(0) - 1000;
    MESSAGE(
        fmt::format("{}: {} cycles of {} MHz for a closed row, {} for an open one", name, first, t.clock_mhz, next));
    CHECK(t.access_bytes() == 64);
    CHECK((first > next && next >= 20 && first < 60));
  }
  CHECK(load_dram("ddr4-2400").access_time() == 3'333);    // 64 bytes at 19.2 GB/s
  CHECK(load_dram("lpddr4-3200").access_time() == 5'000);  // at 12.8 GB/s
}

TEST_CASE("descriptions that are wrong are refused") {
  const std::string good = R"({"clock_mhz": 500, "data_rate_mts": 2400, "data_bits": 64, "burst_length": 8, "banks": 16,
    "row_bytes": 8192, "lookahead": 8, "controller_ns": 30, "timing_ns": {"tRCD": 14, "tRP": 14, "tRAS": 32, "CL": 14,
    "CWL": 10, "tRRD": 5, "tFAW": 21, "tRTP": 7, "tWR": 15, "tWTR": 7, "tRTW": 2, "tREFI": 7800, "tRFC": 350}})";
  CHECK(refusal([&] { parse_dram("m", good); }) == "");
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = good;
    text.replace(text.find(from), from.size(), to);
    return refusal([&] { parse_dram("m.json", text); });
  };
  check_refusal(with("500", "0"), {"m.json: clock_mhz = 0: must be a number from 1 to 10000"});
  check_refusal(with("500", "\"fast\""), {"clock_mhz = \"fast\": must be a number"});
  check_refusal(with("\"banks\": 16", "\"banks\": 12"), {"banks = 12: must be a power of two"});
  check_refusal(with("\"lookahead\": 8", "\"lookahead\": 1.5"), {"lookahead = 1.5: must be a whole number"});
  check_refusal(with("8192", "32"), {"row_bytes = 32: must be at least the 64 bytes of a burst"});
  check_refusal(with("\"tRCD\"", "\"tRDC\""), {"timing_ns.tRCD is missing"});
  check_refusal(with("\"CL\"", "\"x\": 1, \"CL\""), {"unknown field; must be one of tRCD,"});
  check_refusal(with("\"banks\"", "\"ranks\": 1, \"banks\""), {"unknown field; must be one of clock_mhz,"});
  check_refusal(with("7800", "600"), {"tREFI = 600: must be at least twice tRFC = 350"});
  check_refusal(with("\"CL\": 14", "\"CL\": -1"), {"timing_ns.CL = -1: must be a number from 0"});
  check_refusal(refusal([] { parse_dram("m.json", "[]"); }), {"m.json"});
  check_refusal(refusal([] { load_dram("ddr5"); }),
                {"--memory \"ddr5\": is no file and none of ddr4-2400, lpddr4-3200"});
}
