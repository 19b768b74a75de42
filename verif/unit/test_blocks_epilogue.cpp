// The blocks around rows of the stream: operands that are formed from them, and rows of results with their epilogue.
#include "accel/array/gemm.hpp"
#include "accel/epilogue/epilogue.hpp"
#include "model/stream.hpp"
#include "unit/norm_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// Those of a norm, and of the other blocks.
std::vector<Config> epilogue_configs() {
  auto configs = norm_configs();
  std::erase_if(configs, [](const Config& c) { return c.attention.embed_dim > 256; });
  for (const Config& c : block_configs())
    if (c.network.epilogue != 0) configs.push_back(c);
  return configs;
}

Numbers random_numbers(std::size_t count, int bits, Random& random) {
  Numbers numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(static_cast<std::int32_t>(random.number(bits)));
  return numbers;
}

/// Rows of results on their way through row_epilogue, run after run, with the memory of the residual rows.
class Rows {
 public:
  Rows(const Config& config, StreamBench::Options options)
      : block_(config, accel::build_row_epilogue),
        s_(block_.s),
        bench_(block_.module, options),
        random_(options.seed),
        memory_(bench_, "burst", config.memory.data_bits, options) {
    auto& sim = bench_.interpreter();
    for (const char* port : {"start", "norm", "boxes", "in_order", "table_enable"}) sim.set(port, 0);
    bench_.on_cycle([&](auto&) { memory_.cycle(); });
  }

  void run(bool norm, bool dense, int rows) {
    const int beat = s_.data_bytes(), unit = s_.row_unit(), of_norm = s_.stream_row_beats();
    const int beats = norm ? of_norm : static_cast<int>(random_.in(1, 2 * of_norm));
    const auto stride = static_cast<std::uint64_t>((beats + static_cast<int>(random_.in(0, 3))) * beat);
    const auto base = address(), residual = random_.chance(30) ? base : address();
    announce(norm, dense, rows, base, residual, stride);
    std::vector<std::uint64_t> places;
    for (int r = 0; r < rows; ++r) {
      const auto row = dense ? r : random_.in(0, s_.a.max_queries - 1);
      places.push_back(base + static_cast<std::uint64_t>(row) * stride);
      // Of a dense job with a norm the rows follow each other, and nobody says where.
      if (!(norm && dense)) bench_.push("row", {static_cast<std::int64_t>(places.back()), beats});
    }
    const auto count = static_cast<std::size_t>(rows * beats * unit);
    const int word = s_.result_element_bits();
    const auto results = random_numbers(
        count, norm ? s_.branch_bits() : std::max({s_.n.output_bits, s_.n.query_bits, s_.stream_bits()}), random_);
    for (const auto& w : words_of(results, unit, word)) bench_.push("word", w.transfer());
    Numbers wanted = results;
    if (norm) {
      Numbers stream;
      for (const auto place : places)
        for (int c = 0; c < s_.a.embed_dim; ++c)
          stream.push_back(static_cast<std::int32_t>(
              stored_element(place + residual - base + static_cast<std::uint64_t>(c * beat / unit), s_.stream_bits())));
      wanted = model::add_and_norm(stream, results, norm_, s_.stream_bits());
    }
    pulse(bench_, "start");
    collect(bench_, "beat", static_cast<std::size_t>(rows * beats));
    REQUIRE(bench_.received("request").size() == places.size());
    for (std::size_t r = 0; r < places.size(); ++r)
      REQUIRE(bench_.received("request")[r] == std::vector{places[r], static_cast<std::uint64_t>(beats)});
    const auto expected = words_of(wanted, unit, s_.row_element_bits());
    for (std::size_t b = 0; b < expected.size(); ++b) REQUIRE(bench_.received("beat")[b] == expected[b].words());
    // Each residual row is read once.
    CHECK(memory_.asked == (norm ? rows * beats : 0));
    CHECK(memory_.sent == memory_.asked);
  }

 private:
  std::uint64_t address() { return static_cast<std::uint64_t>(random_.in(1, 1 << 20)) * 64; }
  /// What the run is told: it is there before the start, and nothing may come of it yet.
  void announce(bool norm, bool dense, int rows, std::uint64_t base, std::uint64_t residual, std::uint64_t stride) {
    auto& sim = bench_.interpreter();
    bench_.forget("request"), bench_.forget("beat");
    memory_.asked = memory_.sent = 0;
    norm_ = random_norm(s_, random_);
    load_norm(bench_, s_, norm_, "norm_shift");
    sim.set("norm", norm), sim.set("in_order", dense), sim.set("boxes", 0);
    // Of an attention job the rows that are asked for come with the queries.
    sim.set("rows", static_cast<unsigned>(rows)), sim.set("stride", stride);
    sim.set("address", base), sim.set("residual", residual);
    bench_.run_cycles(20);
    CHECK(memory_.asked == 0);
    CHECK(bench_.received("request").empty());
    CHECK(bench_.received("beat").empty());
  }

  Block block_;
  const accel::Shapes& s_;
  StreamBench bench_;
  Random random_;
  ReadMemory memory_;
  model::Norm norm_;
};

}  // namespace

TEST_CASE("operand_former: N12, with positions and without, operands of queries and of tokens") {
  std::uint64_t seed = 1;
  for (const Config& config : epilogue_configs())
    for (const int stall : {0, 30, 60}) {
      const Block block(config, accel::build_operand_former);
      const auto& s = block.s;
      INFO(fmt::format("{}; seed {}, stalls {} %", describe_norm(s), seed, stall));
      StreamBench bench(block.module, {.seed = seed, .stall_percent = stall});
      Random random(seed);
      auto& sim = bench.interpreter();
      const int unit = s.row_unit(), room = s.row_element_bits();
      Numbers early;  // positions that are there before a run needs them: the others leave them
      for (int run = 0; run < 8; ++run) {
        const bool tokens = run % 2 != 0, with_position = run / 2 % 2 != 0;
        const int bits = tokens ? s.n.feature_bits : s.n.query_bits;
        const auto scale = random.requant(s.stream_bits() + 1, bits, false);
        sim.set("of_tokens", tokens), sim.set("with_position", with_position);
        sim.set("scale_mult", scale.mult), sim.set("scale_shift", scale.shift);
        const auto beats = static_cast<std::size_t>(random.in(1, 60));
        const auto rows = random_numbers(beats * static_cast<std::size_t>(unit), s.stream_bits(), random);
        auto positions = with_position ? random_numbers(rows.size(), s.stream_bits(), random) : Numbers();
        if (with_position && !early.empty()) std::copy(early.begin(), early.end(), positions.begin());
        for (const auto& beat : words_of(rows, unit, room)) bench.push("row", beat.transfer());
        const auto offered = words_of(positions, unit, room);
        for (std::size_t b = early.empty() ? 0 : 1; b < offered.size(); ++b)
          bench.push("position", offered[b].transfer());
        if (with_position) early.clear();
        if (!with_position && early.empty()) {
          early = random_numbers(static_cast<std::size_t>(unit), s.stream_bits(), random);
          bench.push("position", words_of(early, unit, room).front().transfer());
        }
        // Operands are sign-extended to those with more bits.
        const auto wanted = words_of(model::form_operands(rows, positions, scale, bits), unit, s.operand_bits());
        bench.forget("operands");
        std::uint64_t cycles = 0;
        if (with_position) {
          bench.expect("operands", beats);
          cycles = bench.run();
        } else {
          collect(bench, "operands", beats);
        }
        for (std::size_t b = 0; b < beats; ++b) REQUIRE(bench.received("operands")[b] == wanted[b].words());
        if (stall == 0) CHECK(cycles <= beats + 4);
      }
      ++seed;
    }
}

TEST_CASE("row_epilogue: rows as they come, or added to the stream and normalised; one run after the other") {
  std::uint64_t seed = 1;
  for (const Config& config : epilogue_configs())
    for (const int stall : {0, 30, 60}) {
      INFO(fmt::format("{}; seed {}, stalls {} %", describe_norm(accel::Shapes(config)), seed, stall));
      Rows rows(config, {.seed = seed, .stall_percent = stall});
      Random random(seed + 100);
      // Every kind behind every other: the first two of a kind, then each change.
      for (const int kind : {0, 0, 1, 1, 2, 2, 3, 3, 0, 2, 1, 3, 1, 0, 3, 2, 0}) {
        INFO(fmt::format("norm {}, dense {}", kind / 2, kind % 2));
        rows.run(kind / 2 != 0, kind % 2 != 0, static_cast<int>(random.in(1, 14)));
      }
      ++seed;
    }
}
