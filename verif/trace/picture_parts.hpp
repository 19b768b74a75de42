// Sizes and texts that the parts of the picture share.
#pragma once
#include <fmt/core.h>

#include <string>

#include "drawing/svg.hpp"

namespace quillgen::trace {

// Pixels of the picture.
inline constexpr double margin = 24, gap = 32, caption = 26, panel_side = 460;
inline constexpr double text_size = 13;
inline constexpr double bold = 1.1;  ///< bold letters are wider

inline std::string text_at(double x, double y, const std::string& text, const char* kind = "") {
  return fmt::format("<text class=\"{}\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", kind, x, y, drawing::escaped(text));
}

inline std::string frame_at(double x, double y, double width, double height) {
  return fmt::format("<rect class=\"frame outline\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
                     x, y, width, height);
}

}  // namespace quillgen::trace
