// Blocks of self-attention: rows into the weight memories, softmax of rows of scores, and the descriptor.
#include <array>
#include <bit>
#include <map>

#include "accel/host/registers.hpp"
#include "accel/self/self_attention.hpp"
#include "estimate/estimate.hpp"
#include "model/self_attention.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;
namespace word = accel::word;

namespace {

/// Arrays of every shape: one row and many, entries wider and narrower than words of rows, one and several heads a
/// tile, all widths of exponentials, one and several words of them a tile.
std::vector<Config> self_configs() {
  const std::vector<std::vector<std::string>> overrides = {
      {"network.self_attention=40"},
      {"network.self_attention=1", "gemm.rows=1"},
      {"network.self_attention=64", "gemm.rows=3", "attention.embed_dim=32", "attention.heads=4", "gemm.columns=24",
       "gemm.depth=2", "numerics.preset=int8", "gemm.tree_levels=1"},
      {"network.self_attention=64", "gemm.rows=2", "attention.embed_dim=24", "attention.heads=3", "gemm.columns=16",
       "gemm.depth=4", "numerics.preset=int8", "memory.data_bits=128", "feature_cache.kilobytes=2"},
      {"network.self_attention=64", "gemm.rows=8", "attention.embed_dim=64", "attention.heads=2", "gemm.columns=32",
       "gemm.depth=4", "numerics.preset=int8", "memory.data_bits=128", "feature_cache.kilobytes=4"},
      {"network.self_attention=64", "gemm.rows=1", "attention.embed_dim=64", "attention.heads=4", "gemm.columns=64",
       "gemm.depth=16", "numerics.preset=mixed", "memory.data_bits=512", "gemm.tree_levels=3",
       "feature_cache.kilobytes=4"},
      {"network.self_attention=30", "gemm.rows=5", "attention.embed_dim=8", "attention.heads=4", "gemm.columns=8",
       "gemm.depth=2", "gemm.max_inner=4", "numerics.preset=int12", "memory.data_bits=128"},
      {"network.self_attention=1024", "gemm.rows=2", "attention.embed_dim=32", "attention.heads=1", "gemm.columns=128",
       "gemm.depth=2", "numerics.preset=int8", "feature_cache.kilobytes=4"}};
  std::vector<Config> configs;
  for (auto list : overrides) {
    list.insert(list.begin(), {"attention.max_queries=1024", "network.epilogue=true"});
    configs.push_back(load_preset("nano", list));
  }
  Config few = configs[2], many = configs[2];
  few.numerics.query_bits = few.numerics.query_weight_bits = 4, few.name = "few_bits";
  many.numerics.query_bits = many.numerics.query_weight_bits = 16, many.name = "many_bits";
  configs.push_back(few), configs.push_back(many);
  for (const auto& c : configs) validate(c);
  return configs;
}

std::string describe_self(const Config& c) {
  return fmt::format("{}, {} rows at most, {} bits, units {}", describe(c), c.network.self_attention,
                     c.numerics.query_bits, exponential_units(c));
}

using Numbers = std::vector<std::int32_t>;

/// Scores of a row: anywhere, at the ends, equal, one high above all others, near each other.
Numbers random_scores(int count, Random& random) {
  const auto kind = random.in(0, 6);
  const auto middle = random.in(-4000, 4000);
  const auto highest = random.in(0, count - 1);
  Numbers row;
  for (int i = 0; i < count; ++i) {
    std::int64_t score = random.number(accel::score_bits);
    if (kind == 0) score = middle;
    if (kind == 1) score = i == highest ? 4095 : -4096;
    if (kind == 2) score = -4096;
    if (kind == 3) score = middle + random.in(-60, 60);
    if (kind == 4) score = i == highest ? middle + 90 : middle - random.in(300, 1200);
    row.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(score, -4096, 4095)));
  }
  return row;
}

/// A row_softmax with what it writes.
struct SoftmaxBench {
  const accel::Shapes& s;
  interp::Interpreter sim;
  Random random;
  int stall;
  std::map<std::array<int, 3>, Numbers> written;  ///< by parity, row and word

  SoftmaxBench(const Block& block, StreamBench::Options options)
      : s(block.s), sim(block.module, options.seed), random(options.seed), stall(options.stall_percent) {
    sim.set("score_valid", 0), sim.set("taken", 0);
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
  }
  void cycle() {
    if (sim.get("exponentials_enable") != 0) {
      const int row = s.rows() > 1 ? static_cast<int>(sim.get("exponentials_row")) : 0;
      auto& values = written[{static_cast<int>(sim.get("exponentials_parity")), row,
                              static_cast<int>(sim.get("exponentials_word"))}];
      values.clear();
      for (int i = 0; i < exponential_units(s.config); ++i)
        values.push_back(static_cast<std::int32_t>(sim.get(fmt::format("exponentials_value_{}", i))));
    }
    sim.step();
  }
  void idle() {
    sim.set("score_valid", 0);
    while (random.chance(stall)) cycle();
  }
  void feed(const std::vector<Numbers>& rows, int parity) {
    const int columns = s.config.gemm.columns, keys = static_cast<int>(rows[0].size()),
              tiles = divide_up(keys, columns);
    for (int tile = 0; tile < tiles; ++tile)
      for (std::size_t r = 0; r < rows.size(); ++r) {
        idle();
        sim.set("score_valid", 1), sim.set("score_parity", static_cast<unsigned>(parity));
        if (s.rows() > 1) sim.set("score_row", r);
        sim.set("score_keys", static_cast<unsigned>(tile)), sim.set("score_last_keys", tile + 1 == tiles);
        sim.set("score_rows", rows.size());
        for (int c = 0; c < columns; ++c) {
          const int key = tile * columns + c;  // what lies beyond the last one is anything
          const auto score = key < keys ? rows[r][static_cast<std::size_t>(key)] : random.number(accel::score_bits);
          sim.set(fmt::format("score_value_{}", c), static_cast<std::uint64_t>(score) & hdl::mask(accel::score_bits));
        }
        cycle();
      }
    sim.set("score_valid", 0);
  }
  void wait() {
    for (int limit = 0; sim.get("ready") == 0; ++limit, cycle()) REQUIRE(limit < 100000);
  }
  void check(const std::vector<Numbers>& rows, int parity, int gain) {
    const int bits = s.exponential_bits(), units = exponential_units(s.config);
    const auto table = model::score_table(bits);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto wanted = model::exponentials(rows[r], table);
      const auto words =
          divide_up(divide_up(static_cast<int>(rows[r].size()), s.config.gemm.columns) * s.config.gemm.columns, units);
      INFO(fmt::format("row {} of {}, {} keys", r, rows.size(), rows[r].size()));
      for (int w = 0; w < words; ++w) {
        Numbers expected;
        for (std::size_t i = 0; i < static_cast<std::size_t>(units); ++i) {
          const auto key = static_cast<std::size_t>(w * units) + i;
          expected.push_back(key < rows[r].size() ? static_cast<std::int32_t>(wanted.value[key]) : 0);
        }
        INFO("word ", w);
        REQUIRE(written.at({parity, static_cast<int>(r), w}) == expected);
      }
      const int length = std::bit_width(static_cast<std::uint64_t>(wanted.sum));
      const auto reciprocal = (std::int64_t{1} << (length + 15)) / wanted.sum;
      const bool whole = reciprocal == 1 << 16;
      sim.set("scale_parity", static_cast<unsigned>(parity));
      if (s.rows() > 1) sim.set("scale_row", r);
      CHECK(sim.get("scale_mult") == static_cast<std::uint64_t>(whole ? 1 << 15 : reciprocal));
      CHECK(sim.get("scale_shift") == static_cast<std::uint64_t>(length + 15 - gain - whole));
    }
  }
  void take() {
    sim.set("taken", 1);
    cycle();
    sim.set("taken", 0);
  }
};

}  // namespace

TEST_CASE("row_softmax: N16") {
  std::uint64_t seed = 1;
  for (const Config& config : self_configs())
    for (const int stall : {0, 50, 90}) {
      const Block block(config, accel::build_row_softmax);
      INFO(fmt::format("{}; seed {}, stalls {} %", describe_self(config), seed, stall));
      SoftmaxBench bench(block, {.seed = seed++, .stall_percent = stall});
      const int most = config.network.self_attention, columns = config.gemm.columns;
      for (int job = 0; job < 6; ++job) {
        const int keys = job == 0 ? 1 : job == 1 ? most : static_cast<int>(bench.random.in(1, std::min(most, 150)));
        const int gain = static_cast<int>(bench.random.in(0, 7));
        bench.sim.set("gain", static_cast<unsigned>(gain));
        bench.sim.set("last_tile", static_cast<unsigned>((keys - 1) / columns));
        bench.sim.set("last_column", static_cast<unsigned>((keys - 1) % columns));
        // Heads are scored up to two before they are taken.
        const int heads = 5;
        std::vector<std::vector<Numbers>> rows;
        int taken = 0;
        const auto finish = [&] {
          bench.wait();
          bench.check(rows[static_cast<std::size_t>(taken)], (taken + job * heads) % 2, gain);
          bench.take();
          ++taken;
        };
        for (int h = 0; h < heads; ++h) {
          if (h - taken == 2) finish();
          auto& now = rows.emplace_back();
          const auto count = bench.random.chance(50) ? config.gemm.rows : bench.random.in(1, config.gemm.rows);
          for (int r = 0; r < count; ++r) now.push_back(random_scores(keys, bench.random));
          bench.feed(now, (h + job * heads) % 2);
        }
        while (taken < heads) finish();
        CHECK(bench.sim.get("ready") == 0);
      }
    }
}

TEST_CASE("key_loader: keys and values become weights, queries go on") {
  std::uint64_t seed = 1;
  for (const Config& config : self_configs())
    for (const int stall : {0, 50}) {
      const Block block(config, accel::build_key_loader);
      const auto& s = block.s;
      INFO(fmt::format("{}; seed {}, stalls {} %", describe_self(config), seed, stall));
      StreamBench bench(block.module, {.seed = seed, .stall_percent = stall});
      Random random(seed++);
      const int channels = config.attention.embed_dim, columns = config.gemm.columns, depth = config.gemm.depth,
                together = s.weight_columns(), weight_bits = s.weight_bits(), row_word = s.row_word();
      auto& sim = bench.interpreter();
      std::map<std::pair<int, int>, std::vector<std::uint64_t>> memory;  // by bank and address
      int fetches = 0;
      bench.on_cycle([&](interp::Interpreter& now) {
        fetches += now.get("fetch") != 0;
        if (now.get("weights_enable") == 0) return;
        memory[{static_cast<int>(now.get("weights_bank")), static_cast<int>(now.get("weights_address"))}] =
            now.get_wide(now.port("weights_data"));
      });
      sim.set("start", 0);
      for (int job = 0; job < 4; ++job) {
        const int most = config.network.self_attention;
        const int rows = job == 0   ? 1
                         : job == 1 ? std::min(most, 200)
                                    : static_cast<int>(random.in(1, std::min(most, 70)));
        const auto tensor = [&] {
          Numbers numbers(static_cast<std::size_t>(rows * channels));
          for (auto& n : numbers) n = static_cast<std::int32_t>(random.number(config.numerics.query_bits));
          return numbers;
        };
        const Numbers key = tensor(), value = tensor(), query = tensor();
        memory.clear(), fetches = 0;
        std::vector<Words> queries;
        sim.set("rows", static_cast<unsigned>(rows));
        pulse(bench, "start");
        for (const auto* numbers : {&key, &value, &query})
          for (int r = 0; r < rows; ++r)
            for (int first = 0; first < channels; first += row_word) {
              BitVector operands;
              for (int i = 0; i < row_word; ++i)
                operands.add(first + i < channels ? (*numbers)[static_cast<std::size_t>(r * channels + first + i)] : 0,
                             s.operand_bits());
              Words transfer = operands.transfer();
              transfer.push_back(r + 1 == rows);
              bench.push("word", transfer);
              if (numbers == &query) queries.push_back(transfer);
            }
        bench.forget("row");
        bench.expect("row", queries.size());
        bench.run(1000000);
        CHECK(fetches == 3);
        for (std::size_t i = 0; i < queries.size(); ++i) {
          const auto& got = bench.received("row")[i];
          REQUIRE(Words(got.begin(), got.end()) == queries[i]);
        }
        CHECK(sim.get("last_tile") == static_cast<unsigned>((rows - 1) / columns));
        CHECK(sim.get("last_column") == static_cast<unsigned>((rows - 1) % columns));
        CHECK(sim.get("last_value_step") == static_cast<unsigned>((rows - 1) / depth));
        const auto weight = [&](int column, int address, int i) {
          const auto& entry = memory.at({column / together, address});
          return signed_field(entry, (column % together * depth + i) * weight_bits, weight_bits);
        };
        const int steps = channels / depth;
        for (int k = 0; k < rows; ++k)
          for (int c = 0; c < channels; ++c) {
            INFO("job ", job, ", key ", k, ", channel ", c);
            const auto at = static_cast<std::size_t>(k * channels + c);
            REQUIRE(weight(k % columns, k / columns * steps + c / depth, c % depth) == key[at]);
            const int place = key_words(config) + c / columns * value_words(config) + k / depth;
            REQUIRE(weight(c % columns, place, k % depth) == value[at]);
          }
        for (int k = rows; k % depth != 0; ++k)
          for (int c = 0; c < channels; ++c)
            REQUIRE(weight(c % columns, key_words(config) + c / columns * value_words(config) + k / depth, k % depth) ==
                    0);
        for (const auto& [place, data] : memory) REQUIRE(place.second < weight_words(config));
      }
    }
}

TEST_CASE("job_descriptor: self-attention") {
  for (const Config& config : self_configs()) {
    const Block block(config, accel::build_job_descriptor);
    INFO(describe_self(config));
    interp::Interpreter sim(block.module, 1);
    for (const auto* port : {"job_begins", "beat_valid", "check"}) sim.set(port, 0);
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
    using Descriptor = std::array<std::uint32_t, 64>;
    const int beat = config.memory.data_bits / 8, row = output_row_beats(config) * beat;
    Random random(3);
    Descriptor legal{};
    for (int w = 0; w < 32; ++w) legal[static_cast<std::size_t>(w)] = static_cast<std::uint32_t>(random.bits());
    legal[word::kind] = accel::kind_self_attention, legal[word::flags] = 0;
    legal[word::queries] = static_cast<std::uint32_t>(config.network.self_attention);
    for (const int at : {16, 17, 22, 23}) legal[static_cast<std::size_t>(at)] = 0;
    for (const int at : {word::query_address, word::output_address, word::source_address, word::self_value_address}) {
      legal[static_cast<std::size_t>(at)] &= ~63u;
      legal[static_cast<std::size_t>(at) + 1] = 0;
    }
    for (const int at : {word::query_stride, word::output_stride, word::source_stride, word::self_value_stride})
      legal[static_cast<std::size_t>(at)] = static_cast<std::uint32_t>(row + beat * random.in(0, 2));
    legal[word::self_scale] = 40 | 7 << 8;
    const auto run = [&](const Descriptor& d) {
      sim.set("job_begins", 1);
      sim.step();
      sim.set("job_begins", 0);
      const int words = beat / 4;
      for (int w = 0; w < 64; w += words) {
        BitVector data;
        for (int i = 0; i < words; ++i) data.add(d[static_cast<std::size_t>(w + i)], 32);
        sim.set_wide(sim.port("beat"), data.words()), sim.set("beat_valid", 1);
        sim.step();
        sim.set("beat_valid", 0);
      }
      sim.set("check", 1);
      for (int limit = 0; sim.get("checked") == 0; ++limit, sim.step()) REQUIRE(limit < 30);
      const auto verdict = std::pair(static_cast<int>(sim.get("verdict")), static_cast<int>(sim.get("bad_word")));
      sim.step();
      sim.set("check", 0);
      return verdict;
    };
    const auto verdict_of = [&](int at, std::uint32_t value) {
      Descriptor d = legal;
      d[static_cast<std::size_t>(at)] = value;
      return run(d);
    };
    using Verdict = std::pair<int, int>;
    REQUIRE(run(legal) == Verdict(0, 0));
    const auto has = [&](const char* name, std::uint64_t value) {
      CAPTURE(name);
      CHECK(sim.get(std::string("job_") + name) == value);
    };
    has("dense", 1), has("self_active", 1), has("map_given", 0), has("relu", 0), has("queries", legal[word::queries]);
    has("self_score_shift", 40), has("self_gain", 7), has("self_value_stride", legal[word::self_value_stride]);
    has("query_address", legal[word::query_address]), has("source_address", legal[word::source_address]);
    has("self_value_address", legal[word::self_value_address]), has("output_address", legal[word::output_address]);
    has("query_stride", legal[word::query_stride]), has("source_stride", legal[word::source_stride]);
    has("last_step", static_cast<unsigned>(gemm_steps(config, config.attention.embed_dim) - 1));
    has("row_beats", static_cast<unsigned>(row / beat)),
        CHECK(sim.get("loads_output_beats") == static_cast<unsigned>(row / beat));
    CHECK(sim.get("loads_self") == 1);
    CHECK(sim.get("loads_panel_output_beats") == static_cast<unsigned>(row / beat));
    has("network_stream_queries", 1), has("network_position", 0), has("network_norm", 0), has("network_format", 1);
    has("network_query_operand_mult", 2), has("network_query_operand_shift", 1);
    CHECK(verdict_of(word::flags, 1u << accel::flag_relu) == Verdict(1, word::flags));
    CHECK(verdict_of(word::flags, 1u << accel::flag_map_given) == Verdict(1, word::flags));
    CHECK(verdict_of(word::queries, 0) == Verdict(2, word::queries));
    CHECK(verdict_of(word::queries, legal[word::queries] + 1) == Verdict(2, word::queries));
    CHECK(verdict_of(word::queries, 1) == Verdict(0, 0));
    for (const int at : {16, 17}) CHECK(verdict_of(at, 1u << 16) == Verdict(1, word::self_reserved));
    for (const int at : {22, 23}) CHECK(verdict_of(at, 1u << 31) == Verdict(1, word::self_reserved_2));
    for (const unsigned scale : {0u, 41u, 63u, 1u | 64u, 1u | 128u, 1u | 1u << 11, 1u | 1u << 31})
      CHECK(verdict_of(word::self_scale, scale) == Verdict(1, word::self_scale));
    CHECK(verdict_of(word::self_scale, 1) == Verdict(0, 0));
    for (const int at : {word::query_address, word::output_address, word::source_address, word::self_value_address}) {
      CHECK(verdict_of(at, 32) == Verdict(4, at));
      if (config.memory.address_bits < 64)
        CHECK(verdict_of(at + 1, 1u << (config.memory.address_bits - 32)) == Verdict(4, at));
    }
    for (const int at : {word::query_stride, word::output_stride, word::source_stride, word::self_value_stride}) {
      CHECK(verdict_of(at, static_cast<std::uint32_t>(row - beat)) == Verdict(4, at));
      CHECK(verdict_of(at, static_cast<std::uint32_t>(row + 1)) == Verdict(4, at));
      CHECK(verdict_of(at, static_cast<std::uint32_t>(row)) == Verdict(0, 0));
    }
    CHECK(verdict_of(word::network_reserved, 1) == Verdict(1, word::network_reserved));
  }
}

TEST_CASE("self-attention: its memories are those of the estimate and of the README") {
  for (const Config& config : self_configs()) {
    hdl::Design design;
    const accel::Shapes s(config);
    INFO(describe_self(config));
    std::int64_t bits = 0;
    std::map<std::string, std::pair<int, int>> sizes;
    const std::function<void(const hdl::Module&)> collect = [&](const hdl::Module& m) {
      for (const auto& memory : m.memories()) {
        const bool of_self = m.name() == "key_loader" || m.name() == "row_softmax" || memory.name == "parts" ||
                             memory.name.starts_with("exponentials_");
        if (!of_self) continue;
        bits += std::int64_t{memory.depth} * memory.width;
        sizes[memory.name] = {memory.depth, memory.width};
      }
      for (const auto& u : m.instances()) collect(*u.module);
    };
    collect(accel::build_gemm_unit(design, s));
    const auto hardware = estimate::hardware_of(config);
    const auto found =
        std::ranges::find_if(hardware.blocks, [](const auto& b) { return std::string(b.name) == "self_attention"; });
    REQUIRE(found != hardware.blocks.end());
    CHECK(found->memory_bits == bits);
    const auto up = [](int x) { return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(x, 2)))); };
    const int tiles = divide_up(config.network.self_attention, config.gemm.columns), rows = config.gemm.rows;
    CHECK(sizes.at("scores") == std::pair(2 * (rows == 1 ? 1 : up(rows)) * up(tiles), config.gemm.columns * 13));
    CHECK(sizes.at("exponentials_0") == std::pair(2 * up(tiles * key_slices(config)),
                                                  config.gemm.columns / key_slices(config) * s.exponential_bits()));
  }
}
