#include "trace/picture.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>

#include "drawing/labels.hpp"
#include "drawing/svg.hpp"
#include "trace/picture_parts.hpp"

namespace quillgen::trace {
namespace {

using drawing::Colour;

constexpr double title_height = 58, legend_height = 64;

constexpr std::size_t most_points = 3000;  ///< of a path
constexpr std::size_t pieces = 64;         ///< of a path, each of one colour
constexpr int most_cells = 128;            ///< of a heat map, along a side

constexpr double mark = 5;  ///< half the side of the marks of the first and the last query
constexpr double title_size = 16;

struct Step {
  double up_to;
  const char* label;
  Colour colour;
};
/// Of fetches; doubling, so that the picture of one cache can be held against that of another.
constexpr std::array<Step, 8> steps = {{{0, "0", {"#ffffff", "#14181d"}},
                                        {1, "to 1", {"#fff4c2", "#3a1420"}},
                                        {2, "to 2", {"#fed46a", "#611526"}},
                                        {4, "to 4", {"#fda63c", "#932226"}},
                                        {8, "to 8", {"#f4732a", "#c63f22"}},
                                        {16, "to 16", {"#d9301f", "#ea7330"}},
                                        {32, "to 32", {"#9c1127", "#fdb257"}},
                                        {1e300, "more", {"#4d0016", "#ffecb4"}}}};

std::size_t step_of(double times) {
  std::size_t step = 0;
  while (times > steps[step].up_to + 1e-9) ++step;
  return step;
}

/// From the first query to the last: ever lighter, blue, green, yellow.
constexpr std::array<drawing::Rgb, 5> path_light = {
    {{16, 28, 84}, {47, 95, 158}, {47, 143, 134}, {190, 148, 40}, {236, 164, 60}}};
constexpr std::array<drawing::Rgb, 5> path_dark = {
    {{58, 84, 168}, {74, 147, 201}, {108, 195, 160}, {229, 207, 106}, {255, 243, 196}}};

std::string style(bool with_pixels) {
  using namespace drawing;
  std::vector<Paint> paints = {{"text", "fill", ink},         {".paper", "fill", paper}, {".halo", "stroke", paper},
                               {".frame", "stroke", outline}, {".ends", "fill", paper},  {".ends", "stroke", ink},
                               {".leader", "stroke", dim}};
  for (std::size_t i = 0; i < pieces; ++i) {
    const double part = static_cast<double>(i) / (pieces - 1);
    for (const auto* property : {"stroke", "fill"})
      paints.emplace_back(fmt::format(".{}{}", property[0] == 's' ? "p" : "b", i), property, ramp(path_light, part),
                          ramp(path_dark, part));
  }
  for (std::size_t i = 0; i < steps.size(); ++i) paints.emplace_back(fmt::format(".h{}", i), "fill", steps[i].colour);
  if (with_pixels) std::ranges::move(PixelMaps::paints(), std::back_inserter(paints));
  return style_sheet(paints) + (with_pixels ? PixelMaps::style() : "") +
         fmt::format(
             "text{{font:{}px sans-serif}}.title{{font-size:{}px;font-weight:bold}}.order,.end{{font-weight:bold}}"
             ".halo{{stroke-width:4;paint-order:stroke}}.outline,.path{{fill:none}}.path{{stroke-width:0.9;"
             "stroke-linejoin:round}}.ends{{stroke-width:2}}",
             text_size, title_size);
}

constexpr const char* heat_text =
    "Times that a line there was read from memory, mean of the heads (1: once, and kept while it was wanted).";

std::size_t stride_of(const Trace& trace) { return (trace.order.size() + most_points - 1) / most_points; }

class Drawing {
 public:
  Drawing(const estimate::Demand& demand, std::span<const Column> columns, const PixelMask* mask)
      : demand_(demand), columns_(columns) {
    const auto& level = demand.layer.level_shapes.at(0);
    const double longest = std::max(level.width, level.height);
    width_ = panel_side * level.width / longest, height_ = panel_side * level.height / longest;
    column_ = width_;  // captions need room
    for (const auto& c : columns)
      for (const auto& caption : {path_caption(c), heat_caption(c)})
        column_ = std::max(column_, bold * drawing::text_width(caption, text_size));
    const auto count = static_cast<double>(columns.size());
    inner_ = std::max(count * column_ + (count - 1) * gap, drawing::text_width(heat_text, text_size));
    if (mask == nullptr) return;
    if (demand.layer.levels > 1) inner_ = std::max(inner_, column_ + gap + panel_side);  // coarse maps need room
    pixels_.emplace(demand, *mask, column_, inner_);
  }

  std::string drawn(const std::string& title) const {
    const double width = 2 * margin + inner_;
    const double paths = title_height + caption, path_legend = paths + height_ + 10;
    const double maps = path_legend + legend_height + caption, map_legend = maps + height_ + 10;
    const double pixels = map_legend + legend_height, height = pixels + (pixels_ ? pixels_->height() : 0);
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0f}\" height=\"{:.0f}\" viewBox=\"0 0 {:.0f} {:.0f}\">\n"
        "<style>{}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        width, height, width, height, style(pixels_.has_value()));
    const auto& level = demand_.layer.level_shapes.at(0);
    svg += text_at(margin, 30, drawing::shortened(title, bold * title_size, width - 2 * margin), "title");
    svg += text_at(margin, 50,
                   fmt::format("{} of {} queries; level 0, {} x {} pixels", columns_[0].trace->order.size(),
                               demand_.layer.queries, level.width, level.height));
    double x = margin;
    for (const auto& column : columns_) {
      svg += text_at(x, paths - 8, path_caption(column), "order");
      svg += path(*column.trace, x, paths) + frame(x, paths);
      svg += text_at(x, maps - 8, heat_caption(column), "order");
      svg += heat(column.trace->fetches, x, maps) + frame(x, maps);
      x += column_ + gap;
    }
    svg += path_legend_at(path_legend) + heat_legend_at(map_legend);
    if (pixels_) svg += pixels_->drawn(margin, pixels);
    return svg + "</svg>\n";
  }

 private:
  static std::string path_caption(const Column& c) { return fmt::format("Path of the queries: {}", c.order); }
  static std::string heat_caption(const Column& c) {
    const auto& total = c.trace->total;
    return fmt::format("Fetches: {} ({:.2f} x the map, all levels)", c.order,
                       total.of_map(total.fetched, c.trace->line_bytes));
  }

  std::string frame(double x, double y) const { return frame_at(x, y, width_, height_); }

  std::string path(const Trace& trace, double x, double y) const {
    const auto row = static_cast<std::size_t>(demand_.layer.levels * (demand_.layer.boxes ? 4 : 2));
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = 0; i < trace.order.size(); i += stride_of(trace)) {
      const auto* reference = &demand_.references[static_cast<std::size_t>(trace.order[i]) * row];
      const auto inside = [](std::int32_t v) { return std::clamp(v / 65536.0, 0.0, 1.0); };
      points.emplace_back(x + inside(reference[0]) * width_, y + inside(reference[1]) * height_);
    }
    std::string svg;
    const std::size_t length = (points.size() + pieces - 1) / pieces;
    for (std::size_t begin = 0; begin + 1 < points.size(); begin += length) {
      const auto end = std::min(begin + length + 1, points.size());  // the next piece begins where this one ends
      std::string line;
      for (std::size_t i = begin; i < end; ++i)
        line += fmt::format("{}{:.1f} {:.1f}", i == begin ? 'M' : 'L', points[i].first, points[i].second);
      svg += fmt::format("<path class=\"path p{}\" d=\"{}\"/>\n", begin * (pieces - 1) / points.size(), line);
    }
    if (points.empty()) return svg;
    const auto [first_x, first_y] = points.front();
    const auto [last_x, last_y] = points.back();
    svg += first_mark(first_x, first_y) + last_mark(last_x, last_y);
    // Their names, where there is room beside both.
    drawing::Labels labels({x, y, width_, height_});
    for (const auto& [at_x, at_y] : {points.front(), points.back()})
      labels.keep_free({at_x - mark, at_y - mark, 2 * mark, 2 * mark});
    for (const auto& [name, at] : {std::pair{"first", points.front()}, {"last", points.back()}})
      if (const auto box = labels.place(at.first, at.second, mark, name, bold * text_size))
        svg += drawing::label_at(*box, at.first, at.second, mark, name, text_size, "end halo");
    return svg;
  }

  static std::string first_mark(double x, double y) {
    return fmt::format("<circle class=\"ends\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", x, y, mark);
  }
  static std::string last_mark(double x, double y) {
    return fmt::format("<rect class=\"ends\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>\n", x - mark,
                       y - mark, 2 * mark, 2 * mark);
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
        svg += fmt::format("<path class=\"h{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n", step, shapes[step]);
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
    constexpr double bar = 256, left = margin + 106;
    std::string svg = first_mark(margin + mark + 1, y + 10) + text_at(margin + 20, y + 15, "first query");
    for (std::size_t i = 0; i < pieces; ++i)
      svg += fmt::format("<rect class=\"b{}\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"12\"/>\n", i,
                         left + static_cast<double>(i) * bar / pieces, y + 4, bar / pieces + 0.5);
    svg += text_at(left + bar + 12, y + 15, "last") + last_mark(left + bar + 56, y + 10);
    return svg + text_at(margin, y + 36,
                         stride == 1 ? "A corner for each query, where its reference lies."
                                     : fmt::format("A corner for one query in {}, where its reference lies.", stride));
  }

  std::string heat_legend_at(double y) const {
    std::string svg;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double x = margin + static_cast<double>(i) * 72;
      svg += fmt::format("<rect class=\"frame h{}\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"14\" height=\"14\"/>\n", i, x,
                         y + 2);
      svg += text_at(x + 20, y + 14, steps[i].label);
    }
    return svg + text_at(margin, y + 36, heat_text);
  }

  const estimate::Demand& demand_;
  std::span<const Column> columns_;
  double width_, height_, column_, inner_;
  std::optional<PixelMaps> pixels_;
};

}  // namespace

std::string picture(const std::string& title, const estimate::Demand& demand, std::span<const Column> columns,
                    const PixelMask* mask) {
  return Drawing(demand, columns, mask).drawn(title);
}

}  // namespace quillgen::trace
