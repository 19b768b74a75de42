// The parameter image: tables, one after the other (generator/accel/README.md, "Tensors in memory").
#pragma once
#include "accel/shapes.hpp"

namespace quillgen::accel {

/// One table: `words` words of `banks` entries of `bits` bits; each entry starts at a beat.
struct Table {
  const char* name;
  int bits, banks, words;
  int beats(const Shapes& s) const { return divide_up(bits, s.data_bits()); }
  std::int64_t total_beats(const Shapes& s) const { return std::int64_t{beats(s)} * banks * words; }
};

/// Tables of an image. The first two are a panel: what the PE array needs for a run that writes to memory, here the
/// value projection. A dense job has only these, once for each of its panels, of its own length. With an epilogue the
/// last one is that of the norm, which only jobs with one have, dense or not.
std::vector<Table> parameter_tables(const Shapes& s);
inline constexpr std::size_t panel_tables = 2, norm_table = 7;

/// Beats of a part of the tables: of a panel, of the norm, of those between them.
enum class ImagePart { panel, rest, norm };
std::int64_t image_beats(const Shapes& s, ImagePart part);

}  // namespace quillgen::accel
