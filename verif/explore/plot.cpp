#include "explore/plot.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "drawing/labels.hpp"
#include "drawing/svg.hpp"
#include "explore/pareto.hpp"
#include "explore/scale.hpp"

namespace quillgen::explore {
namespace {

using drawing::escaped, drawing::shortened;

// Pixels: the picture, and the margins of the plot in it.
constexpr double width = 960, height = 600, left = 96, right = 32, top = 88, bottom = 72;

// Of text.
constexpr double text_size = 13, title_size = 15, number_size = 11;
// Of marks.
constexpr double front_radius = 5, other_radius = 4;

std::string style() {
  using namespace drawing;
  const Paint paints[] = {{"text", "fill", ink},         {".paper", "fill", paper},     {".grid", "stroke", grid},
                          {".frame", "stroke", outline}, {".other", "fill", quiet},     {".front", "fill", accent},
                          {".front", "stroke", ink},     {".stairs", "stroke", accent}, {".simulated", "stroke", ink},
                          {".leader", "stroke", dim}};
  return style_sheet(paints) +
         fmt::format(
             "text{{font:{}px sans-serif}}.title{{font-size:{}px;font-weight:bold}}.number{{font-size:{}px}}"
             ".frame,.stairs{{fill:none}}.stairs,.simulated{{stroke-width:1.5}}",
             text_size, title_size, number_size);
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
        "<style>{2}</style>\n<rect class=\"paper\" width=\"{0}\" height=\"{1}\"/>\n",
        width, height, style());
    text_ += fmt::format("<text class=\"title\" x=\"{}\" y=\"30\">{}</text>\n", left,
                         escaped(shortened(title, title_size, width - left - right)));
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
    text_ += fmt::format("<circle class=\"front\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", left + 6, y - 4, front_radius);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">on the front, with its number</text>\n", left + 18, y);
    text_ += fmt::format("<circle class=\"other\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", left + 236, y - 4, other_radius);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">beaten by another</text>\n", left + 248, y);
    if (!simulated) return;
    cross(left + 400, y - 4);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">cycles of a simulation</text>\n", left + 412, y);
  }

  /// Right and down from point to point: nothing below the line was found.
  void stairs() {
    const Objective two[] = {along_, up_};
    std::string path;
    double before_x = 0, before_y = 0;
    for (const auto i : front(points_, two)) {
      const auto [x, y] = place(points_[i]);
      if (!path.empty()) labels_.keep_free(before_x, before_y, x, before_y), labels_.keep_free(x, before_y, x, y);
      path += path.empty() ? fmt::format("M{:.1f} {:.1f}", x, y) : fmt::format("H{:.1f}V{:.1f}", x, y);
      before_x = x, before_y = y;
    }
    text_ += fmt::format("<path class=\"stairs\" d=\"{}\"/>\n", path);
  }

  void point(const Point& p, bool on_front) {
    const auto [x, y] = place(p);
    const double radius = on_front ? front_radius : other_radius;
    text_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle>\n",
                         on_front ? "front" : "other", x, y, radius, escaped(tooltip(p)));
    labels_.keep_free({x - radius, y - radius, 2 * radius, 2 * radius});
    if (up_.value == &Figures::cycles && p.simulated && p.simulated->bit_exact()) {
      const double simulated = down(static_cast<double>(p.simulated->cycles));
      cross(x, simulated);
      labels_.keep_free({x - 4, simulated - 4, 8, 8});
    }
  }

  /// Of a point on the front. Where they are too near to each other some go without: all have theirs on the mark.
  void number(const Point& p) {
    const auto [x, y] = place(p);
    const auto text = fmt::format("{}", p.number);
    if (const auto box = labels_.place(x, y, front_radius, text, number_size))
      text_ += drawing::label_at(*box, x, y, front_radius, text, number_size, "number");
  }

  std::string end() { return text_ + "</svg>\n"; }

 private:
  std::pair<double, double> place(const Point& p) const {
    return {across(p.figures.*along_.value), down(p.figures.*up_.value)};
  }
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
  drawing::Labels labels_{{left, top, width - left - right, height - top - bottom}};
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
    if (!in_front[i] && points[i].refused.empty()) drawing.point(points[i], false);
  drawing.stairs();
  for (const auto i : on_front) drawing.point(points[i], true);
  for (const auto i : on_front) drawing.number(points[i]);
  return drawing.end();
}

}  // namespace quillgen::explore
