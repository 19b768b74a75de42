// The lines of a value map, numbered.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "config/derived.hpp"
#include "estimate/demand.hpp"

namespace quillgen::trace {

/// All lines, one after the other: level, row, column, head.
class Lines {
 public:
  Lines(const Config& c, const std::vector<model::LevelShape>& levels)
      : width_(line_width(c.feature_cache.line_shape)),
        height_(line_height(c.feature_cache.line_shape)),
        heads_(static_cast<std::size_t>(c.attention.heads)) {
    for (const auto& level : levels) {
      firsts_.push_back(count_);
      rows_.push_back(divide_up(level.height, height_));
      columns_.push_back(divide_up(level.width, width_));
      count_ += static_cast<std::size_t>(rows_.back()) * static_cast<std::size_t>(columns_.back()) * heads_;
    }
    firsts_.push_back(count_);
  }

  std::size_t count() const { return count_; }
  std::size_t levels() const { return rows_.size(); }
  std::size_t heads() const { return heads_; }
  std::size_t first(std::size_t level) const { return firsts_[level]; }  ///< of the level; and one beyond the last
  int rows(std::size_t level) const { return rows_[level]; }
  int columns(std::size_t level) const { return columns_[level]; }

  std::size_t at(std::size_t level, int line_row, int line_column, std::size_t head) const {
    const auto row = static_cast<std::size_t>(line_row), column = static_cast<std::size_t>(line_column);
    return firsts_[level] + (row * static_cast<std::size_t>(columns_[level]) + column) * heads_ + head;
  }
  /// The line of a corner of a sample.
  std::size_t of(const estimate::Place& p, int corner, std::size_t level, std::size_t head) const {
    return at(level, (p.y + corner / 2) / height_, (p.x + corner % 2) / width_, head);
  }

  /// Those that a sample looks up, each once.
  struct OfSample {
    std::array<std::size_t, 4> line = {};
    std::size_t count = 0;
    const std::size_t* begin() const { return line.data(); }
    const std::size_t* end() const { return line.data() + count; }
  };
  OfSample of(const estimate::Place& p, std::size_t level, std::size_t head) const {
    OfSample lines;
    for (int corner = 0; corner < 4; ++corner) {
      if ((p.corners >> corner & 1) == 0) continue;
      const auto line = of(p, corner, level, head);
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.line[lines.count++] = line;
    }
    return lines;
  }

 private:
  int width_, height_;  ///< of a line, pixels
  std::size_t heads_, count_ = 0;
  std::vector<std::size_t> firsts_;
  std::vector<int> rows_, columns_;
};

}  // namespace quillgen::trace
