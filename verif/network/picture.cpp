#include "network/picture.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "drawing/labels.hpp"
#include "drawing/svg.hpp"

namespace quillgen::network {
namespace {

using drawing::Box, drawing::Colour, drawing::escaped;

// Pixels of the picture.
constexpr double whole = 640, margin = 24, top = 66, side = 494, swatch = 14, row = 24;
constexpr double text_size = 13, title_size = 16;
constexpr double bold = 1.1;        ///< bold letters are wider
constexpr int most_in_legend = 20;  /// classes, as many as there is room for

/// Of the classes, ever lighter. A ninth has the first again: classes are told by the labels, colours only help.
constexpr std::array<Colour, 8> colours = {{{"#003877", "#3979e3"},
                                            {"#93000d", "#e5604f"},
                                            {"#006123", "#3dae57"},
                                            {"#903aac", "#da8af2"},
                                            {"#9a6400", "#f0ab46"},
                                            {"#0c86b7", "#86d0ff"},
                                            {"#f74884", "#fecad5"},
                                            {"#10acab", "#52fffd"}}};

std::size_t colour_of(int label) { return static_cast<std::size_t>(label) % colours.size(); }

std::string style() {
  using namespace drawing;
  std::vector<Paint> paints = {{"text", "fill", ink},         {".paper", "fill", paper}, {".halo", "stroke", paper},
                               {".frame", "stroke", outline}, {".true", "fill", dim},    {".leader", "stroke", dim},
                               {".sample", "stroke", dim}};
  for (std::size_t i = 0; i < colours.size(); ++i) {
    paints.emplace_back(fmt::format(".c{}", i), "stroke", colours[i]);
    paints.emplace_back(fmt::format(".f{}", i), "fill", colours[i]);
  }
  return style_sheet(paints) +
         fmt::format(
             "text{{font:{}px sans-serif}}.title{{font-size:{}px;font-weight:bold}}.score{{font-weight:bold}}"
             ".halo{{stroke-width:4;paint-order:stroke}}.outline,.object,.found{{fill:none}}"
             ".object{{stroke-width:8;stroke-opacity:0.3}}.found{{stroke-width:2}}.again{{stroke-dasharray:8}}",
             text_size, title_size);
}

std::string text_at(double x, double y, const std::string& text, const char* kind = "") {
  return fmt::format("<text class=\"{}\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", kind, x, y, escaped(text));
}

std::string rectangle(const std::string& kind, const Box& b) {
  return fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", kind, b.x,
                     b.y, b.width, b.height);
}

/// The part of a box that is in the image, in pixels.
Box drawn(const double* box) {
  const auto edge = [](double at) { return std::clamp(at, 0.0, 1.0) * side; };
  const double left = edge(box[0] - box[2] / 2), right = edge(box[0] + box[2] / 2);
  const double upper = edge(box[1] - box[3] / 2), lower = edge(box[1] + box[3] / 2);
  return {margin + left, top + upper, right - left, lower - upper};
}

/// Labels would be crossed there.
void keep_edges_free(drawing::Labels& labels, const Box& b) {
  labels.keep_free(b.x, b.y, b.x + b.width, b.y);
  labels.keep_free(b.x, b.y + b.height, b.x + b.width, b.y + b.height);
  labels.keep_free(b.x, b.y, b.x, b.y + b.height);
  labels.keep_free(b.x + b.width, b.y, b.x + b.width, b.y + b.height);
}

std::string legend(const std::set<int>& classes) {
  constexpr double x = margin + side + 14;
  std::string svg;
  int line = 0;
  for (const int label : classes) {
    const double y = top + row * line;
    if (line == most_in_legend - 1 && classes.size() > most_in_legend) return svg + text_at(x, y + 12, "..");
    svg += rectangle(fmt::format("class f{}", colour_of(label)), {x, y, swatch, swatch});
    svg += text_at(x + swatch + 6, y + 12, fmt::format("class {}", label));
    ++line;
  }
  return svg;
}

}  // namespace

std::string scene_picture(const std::string& title, const std::string& subtitle, std::span<const Object> objects,
                          std::span<const Detection> found) {
  std::vector<Detection> shown;
  for (const auto& d : found)
    if (d.score >= least_score) shown.push_back(d);
  std::set<int> classes;
  const Box image{margin, top, side, side};
  drawing::Labels labels(image);
  std::string boxes, texts;
  for (const auto& o : objects) {
    const auto box = drawn(o.box);
    classes.insert(o.label);
    boxes += rectangle(fmt::format("object c{}", colour_of(o.label)), box);
    keep_edges_free(labels, box);
  }
  for (const auto& d : shown) {
    const auto box = drawn(d.box);
    classes.insert(d.label);
    const bool again = std::ranges::any_of(
        shown, [&](const Detection& other) { return &other < &d && std::ranges::equal(other.box, d.box); });
    boxes += rectangle(fmt::format("found c{}{}", colour_of(d.label), again ? " again" : ""), box);
    keep_edges_free(labels, box);
  }
  // At the upper left corner what was found, best first; at the lower right what is there.
  const auto put = [&](double x, double y, const std::string& text, double size, const char* kind) {
    if (const auto place = labels.place(x, y, 4, text, size))
      texts += drawing::label_at(*place, x, y, 4, text, text_size, kind);
  };
  for (const auto& d : shown) {
    const auto box = drawn(d.box);
    put(box.x, box.y, fmt::format("{}: {:.2f}", d.label, d.score), bold * text_size, "score halo");
  }
  for (const auto& o : objects) {
    const auto box = drawn(o.box);
    put(box.x + box.width, box.y + box.height, fmt::format("{}", o.label), text_size, "true halo");
  }

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{0:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{0:.0f}\">\n"
      "<style>{1}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
      whole, style());
  svg += text_at(margin, 30, drawing::shortened(title, bold * title_size, whole - 2 * margin), "title");
  svg += text_at(margin, 50, subtitle);
  svg += boxes + rectangle("frame outline", image) + texts + legend(classes);
  constexpr double y = top + side + 18;
  svg += rectangle("object sample", {margin + 4, y, 2 * swatch, swatch});
  svg += text_at(margin + 46, y + 12, fmt::format("objects of the scene ({}), with class", objects.size()));
  svg += rectangle("found sample", {margin + 4, y + row, 2 * swatch, swatch});
  svg += text_at(margin + 46, y + row + 12,
                 fmt::format("found with a score of {} and more ({}), with class: score", least_score, shown.size()));
  return svg + "</svg>\n";
}

}  // namespace quillgen::network
