// Which pixels the next layer does not read, drawn: a map of each level, for the picture of a trace.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "drawing/svg.hpp"
#include "estimate/demand.hpp"

namespace quillgen::trace {

/// N20 of a layer that counts its pixels.
struct PixelMask {
  std::vector<std::uint8_t> dropped;  ///< [S], 1: read too seldom
  double share = 0;                   ///< of the mean of a level, as the user gave it
};

/// Level 0 as large as the maps above it, the others beside it.
class PixelMaps {
 public:
  /// `left`: what level 0 has of the width, `width`: all, in pixels of the picture.
  PixelMaps(const estimate::Demand& demand, const PixelMask& mask, double left, double width);

  double height() const { return height_; }  ///< with heading and legend
  std::string drawn(double x, double y) const;

  /// The rules of their style sheet.
  static std::vector<drawing::Paint> paints();
  static const char* style();

 private:
  /// A level, drawn in cells: pixels, or several that share one where there are many.
  struct Map {
    int rows = 0, columns = 0;               ///< cells
    std::vector<double> dropped;             ///< [rows, columns] share of the pixels that are not padded; below 0: none
    std::int64_t of = 0, lost = 0, pad = 0;  ///< pixels; dropped, padded
    double x = 0, y = 0, width = 0, height = 0;
    std::string caption;
  };
  Map map_of(const model::LevelShape& level, const std::uint8_t* dropped, const std::uint8_t* padded) const;
  void place(double left, double width);
  std::string drawn(const Map& map, double x, double y) const;
  std::string legend_at(double x, double y) const;
  Map sum() const;

  double share_ = 0, legend_y_ = 0, height_ = 0;
  int most_together_ = 1;  ///< pixels of a cell, the side of the largest
  std::vector<Map> maps_;
};

}  // namespace quillgen::trace
