// Blocks of lanes that share the levels: what is done for all of them side by side, each alone on the interpreter.
#include <map>
#include <tuple>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

std::vector<Config> level_configs() {
  const std::vector<std::vector<std::string>> overrides = {
      {"attention.embed_dim=16", "attention.heads=2", "attention.levels=4", "attention.points=2", "gemm.columns=8",
       "core.level_lanes=4", "memory.max_outstanding=16", "feature_cache.kilobytes=4"},
      {"attention.embed_dim=16", "attention.heads=4", "attention.levels=2", "attention.points=4", "gemm.columns=32",
       "gemm.rows=3", "core.head_lanes=2", "core.level_lanes=2", "core.points_per_cycle=4", "pruning.points=true",
       "memory.max_outstanding=16", "feature_cache.kilobytes=4"},
      {"attention.embed_dim=12", "attention.heads=2", "attention.levels=6", "attention.points=3", "gemm.columns=12",
       "numerics.preset=mixed", "core.level_lanes=2", "pruning.points=true", "gemm.rows=2", "memory.max_outstanding=8",
       "feature_cache.kilobytes=4"},
      {"attention.embed_dim=8", "attention.heads=1", "attention.levels=8", "attention.points=1", "gemm.columns=16",
       "numerics.preset=int12", "core.level_lanes=8", "memory.max_outstanding=32", "feature_cache.kilobytes=16"}};
  std::vector<Config> configs;
  for (const auto& list : overrides) configs.push_back(load_preset("nano", list));
  return configs;
}

void for_all_levels(const std::function<void(const Config&, StreamBench::Options)>& test) {
  std::uint64_t seed = 1;
  for (const Config& config : level_configs())
    for (const int stall : {0, 30, 60}) {
      INFO(fmt::format("{}; {} level lanes, seed {}, stalls {} %", describe(config), config.core.level_lanes, seed,
                       stall));
      test(config, {.seed = seed, .stall_percent = stall});
      ++seed;
    }
}

/// A block of a lane, or of what its column has in the format of a lane.
struct LaneBlock {
  template <class Build>
  LaneBlock(const Config& config, Build&& build) : s(accel::Shapes(config).lane()), module(build(design, s)) {}
  hdl::Design design;
  accel::Shapes s;
  const hdl::Module& module;
};

/// The samples of a head that come together in vector `v`, in the order of their ports.
std::vector<std::size_t> samples_of_vector(const Config& c, int v) {
  std::vector<std::size_t> samples;
  for (int lane = 0; lane < c.core.level_lanes; ++lane)
    for (int i = 0; i < c.core.points_per_cycle; ++i)
      samples.push_back(
          static_cast<std::size_t>(lane * lane_levels(c) * c.attention.points + v * c.core.points_per_cycle + i));
  return samples;
}

int vectors_of_head(const Config& c) {
  return c.attention.samples_per_head() / c.core.level_lanes / c.core.points_per_cycle;
}

}  // namespace

TEST_CASE("softmax of level lanes") {
  for_all_levels([](const Config& config, StreamBench::Options options) {
    const LaneBlock block(config, accel::build_softmax);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto table = model::exp2_table(n);
    const int vectors = vectors_of_head(config);
    std::vector<Words> wanted;
    for (int head = 0; head < 80; ++head) {
      std::vector<std::int32_t> logits, weights(static_cast<std::size_t>(config.attention.samples_per_head()));
      const int spread = static_cast<int>(random.in(2, n.logit_bits()));
      for (std::size_t i = 0; i < weights.size(); ++i)
        logits.push_back(static_cast<std::int32_t>(random.number(spread)));
      model::softmax_row(logits, table, n, weights);
      for (int v = 0; v < vectors; ++v) {
        Words in, out;
        for (const auto i : samples_of_vector(config, v)) in.push_back(logits[i]), out.push_back(weights[i]);
        const Words tag = {random.in(0, block.s.slots() - 1),
                           random.in(0, (1 << block.s.sample_bits()) - 1),
                           random.in(0, block.s.a.heads - 1),
                           random.in(0, block.s.a.levels - 1),
                           v + 1 == vectors,
                           random.in(0, 1),
                           random.in(0, 1)};
        in.insert(in.end(), tag.begin(), tag.end()), out.insert(out.end(), tag.begin(), tag.end());
        bench.push("logit", in), wanted.push_back(out);
      }
    }
    bench.expect("attention", wanted.size());
    const auto cycles = bench.run();
    const auto& got = bench.received("attention");
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(Words(got[i].begin(), got[i].end()) == wanted[i]);
    // A vector a cycle when nothing stalls.
    if (options.stall_percent == 0) CHECK(cycles < wanted.size() + 64);
  });
}

TEST_CASE("point_source of level lanes") {
  for_all_levels([](const Config& config, StreamBench::Options options) {
    const LaneBlock block(config, accel::build_point_source);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    sim.set("logit_write_enable", 0);
    Random random(options.seed);
    const auto& s = block.s;
    const int lanes = config.core.level_lanes, of_lane = s.a.samples_per_query();
    std::map<std::tuple<int, int, int>, std::int64_t> logits;  // lane, slot, place
    for (int slot = 0; slot < s.slots(); ++slot)
      for (int word = 0; word < s.logit_words(); ++word) {
        sim.set("logit_write_enable", 1);
        sim.set("logit_write_address", static_cast<std::uint64_t>(slot << s.logit_word_bits() | word));
        for (int lane = 0; lane < lanes; ++lane) {
          BitVector together;
          for (int i = 0; i < lane_logits(config); ++i) {
            const auto logit = random.number(config.numerics.logit_bits());
            logits[{lane, slot, word * lane_logits(config) + i}] = logit;
            together.add(logit, config.numerics.logit_bits());
          }
          sim.set_wide(sim.port(fmt::format("logit_write_data_{}", lane)), together.words());
        }
        bench.run_cycles(1);
        sim.set("logit_write_enable", 0);
      }
    std::vector<Words> wanted;
    const int row_slots = 1 << s.row_bits(), at_once = s.points_at_once();
    for (int group = 0; group < 10; ++group) {
      const int rows = static_cast<int>(random.in(1, s.rows()));
      bench.push("rows", {rows});
      for (int row = 0; row < rows; ++row)
        for (int sample = 0; sample < of_lane; sample += at_once) {
          const int slot = group % accel::group_buffers * row_slots + row, next = sample + at_once;
          const bool last_of_head = next % s.a.samples_per_head() == 0, last_of_query = next == of_lane;
          Words vector;
          for (int lane = 0; lane < lanes; ++lane)
            for (int i = sample; i < next; ++i) vector.push_back(logits[{lane, slot, i}]);
          for (const std::int64_t part :
               Words{slot, s.sample_place(sample), sample / s.a.samples_per_head(), sample / s.a.points % s.a.levels,
                     last_of_head, last_of_query, last_of_query && row + 1 == rows})
            vector.push_back(part);
          wanted.push_back(vector);
        }
    }
    bench.expect("logit", wanted.size());
    bench.run();
    const auto got = bench.received("logit");
    const auto got_signed = bench.received_signed("logit");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Words result(got[i].begin(), got[i].end());
      for (std::size_t n = 0; n < static_cast<std::size_t>(lanes * at_once); ++n) result[n] = got_signed[i][n];
      REQUIRE(result == wanted[i]);
    }
  });
}

TEST_CASE("head_join of level lanes") {
  for_all_levels([](const Config& config, StreamBench::Options options) {
    const LaneBlock block(config, accel::build_head_join);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& s = block.s;
    const int lanes = config.core.level_lanes;
    std::vector<Words> wanted;
    std::int64_t queries = 0, ended = 0;
    for (int head = 0; head < 300; ++head) {
      const bool last = random.chance(30);
      queries += last;
      std::vector<std::int64_t> total(static_cast<std::size_t>(s.a.head_dim()));
      for (int lane = 0; lane < lanes; ++lane) {
        const bool empty = s.has_pruned_points() && random.chance(40);
        BitVector sums;
        for (auto& channel : total) {
          // The whole fits, so its parts are that much smaller.
          const auto part = random.number(s.head_acc_bits() - 3);
          sums.add(part, s.head_acc_bits());
          if (!empty) channel += part;
        }
        if (s.has_pruned_points()) bench.push(fmt::format("mark_{}", lane), {empty, last});
        if (empty) continue;
        auto in = sums.transfer();
        in.push_back(last);
        bench.push(fmt::format("sums_{}", lane), in);
      }
      BitVector sums;
      for (const auto channel : total) sums.add(channel, s.head_acc_bits());
      auto words = sums.transfer();
      words.push_back(last);
      wanted.push_back(words);
    }
    bench.on_cycle([&](auto& now) { ended += static_cast<std::int64_t>(now.get("ends_query")); });
    bench.expect("head", wanted.size());
    const auto cycles = bench.run();
    const auto got = bench.received("head");
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(Words(got[i].begin(), got[i].end()) == wanted[i]);
    CHECK(ended == queries);
    if (options.stall_percent == 0) CHECK(cycles < wanted.size() + 10);
  });
}
