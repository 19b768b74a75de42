// The parameter image: five tables, one after the other (generator/accel/README.md, "Tensors in memory").
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

/// The tables in the order of the image.
std::vector<Table> parameter_tables(const Shapes& s);

}  // namespace quillgen::accel
