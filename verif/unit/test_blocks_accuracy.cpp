// The blocks of LayerNorm and of the softmax of self-attention against double precision, row by row.
#include "accel/epilogue/row_norm.hpp"
#include "accel/self/self_attention.hpp"
#include "unit/norm_bench.hpp"
#include "unit/row_accuracy.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// A row_softmax that gets a group of rows, and then the next one.
class SoftmaxRows {
 public:
  explicit SoftmaxRows(const Block& block) : s_(block.s), sim_(block.module) {
    for (int c = 0; c < s_.config.gemm.columns; ++c) score_.push_back(sim_.port(fmt::format("score_value_{}", c)));
    for (int i = 0; i < exponential_units(s_.config); ++i)
      exponential_.push_back(sim_.port(fmt::format("exponentials_value_{}", i)));
    sim_.set("score_valid", 0), sim_.set("taken", 0), sim_.set("gain", 0);
    sim_.set_reset(true);
    sim_.step();
    sim_.set_reset(false);
  }
  /// The weights of rows of equally many scores: exponentials times the reciprocal of their sum.
  std::vector<std::vector<double>> run(const std::vector<Numbers>& rows) {
    const auto keys = static_cast<int>(rows[0].size()), columns = s_.config.gemm.columns;
    sim_.set("last_tile", static_cast<unsigned>((keys - 1) / columns));
    sim_.set("last_column", static_cast<unsigned>((keys - 1) % columns));
    feed(rows);
    result_.assign(rows.size(), std::vector<double>(rows[0].size()));
    for (int limit = 0; sim_.get(ready_) == 0; ++limit) {
      REQUIRE(limit < 100000);
      collect();
      sim_.step();
    }
    sim_.set("scale_parity", parity_);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (s_.rows() > 1) sim_.set("scale_row", r);
      const auto scale =
          std::ldexp(static_cast<double>(sim_.get("scale_mult")), -static_cast<int>(sim_.get("scale_shift")));
      for (auto& weight : result_[r]) weight *= scale;
    }
    sim_.set("taken", 1);
    sim_.step();
    sim_.set("taken", 0);
    parity_ = !parity_;
    return result_;
  }

 private:
  void feed(const std::vector<Numbers>& rows) {
    const std::size_t columns = score_.size(), keys = rows[0].size(), tiles = (keys + columns - 1) / columns;
    sim_.set("score_valid", 1), sim_.set("score_parity", parity_), sim_.set("score_rows", rows.size());
    for (std::size_t tile = 0; tile < tiles; ++tile)
      for (std::size_t r = 0; r < rows.size(); ++r) {
        if (s_.rows() > 1) sim_.set("score_row", r);
        sim_.set("score_keys", tile), sim_.set("score_last_keys", tile + 1 == tiles);
        for (std::size_t c = 0; c < columns; ++c) {
          const auto key = tile * columns + c;
          const auto score = key < keys ? rows[r][key] : 4095;  // beyond the last key: must not matter
          sim_.set(score_[c], static_cast<std::uint64_t>(score) & hdl::mask(accel::score_bits));
        }
        sim_.step();
      }
    sim_.set("score_valid", 0);
  }
  void collect() {
    if (sim_.get(enable_) == 0) return;
    auto& row = result_[s_.rows() > 1 ? sim_.get("exponentials_row") : 0];
    const auto first = sim_.get(word_) * exponential_.size();
    for (std::size_t i = 0; i < exponential_.size() && first + i < row.size(); ++i)
      row[first + i] = static_cast<double>(sim_.get(exponential_[i]));
  }

  const accel::Shapes& s_;
  interp::Interpreter sim_;
  int ready_ = sim_.port("ready"), enable_ = sim_.port("exponentials_enable"), word_ = sim_.port("exponentials_word");
  std::vector<int> score_, exponential_;  // ports
  std::vector<std::vector<double>> result_;
  bool parity_ = false;
};

Config with_epilogue(std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), {"network.epilogue=true", "attention.max_queries=1024"});
  return load_preset("nano", overrides);
}

}  // namespace

TEST_CASE("row_softmax: rows of 1,024 scores against double precision") {
  // Exponentials of 14 bits on a wide array, of 16 on one as detector has.
  const std::vector<Config> configs = {
      with_epilogue({"network.self_attention=1024", "gemm.rows=2", "attention.embed_dim=32", "attention.heads=1",
                     "gemm.columns=128", "gemm.depth=2", "numerics.preset=int8", "feature_cache.kilobytes=4"}),
      with_epilogue({"network.self_attention=1024", "gemm.rows=8", "attention.embed_dim=64", "attention.heads=4",
                     "gemm.columns=16", "gemm.depth=8", "numerics.preset=mixed", "memory.data_bits=128",
                     "feature_cache.kilobytes=8"})};
  const auto total = accuracy_rows(300);
  for (const auto& config : configs) {
    const Block block(config, accel::build_row_softmax);
    SoftmaxRows softmax(block);
    std::mt19937_64 random(5);
    std::vector<double> worst(score_kinds.size());
    for (int done = 0; done < total; done += config.gemm.rows) {
      const auto at = static_cast<std::size_t>(done / config.gemm.rows) % score_kinds.size();
      std::vector<Numbers> rows;
      for (int r = 0; r < config.gemm.rows; ++r)
        rows.push_back(draw_scores(score_kinds[at], 1024, block.s.exponential_bits(), random));
      const auto weights = softmax.run(rows);
      for (std::size_t r = 0; r < rows.size(); ++r)
        worst[at] = std::max(worst[at], distance_from_softmax(rows[r], weights[r]));
    }
    for (std::size_t i = 0; i < score_kinds.size(); ++i) {
      INFO(fmt::format("{} bits, {}", block.s.exponential_bits(), score_kinds[i].name));
      CHECK(worst[i] < score_kinds[i].limit(block.s.exponential_bits()));
      CHECK(worst[i] > 0);
      MESSAGE(fmt::format("row_softmax, {} bits, {} rows in all, {}: L1 {:.2g}", block.s.exponential_bits(), total,
                          score_kinds[i].name, worst[i]));
    }
  }
}

TEST_CASE("row_norm: rows against double precision") {
  const std::vector<Config> configs = {
      with_epilogue({"attention.embed_dim=64", "attention.heads=4", "gemm.columns=16", "memory.data_bits=128",
                     "network.stream_bits=16", "feature_cache.kilobytes=8"}),
      with_epilogue({"attention.embed_dim=1024", "attention.heads=16", "gemm.columns=64", "memory.data_bits=512",
                     "network.stream_bits=16", "feature_cache.kilobytes=64"})};
  const auto total = accuracy_rows(300);
  for (const auto& config : configs) {
    const Block block(config, accel::build_row_norm);
    const int channels = config.attention.embed_dim, unit = block.s.row_unit(), bits = block.s.stream_bits();
    StreamBench bench(block.module, {.seed = 9});
    bench.interpreter().set("table_enable", 0);
    Random random(9);
    const double most = std::exp2(bits - 1) - 1, unit_of_t = std::exp2(-model::normalised_frac_bits);
    double worst = 0;  // error by what it may be
    for (int done = 0; done < total; done += 50) {
      const auto norm = random_norm(block.s, random);
      load_norm(bench, block.s, norm, "gain_shift");
      std::vector<Numbers> rows;
      for (int r = 0; r < 50; ++r) {
        const int kind = static_cast<int>(random.in(0, 15));
        const auto x = random_row(channels, bits, kind, random), y = random_row(channels, bits + 2, kind, random);
        for (const auto& word : words_of(x, unit, bits)) bench.push("residual", word.transfer());
        for (const auto& word : words_of(y, unit, bits + 2)) bench.push("branch", word.transfer());
        auto& z = rows.emplace_back();
        for (std::size_t c = 0; c < x.size(); ++c) z.push_back(std::clamp(x[c] + y[c], -(2 << bits), (2 << bits) - 1));
      }
      bench.forget("normed");
      bench.expect("normed", rows.size() * static_cast<std::size_t>(channels / unit));
      bench.run();
      std::size_t at = 0;  // word
      for (const auto& row : rows) {
        const auto exact = exactly_normalised(row, norm.epsilon);
        for (std::size_t c = 0; c < row.size(); ++c) {
          const auto e = c % static_cast<std::size_t>(unit);
          const auto got = signed_field(bench.received("normed")[at], static_cast<int>(e) * bits, bits);
          const double held = std::clamp(exact[c], -16.0, 16 - unit_of_t),
                       gain = std::ldexp(norm.gamma[c], -norm.shift);
          const double wanted =
              std::clamp(held / unit_of_t * gain + std::ldexp(norm.beta[c], -norm.shift), -most - 1, most);
          // t is half a unit and 1.5e-5 of itself off (N14); the result is rounded once more.
          const double allowed = 0.5 + std::abs(gain) * (0.5 + 1.5e-5 * std::abs(exact[c]) / unit_of_t);
          worst = std::max(worst, std::abs(static_cast<double>(got) - wanted) / allowed);
          if (e + 1 == static_cast<std::size_t>(unit)) ++at;
        }
      }
    }
    MESSAGE(fmt::format("row_norm, {} rows of {}: worst error {:.4f} of what N14 allows", total, channels, worst));
    CHECK(worst <= 1);
    CHECK(worst > 0.9);
  }
}
