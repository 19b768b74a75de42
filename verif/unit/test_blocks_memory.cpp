// Blocks that speak to memory: readers and writer of runs, and the port that readers share.
#include <map>

#include "accel/array/gemm.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("burst_reader: data, lengths, 4 KiB rule and reservation") {
  for_all("burst_reader", [](const Config& config, StreamBench::Options options) {
    const int depth = options.seed % 2 ? 64 : 32;
    const Block block(config, [&](hdl::Design& d, const accel::Shapes& s) -> const hdl::Module& {
      return accel::build_burst_reader(d, s, "test", 10, depth);
    });
    StreamBench bench(block.module, options);
    Random random(options.seed);
    ReadMemory memory(bench, "burst", config.memory.data_bits, options);
    const std::uint64_t bytes = static_cast<std::uint64_t>(config.memory.data_bits / 8);
    std::int64_t taken = 0, most = 0;
    bench.on_cycle([&](auto& now) {
      memory.cycle();
      most = std::max(most, memory.asked - taken);
      taken += now.get("beat_valid") && now.get("beat_ready");
    });
    std::vector<std::uint64_t> beats;
    std::vector<ReadMemory::Burst> bursts;
    for (int run = 0; run < 12; ++run) {
      auto address = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      if (random.chance(50)) address |= 4096 - 64;
      auto left = random.chance(30) ? random.in(1, 4) : random.in(1, 150);
      bench.push("request", {static_cast<std::int64_t>(address), left});
      while (left > 0) {
        const auto length =
            std::min<std::int64_t>({16, left, static_cast<std::int64_t>((4096 - address % 4096) / bytes)});
        bursts.push_back({address, static_cast<int>(length)});
        for (std::int64_t i = 0; i < length; ++i, address += bytes) beats.push_back(address);
        left -= length;
      }
    }
    collect(bench, "beat", beats.size());
    REQUIRE(memory.bursts.size() == bursts.size());
    for (std::size_t i = 0; i < bursts.size(); ++i) {
      REQUIRE(memory.bursts[i].address == bursts[i].address);
      REQUIRE(memory.bursts[i].beats == bursts[i].beats);
    }
    for (std::size_t i = 0; i < beats.size(); ++i)
      for (std::uint64_t b = 0; b < bytes; ++b)
        REQUIRE((bench.received("beat")[i][b / 8] >> (b % 8 * 8) & 255) == stored_byte(beats[i] + b));
    CHECK(most <= depth);
  });
}

TEST_CASE("reference_rows: groups complete in their buffers, none overwritten before it is freed") {
  for_all("reference_rows", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_reference_rows);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int levels = config.attention.levels, anchors = config.attention.anchors, references = levels * anchors,
              rows = config.gemm.rows;
    const int row_slots = 1 << block.s.row_bits();
    sim.set("start", 0), sim.set("freed", 0), sim.set("boxes", 0);
    int word = 0, queries = 0, announced = 0, first_group = 0, freed = 0;
    bool boxes = false;
    std::vector<std::uint64_t> given;  // words of all queries
    const auto write_data = sim.port("write_data");
    bench.on_cycle([&](auto& now) {
      const bool free = announced > freed && random.chance(5);
      now.set("freed", free);
      const int q = word / references, group = first_group + q / rows;
      if (now.get("write_enable") != 0) {
        REQUIRE(q < queries);
        CHECK(group - freed < accel::group_buffers);
        const int slot = group % accel::group_buffers * row_slots + q % rows;
        const int level = word % references / anchors, anchor = word % anchors;
        REQUIRE(now.get("write_address") ==
                static_cast<unsigned>((slot << block.s.level_bits() | level) << block.s.anchor_bits() | anchor));
        const auto data = now.get_wide(write_data);
        const auto at = static_cast<std::size_t>(word) * (boxes ? 2 : 1);
        REQUIRE(data[0] == given[at]);
        if (boxes) REQUIRE(data[1] == ((given[at + 1] & 0x1FFFF) | (given[at + 1] >> 32 & 0x1FFFF) << 17));
        ++word;
      }
      freed += free;
      if (now.get("complete_valid") != 0 && now.get("complete_ready") != 0) {
        ++announced;
        CHECK((announced - first_group) * rows * references <= word + (rows - 1) * references);
        CHECK(word >= std::min((announced - first_group) * rows, queries) * references);
      }
    });
    for (int job = 0; job < 3; ++job) {
      first_group = announced, word = 0;
      queries = static_cast<int>(random.in(1, 6 * rows));
      boxes = random.chance(50);
      sim.set("boxes", boxes);
      sim.set("queries", static_cast<unsigned>(queries));
      given.clear();
      for (int i = 0; i < queries * references * (boxes ? 2 : 1); ++i) {
        given.push_back(random.bits());
        bench.push("word", {static_cast<std::int64_t>(given.back())});
      }
      pulse(bench, "start");
      bench.forget("complete");
      collect(bench, "complete", static_cast<std::size_t>(divide_up(queries, rows)));
      bench.run_cycles(40);
      CHECK(word == queries * references);
    }
  });
}

TEST_CASE("read_port: order, fairness and identifiers") {
  for_all("read_port", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_read_port);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    struct Asked {
      std::uint64_t address, length;
      bool operator==(const Asked&) const = default;
    };
    const auto clients = static_cast<std::size_t>(block.s.clients());
    std::vector<std::deque<Asked>> asked(clients);
    std::vector<std::size_t> waited(clients);
    for (int i = 0; i < 400; ++i) {
      const auto client =
          static_cast<std::size_t>(random.chance(50) ? 1 : random.in(0, block.s.clients() - 1));  // one is busier
      const auto address = random.in(0, (std::int64_t{1} << config.memory.address_bits) - 1), length = random.in(0, 15);
      bench.push(fmt::format("client_{}", client), {address, length});
      asked[client].push_back({static_cast<std::uint64_t>(address), static_cast<std::uint64_t>(length)});
    }
    bool held = false;
    std::vector<std::uint64_t> before;
    std::vector<int> open(clients);
    const auto bounds = read_clients(config);
    std::size_t sent = 0, strays = 0;
    bench.on_cycle([&](auto& now) {
      // A client has no more bursts open than it has room for.
      const auto offered = now.get("arid");
      now.set("arready", !random.chance(options.stall_percent) && open[offered] < bounds[offered].most_open);
      // Any ID, whether it has a burst open or not, and those that nobody has: only what was asked for is taken.
      const bool valid = random.chance(80), last = random.chance(30);
      const auto id = static_cast<std::size_t>(random.in(0, (1 << block.s.axi_id_bits()) - 1));
      const auto response = random.in(0, 3);
      now.set("rvalid", valid), now.set("rid", id), now.set("rlast", last);
      now.set("rresp", static_cast<unsigned>(response));
      const bool expected = valid && id < clients && open[id] > 0;
      for (std::size_t i = 0; i < clients; ++i)
        CHECK(now.get(fmt::format("data_valid_{}", i)) == (expected && id == i));
      CHECK(now.get("error") == (expected && response >= 2));
      const bool any_open = std::any_of(open.begin(), open.end(), [](int n) { return n > 0; });
      CHECK(now.get("waiting") == (now.get("arvalid") != 0 || any_open));
      CHECK(now.get("progress") == ((now.get("arvalid") != 0 && now.get("arready") != 0) || expected));
      strays += valid && !expected;
      if (expected && last) --open[id];
      const std::vector<std::uint64_t> request{now.get("arvalid"), now.get("arid"), now.get("araddr"),
                                               now.get("arlen")};
      if (held) CHECK(request == before);
      held = request[0] != 0 && now.get("arready") == 0, before = request;
      if (request[0] != 0 && now.get("arready") != 0) {
        auto& list = asked[request[1]];
        REQUIRE(!list.empty());
        REQUIRE(list.front() == Asked{request[2], request[3]});
        list.pop_front(), ++sent, ++open[request[1]];
      }
      for (std::size_t i = 0; i < clients; ++i) {
        const bool asks = now.get(fmt::format("client_{}_valid", i)) != 0;
        const bool served = asks && now.get(fmt::format("client_{}_ready", i)) != 0;
        if (served)
          for (std::size_t k = 0; k < clients; ++k)
            if (k != i && now.get(fmt::format("client_{}_valid", k)) != 0) CHECK(++waited[k] < clients);
        if (served || !asks) waited[i] = 0;
      }
    });
    bench.run();
    for (int limit = 0; sent < 400 && limit < 1000; ++limit) bench.run_cycles(1);  // the last one is held
    CHECK(sent == 400);
    CHECK(strays > 10);
  });
}

TEST_CASE("burst_writer: runs in memory, bursts and the end") {
  for_all("burst_writer", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_burst_writer);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int beat = config.memory.data_bits / 8, words = beat / 8;
    const auto longest = (std::int64_t{1} << accel::WriteRequest::longest(block.s)) - 1;
    for (const auto* port : {"start", "halt", "awready", "wready", "bvalid", "bid", "bresp"}) sim.set(port, 0);
    std::map<std::uint64_t, std::uint64_t> memory;  // words of 64 bits
    std::deque<ReadMemory::Burst> bursts;           // address sent, data not complete
    int open = 0, beats_written = 0, bursts_begun = 0, strays = 0;
    std::int64_t expected_beats = 0;
    bool started = false, held = false;
    std::uint64_t held_address = 0;
    bench.on_cycle([&](auto& now) {
      const bool awready = !random.chance(options.stall_percent), wready = !random.chance(options.stall_percent);
      now.set("awready", awready), now.set("wready", wready);
      // Some responses are to nothing: none is open, or the ID is not that of the writes.
      const bool responds = random.chance(open > 0 ? 20 : 2);
      const auto id = random.chance(50) ? 0 : random.in(1, (1 << block.s.axi_id_bits()) - 1),
                 response = random.in(0, 3);
      const bool answer = responds && open > 0 && id == 0;
      now.set("bvalid", responds), now.set("bid", static_cast<unsigned>(id));
      now.set("bresp", static_cast<unsigned>(response));
      strays += responds && !answer;
      CHECK(now.get("error") == (answer && response >= 2));
      if (started) CHECK(now.get("done") == (beats_written == expected_beats && open == 0));
      const bool awvalid = now.get("awvalid") != 0, wvalid = now.get("wvalid") != 0;
      CHECK(now.get("waiting") == (awvalid || wvalid || open > 0));
      CHECK(now.get("progress") == ((awvalid && awready) || (wvalid && wready) || answer));
      CHECK(now.get("beat_sent") == (wvalid && wready));
      open -= answer;
      if (held) CHECK((awvalid && now.get("awaddr") == held_address));
      held = awvalid && !awready, held_address = now.get("awaddr");
      if (!bursts.empty()) CHECK(wvalid);  // all data are held when the address goes
      if (wvalid) {
        REQUIRE(!bursts.empty());
        auto& b = bursts.front();
        CHECK(now.get("wlast") == (b.beats == 1));
        if (wready) {
          const auto data = now.get_wide(now.port("wdata"));
          for (int i = 0; i < words; ++i) {
            const auto at = b.address + static_cast<std::uint64_t>(8 * i);
            CHECK(!memory.contains(at));
            memory[at] = data[static_cast<std::size_t>(i)];
          }
          b.address += static_cast<std::uint64_t>(beat), ++beats_written;
          // A burst is open from its address on; here it may be answered after its last beat only.
          if (--b.beats == 0) bursts.pop_front(), ++open;
        }
      }
      if (!awvalid || !awready) return;
      const int beats = static_cast<int>(now.get("awlen")) + 1;
      const auto address = now.get("awaddr");
      CHECK(beats <= 16);
      CHECK(address / 4096 == (address + static_cast<unsigned>(beats * beat) - 1) / 4096);
      bursts.push_back({address, beats}), ++bursts_begun;
    });
    for (int job = 0; job < 4; ++job) {
      memory.clear(), started = false, beats_written = 0, expected_beats = 0;
      const int runs = static_cast<int>(random.in(1, 20));
      sim.set("runs", static_cast<unsigned>(runs));
      pulse(bench, "start");
      std::map<std::uint64_t, std::uint64_t> wanted;
      auto address = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64 | (random.chance(50) ? 4096 - 64 : 0);
      for (int r = 0; r < runs; ++r) {
        const auto beats = random.chance(20) ? random.in(1, longest) : random.in(1, std::min<std::int64_t>(longest, 3));
        bench.push("request", {static_cast<std::int64_t>(address), beats});
        for (std::int64_t b = 0; b < beats; ++b) {
          BitVector data;
          for (int i = 0; i < words; ++i, address += 8) {
            wanted[address] = random.bits();
            data.add(static_cast<std::int64_t>(wanted[address]), 64);
          }
          bench.push("beat", data.transfer());
        }
        expected_beats += beats;
        address += static_cast<std::uint64_t>(random.in(0, 3) * beat);
      }
      started = true;
      bench.run();
      for (int limit = 0; sim.get("done") == 0 && limit < 5000; ++limit) bench.run_cycles(1);
      CHECK(memory == wanted);
    }
    // Halted, it ends what it has begun, and begins no other burst.
    started = false;
    sim.set("runs", 100), pulse(bench, "start");
    for (int i = 0; i < 100; ++i) {
      bench.push("request", {i * 4096, 1});
      bench.push("beat", Words(static_cast<std::size_t>(words)));
    }
    memory.clear();
    bench.run_cycles(static_cast<std::uint64_t>(random.in(40, 60)));
    sim.set("halt", 1);
    bench.run_cycles(1);
    const int begun = bursts_begun + static_cast<int>(sim.get("awvalid"));  // an address that is out must be kept
    for (int limit = 0; sim.get("waiting") != 0 && limit < 5000; ++limit) bench.run_cycles(1);
    bench.run_cycles(100);
    CHECK(sim.get("waiting") == 0);
    CHECK(bursts_begun == begun);
    CHECK(sim.get("done") == 0);
    CHECK(strays > 10);
  });
}
