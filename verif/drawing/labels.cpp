#include "drawing/labels.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "drawing/svg.hpp"

namespace quillgen::drawing {

void Labels::keep_free(double x0, double y0, double x1, double y1) {
  constexpr double step = 4;
  const int steps = static_cast<int>(std::hypot(x1 - x0, y1 - y0) / step) + 1;
  for (int i = 0; i <= steps; ++i)
    taken_.push_back({x0 + (x1 - x0) * i / steps - step / 2, y0 + (y1 - y0) * i / steps - step / 2, step, step});
}

std::optional<Box> Labels::place(double x, double y, double radius, const std::string& text, double size) {
  // Right above first: there the step of a front leaves room.
  constexpr double directions[][2] = {{1, -1}, {1, 0}, {-1, -1}, {-1, 0}, {1, 1}, {0, -1}, {0, 1}, {-1, 1}};
  const double width = text_width(text, size), height = size * 1.15;
  for (double away = radius + 2; away <= radius + 50; away += 8)
    for (const auto& [right, down] : directions) {
      // A corner or the middle of a side of the box lies `away` from the point.
      const double reach = right != 0 && down != 0 ? away * 0.8 : away;
      const Box box{x + right * reach + (right - 1) * width / 2, y + down * reach + (down - 1) * height / 2, width,
                    height};
      if (!frame_.holds(box)) continue;
      if (std::ranges::any_of(taken_, [&](const Box& other) { return box.meets(other); })) continue;
      taken_.push_back(box);
      return box;
    }
  return std::nullopt;
}

std::string label_at(const Box& box, double x, double y, double radius, const std::string& text, double size,
                     const std::string& kind) {
  std::string svg;
  const double to_x = std::clamp(x, box.x, box.x + box.width), to_y = std::clamp(y, box.y, box.y + box.height);
  if (std::hypot(to_x - x, to_y - y) > radius + 6)
    svg += fmt::format("<line class=\"leader\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x, y, to_x,
                       to_y);
  return svg + fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kind, box.x, box.y + 0.85 * size,
                           escaped(text));
}

}  // namespace quillgen::drawing
