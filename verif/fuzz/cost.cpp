#include "fuzz/cost.hpp"

#include <algorithm>
#include <cmath>

#include "config/derived.hpp"

namespace quillgen::fuzz {

double estimated_instructions(const Config& c) {
  const auto& a = c.attention;
  const double pe = double(c.gemm.rows) * c.gemm.columns * (c.gemm.depth + 3);
  const double lane = 4.0 * a.head_dim() * 2;
  const double projection = double(c.core.projection_columns) * (a.head_dim() + 10);
  return 1800 + 6 * (pe + c.core.lanes() * (lane + projection)) + c.memory.data_bits + 2.0 * block_bytes(c);
}

double estimated_cost(const Case& c) {
  const auto& a = c.config.attention;
  const double data = c.config.memory.data_bits;
  const auto beats = [&](double bits) { return bits <= data ? 1.0 : bits / data + 1; };
  const double samples = a.samples_per_query();
  const double tiles = query_tiles(c.config), steps = gemm_steps(c.config, a.embed_dim);
  const double groups = divide_up(a.embed_dim, c.config.core.projection_columns);
  const auto& n = c.config.numerics;
  const auto& w = c.workload;
  // Tiles of a matrix: their parameters, and their products for so many rows.
  const int columns = c.config.gemm.columns;
  const auto of_columns = [&](int bits) {  // beats of a number of every column
    const int together = columns_together(c.config, bits);
    return columns / together * beats(together * bits);
  };
  const auto load = [&](double of_tiles, double of_steps) {
    const int weight_bits = c.config.gemm.depth * std::max(n.query_weight_bits, n.feature_weight_bits);
    return of_tiles * (of_steps * of_columns(weight_bits) + of_columns(54));
  };
  const auto product = [&](double of_rows, double of_tiles, double of_steps) {
    return std::ceil(of_rows / c.config.gemm.rows) * of_tiles * std::max(of_steps, double(c.config.gemm.rows));
  };
  const double map_beats = block_beats(c.config) * a.heads / 4.0;  // of a token
  const double map =
      load(value_tiles(c.config), steps) +
      std::max(product(double(fuzz::tokens(c)), value_tiles(c.config), steps), double(fuzz::tokens(c)) * map_beats);
  const double dense_tiles = divide_up(w.dense_outputs, c.config.gemm.columns),
               dense_steps = gemm_steps(c.config, w.dense_inner);
  const double dense =
      w.dense_rows == 0 ? 0 : std::max(load(dense_tiles, dense_steps), product(w.dense_rows, dense_tiles, dense_steps));
  const double key_tiles = divide_up(w.self_rows, columns);
  const double self = w.self_rows == 0 ? 0
                                       : 3 * w.self_rows * row_beats(a.embed_dim, 16, c.config.memory) +
                                             a.heads * (product(w.self_rows, key_tiles, a.head_dim() / 2.0) +
                                                        product(w.self_rows, 3, gemm_steps(c.config, w.self_rows)));
  const double setup =
      load(tiles, steps) + a.embed_dim * beats(22) +
      groups * c.config.core.projection_columns * (a.heads * beats(a.head_dim() * n.output_weight_bits) + 1) +
      most_cache_sets(c.config);
  const double miss = line_beats(c.config);  // as if every fourth sample read a line
  const double work = c.workload.queries * (samples * (1 + miss / 4) + a.heads * (groups + a.head_dim() / 4.0)) +
                      product(w.queries, tiles, steps);
  const double cycles = (setup + work + (w.maps == maps_given ? 0 : map) + (dense + self) / w.jobs) * 100 /
                            (100 - c.workload.stall_percent) +
                        8 * c.workload.latency;
  return c.workload.jobs * cycles * estimated_instructions(c.config);
}

}  // namespace quillgen::fuzz
