#include "harness/capabilities.hpp"

#include <quillgen_regs.h>

#include <initializer_list>

#include "config/derived.hpp"
#include "config/region.hpp"

namespace quillgen::harness {

std::vector<RegisterValue> capabilities(const Config& config) {
  std::vector<RegisterValue> all;
  const auto& a = config.attention;
  const auto expect = [&](const char* name, std::uint32_t address, std::int64_t value) {
    all.push_back({name, address, static_cast<std::uint32_t>(value)});
  };
  expect("ID", QUILLGEN_ID, 0x5155494C);
  expect("VERSION", QUILLGEN_VERSION, QUILLGEN_VERSION_VALUE);
  expect("CAP_DIMS", QUILLGEN_CAP_DIMS,
         a.embed_dim | std::int64_t{a.heads} << 16 | std::int64_t{a.levels} << 24 | std::int64_t{a.points} << 28);
  expect("CAP_SHAPE", QUILLGEN_CAP_SHAPE, a.max_width | std::int64_t{a.max_height} << 16);
  expect("CAP_QUERIES", QUILLGEN_CAP_QUERIES, a.max_queries);
  expect("CAP_MEMORY", QUILLGEN_CAP_MEMORY, config.memory.data_bits | config.memory.address_bits << 16);
  const auto& n = config.numerics;
  const auto fields = [](std::initializer_list<int> values) {  // five bits each
    std::int64_t word = 0;
    int low = 0;
    for (const int v : values) word |= std::int64_t{v} << low, low += 5;
    return word;
  };
  expect("CAP_FORMAT_0", QUILLGEN_CAP_FORMAT_0,
         fields({n.query_bits, n.query_weight_bits, n.feature_bits, n.feature_weight_bits, n.head_bits,
                 n.output_weight_bits}));
  expect("CAP_FORMAT_1", QUILLGEN_CAP_FORMAT_1,
         fields({n.output_bits, n.offset_int_bits, n.offset_frac_bits, n.interp_frac_bits, n.logit_int_bits,
                 n.logit_frac_bits}));
  expect("CAP_FORMAT_2", QUILLGEN_CAP_FORMAT_2, fields({n.attention_bits, n.corner_bits}));
  expect("CAP_ARRAY", QUILLGEN_CAP_ARRAY,
         config.gemm.rows | config.gemm.columns << 8 | config.gemm.depth << 16 |
             std::int64_t{config.core.projection_columns} << 24);
  expect("CAP_CORE", QUILLGEN_CAP_CORE,
         config.core.head_lanes | (config.core.level_lanes - 1) << 5 |
             (config.pruning.points != 0 ? 1 << 8 | config.core.points_per_cycle << 12 : 0) | (a.anchors - 1) << 9 |
             (a.uneven_points() ? 1 << 15 : 0) | config.pruning.max_range << 16 |
             std::int64_t{config.pruning.count_bits} << 27);
  expect("CAP_DENSE", QUILLGEN_CAP_DENSE,
         config.gemm.max_inner | std::int64_t{most_panel_tiles(config)} * config.gemm.columns << 16);
  expect("CAP_TOKENS", QUILLGEN_CAP_TOKENS, a.max_tokens);
  expect("CAP_WEIGHTS", QUILLGEN_CAP_WEIGHTS, weight_words(config));
  int activations = 0;
  for (int which = 0; which < 3; ++which) activations |= has_activation(config.network, which + 1) << which;
  expect("CAP_NETWORK", QUILLGEN_CAP_NETWORK,
         config.network.stream_bits | config.network.epilogue << 5 | activations << 6 |
             config.network.self_attention << 16);
  return all;
}

}  // namespace quillgen::harness
