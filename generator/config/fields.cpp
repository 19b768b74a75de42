#include "config/fields.hpp"

#include <fmt/format.h>

#include "config/error.hpp"

namespace quillgen {

std::span<const Field> fields() {
  using C = Config;
  static constexpr Field table[] = {
      {"attention", "embed_dim", [](C& c) -> int& { return c.attention.embed_dim; }, 4, 1024},
      {"attention", "heads", [](C& c) -> int& { return c.attention.heads; }, 1, 16},
      {"attention", "levels", [](C& c) -> int& { return c.attention.levels; }, 1, 8},
      {"attention", "points", [](C& c) -> int& { return c.attention.points; }, 1, 8},
      {"attention", "max_width", [](C& c) -> int& { return c.attention.max_width; }, 1, 1024},
      {"attention", "max_height", [](C& c) -> int& { return c.attention.max_height; }, 1, 1024},
      {"attention", "max_queries", [](C& c) -> int& { return c.attention.max_queries; }, 1, 65536},
      {"numerics", "query_bits", [](C& c) -> int& { return c.numerics.query_bits; }, 4, 16},
      {"numerics", "query_weight_bits", [](C& c) -> int& { return c.numerics.query_weight_bits; }, 4, 16},
      {"numerics", "feature_bits", [](C& c) -> int& { return c.numerics.feature_bits; }, 4, 16},
      {"numerics", "feature_weight_bits", [](C& c) -> int& { return c.numerics.feature_weight_bits; }, 4, 16},
      {"numerics", "head_bits", [](C& c) -> int& { return c.numerics.head_bits; }, 4, 16},
      {"numerics", "output_weight_bits", [](C& c) -> int& { return c.numerics.output_weight_bits; }, 4, 16},
      {"numerics", "output_bits", [](C& c) -> int& { return c.numerics.output_bits; }, 4, 16},
      {"numerics", "offset_int_bits", [](C& c) -> int& { return c.numerics.offset_int_bits; }, 4, 9},
      {"numerics", "offset_frac_bits", [](C& c) -> int& { return c.numerics.offset_frac_bits; }, 2, 12},
      {"numerics", "interp_frac_bits", [](C& c) -> int& { return c.numerics.interp_frac_bits; }, 2, 12},
      {"numerics", "logit_int_bits", [](C& c) -> int& { return c.numerics.logit_int_bits; }, 4, 9},
      {"numerics", "logit_frac_bits", [](C& c) -> int& { return c.numerics.logit_frac_bits; }, 2, 8},
      {"numerics", "attention_bits", [](C& c) -> int& { return c.numerics.attention_bits; }, 6, 14},
      {"numerics", "corner_bits", [](C& c) -> int& { return c.numerics.corner_bits; }, 6, 16},
      {"gemm", "rows", [](C& c) -> int& { return c.gemm.rows; }, 1, 16, Shape::PowerOfTwo},
      {"gemm", "columns", [](C& c) -> int& { return c.gemm.columns; }, 3, 96, Shape::MultipleOf3},
      {"gemm", "depth", [](C& c) -> int& { return c.gemm.depth; }, 2, 64, Shape::PowerOfTwo},
      {"core", "projection_columns", [](C& c) -> int& { return c.core.projection_columns; }, 1, 64, Shape::PowerOfTwo},
      {"feature_cache", "kilobytes", [](C& c) -> int& { return c.feature_cache.kilobytes; }, 1, 1024,
       Shape::PowerOfTwo},
      {"feature_cache", "ways", [](C& c) -> int& { return c.feature_cache.ways; }, 1, 4, Shape::PowerOfTwo},
      {"feature_cache", "run_ahead", [](C& c) -> int& { return c.feature_cache.run_ahead; }, 8, 1024,
       Shape::PowerOfTwo},
      {"memory", "data_bits", [](C& c) -> int& { return c.memory.data_bits; }, 64, 512, Shape::PowerOfTwo},
      {"memory", "address_bits", [](C& c) -> int& { return c.memory.address_bits; }, 32, 64},
      {"memory", "latency_cycles", [](C& c) -> int& { return c.memory.latency_cycles; }, 1, 1000},
      {"memory", "max_outstanding", [](C& c) -> int& { return c.memory.max_outstanding; }, 4, 256, Shape::PowerOfTwo},
  };
  return table;
}

Numerics numerics_preset(std::string_view name) {
  Numerics n{.query_bits = 8,
             .query_weight_bits = 8,
             .feature_bits = 8,
             .feature_weight_bits = 8,
             .head_bits = 8,
             .output_weight_bits = 8,
             .output_bits = 8,
             .offset_int_bits = 7,
             .offset_frac_bits = 6,
             .interp_frac_bits = 6,
             .logit_int_bits = 7,
             .logit_frac_bits = 4,
             .attention_bits = 8,
             .corner_bits = 10};
  if (name == "int8") return n;
  if (name != "mixed" && name != "int12")
    throw UserError(fmt::format(
        "numerics.preset = \"{}\": must be int8, mixed or int12; choose one, or give every format of numerics", name));
  n.query_bits = n.query_weight_bits = n.head_bits = n.output_bits = 12;
  n.offset_frac_bits = n.interp_frac_bits = 8;
  n.logit_frac_bits = 6;
  n.attention_bits = 10;
  n.corner_bits = 12;
  if (name == "mixed") return n;
  n.feature_bits = n.feature_weight_bits = n.output_weight_bits = 12;
  n.logit_frac_bits = 8;
  n.attention_bits = 12;
  n.corner_bits = 14;
  return n;
}

}  // namespace quillgen
