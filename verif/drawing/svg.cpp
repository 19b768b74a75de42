#include "drawing/svg.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "config/utf8.hpp"

namespace quillgen::drawing {

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : valid_utf8(text)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (c == '&') safe += "&amp;";
    else if (c == '<') safe += "&lt;";
    else if (c == '>') safe += "&gt;";
    else if (c == '"') safe += "&quot;";
    else if (control) safe += "\uFFFD";  // no document may hold it
    else safe += c;
  }
  return safe;
}

double text_width(const std::string& text, double size) {
  double em = 0;
  for (const char c : text) {
    if ((c & 0xc0) == 0x80) continue;  // a further byte of a character
    if (std::string_view("iljtfr.,:;|!'()[] ").find(c) != std::string_view::npos) em += 0.38;
    else if (std::string_view("mwMW%@").find(c) != std::string_view::npos) em += 0.95;
    else em += c >= 'A' && c <= 'Z' ? 0.72 : 0.62;
  }
  return em * size;
}

std::string shortened(const std::string& text, double size, double most) {
  if (text_width(text, size) <= most) return text;
  std::size_t begin = 0;
  const auto inside = [&] { return begin < text.size() && (text[begin] & 0xc0) == 0x80; };
  while (begin < text.size() && (inside() || text_width("..." + text.substr(begin), size) > most)) ++begin;
  return "..." + text.substr(begin);
}

std::string style_sheet(std::span<const Paint> paints) {
  std::string light, dark;
  for (const auto& p : paints) {
    light += fmt::format("{}{{{}:{}}}", p.selector, p.property, p.light);
    dark += fmt::format("{}{{{}:{}}}", p.selector, p.property, p.dark);
  }
  return light + "\n@media (prefers-color-scheme:dark){" + dark + "}\n";
}

std::string ramp(std::span<const Rgb> stops, double part) {
  const double at = std::clamp(part, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  const auto mixed = [&](std::size_t i) {
    const double low = stops[below].at(i), high = stops[below + 1].at(i);
    return static_cast<int>(low + (at - static_cast<double>(below)) * (high - low));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2));
}

}  // namespace quillgen::drawing
