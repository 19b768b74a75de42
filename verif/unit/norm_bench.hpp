// What the tests of the blocks around rows of the stream share: configurations with an epilogue, rows, and norms.
#pragma once
#include "model/norm.hpp"
#include "unit/block_bench.hpp"

namespace quillgen::test {

/// Rows of 1 to 64 words of 4 to 64 elements, all widths of the stream.
inline std::vector<Config> norm_configs() {
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

inline std::string describe_norm(const accel::Shapes& s) {
  return fmt::format("C {}, {} elements a word, stream of {} bits, tree of {} levels a stage",
                     s.config.attention.embed_dim, s.row_unit(), s.stream_bits(), s.config.gemm.tree_levels);
}

using Numbers = std::vector<std::int32_t>;

/// A row whose numbers lie anywhere, at the ends of their range, at one place, or near each other.
inline Numbers random_row(int channels, int bits, int kind, Random& random) {
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
inline model::Norm random_norm(const accel::Shapes& s, Random& random) {
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

/// Its gain has the port `shift`.
inline void load_norm(StreamBench& bench, const accel::Shapes& s, const model::Norm& norm, const char* shift) {
  bench.interpreter().set("epsilon", static_cast<std::uint64_t>(norm.epsilon));
  bench.interpreter().set(shift, static_cast<std::uint64_t>(norm.shift));
  const auto unit = static_cast<std::size_t>(s.row_unit());
  for (std::size_t w = 0; w < norm.gamma.size() / unit; ++w) {
    BitVector word;
    for (std::size_t c = w * unit; c < (w + 1) * unit; ++c) word.add(norm.gamma[c], 16).add(norm.beta[c], 32);
    write_table(bench, "table", 0, static_cast<std::int64_t>(w), word);
  }
}

/// Words of `unit` elements of the rows in `numbers`.
inline std::vector<BitVector> words_of(const Numbers& numbers, int unit, int bits) {
  std::vector<BitVector> words;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % static_cast<std::size_t>(unit) == 0) words.emplace_back();
    words.back().add(numbers[i], bits);
  }
  return words;
}

}  // namespace quillgen::test
