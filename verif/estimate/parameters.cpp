#include "estimate/parameters.hpp"

#include <algorithm>

#include "config/derived.hpp"

namespace quillgen::estimate {
namespace {

constexpr int scale_bits = 16 + 6, entry_bits = 32 + scale_bits, norm_entry_bits = 16 + 32;

/// `count` entries of `bits` bits, each padded to whole beats.
std::int64_t entries(const Config& c, std::int64_t count, int bits) {
  return count * divide_up(bits, c.memory.data_bits);
}

}  // namespace

std::int64_t panel_beats(const Config& c, int tiles, int inner) {
  const int weight_bits = c.gemm.depth * std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits);
  const auto of_columns = [&](std::int64_t count, int bits) {
    const int together = columns_together(c, bits);
    return entries(c, count * (c.gemm.columns / together), together * bits);
  };
  return of_columns(tiles, entry_bits) + of_columns(std::int64_t{tiles} * gemm_steps(c, inner), weight_bits);
}

ImageBeats image_beats(const Config& c) {
  const auto& a = c.attention;
  const int units = head_requant_units(c), columns = c.core.projection_columns;
  const std::int64_t groups = divide_up(a.embed_dim, columns);
  return {panel_beats(c, value_tiles(c), a.embed_dim),
          panel_beats(c, query_tiles(c), a.embed_dim) + entries(c, a.embed_dim / units, units * scale_bits) +
              entries(c, a.heads * groups * columns, a.head_dim() * c.numerics.output_weight_bits) +
              entries(c, groups * columns, entry_bits)};
}

std::int64_t norm_beats(const Config& c) {
  const int together = beat_bytes(c.memory) / element_bytes(result_width(c));
  return entries(c, c.attention.embed_dim / together, together * norm_entry_bits);
}

int panel_tiles(const Config& c, int inner, int outputs) {
  const int tiles = divide_up(outputs, c.gemm.columns), steps = gemm_steps(c, inner), aligned = aligned_tiles(c);
  if (tiles * steps <= weight_words(c) && tiles <= requant_words(c) && tiles <= most_panel_tiles(c)) return tiles;
  // As many panels as there must be, of about the same size.
  const int most = std::min(weight_words(c) / 2 / steps, most_panel_tiles(c)) / aligned * aligned;
  return divide_up(divide_up(tiles, divide_up(tiles, most)), aligned) * aligned;
}

}  // namespace quillgen::estimate
