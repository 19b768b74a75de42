#include "trace/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace quillgen::trace {
namespace {

// Pixels of the picture.
constexpr double margin = 24, gap = 32, title_height = 58, caption = 26, legend_height = 64, panel_side = 460;

constexpr std::size_t most_points = 3000;  ///< of a path
constexpr std::size_t pieces = 64;         ///< of a path, each of one colour
constexpr int most_cells = 128;            ///< of a heat map, along a side

constexpr const char* style =
    "text { font: 13px sans-serif; fill: #222 } .title { font-size: 16px; font-weight: bold } .order { font-weight: "
    "bold } .frame { stroke: #888; fill: none } .path { fill: none; stroke-width: 0.9; stroke-linejoin: round }";

struct Step {
  double up_to;
  const char* label;
  const char* colour;
};
/// Of fetches; doubling, so that the picture of one cache can be held against that of another.
constexpr std::array<Step, 8> steps = {{{0, "0", "#ffffff"},
                                        {1, "to 1", "#fff4c2"},
                                        {2, "to 2", "#fed46a"},
                                        {4, "to 4", "#fda63c"},
                                        {8, "to 8", "#f4732a"},
                                        {16, "to 16", "#d9301f"},
                                        {32, "to 32", "#9c1127"},
                                        {1e300, "more", "#4d0016"}}};

std::size_t step_of(double times) {
  std::size_t step = 0;
  while (times > steps[step].up_to + 1e-9) ++step;
  return step;
}

/// From the first query (0) to the last (1): blue, green, yellow, red.
std::string colour_of(double part) {
  constexpr std::array<std::array<double, 3>, 5> stops = {
      {{49, 54, 149}, {69, 147, 194}, {102, 166, 80}, {244, 170, 40}, {190, 20, 38}}};
  const double at = std::clamp(part, 0.0, 1.0) * (stops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  std::array<int, 3> mixed{};
  for (std::size_t i = 0; i < 3; ++i)
    mixed[i] =
        static_cast<int>(stops[below][i] + (at - static_cast<double>(below)) * (stops[below + 1][i] - stops[below][i]));
  return fmt::format("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2]);
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') safe += "&amp;";
    else if (c == '<') safe += "&lt;";
    else if (c == '>') safe += "&gt;";
    else safe += c;
  }
  return safe;
}

std::string text_at(double x, double y, const std::string& text, const char* kind = "") {
  return fmt::format("<text class=\"{}\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", kind, x, y, escaped(text));
}

std::size_t stride_of(const Trace& trace) { return (trace.order.size() + most_points - 1) / most_points; }

class Drawing {
 public:
  Drawing(const estimate::Demand& demand, std::span<const Column> columns) : demand_(demand), columns_(columns) {
    const auto& level = demand.layer.level_shapes.at(0);
    const double longest = std::max(level.width, level.height);
    width_ = panel_side * level.width / longest, height_ = panel_side * level.height / longest;
    column_ = std::max(width_, 430.0);  // captions need room
  }

  std::string drawn(const std::string& title) const {
    const auto count = static_cast<double>(columns_.size());
    const double width = 2 * margin + count * column_ + (count - 1) * gap;
    const double paths = title_height + caption, path_legend = paths + height_ + 10;
    const double maps = path_legend + legend_height + caption, map_legend = maps + height_ + 10;
    const double height = map_legend + legend_height;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0f}\" height=\"{:.0f}\" viewBox=\"0 0 {:.0f} {:.0f}\">\n"
        "<style>{}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        width, height, width, height, style);
    const auto& level = demand_.layer.level_shapes.at(0);
    svg += text_at(margin, 30, title, "title");
    svg += text_at(margin, 50,
                   fmt::format("{} of {} queries; level 0, {} x {} pixels", columns_[0].trace->order.size(),
                               demand_.layer.queries, level.width, level.height));
    double x = margin;
    for (const auto& column : columns_) {
      svg += text_at(x, paths - 8, fmt::format("Path of the queries: {}", column.order), "order");
      svg += path(*column.trace, x, paths) + frame(x, paths);
      const auto& total = column.trace->total;
      svg += text_at(x, maps - 8,
                     fmt::format("Fetches: {} ({:.2f} x the map, all levels)", column.order,
                                 total.of_map(total.fetched, column.trace->line_bytes)),
                     "order");
      svg += heat(column.trace->fetches, x, maps) + frame(x, maps);
      x += column_ + gap;
    }
    return svg + path_legend_at(path_legend) + heat_legend_at(map_legend) + "</svg>\n";
  }

 private:
  std::string frame(double x, double y) const {
    return fmt::format("<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", x, y,
                       width_, height_);
  }

  std::string path(const Trace& trace, double x, double y) const {
    const auto row = static_cast<std::size_t>(demand_.layer.levels * (demand_.layer.boxes ? 4 : 2));
    std::vector<std::string> points;
    for (std::size_t i = 0; i < trace.order.size(); i += stride_of(trace)) {
      const auto* reference = &demand_.references[static_cast<std::size_t>(trace.order[i]) * row];
      const auto inside = [](std::int32_t v) { return std::clamp(v / 65536.0, 0.0, 1.0); };
      points.push_back(
          fmt::format("{:.1f} {:.1f}", x + inside(reference[0]) * width_, y + inside(reference[1]) * height_));
    }
    std::string svg;
    const std::size_t length = (points.size() + pieces - 1) / pieces;
    for (std::size_t begin = 0; begin + 1 < points.size(); begin += length) {
      const auto end = std::min(begin + length + 1, points.size());  // the next piece begins where this one ends
      std::string line = "M" + points[begin];
      for (std::size_t i = begin + 1; i < end; ++i) line += "L" + points[i];
      svg += fmt::format("<path class=\"path\" stroke=\"{}\" d=\"{}\"/>\n",
                         colour_of(static_cast<double>(begin) / static_cast<double>(points.size())), line);
    }
    return svg;
  }

  /// Lines side by side share a cell when there are many; cells of a colour and row, a rectangle.
  std::string heat(const Fetches& f, double x, double y) const {
    const int across = std::min(f.columns, most_cells), down = std::min(f.rows, most_cells);
    std::array<std::string, steps.size()> shapes;
    const double cell_width = width_ / across, cell_height = height_ / down;
    for (int row = 0; row < down; ++row)
      for (int column = 0, begin = 0; column < across; ++column) {
        const auto step = step_of(mean(f, row, down, column, across));
        if (column + 1 < across && step_of(mean(f, row, down, column + 1, across)) == step) continue;
        if (step > 0)
          shapes[step] += fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.1f}h{:.1f}z", x + begin * cell_width,
                                      y + row * cell_height, (column + 1 - begin) * cell_width + 0.2, cell_height + 0.3,
                                      (begin - column - 1) * cell_width - 0.2);
        begin = column + 1;
      }
    std::string svg;
    for (std::size_t step = 1; step < steps.size(); ++step)
      if (!shapes[step].empty())
        svg += fmt::format("<path fill=\"{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n", steps[step].colour,
                           shapes[step]);
    return svg;
  }

  /// Of the lines of a cell.
  static double mean(const Fetches& f, int row, int down, int column, int across) {
    const int top = row * f.rows / down, bottom = (row + 1) * f.rows / down;
    const int left = column * f.columns / across, right = (column + 1) * f.columns / across;
    double sum = 0;
    for (int r = top; r < bottom; ++r)
      for (int c = left; c < right; ++c) sum += f.times[static_cast<std::size_t>(r * f.columns + c)];
    return sum / ((bottom - top) * (right - left));
  }

  std::string path_legend_at(double y) const {
    const auto stride = stride_of(*columns_[0].trace);
    std::string svg;
    constexpr int parts = 48;
    constexpr double bar = 240;
    for (int i = 0; i < parts; ++i)
      svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"12\" fill=\"{}\"/>\n",
                         margin + 76 + i * bar / parts, y + 4, bar / parts + 0.5, colour_of(i / (parts - 1.0)));
    svg += text_at(margin, y + 15, "first query") + text_at(margin + 84 + bar, y + 15, "last");
    return svg + text_at(margin, y + 36,
                         stride == 1 ? "A corner for each query, where its reference lies."
                                     : fmt::format("A corner for one query in {}, where its reference lies.", stride));
  }

  std::string heat_legend_at(double y) const {
    std::string svg;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double x = margin + static_cast<double>(i) * 72;
      svg += fmt::format(
          "<rect class=\"frame\" style=\"fill: {}\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"14\" height=\"14\"/>\n",
          steps[i].colour, x, y + 2);
      svg += text_at(x + 20, y + 14, steps[i].label);
    }
    return svg + text_at(margin, y + 36,
                         "Times that a line there was read from memory, mean of the heads (1: once, and kept while it "
                         "was wanted).");
  }

  const estimate::Demand& demand_;
  std::span<const Column> columns_;
  double width_, height_, column_;
};

}  // namespace

std::string picture(const std::string& title, const estimate::Demand& demand, std::span<const Column> columns) {
  return Drawing(demand, columns).drawn(title);
}

}  // namespace quillgen::trace
