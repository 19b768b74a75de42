// What the programs that make workload files have in common.
#pragma once
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "unit/workload_file.hpp"

namespace quillgen::test {

/// Numbers that are the same with every standard library.
class Random {
 public:
  explicit Random(std::uint32_t seed) : bits_(seed) {}
  float between(float low, float high) { return low + (high - low) * static_cast<float>(bits_() >> 8) / 0x1p24F; }
  /// About normal, of mean 0: the sum of twelve even ones.
  float normal(float deviation) {
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += between(0, 1);
    return deviation * sum;
  }

 private:
  std::mt19937 bits_;
};

/// Level shapes as they were typed, HEIGHTxWIDTH each.
struct Levels {
  std::vector<std::int64_t> sides;  ///< height, width of each
  std::int64_t tokens = 0;

  explicit Levels(const std::vector<std::string>& shapes) {
    for (const auto& shape : shapes) {
      sides.push_back(std::stol(shape.substr(0, shape.find('x'))));
      sides.push_back(std::stol(shape.substr(shape.find('x') + 1)));
      tokens += sides[sides.size() - 2] * sides.back();
    }
  }
  std::int64_t count() const { return static_cast<std::int64_t>(sides.size()) / 2; }
};

/// A file with the metadata and level shapes of a layer.
inline FileBuilder layer_file(std::int64_t embed_dim, std::int64_t heads, std::int64_t points, const Levels& levels) {
  FileBuilder file;
  file.metadata("d_model", std::to_string(embed_dim)).metadata("n_heads", std::to_string(heads));
  file.metadata("n_points", std::to_string(points)).metadata("n_levels", std::to_string(levels.count()));
  file.add("spatial_shapes", "I64", {levels.count(), 2}, bytes_of(levels.sides));
  return file;
}

/// Writes it; the exit status.
inline int write_file(const FileBuilder& file, const char* path) {
  std::ofstream out(path, std::ios::binary);
  out << file.bytes() << std::flush;
  return out ? 0 : 2;
}

}  // namespace quillgen::test
