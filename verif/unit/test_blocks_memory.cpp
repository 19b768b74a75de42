// Blocks that speak to memory: readers of runs, the port they share, and the writer of rows.
#include <array>
#include <map>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

void pulse(StreamBench& bench, const std::string& port) {
  bench.interpreter().set(port, 1);
  bench.run_cycles(1);
  bench.interpreter().set(port, 0);
}

}  // namespace

TEST_CASE("burst_reader: data, lengths, 4 KiB rule and reservation") {
  for_all("burst_reader", [](const Config& config, StreamBench::Options options) {
    const int depth = options.seed % 2 ? 32 : 16;
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

TEST_CASE("query_fetch: rows in words of depth channels") {
  for_all("query_fetch", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_query_fetch);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int element = element_bytes(config.numerics.query_bits), bits = config.numerics.query_bits;
    const int beat = config.memory.data_bits / 8, row = query_row_beats(config) * beat, depth = config.gemm.depth;
    sim.set("start", 0);
    ReadMemory memory(bench, "burst", config.memory.data_bits, options);
    bench.on_cycle([&](auto&) { memory.cycle(); });
    for (int job = 0; job < 2; ++job) {
      const int queries = static_cast<int>(random.in(1, 20)), stride = row + static_cast<int>(random.in(0, 3)) * beat;
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("queries", static_cast<unsigned>(queries)), sim.set("address", base);
      sim.set("stride", static_cast<unsigned>(stride));
      pulse(bench, "start");
      bench.forget("word");
      const int steps = divide_up(config.attention.embed_dim, depth);
      collect(bench, "word", static_cast<std::size_t>(queries * steps));
      for (int q = 0; q < queries; ++q)
        for (int k = 0; k < steps * depth; ++k) {
          const auto& word = bench.received("word")[static_cast<std::size_t>(q * steps + k / depth)];
          const auto at = base + static_cast<std::uint64_t>(q * stride + k * element);
          REQUIRE(signed_field(word, k % depth * bits, bits) == (k * element < row ? stored_element(at, bits) : 0));
        }
    }
  });
}

TEST_CASE("reference_fetch: groups complete in their buffers, none overwritten before it is freed") {
  for_all("reference_fetch", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_reference_fetch);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int levels = config.attention.levels, rows = config.gemm.rows;
    const int row_slots = block.s.slots() / accel::group_buffers;
    sim.set("start", 0), sim.set("freed", 0), sim.set("boxes", 0);
    ReadMemory memory(bench, "burst", config.memory.data_bits, options);
    int word = 0, queries = 0, announced = 0, first_group = 0, freed = 0;
    bool boxes = false;
    std::uint64_t base = 0;
    const auto write_data = sim.port("write_data");
    bench.on_cycle([&](auto& now) {
      memory.cycle();
      const bool free = announced > freed && random.chance(5);
      now.set("freed", free);
      const int q = word / levels, group = first_group + q / rows;
      if (now.get("write_enable") != 0) {
        REQUIRE(q < queries);
        CHECK(group - freed < accel::group_buffers);
        const int slot = group % accel::group_buffers * row_slots + q % rows;
        REQUIRE(now.get("write_address") == static_cast<unsigned>(slot << block.s.level_bits() | word % levels));
        const auto data = now.get_wide(write_data);
        const std::uint64_t at = base + static_cast<std::uint64_t>(word) * (boxes ? 16 : 8);
        const auto stored = [&](std::uint64_t from, int bits) {
          std::uint64_t value = 0;
          for (std::uint64_t b = 0; b < 8; ++b) value |= std::uint64_t{stored_byte(from + b)} << (8 * b);
          return bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
        };
        REQUIRE(data[0] == stored(at, 64));
        if (boxes) REQUIRE(data[1] == (stored(at + 8, 17) | stored(at + 12, 17) << 17));
        ++word;
      }
      freed += free;
      if (now.get("group_valid") != 0 && now.get("group_ready") != 0) {
        ++announced;
        CHECK((announced - first_group) * rows * levels <= word + (rows - 1) * levels);
        CHECK(word >= std::min((announced - first_group) * rows, queries) * levels);
      }
    });
    for (int job = 0; job < 3; ++job) {
      first_group = announced, word = 0;
      queries = static_cast<int>(random.in(1, 6 * rows));
      boxes = random.chance(50);
      sim.set("boxes", boxes);
      base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("queries", static_cast<unsigned>(queries)), sim.set("address", base);
      pulse(bench, "start");
      bench.forget("group");
      collect(bench, "group", static_cast<std::size_t>(divide_up(queries, rows)));
      bench.run_cycles(40);
      CHECK(word == queries * levels);
      const auto bytes = static_cast<std::uint64_t>(queries * levels * (boxes ? 16 : 8));
      CHECK(memory.asked * (config.memory.data_bits / 8) >= static_cast<std::int64_t>(bytes));
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
    std::size_t sent = 0;
    bench.on_cycle([&](auto& now) {
      now.set("arready", !random.chance(options.stall_percent));
      const bool valid = random.chance(50);
      const auto id = random.in(0, block.s.clients() - 1), response = random.in(0, 3);
      now.set("rvalid", valid), now.set("rid", static_cast<unsigned>(id)),
          now.set("rresp", static_cast<unsigned>(response));
      for (int i = 0; i < block.s.clients(); ++i) CHECK(now.get(fmt::format("data_valid_{}", i)) == (valid && id == i));
      CHECK(now.get("error") == (valid && response >= 2));
      const std::vector<std::uint64_t> request{now.get("arvalid"), now.get("arid"), now.get("araddr"),
                                               now.get("arlen")};
      if (held) CHECK(request == before);
      held = request[0] != 0 && now.get("arready") == 0, before = request;
      if (request[0] != 0 && now.get("arready") != 0) {
        auto& list = asked[request[1]];
        REQUIRE(!list.empty());
        REQUIRE(list.front() == Asked{request[2], request[3]});
        list.pop_front(), ++sent;
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
    CHECK(sent == 400);
  });
}

TEST_CASE("output_writer: rows in memory, bursts and the end") {
  for_all("output_writer", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_output_writer);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int channels = config.attention.embed_dim, bits = config.numerics.output_bits, element = element_bytes(bits);
    const int columns = config.core.projection_columns, groups = divide_up(channels, columns);
    const int beat = config.memory.data_bits / 8, row = output_row_beats(config) * beat;
    for (const auto* port : {"start", "awready", "wready", "bvalid", "bresp"}) sim.set(port, 0);
    std::map<std::uint64_t, std::uint8_t> memory;
    std::deque<ReadMemory::Burst> bursts;  // address sent, data not complete
    int open = 0, job_beats = 0, expected_beats = 0;
    bool started = false, held = false;
    std::uint64_t held_address = 0;
    bench.on_cycle([&](auto& now) {
      now.set("awready", !random.chance(options.stall_percent)),
          now.set("wready", !random.chance(options.stall_percent));
      const bool answer = open > 0 && random.chance(10);
      const auto response = random.in(0, 3);
      now.set("bvalid", answer), now.set("bresp", static_cast<unsigned>(response));
      CHECK(now.get("error") == (answer && response >= 2));
      if (started) CHECK(now.get("done") == (job_beats == expected_beats && open == 0 && bursts.empty()));
      open -= answer;
      if (held) CHECK((now.get("awvalid") != 0 && now.get("awaddr") == held_address));
      held = now.get("awvalid") != 0 && now.get("awready") == 0, held_address = now.get("awaddr");
      if (!bursts.empty()) CHECK(now.get("wvalid") == 1);  // all data are held when the address goes
      if (now.get("wvalid") != 0) {
        REQUIRE(!bursts.empty());
        auto& b = bursts.front();
        CHECK(now.get("wlast") == (b.beats == 1));
        if (now.get("wready") != 0) {
          const auto data = now.get_wide(now.port("wdata"));
          for (int i = 0; i < beat; ++i) {
            const auto at = b.address + static_cast<std::uint64_t>(i);
            CHECK(!memory.contains(at));
            memory[at] = static_cast<std::uint8_t>(data[static_cast<std::size_t>(i / 8)] >> (i % 8 * 8));
          }
          b.address += static_cast<std::uint64_t>(beat), ++job_beats;
          if (--b.beats == 0) bursts.pop_front(), ++open;
        }
      }
      if (now.get("awvalid") != 0 && now.get("awready") != 0) {
        const int beats = static_cast<int>(now.get("awlen")) + 1;
        const auto address = now.get("awaddr");
        CHECK(beats <= 16);
        CHECK(address / 4096 == (address + static_cast<unsigned>(beats * beat) - 1) / 4096);
        bursts.push_back({address, beats});
      }
    });
    for (int job = 0; job < 3; ++job) {
      memory.clear();
      const int queries = static_cast<int>(random.in(1, 30)), stride = row + static_cast<int>(random.in(0, 3)) * beat;
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64 | (random.chance(50) ? 4096 - 64 : 0);
      sim.set("queries", static_cast<unsigned>(queries)), sim.set("address", base);
      sim.set("stride", static_cast<unsigned>(stride));
      started = false, job_beats = 0, expected_beats = queries * row / beat;
      pulse(bench, "start");
      started = true;
      std::vector<std::vector<std::int64_t>> wanted;
      for (int q = 0; q < queries; ++q) {
        auto& values = wanted.emplace_back();
        for (int group = 0; group < groups; ++group) {
          BitVector word;
          for (int c = 0; c < columns; ++c) {
            values.push_back(group * columns + c < channels ? random.number(bits) : 0);
            word.add(values.back(), bits);
          }
          auto transfer = word.transfer();
          transfer.push_back(group + 1 == groups);
          bench.push("output", transfer);
        }
      }
      bench.run();
      for (int limit = 0; sim.get("done") == 0 && limit < 50000; ++limit) bench.run_cycles(1);
      CHECK(memory.size() == static_cast<std::size_t>(queries * row));
      for (int q = 0; q < queries; ++q)
        for (int i = 0; i < row; ++i) {
          const auto c = static_cast<std::size_t>(i / element);
          const auto value = c < static_cast<std::size_t>(channels) ? wanted[static_cast<std::size_t>(q)][c] : 0;
          REQUIRE(memory.at(base + static_cast<std::uint64_t>(q * stride + i)) ==
                  static_cast<std::uint8_t>(value >> (8 * (i % element))));
        }
    }
  });
}
