// The epilogue of a row: residual addition and LayerNorm.
#include "accel/epilogue/row_norm.hpp"
#include "unit/norm_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

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
        load_norm(bench, block.s, norm, "gain_shift");
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
    load_norm(bench, block.s, norm, "gain_shift");
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
