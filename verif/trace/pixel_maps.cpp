#include "trace/pixel_maps.hpp"

#include <algorithm>
#include <array>

#include "config/derived.hpp"
#include "trace/picture_parts.hpp"

namespace quillgen::trace {
namespace {

constexpr int most_map_cells = 192;      ///< along a side
constexpr double maps_legend = 58;       ///< height
constexpr double between = 20;           ///< maps of coarse levels
constexpr double least_map_height = 64;  ///< of a coarse level's box

/// Shares of a cell that are dropped, and how they are painted.
struct Part {
  double up_to;
  const char* label;
  drawing::Colour colour;
};
constexpr std::array<Part, 4> parts = {{{0.25, "to 1/4", {"#cfdde9", "#213647"}},
                                        {0.5, "to 1/2", {"#93b3cf", "#34597a"}},
                                        {0.75, "to 3/4", {"#5580a6", "#5487b3"}},
                                        {1, "all", {"#1f4468", "#a9cfee"}}}};
constexpr drawing::Colour padded_colour{"#bfc5cb", "#3d444b"};  // under a hatching
constexpr std::size_t whole = parts.size() - 1;

/// How a cell is painted; none: its pixels are all read.
constexpr int not_painted = -1, hatched = static_cast<int>(parts.size());
int paint_of(double dropped) {
  if (dropped < 0) return hatched;
  if (dropped == 0) return not_painted;
  int part = 0;
  while (dropped > parts[static_cast<std::size_t>(part)].up_to) ++part;
  return part;
}

std::string percent_of(std::int64_t part, std::int64_t of) {
  return fmt::format("{:.1f} %", of > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(of) : 0.0);
}

std::string swatch(const std::string& kind, double x, double y) {
  return fmt::format("<rect class=\"frame {}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"14\"/>\n", kind, x, y);
}

}  // namespace

PixelMaps::PixelMaps(const estimate::Demand& demand, const PixelMask& mask, double left, double width)
    : share_(mask.share) {
  const auto& padding = demand.layer.padding;
  for (std::size_t first = 0; const auto& level : demand.layer.level_shapes) {
    auto& map = maps_.emplace_back(map_of(level, &mask.dropped[first], padding.empty() ? nullptr : &padding[first]));
    map.caption = fmt::format("Level {}, {} x {}: {}", maps_.size() - 1, level.width, level.height,
                              percent_of(map.lost + map.pad, map.of));
    most_together_ = std::max({most_together_, divide_up(level.height, map.rows), divide_up(level.width, map.columns)});
    first += static_cast<std::size_t>(map.of);
  }
  place(left, width);
}

PixelMaps::Map PixelMaps::map_of(const model::LevelShape& level, const std::uint8_t* dropped,
                                 const std::uint8_t* padded) const {
  Map map;
  map.rows = std::min(level.height, most_map_cells), map.columns = std::min(level.width, most_map_cells);
  map.width = level.width, map.height = level.height;  // in its own pixels, until it has its place
  for (int row = 0; row < map.rows; ++row)
    for (int column = 0; column < map.columns; ++column) {
      int of = 0, lost = 0, pad = 0;
      for (int y = row * level.height / map.rows; y < (row + 1) * level.height / map.rows; ++y)
        for (int x = column * level.width / map.columns; x < (column + 1) * level.width / map.columns; ++x, ++of) {
          const auto pixel = y * level.width + x;
          if (padded != nullptr && padded[pixel] != 0) ++pad;
          else lost += dropped[pixel];
        }
      map.dropped.push_back(pad == of ? -1 : static_cast<double>(lost) / (of - pad));
      map.of += of, map.lost += lost, map.pad += pad;
    }
  return map;
}

/// Each map as large as its box lets it be; coarse levels in as many columns as make them largest.
void PixelMaps::place(double left, double width) {
  const auto fit = [](Map& map, double box_width, double box_height) {
    const double scale = std::min(box_width / map.width, box_height / map.height);
    map.width *= scale, map.height *= scale;
  };
  auto& finest = maps_.front();
  fit(finest, panel_side, panel_side);
  finest.y = 2 * caption;
  double bottom = finest.y + finest.height;
  const auto coarse = static_cast<int>(maps_.size()) - 1;
  double widest = 0;
  for (const auto& map : maps_) widest = std::max(widest, drawing::text_width(map.caption, text_size));
  const double beside = width - left - gap;
  double largest = 0;
  std::vector<Map> best(maps_.begin() + 1, maps_.end());
  for (int columns = 1; columns <= coarse; ++columns) {
    const double box_width = (beside - (columns - 1) * between) / columns;
    if (columns > 1 && box_width < widest) break;
    const int rows = divide_up(coarse, columns);
    const double box_height = std::max((finest.height - (rows - 1) * (caption + 8)) / rows, least_map_height);
    std::vector<Map> tried(maps_.begin() + 1, maps_.end());
    for (int i = 0; i < coarse; ++i) {
      auto& map = tried[static_cast<std::size_t>(i)];
      fit(map, box_width, box_height);
      map.x = left + gap + i % columns * (box_width + between);
      map.y = finest.y + i / columns * (box_height + caption + 8);
    }
    if (tried.front().width <= largest) continue;
    largest = tried.front().width, best = tried;
  }
  std::ranges::copy(best, maps_.begin() + 1);
  for (const auto& map : maps_) bottom = std::max(bottom, map.y + map.height);
  legend_y_ = bottom + 10, height_ = legend_y_ + maps_legend;
}

PixelMaps::Map PixelMaps::sum() const {
  Map all;
  for (const auto& map : maps_) all.of += map.of, all.lost += map.lost, all.pad += map.pad;
  return all;
}

std::string PixelMaps::drawn(double x, double y) const {
  const auto all = sum();
  auto svg = fmt::format(
      "<defs><pattern id=\"padded\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><rect class=\"under\" width=\"6\" height=\"6\"/>"
      "<path class=\"hatch\" d=\"M0 0v6\"/></pattern></defs>\n");
  svg += text_at(x, y + caption - 8,
                 fmt::format("Pixels that the next layer does not read: {}", percent_of(all.lost + all.pad, all.of)),
                 "order");
  for (const auto& map : maps_) svg += drawn(map, x + map.x, y + map.y);
  return svg + legend_at(x, y + legend_y_);
}

std::string PixelMaps::drawn(const Map& map, double x, double y) const {
  std::array<std::string, parts.size() + 1> shapes;
  const double cell_width = map.width / map.columns, cell_height = map.height / map.rows;
  for (int row = 0; row < map.rows; ++row) {
    const auto paint = [&](int column) {
      return paint_of(map.dropped[static_cast<std::size_t>(row * map.columns + column)]);
    };
    for (int column = 0, begin = 0; column < map.columns; ++column) {
      if (column + 1 < map.columns && paint(column + 1) == paint(column)) continue;
      if (paint(column) != not_painted)
        shapes[static_cast<std::size_t>(paint(column))] +=
            fmt::format("M{:.2f} {:.2f}H{:.2f}V{:.2f}H{:.2f}z", x + begin * cell_width, y + row * cell_height,
                        x + (column + 1) * cell_width, y + (row + 1) * cell_height, x + begin * cell_width);
      begin = column + 1;
    }
  }
  auto svg = text_at(x, y - 8, map.caption);
  for (std::size_t i = 0; i < shapes.size(); ++i)
    if (!shapes[i].empty())
      svg += fmt::format("<path class=\"{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n",
                         i > whole ? "padded" : fmt::format("d{}", i), shapes[i]);
  return svg + frame_at(x, y, map.width, map.height);
}

std::string PixelMaps::legend_at(double x, double y) const {
  const auto all = sum();
  std::string svg;
  double at = x;
  const auto entry = [&](const std::string& kind, const std::string& text) {
    svg += swatch(kind, at, y + 2) + text_at(at + 20, y + 14, text);
    at += 20 + drawing::text_width(text, text_size) + 24;
  };
  entry("paper", fmt::format("read, {}", percent_of(all.of - all.lost - all.pad, all.of)));
  if (most_together_ > 1)
    for (std::size_t i = 0; i < whole; ++i) entry(fmt::format("d{}", i), parts[i].label);
  entry(fmt::format("d{}", whole), fmt::format("dropped, {}", percent_of(all.lost, all.of)));
  if (all.pad > 0) entry("padded", fmt::format("padded in the image, {}", percent_of(all.pad, all.of)));
  svg += text_at(
      x, y + 36,
      fmt::format(
          "Dropped: corners of this layer's points lie there less often than {} times the mean of the level.{}", share_,
          most_together_ > 1 ? fmt::format(" Up to {} x {} pixels share a square.", most_together_, most_together_)
                             : ""));
  return svg;
}

std::vector<drawing::Paint> PixelMaps::paints() {
  std::vector<drawing::Paint> paints = {{".hatch", "stroke", drawing::outline}, {".under", "fill", padded_colour}};
  for (std::size_t i = 0; i < parts.size(); ++i) paints.emplace_back(fmt::format(".d{}", i), "fill", parts[i].colour);
  return paints;
}

const char* PixelMaps::style() { return ".padded{fill:url(#padded)}"; }

}  // namespace quillgen::trace
