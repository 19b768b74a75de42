#include "cli/program_picture.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/program_layers.hpp"
#include "drawing/svg.hpp"

namespace quillgen::cli {
namespace {

class ProgramPicture {
 public:
  ProgramPicture(const estimate::ProgramDemand& demand, const estimate::ProgramEstimate& e) : demand_(demand), e_(e) {}

  std::string draw(const std::string& title) {
    const auto& engines = e_.jobs.front().of.engines;
    const double bottom = first_engine + engine_row * static_cast<double>(engines.size());
    svg_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\">\n<title>{}</title>\n"
        "<style>{}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        left + width + 20, bottom + 60, drawing::escaped(title), style());
    text(left, 20, title, "start", "head");
    layers();
    for (std::size_t i = 0; i < e_.jobs.size(); ++i) job(i);
    for (std::size_t g = 0; g < engines.size(); ++g) {
      auto name = engines[g].name;
      std::ranges::replace(name, '_', ' ');
      text(left - 8, engine_bottom(g) - 8, name, "end", "");
      line(left, engine_bottom(g), left + width, engine_bottom(g));
    }
    text(left - 8, layer_top + 14, "layer", "end", "");
    text(left - 8, job_top + 14, "job", "end", "");
    axis(bottom + 4);
    legend(bottom + 44);
    return svg_ + "</svg>\n";
  }

 private:
  static constexpr double left = 130, width = 1250, layer_top = 34, job_top = 58, bar = 20, first_engine = 90,
                          engine_row = 44, engine_high = 36, text_size = 12;
  static constexpr const char* kinds[] = {"attention", "dense", "normed", "boxes"};

  static std::string style() {
    using drawing::Paint;
    const Paint paints[] = {{".paper", "fill", drawing::paper},
                            {"text", "fill", drawing::ink},
                            {".dim", "fill", drawing::dim},
                            {".axis", "stroke", drawing::outline},
                            {".bar", "stroke", drawing::paper},
                            {".layer", "fill", drawing::grid},
                            {".attention", "fill", "#1f4e79", "#d6ecff"},
                            {".dense", "fill", "#9db4c8", "#45617a"},
                            {".normed", "fill", "#c98a1b", "#a3761f"},
                            {".boxes", "fill", drawing::accent}};
    return fmt::format("text{{font:{}px sans-serif}} .head{{font-weight:bold}} .bar{{stroke-width:.5}}\n{}", text_size,
                       drawing::style_sheet(paints));
  }
  double at(std::int64_t cycle) const {
    return left + width * static_cast<double>(cycle) / static_cast<double>(std::max<std::int64_t>(e_.cycles, 1));
  }
  static double engine_bottom(std::size_t engine) {
    return first_engine + engine_row * static_cast<double>(engine) + engine_high;
  }
  const char* kind_of(std::size_t i) const {
    const auto& d = demand_.jobs[i].demand;
    return kinds[!d.dense ? 0 : d.stream.boxes ? 3 : d.stream.norm ? 2 : 1];
  }
  void text(double x, double y, const std::string& what, const char* anchor, const char* kind) {
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y, anchor,
                        kind, drawing::escaped(what));
  }
  void line(double x0, double y0, double x1, double y1) {
    svg_ +=
        fmt::format("<line class=\"axis\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x0, y0, x1, y1);
  }
  void box(double x, double y, double wide, double high, const std::string& kind, const std::string& title) {
    svg_ += fmt::format(
        "<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"><title>{}</title></rect>\n",
        kind, x, y, wide, high, drawing::escaped(title));
  }
  /// A name over its bar, where there is room.
  void name(double x, double y, double wide, const std::string& what) {
    if (drawing::text_width(what, text_size) + 4 < wide) text(x + wide / 2, y, what, "middle", "");
  }

  void layers() {
    for (std::size_t first = 0; first < e_.jobs.size();) {
      const auto layer = layer_of(e_.jobs[first].name);
      auto last = first;
      while (last + 1 < e_.jobs.size() && layer_of(e_.jobs[last + 1].name) == layer) ++last;
      const auto end = e_.jobs[last].begin + e_.jobs[last].cycles, cycles = end - e_.jobs[first].begin;
      const double x = at(e_.jobs[first].begin), wide = at(end) - x;
      box(x, layer_top, wide, bar, "layer bar", fmt::format("{}: {} cycles", layer, cycles));
      name(x, layer_top + 14, wide, layer);
      first = last + 1;
    }
  }
  void job(std::size_t i) {
    const auto& job = e_.jobs[i];
    const auto kind = kind_of(i);
    const auto cycles = static_cast<double>(job.cycles);
    box(at(job.begin), job_top, at(job.begin + job.cycles) - at(job.begin), bar, fmt::format("{} bar", kind),
        fmt::format("{}: {} cycles, {} bytes, array busy {:.1f} %", job.name, job.cycles, job.bytes,
                    100 * static_cast<double>(job.of.gemm_steps) / cycles));
    const auto begin = job.begin + job.cycles - job.of.cycles;
    for (std::size_t p = 0; p < job.of.phases.size(); ++p) {
      const auto& phase = job.of.phases[p];
      if (phase.cycles == 0) continue;
      const double x = at(begin + phase.begin), wide = at(begin + phase.begin + phase.cycles) - x;
      for (std::size_t g = 0; g < job.of.engines.size(); ++g) {
        const double busy = std::min(1.0, job.of.engines[g].by_phase[p] / static_cast<double>(phase.cycles));
        if (busy > 0)
          box(x, engine_bottom(g) - engine_high * busy, wide, engine_high * busy, kind,
              fmt::format("{}, {}: busy {:.1f} %", job.name, phase.name, 100 * busy));
      }
    }
  }
  void axis(double y) {
    line(left, y, left + width, y);
    for (int tick = 0; tick <= 5; ++tick) {
      const double x = left + width * tick / 5;
      line(x, y, x, y + 4);
      text(x, y + 18, fmt::format("{}{}", e_.cycles * tick / 5, tick == 5 ? " cycles" : ""),
           tick == 5 ? "end" : "middle", "dim");
    }
  }
  void legend(double y) {
    static constexpr const char* words[] = {"attention", "dense", "dense, with a norm", "dense, of boxes"};
    double x = left;
    for (std::size_t k = 0; k < std::size(kinds); ++k) {
      box(x, y - 10, 12, 12, kinds[k], words[k]);
      text(x + 17, y, words[k], "start", "");
      x += 34 + drawing::text_width(words[k], text_size);
    }
    text(x, y, "an engine is filled as high as it is busy", "start", "dim");
  }

  const estimate::ProgramDemand& demand_;
  const estimate::ProgramEstimate& e_;
  std::string svg_ = {};
};

}  // namespace

std::string program_picture(const Config& config, const estimate::ProgramDemand& demand,
                            const estimate::ProgramEstimate& estimate, int latency) {
  return ProgramPicture(demand, estimate)
      .draw(fmt::format("{} on {}{}: {} cycles, memory latency {}", config.name, demand.name,
                        demand.synthetic ? ", its sampling locations drawn" : "", estimate.cycles, latency));
}

}  // namespace quillgen::cli
