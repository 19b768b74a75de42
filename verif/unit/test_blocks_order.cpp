// The order of queries: that of the software model, whatever stalls; and what goes with it, references and rows.
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "accel/order/order.hpp"
#include "model/order.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// Bytes at addresses, behind the clients of query_order, which share the data port. Answers one beat a cycle.
class Tensors {
 public:
  Tensors(StreamBench& bench, int data_bits, StreamBench::Options options)
      : sim_(bench.interpreter()), bytes_(data_bits / 8), random_(options.seed + 5), stall_(options.stall_percent) {}
  void put(std::uint64_t address, std::uint64_t value, int bytes) {
    for (int b = 0; b < bytes; ++b)
      memory_[address + static_cast<std::uint64_t>(b)] = static_cast<std::uint8_t>(value >> 8 * b);
  }
  void clear() { memory_.clear(); }
  void cycle() {
    const int first = static_cast<int>(random_.in(0, 1));
    bool answered = false;
    for (int i = 0; i < 2; ++i) {
      auto& client = clients_[static_cast<std::size_t>((first + i) % 2)];
      const bool answer = !answered && !client.beats.empty() && !random_.chance(stall_);
      if (answer) {
        std::vector<std::uint64_t> data(static_cast<std::size_t>(bytes_ / 8));
        for (int b = 0; b < bytes_; ++b) {
          const auto byte = memory_.find(client.beats.front() + static_cast<std::uint64_t>(b));
          const std::uint64_t value = byte == memory_.end() ? random_.bits() & 255 : byte->second;
          data[static_cast<std::size_t>(b / 8)] |= value << (b % 8 * 8);
        }
        sim_.set_wide(sim_.port("data"), data);
        client.beats.pop_front();
      }
      sim_.set(client.valid, answer);
      answered = answered || answer;
    }
    for (auto& client : clients_)
      if (sim_.get(client.burst + "_valid") != 0 && sim_.get(client.burst + "_ready") != 0) {
        const auto address = sim_.get(client.burst + "_address");
        for (std::uint64_t i = 0; i <= sim_.get(client.burst + "_length"); ++i)
          client.beats.push_back(address + i * static_cast<std::uint64_t>(bytes_));
      }
  }

 private:
  struct Client {
    std::string burst, valid;
    std::deque<std::uint64_t> beats;
  };
  interp::Interpreter& sim_;
  int bytes_;
  Random random_;
  int stall_;
  std::map<std::uint64_t, std::uint8_t> memory_;
  std::array<Client, 2> clients_ = {{{"list_burst", "list_valid", {}}, {"reference_burst", "reference_valid", {}}}};
};

/// A set of references in the first level: scattered, all equal, few different ones, along the borders, or far outside.
std::vector<std::pair<std::int32_t, std::int32_t>> places(Random& random, int count) {
  const auto kind = random.in(0, 5);
  const auto common = static_cast<std::int32_t>(random.in(0, 65535));
  std::vector<std::pair<std::int32_t, std::int32_t>> list;
  for (int i = 0; i < count; ++i) {
    const auto coordinate = [&]() -> std::int32_t {
      switch (kind) {
        case 0:
          return common;
        case 1:
          return static_cast<std::int32_t>(random.in(0, 3) * 16384);
        case 2:
          return static_cast<std::int32_t>(random.in(0, 2) * 32768 - random.in(0, 1));
        case 3:
          return static_cast<std::int32_t>(random.number(32));
        default:
          return static_cast<std::int32_t>(random.in(0, 65535));
      }
    };
    const auto x = coordinate();
    list.emplace_back(x, coordinate());
  }
  return list;
}

/// A candidate that was passed over starvation_bound times goes before every younger one.
void check_starvation(const Order& order, const std::vector<int>& arrival, const std::vector<int>& issued) {
  std::map<int, std::deque<int>> turns;  // of the query: with a list it may come several times, then in this order
  for (std::size_t n = 0; n < arrival.size(); ++n) turns[arrival[n]].push_back(static_cast<int>(n));
  std::vector<int> by_turn;  // number of arrival
  for (const int query : issued) by_turn.push_back(turns[query].front()), turns[query].pop_front();
  for (std::size_t t = 0; t < by_turn.size(); ++t) {
    const int entered = std::max(0, by_turn[t] - order.window + 1);
    for (int other = entered + order.starvation_bound; other < static_cast<int>(t); ++other)
      CHECK(by_turn[static_cast<std::size_t>(other)] < by_turn[t]);
  }
}

struct Setting {
  int bucket_bits, window, units, bound;
  int strip_width = -1;  ///< -1: along a Hilbert curve
};

}  // namespace

TEST_CASE("query_order: 1,000 sets of queries, each query once, in the order of the model") {
  const std::vector<Setting> settings = {{0, 1, 1, 1024},
                                         {1, 1, 1, 1},
                                         {2, 4, 2, 3},
                                         {3, 8, 8, 1},
                                         {4, 2, 1, 5},
                                         {6, 1, 1, 7},
                                         {0, 16, 4, 9},
                                         {2, 32, 2, 40},
                                         {0, 64, 16, 2},
                                         // Strips: of equal and of unequal widths, one, of a cell, of the formula.
                                         {4, 1, 1, 7, 6},
                                         {6, 1, 1, 7, 13},
                                         {3, 4, 2, 9, 8},
                                         {3, 1, 1, 7, 1},
                                         {5, 1, 1, 7, 8},
                                         {1, 1, 1, 7, 1},
                                         {5, 2, 1, 7, 3},
                                         {6, 1, 1, 7, 0}};
  const auto configs = block_configs();
  int sets = 0, queries = 0;
  for (std::size_t k = 0; k < settings.size(); ++k) {
    Config config = configs[k % configs.size()];
    const auto& [bucket_bits, window, units, bound, strip_width] = settings[k];
    config.order = {.bucket_bits = bucket_bits, .window = window, .distance_units = units, .starvation_bound = bound};
    if (strip_width >= 0) config.order.curve = strip_curve, config.order.strip_width = strip_width;
    validate(config);
    const StreamBench::Options options{.seed = k + 1, .stall_percent = static_cast<int>(k % 3) * 25};
    INFO(fmt::format("bucket_bits {}, strips of {}, window {}, units {}, bound {}; {}; seed {}, stalls {} %",
                     bucket_bits, strip_width, window, units, bound, describe(config), options.seed,
                     options.stall_percent));
    const Block block(config, accel::build_query_order);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    sim.set("start", 0);
    Tensors memory(bench, config.memory.data_bits, options);
    bool bad = false;
    bench.on_cycle([&](auto& now) {
      memory.cycle();
      bad = bad || now.get("bad_entry") != 0;
    });
    const int references = config.attention.levels * config.attention.anchors, most = config.attention.max_queries;
    bool held = false;
    std::vector<std::pair<std::int32_t, std::int32_t>> place;
    std::vector<int> list, issued_before;
    int rows = 0, count = 0;
    bool boxes = false, listed = false;
    for (int set = 0; set < 112; ++set, ++sets) {
      const bool keep = held && random.chance(25);
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64, list_base = base + (1u << 20);
      if (!keep) {
        rows = set == 0 ? most : set == 1 ? 1 : static_cast<int>(random.in(1, random.chance(20) ? most : 20));
        place = places(random, rows), boxes = random.chance(30), listed = random.chance(40), list.clear();
        if (listed)
          for (auto n = random.in(1, random.chance(20) ? most : 20); n > 0; --n)
            list.push_back(static_cast<int>(random.in(0, rows - 1)));
        count = listed ? static_cast<int>(list.size()) : rows;
      }
      memory.clear();
      std::vector<std::vector<std::uint64_t>> words(static_cast<std::size_t>(rows));  // of each query
      for (int q = 0; q < rows; ++q)
        for (int w = 0; w < references * (boxes ? 2 : 1); ++w) {
          auto& of_query = words[static_cast<std::size_t>(q)];
          const auto [x, y] = place[static_cast<std::size_t>(q)];
          of_query.push_back(w == 0 ? std::uint64_t{static_cast<std::uint32_t>(x)} |
                                          std::uint64_t{static_cast<std::uint32_t>(y)} << 32
                                    : random.bits());
          memory.put(base + static_cast<std::uint64_t>((q * references * (boxes ? 2 : 1) + w) * 8), of_query.back(), 8);
        }
      for (std::size_t i = 0; i < list.size(); ++i)
        memory.put(list_base + 4 * i, static_cast<std::uint64_t>(list[i]), 4);
      sim.set("keep", keep), sim.set("count", static_cast<unsigned>(count)),
          sim.set("rows", static_cast<unsigned>(rows));
      sim.set("listed", listed), sim.set("boxes", boxes);
      sim.set("reference_address", base), sim.set("list_address", list_base);
      bench.forget("row"), bench.forget("result"), bench.forget("word");
      pulse(bench, "start");
      collect(bench, "result", static_cast<std::size_t>(count));
      collect(bench, "word", static_cast<std::size_t>(count * references * (boxes ? 2 : 1)));

      std::vector<model::OrderPoint> points;
      for (const auto& [x, y] : place) points.push_back(model::order_point(x, y));
      const auto expected = model::schedule(config, points, list);
      REQUIRE(bench.received("row").size() == expected.size());
      std::size_t word = 0;
      for (std::size_t t = 0; t < expected.size(); ++t) {
        REQUIRE(bench.received("row")[t][0] == static_cast<unsigned>(expected[t]));
        REQUIRE(bench.received("result")[t][0] == static_cast<unsigned>(expected[t]));
        for (const auto w : words[static_cast<std::size_t>(expected[t])])
          REQUIRE(bench.received("word")[word++][0] == w);
      }
      CHECK(bench.received("word").size() == word);
      auto wanted = list, sorted = expected;
      if (!listed)
        for (int q = 0; q < rows; ++q) wanted.push_back(q);
      if (bucket_bits == 0 && window > 1) check_starvation(config.order, wanted, expected);
      std::ranges::sort(wanted), std::ranges::sort(sorted);
      CHECK(sorted == wanted);
      if (bucket_bits > 0) CHECK(sim.get("held") == static_cast<unsigned>(count));
      held = bucket_bits > 0;
      queries += count;
    }
    CHECK(!bad);
    if (most > 1) {  // an entry that names no row
      list = {0, 1}, rows = 1;
      memory.put(1 << 20, 0, 4), memory.put((1 << 20) + 4, 1, 4);
      sim.set("keep", 0), sim.set("listed", 1), sim.set("count", 2), sim.set("rows", 1),
          sim.set("list_address", 1 << 20);
      pulse(bench, "start");
      bench.run_cycles(6000);
      CHECK(bad);
    }
  }
  MESSAGE(fmt::format("{} sets with {} queries compared", sets, queries));
  CHECK(sets >= 1000);
}

TEST_CASE("the curve of the model visits every cell once, one step at a time") {
  for (int bits = 1; bits <= 6; ++bits) {
    const int side = 1 << bits;
    std::map<int, std::pair<int, int>> cell;
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) cell[model::hilbert_index(x, y, bits)] = {x, y};
    REQUIRE(cell.size() == static_cast<std::size_t>(side * side));
    CHECK(cell[0] == std::pair(0, 0));
    CHECK(cell[side * side - 1] == std::pair(side - 1, 0));
    for (int i = 1; i < side * side; ++i)
      CHECK(std::abs(cell[i].first - cell[i - 1].first) + std::abs(cell[i].second - cell[i - 1].second) == 1);
  }
}

TEST_CASE("strips of the model: every cell once, row after row there and back, up and down in turn") {
  for (int bits = 1; bits <= 6; ++bits)
    for (int strips = 1; strips <= 1 << bits; ++strips) {
      const int side = 1 << bits;
      CAPTURE(side);
      CAPTURE(strips);
      std::vector<int> wanted(static_cast<std::size_t>(side * side), -1);  // cells along the walk: row * side + column
      std::size_t step = 0;
      for (int strip = 0, begin = 0; strip < strips; ++strip) {
        const int end = (strip + 1) * side / strips;
        CHECK((end - begin == side / strips || end - begin == side / strips + 1));
        for (int n = 0; n < side; ++n) {
          const int y = strip % 2 == 0 ? n : side - 1 - n;
          for (int k = 0; k < end - begin; ++k) wanted[step++] = y * side + (n % 2 == 0 ? begin + k : end - 1 - k);
        }
        begin = end;
      }
      std::vector<int> walked(wanted.size(), -1);
      for (int cell = 0; cell < side * side; ++cell)
        walked.at(static_cast<std::size_t>(model::strip_index(cell % side, cell / side, bits, strips))) = cell;
      CHECK(walked == wanted);
    }
}

TEST_CASE("strips by hand: of a width, and as the feature cache has room") {
  CHECK(model::strip_index(0, 0, 6, 5) == 0);
  CHECK(model::strip_index(11, 1, 6, 5) == 12);        // strips of 12, 13, 13, 13 and 13 columns
  CHECK(model::strip_index(12, 63, 6, 5) == 12 * 64);  // the second begins in the last row
  CHECK(model::strip_index(51, 0, 6, 5) == 51 * 64);   // the last one, an even one, in the first
  CHECK(model::strip_index(63, 63, 6, 5) == 64 * 64 - 13);
  CHECK(model::strip_index(51, 63, 6, 5) == 64 * 64 - 1);
  struct Case {
    std::vector<std::string> changes;
    int strips;
  };
  // 512 KiB, 256 channels of a byte, level 0 of 167 x 100: 262144 / (256 * (18 + 100 / 64)) - 18 = 34.3 pixels, 13.2
  // cells. Range 2: 262144 / (256 * 7.56) - 6 = 129 pixels, 49.6 cells. Range 32: 262144 / (256 * 67.6) < 66, so 33
  // pixels, 12.6 cells. Level 0 has 128 KiB: 8.2 pixels, so 9, 3.4 cells. No parts: 384 KiB, 60.5 pixels, 23.2 cells.
  // Features of two bytes: 8.2 pixels again. A map of 17 columns: one strip, a range of 8 being half of it.
  const std::vector<std::string> base = {"attention.max_width=167", "attention.max_height=100", "order.bucket_bits=6",
                                         "order.curve=strips"};
  for (const auto& [changes, strips] : std::vector<Case>{{{}, 4},
                                                         {{"pruning.max_range=8"}, 4},
                                                         {{"pruning.max_range=2"}, 1},
                                                         {{"pruning.max_range=32"}, 5},
                                                         {{"feature_cache.level_parts=[1,1,1,1]"}, 18},
                                                         {{"feature_cache.level_parts=[]"}, 2},
                                                         {{"numerics.preset=int12"}, 18},
                                                         {{"attention.max_width=17"}, 1},
                                                         {{"order.strip_width=64"}, 1},
                                                         {{"order.strip_width=63"}, 2},
                                                         {{"order.strip_width=13"}, 5},
                                                         {{"order.strip_width=1"}, 64}}) {
    auto all = base;
    all.insert(all.end(), changes.begin(), changes.end());
    const auto config = load_preset("quill", all);
    INFO(fmt::format("{}", fmt::join(changes, " ")));
    CHECK(model::strips_of(config) == strips);
    CHECK(accel::order_strips(config) == strips);
  }
}

TEST_CASE("nearest first by hand") {
  // Places on a line, four to choose from: 0 is nearest to the corner, then always the nearest that has come.
  const std::vector<model::OrderPoint> line = {{10, 0}, {50, 0}, {30, 0}, {12, 0}, {31, 0}, {11, 0}};
  Config order;
  order.order = {.bucket_bits = 0, .window = 4, .distance_units = 1, .starvation_bound = 1024};
  CHECK(model::schedule(order, line) == std::vector{0, 3, 5, 2, 4, 1});
  Config impatient = order;
  impatient.order.starvation_bound = 2;  // 1 was passed over by 0 and 3
  CHECK(model::schedule(impatient, line) == std::vector{0, 3, 1, 2, 4, 5});
  // Equally near: the earliest.
  CHECK(model::schedule(order, std::vector<model::OrderPoint>{{5, 0}, {0, 5}, {5, 0}}) == std::vector{0, 2, 1});
}

TEST_CASE("query_rows: addresses in the order of the queries, groups marked") {
  for_all("query_rows", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_query_rows);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    sim.set("start", 0);
    for (int job = 0; job < 3; ++job) {
      const int rows = config.gemm.rows, count = static_cast<int>(random.in(1, 6 * rows)),
                stride = static_cast<int>(random.in(1, 9)) * config.memory.data_bits / 8;
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("queries", static_cast<unsigned>(count)), sim.set("address", base);
      sim.set("stride", static_cast<unsigned>(stride));
      std::vector<std::vector<std::uint64_t>> expected;
      for (int i = 0; i < count; ++i) {
        const auto query = random.in(0, config.attention.max_queries - 1);
        bench.push("query", {query});
        expected.push_back({base + static_cast<std::uint64_t>(query * stride),
                            static_cast<std::uint64_t>(i % rows == rows - 1 || i + 1 == count)});
      }
      bench.forget("row");
      bench.run_cycles(20);  // they come before the array turns to them
      pulse(bench, "start");
      bench.expect("row", expected.size());
      bench.run();
      CHECK(bench.received("row") == expected);
    }
  });
}
