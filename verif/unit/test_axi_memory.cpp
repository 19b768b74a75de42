// The AXI memory model by itself: timing, ordering, stalls, and each breach of the protocol when it is provoked.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/axi_lite.hpp"
#include "harness/axi_memory.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

constexpr std::uint64_t read_base = 0x3'0000'0000, write_base = 0x5'0000'0000;

/// Byte i of the readable region.
std::uint8_t content(std::uint64_t i) { return static_cast<std::uint8_t>(i * 7 + (i >> 8)); }

MemoryMap make_map() {
  MemoryMap map;
  Region readable;
  readable.name = "readable";
  readable.base = read_base;
  readable.read_ids = 0xf;
  for (std::uint64_t i = 0; i < 65536; ++i) readable.bytes.push_back(content(i));
  map.add(readable);
  Region writable;
  writable.name = "rows";
  writable.base = write_base;
  writable.bytes.assign(4096, 0xee);
  writable.write_ids = 1;
  writable.rows = {24, 32};
  map.add(writable);
  return map;
}

AxiOptions options(int latency, int stall = 0, std::uint64_t seed = 1) {
  AxiOptions o;
  o.data_bytes = 8;
  o.latency = latency;
  o.stall_percent = stall;
  o.seed = seed;
  return o;
}

AxiAddress burst(std::uint32_t id, std::uint64_t address, std::uint32_t beats) {
  return {id, address, beats - 1, 3, axi_incr};
}

AxiWriteBeat beat(std::uint8_t value, bool last, std::uint64_t strobe = 0xff) {
  AxiWriteBeat b;
  std::fill_n(b.data.begin(), 8, value);
  b.strobe = strobe;
  b.last = last;
  return b;
}

/// A master that sends what it is given, in order, and checks what comes back.
struct Master {
  AxiMemory& memory;
  std::vector<AxiAddress> reads, writes;
  std::vector<AxiWriteBeat> data;
  int ready_percent = 100;
  std::size_t ar = 0, aw = 0, w = 0;
  std::map<std::uint32_t, std::vector<std::pair<std::uint64_t, std::uint32_t>>> expected =
      {};  ///< ID -> (address, beats left)
  std::vector<std::uint64_t> ar_cycles = {}, beat_cycles = {}, response_cycles = {};
  std::vector<std::uint32_t> ids = {}, responses = {};
  Chance chance{99};

  void cycle() {
    AxiMasterSide m;
    m.ar_valid = ar < reads.size();
    m.aw_valid = aw < writes.size();
    m.w_valid = w < data.size();
    if (m.ar_valid) m.ar = reads[ar];
    if (m.aw_valid) m.aw = writes[aw];
    if (m.w_valid) m.w = data[w];
    m.r_ready = chance(ready_percent);
    m.b_ready = chance(ready_percent);
    const auto s = memory.outputs();
    if (m.ar_valid && s.ar_ready) {
      ar_cycles.push_back(memory.cycle());
      expected[m.ar.id].emplace_back(m.ar.address, m.ar.len + 1);
      ++ar;
    }
    if (m.aw_valid && s.aw_ready) ++aw;
    if (m.w_valid && s.w_ready) ++w;
    if (s.r_valid && m.r_ready) take(s.r);
    if (s.b_valid && m.b_ready) responses.push_back(s.b.response), response_cycles.push_back(memory.cycle());
    memory.clock(m);
  }
  void take(const AxiReadBeat& r) {
    beat_cycles.push_back(memory.cycle());
    ids.push_back(r.id);
    auto& queue = expected[r.id];
    REQUIRE(!queue.empty());
    auto& [address, left] = queue.front();
    if (r.response == axi_okay)
      for (std::uint64_t i = 0; i < 8; ++i) CHECK(r.data[i] == content(address / 8 * 8 + i - read_base));
    CHECK(r.last == (left == 1));
    address += 8;
    if (--left == 0) queue.erase(queue.begin());
  }
  bool finished() const { return ar == reads.size() && aw == writes.size() && w == data.size() && memory.idle(); }
  void run(int limit = 100000) {
    while (!finished() && limit-- > 0) cycle();
    CHECK(finished());
  }
};

Master master_of(AxiMemory& memory) { return {memory, {}, {}, {}}; }

/// All breaches of a master that sends this, as one text.
std::string breaches(std::vector<AxiAddress> reads, std::vector<AxiAddress> writes, std::vector<AxiWriteBeat> data) {
  auto map = make_map();
  AxiMemory memory(map, options(3));
  auto master = master_of(memory);
  master.reads = std::move(reads), master.writes = std::move(writes), master.data = std::move(data);
  for (int i = 0; i < 200; ++i) master.cycle();
  std::string all;
  for (const auto& text : memory.breaches().texts()) all += text + "\n";
  CHECK(memory.breaches().count() == memory.breaches().texts().size());
  return all;
}

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a DRAM tells when beats and responses come; stalls and faults stay") {
  // Cycles of 1 ns: activate 10, column to data 8, 4 on the bus for 64 bytes, that is 8 beats.
  auto timing = std::make_shared<DramTiming>();
  timing->clock_mhz = 1000, timing->data_rate_mts = 2000, timing->data_bits = 64, timing->burst_length = 8;
  timing->banks = 4, timing->row_bytes = 1024, timing->lookahead = 8;
  timing->activate_to_column = 10000, timing->read_latency = timing->write_latency = 8000;
  auto o = options(1000);
  o.dram = timing, o.reorder_percent = 0;
  {
    auto map = make_map();
    AxiMemory memory(map, o);
    Master m{
        memory, {burst(0, read_base, 2), burst(1, read_base + 128, 1)}, {burst(0, write_base, 1)}, {beat(5, true)}};
    m.run();
    // Read at 0: activate 0, read 10, data 18 to 22. Write at 0 to another row of that bank: precharge after that read
    // command, activate 10, write 20, data 28 to 32. Second read, address taken at 1, back in the first row: precharge
    // and activate after that data, 32, read 42, data 50 to 54.
    REQUIRE(m.beat_cycles.size() == 3);
    CHECK(m.beat_cycles[0] == m.ar_cycles[0] + 22);
    CHECK(m.beat_cycles[1] == m.ar_cycles[0] + 23);
    CHECK(m.response_cycles.at(0) == 32);
    CHECK(memory.dram_counts().conflicts == 2);
    CHECK(memory.dram_counts().misses == 1);
    CHECK(m.beat_cycles[2] == 54);
    memory.restart_traffic();
    CHECK(memory.dram_counts().conflicts == 0);
  }
  o.stall_percent = 40, o.reorder_percent = 25;
  o.read_fault = AxiFault{3, axi_slverr, 1};
  auto map = make_map();
  AxiMemory memory(map, o);
  std::vector<AxiAddress> reads;
  for (std::uint32_t i = 0; i < 40; ++i) reads.push_back(burst(i % 4, read_base + 1000 / 8 * 8 * i, 1 + i % 5));
  Master m{memory, reads, {burst(0, write_base, 1)}, {beat(5, true)}, 60};
  m.run();
  CHECK(m.responses == std::vector<std::uint32_t>{axi_okay});
  CHECK(memory.breaches().count() == 0);
}

TEST_CASE("the first beat comes latency cycles after the handshake, then one a cycle") {
  for (const int latency : {1, 2, 10, 200}) {
    auto map = make_map();
    AxiMemory memory(map, options(latency));
    auto master = master_of(memory);
    for (int i = 0; i < 8; ++i) master.reads.push_back(burst(2, read_base + i * 128, 16));
    master.run();
    CHECK(memory.breaches().count() == 0);
    CHECK(master.beat_cycles.front() == master.ar_cycles.front() + latency);
    CHECK(master.beat_cycles.back() == master.beat_cycles.front() + 8 * 16 - 1);
    CHECK(memory.bytes_read(2) == 8 * 16 * 8);
  }
}

TEST_CASE("one ID keeps its order, others overtake and interleave, all by the seed alone") {
  std::vector<std::uint32_t> orders[3];
  bool interleaved = false, overtaken = false;
  for (int round = 0; round < 3; ++round) {
    auto map = make_map();
    AxiMemory memory(map, options(20, 30, round < 2 ? 5 : 6));
    auto master = master_of(memory);
    master.ready_percent = 70;
    Chance chance(3);
    for (int i = 0; i < 300; ++i)
      master.reads.push_back(burst(static_cast<std::uint32_t>(chance.below(4)),
                                   read_base + chance.below(15) * 4096 + 8 * chance.below(400),
                                   static_cast<std::uint32_t>(1 + chance.below(16))));
    master.run();
    CHECK(memory.breaches().count() == 0);
    orders[round] = master.ids;
    std::size_t at = 0;
    for (const auto& read : master.reads)
      for (std::uint32_t i = 0; i <= read.len; ++i, ++at) overtaken |= master.ids[at] != read.id;
    for (std::size_t i = 1; i + 1 < master.ids.size(); ++i)
      interleaved |= master.ids[i - 1] == master.ids[i + 1] && master.ids[i] != master.ids[i - 1];
  }
  CHECK(orders[0] == orders[1]);
  CHECK(orders[0] != orders[2]);
  CHECK(interleaved);
  CHECK(overtaken);
  MESSAGE(fmt::format("{} beats compared in each of 3 runs", orders[0].size()));
}

TEST_CASE("beats that overtake or interleave are counted, and there are none without reordering") {
  for (const int percent : {0, 25, 100}) {
    auto map = make_map();
    auto o = options(20, 30);
    o.reorder_percent = percent;
    AxiMemory memory(map, o);
    auto master = master_of(memory);
    Chance chance(3);
    for (int i = 0; i < 300; ++i)
      master.reads.push_back(burst(static_cast<std::uint32_t>(chance.below(4)), read_base + chance.below(15) * 4096,
                                   static_cast<std::uint32_t>(1 + chance.below(16))));
    master.run();
    // The same from the beats alone: each belongs to the oldest unfinished read of its ID.
    std::uint64_t overtaking = 0, interleaved = 0;
    std::vector<std::uint32_t> beats(master.reads.size());  // that have come, of each read
    const auto finished = [&](std::size_t i) { return beats[i] > master.reads[i].len; };
    for (const auto id : master.ids) {
      std::size_t read = 0;
      while (master.reads[read].id != id || finished(read)) ++read;
      bool older = false, begun = false;
      for (std::size_t i = 0; i < beats.size(); ++i) {
        older |= i < read && !finished(i);
        begun |= i != read && beats[i] > 0 && !finished(i);
      }
      overtaking += older, interleaved += begun, ++beats[read];
    }
    CHECK(memory.traffic().overtaking == overtaking);
    CHECK(memory.traffic().interleaved == interleaved);
    CHECK((overtaking > 0) == (percent > 0));
    CHECK((interleaved > 0) == (percent > 0));
    MESSAGE(fmt::format("{} %: {} of {} beats overtake, {} interleave", percent, overtaking, master.ids.size(),
                        interleaved));
    std::uint64_t highest = 0;
    for (const auto& read : master.reads) highest = std::max(highest, read.address);
    CHECK(memory.traffic().highest_address == highest);
    for (int id = 0; id < 4; ++id) CHECK(memory.traffic().most_open[id] > 1);
    CHECK(memory.traffic().most_open[4] == 0);
    memory.restart_traffic();
    CHECK(memory.traffic().overtaking == 0);
  }
}

TEST_CASE("every channel is stalled about as often as asked, and a stalled slave still holds what it offers") {
  auto map = make_map();
  AxiMemory memory(map, options(1, 60));
  int ar = 0, aw = 0, w = 0;
  for (int i = 0; i < 10000; ++i) {
    const auto& s = memory.outputs();
    ar += s.ar_ready, aw += s.aw_ready, w += s.w_ready;
    memory.clock({});
  }
  for (const int ready : {ar, aw, w}) CHECK(std::abs(ready - 4000) < 200);

  AxiMasterSide m;  // a read that nobody takes
  for (bool taken = false; !taken;) {
    m.ar_valid = true;
    m.ar = burst(1, read_base + 64, 1);
    taken = memory.outputs().ar_ready;
    memory.clock(m);
  }
  m.ar_valid = false;
  while (!memory.outputs().r_valid) memory.clock(m);
  const auto offered = memory.outputs().r;
  for (int i = 0; i < 50; ++i) {
    CHECK(memory.outputs().r_valid);
    CHECK(memory.outputs().r.data == offered.data);
    CHECK(memory.outputs().r.id == 1);
    memory.clock(m);
  }
  CHECK(!memory.idle());
}

TEST_CASE("writes reach the rows, in any order of address and data, and are answered") {
  for (const int stall : {0, 40}) {
    auto map = make_map();
    AxiMemory memory(map, options(7, stall));
    auto master = master_of(memory);
    for (int row = 0; row < 16; ++row) {
      master.writes.push_back(burst(0, write_base + row * 32, 3));
      for (int i = 0; i < 3; ++i) master.data.push_back(beat(static_cast<std::uint8_t>(row * 3 + i), i == 2));
    }
    master.run();
    CHECK(memory.breaches().count() == 0);
    CHECK(master.responses == std::vector<std::uint32_t>(16, axi_okay));
    if (!stall) CHECK(master.response_cycles.front() == 2 + 7);
    const auto& region = map.at("rows");
    for (int row = 0; row < 16; ++row)
      for (int i = 0; i < 32; ++i) {
        CHECK(int{region.bytes[row * 32 + i]} == (i < 24 ? row * 3 + i / 8 : 0xee));
        CHECK(region.writes[row * 32 + i] == (i < 24 ? 1 : 0));
      }
    CHECK(memory.bytes_written() == 16 * 24);
  }
}

TEST_CASE("rows in place are read before they are written, and not after") {
  const auto run = [](bool in_place,
                      const std::vector<std::pair<int, int>>& moves) {  // row, 'r' or 'w' or address: 'a'
    auto map = make_map();
    auto& rows = map.at("rows");
    rows.in_place = in_place, rows.read_ids = 2;
    AxiMemory memory(map, options(1000));  // nothing is answered
    auto master = master_of(memory);
    for (const auto& [row, kind] : moves) {
      const auto at = write_base + static_cast<std::uint64_t>(row) * 32;
      if (kind == 'r') master.reads.push_back(burst(1, at, 3));
      if (kind != 'r') master.writes.push_back(burst(0, at, 3));
      for (int i = 0; i < 3 && kind == 'w'; ++i) master.data.push_back(beat(1, i == 2));
      for (int cycle = 0; cycle < 6; ++cycle) master.cycle();
    }
    return memory.breaches().texts();
  };
  const auto last = [&](const std::vector<std::pair<int, int>>& moves) {
    const auto texts = run(true, moves);
    REQUIRE(texts.size() == 1);
    return texts[0].find("reads what is overwritten in rows") != std::string::npos;
  };
  CHECK(run(true, {{0, 'r'}, {1, 'r'}, {0, 'w'}, {2, 'r'}, {1, 'w'}}).empty());
  CHECK(last({{0, 'r'}, {0, 'w'}, {0, 'r'}}));
  CHECK(last({{0, 'w'}, {1, 'w'}, {1, 'r'}}));
  // The address of a write is enough, its data may come at any time; other rows stay readable.
  CHECK(run(true, {{3, 'a'}, {2, 'r'}, {4, 'r'}}).empty());
  CHECK(last({{3, 'a'}, {3, 'r'}}));
  // What is not in place is read when all of it was written.
  CHECK(run(false, {{0, 'r'}}).size() == 1);
}

TEST_CASE("rows that jobs share are read when no write to them is open") {
  // A write of row 0, and a read of a row so many cycles later.
  const auto run = [](int row, bool with_data, int cycles) {
    auto map = make_map();
    auto& rows = map.at("rows");
    rows.shared = true, rows.read_ids = 2;
    AxiMemory memory(map, options(50));
    auto master = master_of(memory);
    master.writes = {burst(0, write_base, 3)};
    for (int i = 0; i < 3 && with_data; ++i) master.data.push_back(beat(1, i == 2));
    for (int cycle = 0; cycle < cycles; ++cycle) master.cycle();
    master.reads = {burst(1, write_base + static_cast<std::uint64_t>(row) * 32, 3)};
    for (int cycle = 0; cycle < 3; ++cycle) master.cycle();
    REQUIRE(master.ar == 1);
    for (const auto& text : memory.breaches().texts())
      REQUIRE(text.find("reads before a write was answered in rows") != std::string::npos);
    return memory.breaches().count();
  };
  CHECK(run(0, true, 6) == 1);    // the data are there, the response is not
  CHECK(run(0, true, 52) == 1);   // it is on offer in the next cycle
  CHECK(run(0, true, 60) == 0);   // answered
  CHECK(run(0, false, 60) == 1);  // the address is enough
  CHECK(run(1, true, 6) == 0);    // another row; and nothing need have been written to it
}

TEST_CASE("faults answer one burst with an error") {
  auto map = make_map();
  AxiMemory memory(map, options(2));
  memory.set_faults(AxiFault{1, axi_slverr}, AxiFault{0, axi_decerr});
  auto master = master_of(memory);
  master.reads = {burst(0, read_base, 1), burst(0, read_base + 8, 2)};
  master.writes = {burst(0, write_base, 1)};
  master.data = {beat(1, true)};
  std::vector<std::uint32_t> seen;
  while (!master.finished()) {
    if (memory.outputs().r_valid) seen.push_back(memory.outputs().r.response);
    master.cycle();
  }
  CHECK(seen == std::vector<std::uint32_t>{axi_okay, axi_slverr, axi_slverr});
  CHECK(master.responses == std::vector<std::uint32_t>{axi_decerr});
  CHECK(memory.breaches().count() == 0);
}

TEST_CASE("each breach of a burst is reported") {
  CHECK(breaches({burst(0, read_base, 16)}, {burst(0, write_base, 1)}, {beat(1, true)}).empty());
  CHECK(has(breaches({burst(1, read_base + 4096 - 8, 2)}, {}, {}), "crosses 4 KiB"));
  CHECK(breaches({burst(1, read_base + 4096 - 16, 2)}, {}, {}).empty());
  CHECK(has(breaches({burst(1, read_base, 17)}, {}, {}), "more than 16 beats"));
  CHECK(has(breaches({burst(1, read_base + 4, 1)}, {}, {}), "not aligned to a beat"));
  CHECK(has(breaches({{1, read_base, 0, 2, axi_incr}}, {}, {}), "not the full width"));
  CHECK(has(breaches({{1, read_base, 0, 3, 0}}, {}, {}), "not INCR"));
  CHECK(has(breaches({burst(1, 0x1000, 1)}, {}, {}), "outside of the allocated memory"));
  CHECK(has(breaches({burst(1, read_base + 65536 - 8, 2)}, {}, {}), "outside of the allocated memory"));
  CHECK(has(breaches({burst(1, read_base - 8, 2)}, {}, {}), "outside of the allocated memory"));
  CHECK(has(breaches({burst(5, read_base, 1)}, {}, {}), "not allowed in readable"));
  CHECK(has(breaches({burst(0, write_base, 1)}, {}, {}), "not allowed in rows"));
  CHECK(has(breaches({}, {burst(0, read_base, 1)}, {beat(1, true)}), "not allowed in readable"));
  CHECK(has(breaches({}, {burst(1, write_base, 1)}, {beat(1, true)}), "not allowed in rows"));
  CHECK(has(breaches({}, {burst(0, write_base, 4)}, {beat(1, false), beat(1, false), beat(1, false), beat(1, true)}),
            "outside its rows"));
  CHECK(breaches({}, {burst(0, write_base, 4)}, {beat(1, false), beat(1, false), beat(1, false), beat(1, true, 0)})
            .empty());
  CHECK(has(breaches({}, {burst(0, write_base, 2)}, {beat(1, true), beat(1, true)}), "WLAST is true at beat 1 of 2"));
  CHECK(
      has(breaches({}, {burst(0, write_base, 2)}, {beat(1, false), beat(1, false)}), "WLAST is false at beat 2 of 2"));
}

TEST_CASE("a payload that changes or a valid that is withdrawn before ready is reported") {
  for (const int channel : {0, 1, 2})
    for (const bool withdraw : {false, true}) {
      auto map = make_map();
      AxiMemory memory(map, options(3, 50));
      const auto ready = [&] {
        const auto& s = memory.outputs();
        return channel == 0 ? s.ar_ready : channel == 1 ? s.aw_ready : s.w_ready;
      };
      while (ready()) memory.clock({});
      AxiMasterSide m;
      m.ar = burst(0, read_base, 1), m.aw = burst(0, write_base, 1), m.w = beat(1, true);
      bool& valid = channel == 0 ? m.ar_valid : channel == 1 ? m.aw_valid : m.w_valid;
      valid = true;
      memory.clock(m);
      CHECK(memory.breaches().count() == 0);
      if (withdraw) valid = false;
      else m.ar.address += 8, m.aw.address += 32, m.w.data[3] ^= 1;
      memory.clock(m);
      CHECK(memory.breaches().count() == 1);
      CHECK(has(memory.breaches().texts().at(0), withdraw ? "withdrawn" : "changed"));
    }
}

TEST_CASE("addresses are aligned, apart, above 4 GiB where there is such a place, and follow from the seed") {
  for (const int bits : {32, 40, 64}) {
    AddressAllocator one(7, bits), same(7, bits), other(8, bits);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    bool differs = false;
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t size = 64 + i * 1000, base = one.allocate(size, i % 2 ? 64 : 512);
      CHECK(base == same.allocate(size, i % 2 ? 64 : 512));
      differs |= base != other.allocate(size, i % 2 ? 64 : 512);
      CHECK(base % (i % 2 ? 64 : 512) == 0);
      if (bits > 32) CHECK((base >> 32) != 0);
      if (bits < 64) CHECK(((base + size) >> bits) == 0);
      for (const auto& [b, s] : ranges) CHECK((base >= b + s + 4096 || b >= base + size + 4096));
      ranges.emplace_back(base, size);
    }
    CHECK(differs);
  }
}

namespace {

/// A register file with an AXI4-Lite port, slow at random.
struct Registers {
  std::map<std::uint32_t, std::uint32_t> values = {};
  Chance chance{4};
  bool has_address = false, has_data = false, has_read = false;
  std::uint32_t address = 0, data = 0, read_address = 0;
  AxiLiteSlaveSide out = {};

  void clock(const AxiLiteMasterSide& m) {
    if (out.b_valid && m.b_ready) out.b_valid = false;
    if (out.r_valid && m.r_ready) out.r_valid = false;
    if (m.aw_valid && out.aw_ready) has_address = true, address = m.aw_address;
    if (m.w_valid && out.w_ready) has_data = true, data = m.w_data;
    if (m.ar_valid && out.ar_ready) has_read = true, read_address = m.ar_address;
    if (has_address && has_data && !out.b_valid && chance(50)) {
      values[address] = data;
      has_address = has_data = false;
      out.b_valid = true;
    }
    if (has_read && !out.r_valid && chance(50)) out.r_valid = true, out.r_data = values[read_address], has_read = false;
    out.aw_ready = !has_address && chance(50);
    out.w_ready = !has_data && chance(50);
    out.ar_ready = !has_read && chance(50);
  }
};

}  // namespace

TEST_CASE("the register master writes and reads under stalls") {
  for (const int stall : {0, 60}) {
    AxiLiteMaster master(stall, 11);
    Registers registers;
    std::set<int> orders;  // of address and data of a write
    const auto finish = [&] {
      int aw = -1, w = -1, cycle = 0;
      while (master.busy()) {
        const auto m = master.outputs();
        const auto s = registers.out;
        if (m.aw_valid && aw < 0) aw = cycle;
        if (m.w_valid && w < 0) w = cycle;
        registers.clock(m);
        master.clock(s);
        REQUIRE(++cycle < 1000);
      }
      if (aw >= 0) orders.insert(aw < w ? -1 : aw > w);
    };
    for (std::uint32_t i = 0; i < 200; ++i) {
      master.start_write(i % 7 * 4, i * 0x01010101);
      finish();
      master.start_read(i % 7 * 4);
      finish();
      CHECK(master.data() == i * 0x01010101);
    }
    CHECK(master.breaches().count() == 0);
    CHECK(orders.size() == (stall ? 3 : 1));
    master.clock(AxiLiteSlaveSide{.b_valid = true});
    CHECK(master.breaches().count() == 1);
  }
}
