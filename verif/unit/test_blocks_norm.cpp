// The epilogue of a row: residual addition and LayerNorm.
#include "accel/epilogue/row_norm.hpp"
#include "model/norm.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// Rows of 1 to 64 words of 4 to 64 elements, all widths of the stream.
std::vector<Config> norm_configs() {
  const std::vector<std::vector<std::string>> overrides = {
      {"attention.embed_dim=16", "attention.heads=2", "gemm.columns=8", "memory.data_bits=64",
       "network.stream_bits=16"},
      {"attention.embed_dim=4", "attention.heads=1", "gemm.columns=8", "memory.data_bits=64", "network.stream_bits=16",
       "core.projection_columns=1"},
      {"attention.embed_dim=64", "attention.heads=4", "gemm.columns=16", "memory.data_bits=128",
       "network.stream_bits=12", "gemm.tree_levels=1"},
      {"attention.embed_dim=64", "attention.heads=4", "gemm.columns=16", "memory.data_bits=512",
       "network.stream_bits=8", "numerics.preset=int8", "feature_cache.kilobytes=8", "gemm.tree_levels=6"},
      {"attention.embed_dim=48", "attention.heads=2", "gemm.columns=24", "memory.data_bits=128",
       "network.stream_bits=16", "feature_cache.kilobytes=8"},
      {"attention.embed_dim=256", "attention.heads=16", "gemm.columns=16", "memory.data_bits=64",
       "network.stream_bits=8", "numerics.preset=int8", "feature_cache.kilobytes=8"},
      {"attention.embed_dim=256", "attention.heads=16", "gemm.columns=16", "memory.data_bits=512",
       "network.stream_bits=16", "feature_cache.kilobytes=16"},
      {"attention.embed_dim=256", "attention.heads=16", "gemm.columns=16", "memory.data_bits=64",
       "network.stream_bits=9", "feature_cache.kilobytes=8"},
      {"attention.embed_dim=104", "attention.heads=4", "gemm.columns=26", "memory.data_bits=64",
       "network.stream_bits=14", "feature_cache.kilobytes=8"},
      {"attention.embed_dim=1024", "attention.heads=16", "gemm.columns=64", "memory.data_bits=512",
       "network.stream_bits=16", "feature_cache.kilobytes=64"}};
  std::vector<Config> configs;
  for (auto list : overrides) {
    list.emplace_back("network.epilogue=true");
    configs.push_back(load_preset("nano", list));
  }
  return configs;
}

std::string describe_norm(const accel::Shapes& s) {
  return fmt::format("C {}, {} elements a word, stream of {} bits, tree of {} levels a stage",
                     s.config.attention.embed_dim, s.row_unit(), s.stream_bits(), s.config.gemm.tree_levels);
}

using Numbers = std::vector<std::int32_t>;

/// A row whose numbers lie anywhere, at the ends of their range, at one place, or near each other.
Numbers random_row(int channels, int bits, int kind, Random& random) {
  const std::int64_t low = -(std::int64_t{1} << (bits - 1)), middle = random.in(low / 2, -low / 2);
  Numbers row;
  for (int c = 0; c < channels; ++c) {
    std::int64_t number = random.number(bits);
    switch (kind) {
      case 0:
        number = low;
        break;
      case 1:
        number = ~low;
        break;
      case 2:
        number = middle;
        break;
      case 3:
        number = c % 2 == 0 ? low : ~low;
        break;
      case 4:
        number = c == channels / 2 ? ~low : low;
        break;
      case 5:
        number = middle + random.in(-3, 3);
        break;
      default:
        break;
    }
    row.push_back(static_cast<std::int32_t>(number));
  }
  return row;
}

/// A LayerNorm whose results use the width of the stream, or nearly, in three of four cases.
model::Norm random_norm(const accel::Shapes& s, Random& random) {
  model::Norm norm;
  norm.shift = static_cast<int>(random.chance(25) ? random.in(1, 31) : random.in(24, 30) - (s.stream_bits() - 4));
  const auto kind = random.in(0, 5);
  norm.epsilon = kind == 0 ? 1 : kind == 1 ? std::int64_t{1} << 50 : std::int64_t{1} << random.in(0, 50);
  if (kind > 2) norm.epsilon -= random.in(0, norm.epsilon - 1);
  const int beta_bits = random.chance(25) ? 32 : std::min(32, s.stream_bits() + norm.shift);
  for (int c = 0; c < s.config.attention.embed_dim; ++c) {
    norm.gamma.push_back(static_cast<std::int32_t>(random.number(16)));
    norm.beta.push_back(static_cast<std::int32_t>(random.number(beta_bits)));
  }
  return norm;
}

void load_norm(StreamBench& bench, const accel::Shapes& s, const model::Norm& norm) {
  bench.interpreter().set("epsilon", static_cast<std::uint64_t>(norm.epsilon));
  bench.interpreter().set("gain_shift", static_cast<std::uint64_t>(norm.shift));
  const auto unit = static_cast<std::size_t>(s.row_unit());
  for (std::size_t w = 0; w < norm.gamma.size() / unit; ++w) {
    BitVector word;
    for (std::size_t c = w * unit; c < (w + 1) * unit; ++c) word.add(norm.gamma[c], 16).add(norm.beta[c], 32);
    write_table(bench, "table", 0, static_cast<std::int64_t>(w), word);
  }
}

/// Words of `unit` elements of the rows in `numbers`.
std::vector<BitVector> words_of(const Numbers& numbers, int unit, int bits) {
  std::vector<BitVector> words;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % static_cast<std::size_t>(unit) == 0) words.emplace_back();
    words.back().add(numbers[i], bits);
  }
  return words;
}

/// Runs rows through the block, and compares them with the model. Returns the cycles.
std::uint64_t run_rows(StreamBench& bench, const accel::Shapes& s, const model::Norm& norm, int rows, Random& random) {
  const int channels = s.config.attention.embed_dim, unit = s.row_unit(), bits = s.stream_bits();
  Numbers stream, branch;
  for (int r = 0; r < rows; ++r) {
    const int kind = static_cast<int>(random.in(0, 9));
    const auto x = random_row(channels, bits, kind, random);
    const auto y = random_row(channels, bits + 2, random.chance(50) ? kind : static_cast<int>(random.in(0, 9)), random);
    stream.insert(stream.end(), x.begin(), x.end());
    branch.insert(branch.end(), y.begin(), y.end());
  }
  for (const auto& word : words_of(stream, unit, bits)) bench.push("residual", word.transfer());
  for (const auto& word : words_of(branch, unit, bits + 2)) bench.push("branch", word.transfer());
  const auto wanted = words_of(model::add_and_norm(stream, branch, norm, bits), unit, bits);
  bench.forget("normed");
  bench.expect("normed", wanted.size());
  const auto cycles = bench.run();
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    INFO(fmt::format("word {} of rows of {}", w, channels / unit));
    REQUIRE(bench.received("normed")[w] == wanted[w].words());
  }
  return cycles;
}

}  // namespace

TEST_CASE("row_scale: N14, variances of every number of bits") {
  for (const Config& config : norm_configs())
    for (const int stall : {0, 50}) {
      const Block block(config, accel::build_row_scale);
      const int channels = config.attention.embed_dim;
      INFO(describe_norm(block.s), ", stalls ", stall);
      StreamBench bench(block.module, {.seed = 7, .stall_percent = stall, .trailing_cycles = 0});
      Random random(static_cast<std::uint64_t>(channels));
      // A sum of 0 leaves C * Q + e, each within its port.
      const accel::RowSums shape(block.s);
      const std::int64_t most = std::int64_t{1} << 50, all_squares = (std::int64_t{1} << shape.squares.width()) - 1;
      int longest = 0;
      for (int bits = 1; bits <= 55; ++bits)
        for (int i = 0; i < 6; ++i) {
          const std::int64_t low = std::int64_t{1} << (bits - 1);
          const std::int64_t v = i == 0 ? low : i == 1 ? 2 * low - 1 : random.in(low, 2 * low - 1);
          std::int64_t squares = std::min((v - 1) / channels, all_squares);
          if (i % 2 == 1)
            squares = std::max<std::int64_t>(0, squares - random.in(0, std::min(squares, most / channels - 1)));
          std::int64_t sum = 0;
          std::int64_t epsilon = v - channels * squares;
          if (epsilon > most) continue;
          if (i >= 3) {  // and one that is not 0 takes its square from them
            const auto highest = (std::int64_t{1} << (shape.sum.width() - 1)) - 1;
            sum = random.in(-highest - 1, highest);
            while (sum * sum > (most - epsilon) / 2) sum /= 2;
            epsilon += sum * sum;
          }
          longest = bits;
          const auto wanted = model::reciprocal_root(v);
          bench.interpreter().set("epsilon", static_cast<std::uint64_t>(epsilon));
          const auto slot = random.in(0, 3);
          bench.push("sums", {sum, squares, slot});
          bench.forget("scale");
          bench.expect("scale", 1);
          bench.run();
          INFO("V ", v);
          const std::vector<std::uint64_t> scale = {
              static_cast<std::uint64_t>(sum) & hdl::mask(shape.sum.width()), static_cast<std::uint64_t>(wanted.root),
              static_cast<std::uint64_t>(17 + wanted.half), static_cast<std::uint64_t>(slot)};
          REQUIRE(bench.received("scale").front() == scale);
        }
      CHECK(longest >= 50);
      if (channels == 1024) CHECK(longest == 55);
      // The wait for a scale is what rows of few words are held up by.
      if (stall > 0) continue;
      bench.forget("scale");
      for (int i = 0; i < 20; ++i) bench.push("sums", {0, 1, 0});
      bench.expect("scale", 20);
      CHECK(bench.run() <= 20 * 25 + 1);
    }
}

TEST_CASE("row_norm: N13, N14") {
  std::uint64_t seed = 1;
  for (const Config& config : norm_configs())
    for (const int stall : {0, 30, 60}) {
      const Block block(config, accel::build_row_norm);
      INFO(fmt::format("{}; seed {}, stalls {} %", describe_norm(block.s), seed, stall));
      StreamBench bench(block.module, {.seed = seed, .stall_percent = stall});
      bench.interpreter().set("table_enable", 0);
      Random random(seed);
      for (int job = 0; job < 6; ++job) {
        // What stalls: everything, results alone, or one of the inputs alone.
        bench.stall("branch", job % 4 == 1 || job % 4 == 2 ? 0 : stall);
        bench.stall("residual", job % 4 == 1 || job % 4 == 3 ? 0 : stall);
        bench.stall("normed", job % 4 >= 2 ? 0 : job % 4 == 1 ? (stall + 100) / 2 : stall);
        const auto norm = random_norm(block.s, random);
        load_norm(bench, block.s, norm);
        run_rows(bench, block.s, norm, config.attention.embed_dim > 256 ? 10 : 24, random);
      }
      ++seed;
    }
}

TEST_CASE("row_norm: a word a cycle, or a row in the time of its scale") {
  std::string measured;
  for (const Config& config : norm_configs()) {
    const Block block(config, accel::build_row_norm);
    INFO(describe_norm(block.s));
    StreamBench bench(block.module, {.seed = 3});
    bench.interpreter().set("table_enable", 0);
    Random random(3);
    const auto norm = random_norm(block.s, random);
    load_norm(bench, block.s, norm);
    const int words = config.attention.embed_dim / block.s.row_unit();
    // Before, short rows that come about as fast as their scales, so that slots are taken and freed in the same cycle,
    // too: a slot that is lost then is missed now.
    if (words <= 4) {
      bench.stall("residual", 96);
      run_rows(bench, block.s, norm, 300, random);
      bench.stall("residual", 0);
    }
    constexpr int rows = 40;
    const auto cycles = run_rows(bench, block.s, norm, rows, random);
    // The last row waits for its scale, and goes out.
    const auto latency = static_cast<std::uint64_t>(words + 55);
    CHECK(cycles <= static_cast<std::uint64_t>(rows * std::max(words, 25)) + latency);
    measured += fmt::format("{}{} of {}", measured.empty() ? "" : ", ", cycles, words);
  }
  MESSAGE(fmt::format("row_norm: cycles of 40 rows, by the words of a row: {}", measured));
}
