// What the tests of single blocks share: configurations made from nano, a block of one of them, long bit vectors, and a
// memory that answers reads.
#pragma once
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "model/steps.hpp"
#include "unit/stream_bench.hpp"

namespace quillgen::test {

using Words = std::vector<std::int64_t>;

/// Random numbers that are often at the ends of their range.
class Random {
 public:
  explicit Random(std::uint64_t seed) : random_(seed) {}
  std::uint64_t bits() { return random_(); }
  /// Uniform in low .. high.
  std::int64_t in(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return in(0, 99) < percent; }
  /// A signed number of so many bits, one in eight the lowest or the highest.
  std::int64_t number(int bits) {
    const std::int64_t low = -(std::int64_t{1} << (bits - 1));
    const auto kind = in(0, 15);
    return kind == 0 ? low : kind == 1 ? ~low : in(low, ~low);
  }
  model::Requant requant(int acc_bits, int out_bits, bool with_bias) {
    // The middle of the range of shifts gives results that use the output's width; one in four is far off.
    const auto shift = std::clamp<std::int64_t>(acc_bits + 16 - out_bits + in(-4, 4), 1, 47);
    return {with_bias ? static_cast<std::int32_t>(number(std::min(32, acc_bits))) : 0,
            static_cast<std::uint32_t>(in(0, 65535)), static_cast<std::uint32_t>(chance(25) ? in(1, 47) : shift)};
  }

 private:
  std::mt19937_64 random_;
};

/// A bit vector, first field lowest.
class BitVector {
 public:
  BitVector& add(std::int64_t value, int bits) {
    for (int i = 0; i < bits; ++i, ++size_) {
      if (size_ % 64 == 0) words_.push_back(0);
      words_.back() |= (static_cast<std::uint64_t>(value) >> i & 1) << (size_ % 64);
    }
    return *this;
  }
  BitVector& add(const model::Requant& r, bool with_bias) {
    if (with_bias) add(r.bias, 32);
    return add(r.mult, 16).add(r.shift, 6);
  }
  const std::vector<std::uint64_t>& words() const { return words_; }
  Words transfer() const { return {words_.begin(), words_.end()}; }

 private:
  std::vector<std::uint64_t> words_;
  int size_ = 0;
};

/// Cuts a row, padded with zeros, into `count` words of so many bits.
inline void add_words(std::vector<std::vector<std::uint64_t>>& words, const BitVector& row, int count, int bits) {
  const auto& all = row.words();
  for (int w = 0; w < count; ++w) {
    BitVector word;
    for (int i = w * bits; i < (w + 1) * bits; ++i) {
      const auto at = static_cast<std::size_t>(i) / 64;
      word.add(at < all.size() ? static_cast<std::int64_t>(all[at] >> (i % 64) & 1) : 0, 1);
    }
    words.push_back(word.words());
  }
}

/// Bits low .. low + bits - 1 of a value of several words, sign-extended.
inline std::int64_t signed_field(const std::vector<std::uint64_t>& words, int low, int bits) {
  std::uint64_t value = 0;
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<std::size_t>(low + i);
    value |= (words[at / 64] >> (at % 64) & 1) << i;
  }
  return static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits);
}

/// Configurations that differ in every parameter a block may depend on; legal, and small.
inline std::vector<Config> block_configs() {
  const std::vector<std::vector<std::string>> overrides = {
      {},
      {"attention.embed_dim=4", "attention.heads=1", "attention.levels=1", "attention.points=1", "gemm.rows=1",
       "feature_cache.ways=1", "core.projection_columns=1", "order.window=8", "order.distance_units=2"},
      {"attention.embed_dim=8", "attention.heads=4", "attention.levels=3", "attention.points=3",
       "numerics.preset=mixed", "gemm.rows=3", "gemm.columns=6", "gemm.depth=8", "feature_cache.ways=4",
       "core.projection_columns=4", "memory.data_bits=128", "feature_cache.kilobytes=2", "order.bucket_bits=3"},
      {"attention.embed_dim=12", "attention.heads=2", "attention.levels=1", "attention.points=3",
       "numerics.preset=int12", "gemm.rows=2", "gemm.columns=12", "gemm.depth=8", "feature_cache.ways=2",
       "core.projection_columns=2", "memory.data_bits=256", "feature_cache.kilobytes=2", "attention.max_width=9",
       "attention.max_height=21"},
      {"attention.embed_dim=6", "attention.heads=1", "attention.levels=2", "attention.points=1",
       "numerics.preset=int12", "gemm.rows=5", "gemm.columns=18", "feature_cache.ways=1", "core.projection_columns=4"},
      {"attention.embed_dim=24", "attention.heads=4", "attention.levels=3", "attention.points=2", "gemm.rows=1",
       "gemm.columns=6", "gemm.depth=8", "numerics.preset=mixed", "feature_cache.kilobytes=2", "memory.data_bits=64",
       "order.bucket_bits=1", "order.window=4", "order.distance_units=4", "memory.max_outstanding=4",
       "feature_cache.bypass_distance=3"},
      {"attention.embed_dim=8", "attention.heads=4", "attention.levels=1", "attention.points=3",
       "numerics.preset=mixed", "gemm.rows=2", "gemm.columns=12", "core.head_lanes=2", "core.projection_columns=2",
       "memory.max_outstanding=8", "feature_cache.bypass_distance=1024"},
      {"attention.embed_dim=16", "attention.heads=8", "attention.levels=2", "attention.points=1", "gemm.rows=4",
       "gemm.columns=24", "gemm.depth=8", "core.head_lanes=4", "core.projection_columns=1", "memory.max_outstanding=16",
       "feature_cache.kilobytes=2"},
      {"attention.embed_dim=20", "attention.heads=2", "attention.levels=2", "attention.points=1",
       "numerics.preset=int12", "gemm.rows=8", "gemm.columns=10", "gemm.depth=8", "gemm.max_inner=50",
       "gemm.tree_levels=1", "feature_cache.kilobytes=2"},
      {"attention.embed_dim=16", "attention.heads=2", "attention.levels=3", "attention.points=2", "gemm.columns=8",
       "gemm.depth=8", "feature_cache.line_shape=1x1", "feature_cache.ways=1", "feature_cache.hashing=false",
       "feature_cache.bypass_distance=12", "feature_cache.kilobytes=4", "feature_cache.level_parts=[1,2,1]"},
      {"attention.embed_dim=48", "attention.heads=2", "attention.levels=2", "attention.points=1", "gemm.columns=24",
       "gemm.depth=8", "feature_cache.line_shape=1x1", "feature_cache.ways=8", "feature_cache.kilobytes=8"},
      {"attention.embed_dim=16", "attention.heads=4", "attention.levels=2", "attention.points=2",
       "numerics.preset=int12", "gemm.columns=12", "gemm.depth=8", "core.head_lanes=2", "memory.max_outstanding=8",
       "feature_cache.line_shape=2x1", "feature_cache.ways=2", "feature_cache.bypass_distance=5",
       "feature_cache.kilobytes=4", "feature_cache.level_parts=[2,2]"},
      {"attention.embed_dim=24", "attention.heads=2", "attention.levels=1", "attention.points=4", "gemm.columns=12",
       "gemm.depth=8", "feature_cache.line_shape=2x1", "feature_cache.ways=1", "feature_cache.hashing=false"},
      {"network.epilogue=true", "network.stream_bits=8", "network.activations=all", "attention.embed_dim=24",
       "attention.heads=4", "attention.levels=2", "attention.points=1", "numerics.preset=int8", "gemm.rows=3",
       "gemm.columns=12", "gemm.depth=8", "core.head_lanes=2", "core.projection_columns=4", "feature_cache.kilobytes=4",
       "memory.data_bits=64"},
      {"network.epilogue=true", "network.stream_bits=12", "pruning.count_bits=12", "attention.embed_dim=8",
       "attention.heads=4", "attention.levels=1", "attention.points=3", "numerics.preset=mixed", "gemm.columns=6",
       "gemm.depth=8", "core.projection_columns=1", "feature_cache.kilobytes=2", "memory.data_bits=128"},
      {"network.epilogue=true", "network.stream_bits=16", "attention.embed_dim=48", "attention.heads=2",
       "attention.levels=3", "attention.points=2", "numerics.preset=int12", "gemm.rows=5", "gemm.columns=24",
       "gemm.depth=8", "gemm.max_inner=100", "core.projection_columns=2", "feature_cache.kilobytes=8",
       "memory.data_bits=128"},
      // Operands of a byte, formed from elements of two.
      {"network.epilogue=true", "network.stream_bits=13", "network.activations=silu", "attention.embed_dim=16",
       "attention.heads=4", "attention.levels=1", "attention.points=2", "numerics.preset=int8",
       "numerics.output_bits=10", "gemm.rows=2", "gemm.columns=8", "gemm.depth=4", "core.projection_columns=2",
       "memory.data_bits=64", "order.bucket_bits=2"},
      // Points dropped, moves held in ranges, pixels counted.
      {"pruning.points=true", "pruning.max_range=8", "pruning.count_bits=16", "core.points_per_cycle=4",
       "attention.embed_dim=16", "attention.heads=2", "attention.levels=3", "attention.points=4",
       "numerics.preset=mixed", "gemm.rows=3", "gemm.columns=24", "gemm.depth=8", "core.projection_columns=4",
       "feature_cache.kilobytes=2"},
      {"pruning.points=true", "pruning.count_bits=8", "core.points_per_cycle=2", "core.queued_heads=1",
       "attention.embed_dim=16", "attention.heads=4", "attention.levels=2", "attention.points=6", "gemm.columns=24",
       "gemm.depth=8", "core.head_lanes=2", "memory.max_outstanding=8", "feature_cache.kilobytes=2"},
      {"pruning.points=true", "pruning.max_range=1024", "attention.embed_dim=4", "attention.heads=1",
       "attention.levels=1", "attention.points=1", "gemm.rows=1", "feature_cache.ways=1", "core.projection_columns=1"},
      // Levels with different numbers of points, and points of several references.
      {"attention.embed_dim=16", "attention.heads=2", "attention.levels=3", "attention.points=6",
       "attention.level_points=[3,6,1]", "numerics.preset=mixed", "gemm.rows=2", "gemm.columns=24", "gemm.depth=8",
       "attention.anchors=4", "order.bucket_bits=2", "feature_cache.kilobytes=2"},
      {"attention.embed_dim=16", "attention.heads=4", "attention.levels=2", "attention.points=4",
       "attention.level_points=[2,4]", "pruning.points=true", "core.points_per_cycle=2", "gemm.columns=24",
       "gemm.depth=8", "core.head_lanes=2", "memory.max_outstanding=8", "feature_cache.kilobytes=2"},
      {"attention.embed_dim=8", "attention.heads=2", "attention.levels=1", "attention.points=3", "attention.anchors=3",
       "pruning.points=true", "gemm.columns=12", "order.window=4", "order.distance_units=2", "memory.data_bits=64",
       "feature_cache.kilobytes=2"},
      // More read IDs than four bits hold.
      {"attention.embed_dim=32", "attention.heads=16", "attention.levels=1", "attention.points=2", "gemm.rows=2",
       "gemm.columns=32", "gemm.depth=2", "core.head_lanes=16", "memory.max_outstanding=64",
       "feature_cache.kilobytes=4"}};
  std::vector<Config> configs;
  for (const auto& list : overrides) configs.push_back(load_preset("nano", list));
  return configs;
}

inline std::string describe(const Config& c) {
  return fmt::format(
      "C {} M {} L {} K {}, rows {} columns {} depth {}, {} lanes, line shape {}, ways {}{}, {} bits of data, {} of "
      "the "
      "query{}{}",
      c.attention.embed_dim, c.attention.heads, c.attention.levels, c.attention.points, c.gemm.rows, c.gemm.columns,
      c.gemm.depth, c.core.lanes(), c.feature_cache.line_shape, c.feature_cache.ways,
      c.feature_cache.replacement == replace_by_use ? " by use" : "", c.memory.data_bits, c.numerics.query_bits,
      c.network.epilogue != 0 ? fmt::format(", epilogue with a stream of {} bits", c.network.stream_bits) : "",
      c.pruning.any() ? fmt::format(", ranges up to {}, {} points a cycle, counts of {} bits", c.pruning.max_range,
                                    c.core.points_per_cycle, c.pruning.count_bits)
                      : "");
}

/// Sets an input port for one cycle.
inline void pulse(StreamBench& bench, const std::string& port) {
  bench.interpreter().set(port, 1);
  bench.run_cycles(1);
  bench.interpreter().set(port, 0);
}

/// One block of a design of its own.
struct Block {
  template <class Build>
  Block(const Config& config, Build&& build) : s(config), module(build(design, s)) {}
  hdl::Design design;
  accel::Shapes s;
  const hdl::Module& module;
};

/// Runs `test(config, options)` for these configurations and stalls of 0, 30 and 60 %.
inline void for_all(const char* block, const std::vector<Config>& configs,
                    const std::function<void(const Config&, StreamBench::Options)>& test) {
  std::uint64_t seed = 1;
  for (const Config& config : configs)
    for (const int stall : {0, 30, 60}) {
      INFO(fmt::format("{}: {}; seed {}, stalls {} %", block, describe(config), seed, stall));
      test(config, {.seed = seed, .stall_percent = stall});
      ++seed;
    }
  MESSAGE(
      fmt::format("{}: {} configurations, stalls of 0, 30 and 60 %, seeds 1 to {}", block, configs.size(), seed - 1));
}

/// For block_configs().
inline void for_all(const char* block, const std::function<void(const Config&, StreamBench::Options)>& test) {
  for_all(block, block_configs(), test);
}

/// Writes a word of a table through the ports name_enable, _bank, _address and _data.
inline void write_table(StreamBench& bench, const std::string& name, std::int64_t bank, std::int64_t address,
                        const BitVector& data) {
  auto& sim = bench.interpreter();
  sim.set(name + "_enable", 1);
  if (sim.top().port_index(name + "_bank") >= 0) sim.set(name + "_bank", static_cast<std::uint64_t>(bank));
  sim.set(name + "_address", static_cast<std::uint64_t>(address));
  sim.set_wide(sim.port(name + "_data"), data.words());
  bench.run_cycles(1);
  sim.set(name + "_enable", 0);
}

/// Runs until `count` transfers of an output stream have come, and a little on: no more may come. For blocks with
/// another output, such as requests, whose number is not known before.
inline void collect(StreamBench& bench, const std::string& stream, std::size_t count) {
  for (int limit = 0; bench.received(stream).size() < count; ++limit) {
    INFO(bench.state());
    REQUIRE(limit < 100000);
    bench.run_cycles(1);
  }
  bench.run_cycles(40);
  REQUIRE(bench.received(stream).size() == count);
}

/// The byte that is stored at an address.
inline std::uint8_t stored_byte(std::uint64_t address, std::uint64_t salt = 0) {
  const std::uint64_t mixed = (address + 1 + salt * 0x1000003) * 0x9E3779B97F4A7C15u;
  return static_cast<std::uint8_t>(mixed >> 40 ^ mixed >> 56);
}
/// An element in memory, cut to its bits.
inline std::int64_t stored_element(std::uint64_t address, int bits, std::uint64_t salt = 0) {
  const std::uint64_t low = stored_byte(address, salt), high = stored_byte(address + 1, salt);
  return static_cast<std::int64_t>((low | high << 8) << (64 - bits)) >> (64 - bits);
}

/// A memory behind a burst stream and the ports `data` and data_valid, or `valid`: answers in order, with random
/// delays.
class ReadMemory {
 public:
  struct Burst {
    std::uint64_t address;
    int beats;
  };
  ReadMemory(StreamBench& bench, const std::string& stream, int data_bits, StreamBench::Options options,
             const std::string& data = "data", const std::string& valid = "")
      : sim_(bench.interpreter()),
        stream_(stream),
        data_(data),
        valid_(valid.empty() ? data + "_valid" : valid),
        bytes_(data_bits / 8),
        random_(options.seed + 77),
        stall_(options.stall_percent) {}

  /// To be called in every cycle. Returns whether it answers; if another one does on the same port, it does not.
  bool cycle(bool other_answers = false) {
    auto& sim = sim_;
    const bool answer = !other_answers && !beats_.empty() && !random_.chance(stall_);
    std::vector<std::uint64_t> data;
    for (int i = 0; i < bytes_; i += 8) {
      std::uint64_t word = answer ? 0 : random_.bits();
      for (int b = 0; answer && b < 8; ++b)
        word |= std::uint64_t{stored_byte(beats_.front() + static_cast<std::uint64_t>(i + b), salt)} << (8 * b);
      data.push_back(word);
    }
    if (!other_answers) sim.set_wide(sim.port(data_), data);
    sim.set(valid_, answer);
    if (answer) beats_.pop_front(), ++sent;
    if (sim.get(stream_ + "_valid") == 0 || sim.get(stream_ + "_ready") == 0) return answer;
    const Burst burst{sim.get(stream_ + "_address"), static_cast<int>(sim.get(stream_ + "_length")) + 1};
    for (int i = 0; i < burst.beats; ++i) beats_.push_back(burst.address + static_cast<std::uint64_t>(i * bytes_));
    CHECK(burst.beats <= 16);
    CHECK(burst.address % static_cast<std::uint64_t>(bytes_) == 0);
    CHECK(burst.address / 4096 == (burst.address + static_cast<std::uint64_t>(burst.beats * bytes_) - 1) / 4096);
    bursts.push_back(burst);
    asked += burst.beats;
    return answer;
  }
  std::vector<Burst> bursts;
  std::int64_t asked = 0, sent = 0;  ///< beats
  std::uint64_t salt = 0;

 private:
  interp::Interpreter& sim_;
  std::string stream_, data_, valid_;
  int bytes_;
  Random random_;
  int stall_;
  std::deque<std::uint64_t> beats_;
};

}  // namespace quillgen::test
