#include "fuzz/cost.hpp"

#include <algorithm>

#include "config/derived.hpp"

namespace quillgen::fuzz {

double estimated_instructions(const Config& c) {
  const auto& a = c.attention;
  const double pe = double(c.gemm.rows) * c.gemm.columns * (c.gemm.depth + 3);
  const double lane = 4.0 * a.head_dim() * 2;
  const double projection = double(c.core.projection_columns) * (a.head_dim() + 10);
  return 1800 + 6 * (pe + c.core.lanes * (lane + projection)) + c.memory.data_bits + 2.0 * line_bytes(c);
}

double estimated_cost(const Case& c) {
  const auto& a = c.config.attention;
  const double data = c.config.memory.data_bits;
  const auto beats = [&](double bits) { return bits <= data ? 1.0 : bits / data + 1; };
  const double samples = a.samples_per_query();
  const int per_tile = c.config.gemm.columns / 3;
  const double tiles = divide_up(a.samples_per_query(), per_tile);
  const double steps = divide_up(a.embed_dim, c.config.gemm.depth);
  const double groups = divide_up(a.embed_dim, c.config.core.projection_columns);
  const auto& n = c.config.numerics;
  const double setup =
      tiles * steps * c.config.gemm.columns * beats(c.config.gemm.depth * n.query_weight_bits) + samples * beats(162) +
      a.embed_dim * beats(22) +
      groups * c.config.core.projection_columns * (a.heads * beats(a.head_dim() * n.output_weight_bits) + 1) +
      cache_sets(c.config);
  const double miss = line_beats(c.config);  // as if every fourth sample read a line
  const double groups_of_queries = divide_up(c.workload.queries, c.config.gemm.rows);
  const double work = c.workload.queries * (samples * (1 + miss / 4) + a.heads * (groups + a.head_dim() / 4.0)) +
                      groups_of_queries * tiles * std::max(steps, double(per_tile) * c.config.gemm.rows);
  const double cycles = (setup + work) * 100 / (100 - c.workload.stall_percent) + 8 * c.workload.latency;
  return c.workload.jobs * cycles * estimated_instructions(c.config);
}

}  // namespace quillgen::fuzz
