#include "explore/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "explore/pareto.hpp"
#include "explore/scale.hpp"

namespace quillgen::explore {
namespace {

// Pixels: the picture, and the margins of the plot in it.
constexpr double width = 960, height = 600, left = 96, right = 32, top = 88, bottom = 72;

constexpr const char* style =
    "text { font: 13px sans-serif; fill: #222 } .title { font-size: 15px; font-weight: bold } .grid { stroke: #ddd } "
    ".frame { stroke: #888; fill: none } .other { fill: #9db4c8 } .front { fill: #c43c2f } "
    ".stairs { stroke: #c43c2f; fill: none; stroke-width: 1.5 } .simulated { stroke: #222; stroke-width: 1.5 } "
    ".number { font-size: 11px }";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') safe += "&amp;";
    else if (c == '<') safe += "&lt;";
    else if (c == '>') safe += "&gt;";
    else if (c == '"') safe += "&quot;";
    else safe += c;
  }
  return safe;
}

/// What has room on a line of the picture: the end of long names of files tells more than their begin.
std::string shortened(const std::string& text) {
  constexpr std::size_t most = 100;
  return text.size() <= most ? text : "..." + text.substr(text.size() - most + 3);
}

Scale scale_of(std::span<const Point> points, const Objective& objective) {
  auto least = std::numeric_limits<std::int64_t>::max();
  std::int64_t largest = 0;
  const auto include = [&](std::int64_t value) {
    least = std::min(least, value);
    largest = std::max(largest, value);
  };
  for (const auto& p : points) {
    if (!p.refused.empty()) continue;
    include(p.figures.*objective.value);
    if (objective.value == &Figures::cycles && p.simulated && p.simulated->bit_exact()) include(p.simulated->cycles);
  }
  return {std::min(least, largest), largest};
}

class Drawing {
 public:
  Drawing(std::span<const Point> points, std::span<const Axis> axes, std::span<const Objective> objectives)
      : points_(points),
        axes_(axes),
        up_(objectives[0]),
        along_(objectives[1]),
        y_(scale_of(points, up_)),
        x_(scale_of(points, along_)) {}

  void begin(const std::string& title) {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
        "<style>{2}</style>\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        width, height, style);
    text_ += fmt::format("<text class=\"title\" x=\"{}\" y=\"30\">{}</text>\n", left, escaped(shortened(title)));
  }

  void frame() {
    for (const auto& [tick, number] : x_.ticks()) {
      const double x = across(tick);
      text_ += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>\n", x, top,
                           height - bottom);
      text_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x, height - bottom + 20,
                           number);
    }
    for (const auto& [tick, number] : y_.ticks()) {
      const double y = down(tick);
      text_ += fmt::format("<line class=\"grid\" x1=\"{1}\" x2=\"{2}\" y1=\"{0:.1f}\" y2=\"{0:.1f}\"/>\n", y, left,
                           width - right);
      text_ += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", left - 8, y + 4, number);
    }
    text_ += fmt::format("<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", left, top,
                         width - left - right, height - top - bottom);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (left + width - right) / 2,
                         height - 20, escaped(label(along_, x_)));
    text_ += fmt::format("<text transform=\"translate(24 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                         (top + height - bottom) / 2, escaped(label(up_, y_)));
  }

  /// What the signs mean, above the frame.
  void legend(bool simulated) {
    constexpr double y = top - 24;
    text_ += fmt::format("<circle class=\"front\" cx=\"{}\" cy=\"{}\" r=\"5\"/>", left + 6, y - 4);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">on the front, with its number</text>\n", left + 18, y);
    text_ += fmt::format("<circle class=\"other\" cx=\"{}\" cy=\"{}\" r=\"4\"/>", left + 236, y - 4);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">beaten by another</text>\n", left + 248, y);
    if (!simulated) return;
    cross(left + 400, y - 4);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">cycles of a simulation</text>\n", left + 412, y);
  }

  /// Right and down from point to point: nothing below the line was found.
  void stairs() {
    const Objective two[] = {along_, up_};
    std::string path;
    for (const auto i : front(points_, two)) {
      const double x = across(points_[i].figures.*along_.value), y = down(points_[i].figures.*up_.value);
      path += path.empty() ? fmt::format("M{:.1f} {:.1f}", x, y) : fmt::format("H{:.1f}V{:.1f}", x, y);
    }
    text_ += fmt::format("<path class=\"stairs\" d=\"{}\"/>\n", path);
  }

  void point(std::size_t i, bool on_front) {
    const auto& p = points_[i];
    const double x = across(p.figures.*along_.value), y = down(p.figures.*up_.value);
    text_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle>\n",
                         on_front ? "front" : "other", x, y, on_front ? 5 : 4, escaped(tooltip(p)));
    if (on_front)
      text_ += fmt::format("<text class=\"number\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + 7, y - 6, p.number);
    if (up_.value == &Figures::cycles && p.simulated && p.simulated->bit_exact())
      cross(x, down(static_cast<double>(p.simulated->cycles)));
  }

  std::string end() { return text_ + "</svg>\n"; }

 private:
  template <typename Number>
  double across(Number value) const {
    return left + x_.place(static_cast<double>(value)) * (width - left - right);
  }
  template <typename Number>
  double down(Number value) const {
    return height - bottom - y_.place(static_cast<double>(value)) * (height - top - bottom);
  }

  void cross(double x, double y) {
    text_ += fmt::format("<path class=\"simulated\" d=\"M{:.1f} {:.1f}l8 8m0 -8l-8 8\"/>\n", x - 4, y - 4);
  }

  static std::string label(const Objective& objective, const Scale& scale) {
    return std::string(objective.label) + (scale.logarithmic() ? ", logarithmic" : "");
  }

  std::string tooltip(const Point& p) const {
    auto text = fmt::format("point {}: {}\n{} cycles, area {}, {} bytes, limited by {}", p.number,
                            settings_text(axes_, p.number), p.figures.cycles, p.figures.area, p.figures.bytes,
                            p.figures.limited_by);
    if (p.simulated && p.simulated->bit_exact()) text += fmt::format("\n{} cycles simulated", p.simulated->cycles);
    return text;
  }

  std::span<const Point> points_;
  std::span<const Axis> axes_;
  Objective up_, along_;
  Scale y_, x_;
  std::string text_;
};

}  // namespace

std::string plot(std::span<const Point> points, std::span<const Axis> axes, std::span<const Objective> objectives,
                 std::span<const std::size_t> on_front, const std::string& title) {
  std::vector<bool> in_front(points.size());
  for (const auto i : on_front) in_front[i] = true;
  Drawing drawing(points, axes, objectives);
  drawing.begin(title);
  drawing.frame();
  drawing.legend(std::ranges::any_of(points, [](const Point& p) { return p.simulated && p.simulated->bit_exact(); }));
  for (std::size_t i = 0; i < points.size(); ++i)
    if (!in_front[i] && points[i].refused.empty()) drawing.point(i, false);
  drawing.stairs();
  for (const auto i : on_front) drawing.point(i, true);
  return drawing.end();
}

}  // namespace quillgen::explore
