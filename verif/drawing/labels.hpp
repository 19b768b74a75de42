// Where labels of points go, so that none covers another.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace quillgen::drawing {

/// Pixels; (x, y) is the corner above on the left.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;

  bool meets(const Box& other) const {
    return x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height;
  }
  bool holds(const Box& other) const {
    return other.x >= x && other.y >= y && other.x + other.width <= x + width && other.y + other.height <= y + height;
  }
};

/// Hands out places one after the other: the nearest to the point of eight directions at growing distance that is free.
/// The same calls give the same places.
class Labels {
 public:
  /// Labels lie inside the frame.
  explicit Labels(Box frame) : frame_(frame) {}

  /// No label will lie here.
  void keep_free(const Box& box) { taken_.push_back(box); }
  /// Nor along a line.
  void keep_free(double x0, double y0, double x1, double y1);

  /// The place of a label of the point (x, y), whose mark is `radius` wide to every side; none where all is taken
  /// nearby.
  std::optional<Box> place(double x, double y, double radius, const std::string& text, double size);

 private:
  Box frame_;
  std::vector<Box> taken_;
};

/// The label's text in its box, its class `kind`, with a line to the point when the box is not beside it.
std::string label_at(const Box& box, double x, double y, double radius, const std::string& text, double size,
                     const std::string& kind);

}  // namespace quillgen::drawing
