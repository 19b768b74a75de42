#include "cli/estimate_html.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "drawing/labels.hpp"
#include "drawing/svg.hpp"

namespace quillgen::cli {
namespace {

using drawing::Colour, drawing::escaped, drawing::text_width;
using estimate::Estimate;

/// Phases, in their order, neighbours far apart in lightness; numbers are written on them.
constexpr Colour phase_colours[] = {{"#e3e7ea", "#6b747d"},
                                    {"#6aa3cf", "#1a466b"},
                                    {"#f0c96a", "#7d6222"},
                                    {"#7cc3a0", "#235f48"},
                                    {"#9a6aab", "#43234f"}};

std::string style() {
  using namespace drawing;
  std::vector<Paint> paints = {{"body", "color", ink},
                               {"body", "background", paper},
                               {"p,th", "color", dim},
                               {"td,th", "border-color", grid},
                               {"svg text", "fill", ink},
                               {"svg .dim", "fill", dim},
                               {".empty", "fill", "#f1f4f6", "#1e242b"},
                               {".grid", "stroke", grid},
                               {".axis", "stroke", outline},
                               {".roof", "stroke", ink},
                               {".mark", "stroke", accent},
                               {".dot", "fill", accent},
                               {".leader", "stroke", dim},
                               {".bound", "fill", quiet},
                               {".limit", "fill", accent},
                               {".job", "fill", ink}};
  for (std::size_t i = 0; i < std::size(phase_colours); ++i)
    paints.emplace_back(fmt::format(".phase{}", i), "fill", phase_colours[i]);
  return style_sheet(paints) +
         ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem "
         "auto;padding:0 1rem}h1{font-size:1.4rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:2rem 0 "
         ".4rem}p{margin:.3rem 0}svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,sans-serif}"
         ".roof{stroke-width:2}table{border-collapse:collapse;margin-top:.6rem;font-variant-numeric:tabular-nums}"
         "td,th{padding:.15rem .8rem .15rem 0;text-align:right;border-width:0 0 "
         "1px;border-style:solid;font-weight:normal}"
         "td:first-child,th:first-child{text-align:left}";
}

constexpr double text_size = 12;

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// 12345678 as "12,345,678".
std::string number(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

/// 1234567 as "1.23M".
std::string short_number(double value) {
  const char* suffixes[] = {"", "k", "M", "G", "T"};
  std::size_t i = 0;
  for (; value >= 999.5 && i + 1 < std::size(suffixes); ++i) value /= 1000;
  return fmt::format("{:.3g}{}", value, suffixes[i]);
}

std::string text(double x, double y, const std::string& what, const char* anchor = "start", const char* kind = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y, anchor, kind,
                     escaped(what));
}

std::string line(double x0, double y0, double x1, double y1, const char* kind) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kind, x0, y0, x1,
                     y1);
}

std::string box(double x, double y, double width, double height, const std::string& kind,
                const std::string& title = "") {
  return fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\">{}</rect>\n",
                     kind, x, y, width, height, title.empty() ? "" : "<title>" + escaped(title) + "</title>");
}

/// The phases along the cycles of the job; below, a row an engine, filled in a phase as high as it is busy there.
std::string timeline(const Estimate& e) {
  constexpr double left = 130, width = 760, row = 34;
  const double scale = width / static_cast<double>(std::max<std::int64_t>(e.cycles, 1));
  const double bottom = 46 + row * static_cast<double>(e.engines.size());
  std::string svg = fmt::format("<svg viewBox=\"0 0 900 {:.0f}\" role=\"img\" aria-label=\"timeline\">\n", bottom + 24);
  for (std::size_t i = 0; i < e.phases.size(); ++i) {
    const auto& p = e.phases[i];
    if (p.cycles == 0) continue;
    const double x = left + static_cast<double>(p.begin) * scale, w = static_cast<double>(p.cycles) * scale;
    const auto share = 100 * static_cast<double>(p.cycles) / static_cast<double>(e.cycles);
    svg += box(x, 20, std::max(w, 0.5), 16, fmt::format("phase{}", i),
               fmt::format("{}: {} cycles, {:.1f} %", p.name, number(static_cast<double>(p.cycles)), share));
    // Names of phases too narrow for theirs are in the table.
    const auto name = fmt::format("{} {:.0f} %", p.name, share);
    if (text_width(name, text_size) + 4 < w) svg += text(x + 2, 14, name);
    for (std::size_t g = 0; g < e.engines.size(); ++g) {
      const double busy = std::min(1.0, e.engines[g].by_phase[i] / static_cast<double>(p.cycles));
      const double y = 46 + row * static_cast<double>(g), high = (row - 10) * busy;
      svg += box(x, y, w, row - 10, "empty");
      svg += box(x, y + row - 10 - high, w, high, fmt::format("phase{}", i),
                 fmt::format("{} in {}: busy {:.1f} %", words(e.engines[g].name), p.name, 100 * busy));
      if (w > 45 && busy >= 0.005) svg += text(x + 3, y + row - 14, fmt::format("{:.0f} %", 100 * busy));
    }
  }
  for (std::size_t g = 0; g < e.engines.size(); ++g)
    svg += text(left - 8, 46 + row * static_cast<double>(g) + 17, words(e.engines[g].name), "end");
  svg += text(left - 8, 33, "phase", "end") + line(left, bottom, left + width, bottom, "axis");
  for (int tick = 0; tick <= 4; ++tick) {
    const double x = left + width * tick / 4;
    svg += line(x, bottom, x, bottom + 4, "axis") +
           text(x, bottom + 17, short_number(static_cast<double>(e.cycles) * tick / 4) + (tick == 4 ? " cycles" : ""),
                tick == 4 ? "end" : "middle", "dim");
  }
  return svg + "</svg>\n";
}

/// Logarithmic axes: multiply-accumulates a byte, multiply-accumulates a cycle.
std::string roofline(const Estimate& e) {
  const auto& r = e.roofline;
  constexpr double left = 70, top = 20, width = 800, height = 300, dot = 5;
  const double ridge = r.compute_roof / r.memory_roof;
  const double x_low = std::floor(std::log10(std::min(r.intensity, ridge) / 3)),
               x_high = std::ceil(std::log10(std::max(r.intensity, ridge) * 3)),
               y_high = std::ceil(std::log10(r.compute_roof * 1.5)),
               y_low = std::min(y_high - 2, std::floor(std::log10(r.reached / 2)));
  const auto x_at = [&](double v) { return left + width * (std::log10(v) - x_low) / (x_high - x_low); };
  const auto y_at = [&](double v) { return top + height * (y_high - std::log10(v)) / (y_high - y_low); };
  std::string svg =
      fmt::format("<svg viewBox=\"0 0 900 {:.0f}\" role=\"img\" aria-label=\"roofline\">\n", top + height + 42);
  for (double d = x_low; d <= x_high; ++d) {
    const double x = x_at(std::pow(10, d));
    svg += line(x, top, x, top + height, "grid") +
           text(x, top + height + 16, fmt::format("{:g}", std::pow(10, d)), "middle", "dim");
  }
  for (double d = y_low; d <= y_high; ++d) {
    const double y = y_at(std::pow(10, d));
    svg += line(left, y, left + width, y, "grid") +
           text(left - 6, y + 4, fmt::format("{:g}", std::pow(10, d)), "end", "dim");
  }
  // The slanting roof enters at the left edge or at the bottom.
  const double enters = std::max(std::pow(10, x_low), std::pow(10, y_low) / r.memory_roof);
  svg += line(x_at(enters), y_at(enters * r.memory_roof), x_at(ridge), y_at(r.compute_roof), "roof") +
         line(x_at(ridge), y_at(r.compute_roof), left + width, y_at(r.compute_roof), "roof");
  svg +=
      text(left + width, 12,
           fmt::format("roofs of this job: memory port {:.3g} bytes a cycle, engines {} multiply-accumulates a cycle",
                       r.memory_roof, short_number(r.compute_roof)),
           "end", "dim");
  const double px = x_at(r.intensity), py = y_at(r.reached);
  const double attainable = std::min(r.compute_roof, r.intensity * r.memory_roof);
  svg += line(px, y_at(attainable), px, py, "mark");
  svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", px, py, dot);
  drawing::Labels labels({left, top, width, height});
  labels.keep_free(x_at(enters), y_at(enters * r.memory_roof), x_at(ridge), y_at(r.compute_roof));
  labels.keep_free(x_at(ridge), y_at(r.compute_roof), left + width, y_at(r.compute_roof));
  labels.keep_free(px, y_at(attainable), px, py + dot);
  const auto name =
      fmt::format("this job: {} a cycle, {:.0f} % of the roof", short_number(r.reached), 100 * r.reached / attainable);
  if (const auto place = labels.place(px, py, dot, name, text_size))
    svg += drawing::label_at(*place, px, py, dot, name, text_size, "");
  svg += text(left + width / 2, top + height + 36, "multiply-accumulates a byte moved", "middle", "dim") +
         text(left, 12, "multiply-accumulates a cycle", "start", "dim");
  return svg + "</svg>\n";
}

/// The least cycles by each bound beside those of the job.
std::string bounds(const Estimate& e) {
  constexpr double left = 150, width = 600, row = 26;
  double most = static_cast<double>(e.cycles);
  for (const auto& b : e.roofline.bounds) most = std::max(most, b.cycles);
  std::string svg = fmt::format("<svg viewBox=\"0 0 900 {:.0f}\" role=\"img\" aria-label=\"bounds\">\n",
                                row * static_cast<double>(e.roofline.bounds.size() + 1) + 6);
  double y = 4;
  const auto bar = [&](const std::string& name, double cycles, const char* kind) {
    svg += text(left - 8, y + 14, words(name), "end") + box(left, y, width * cycles / most, row - 8, kind) +
           text(left + width * cycles / most + 6, y + 14, fmt::format("{} cycles", number(cycles)));
    y += row;
  };
  for (const auto& b : e.roofline.bounds) bar(b.name, b.cycles, b.name == e.roofline.limited_by ? "limit" : "bound");
  bar("estimate", static_cast<double>(e.cycles), "job");
  return svg + "</svg>\n";
}

std::string row_of(const std::vector<std::string>& cells, const char* tag = "td") {
  std::string out = "<tr>";
  for (const auto& c : cells) out += fmt::format("<{0}>{1}</{0}>", tag, escaped(c));
  return out + "</tr>\n";
}

std::string phase_table(const Estimate& e) {
  std::vector<std::string> head = {"phase", "cycles", "share"};
  for (const auto& g : e.engines) head.push_back(words(g.name) + " busy");
  std::string out = "<table>" + row_of(head, "th");
  const auto percent = [](double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
  };
  const auto cycles = static_cast<double>(e.cycles);
  for (std::size_t i = 0; i < e.phases.size(); ++i) {
    const auto length = static_cast<double>(e.phases[i].cycles);
    std::vector<std::string> cells = {e.phases[i].name, number(length), percent(length, cycles)};
    for (const auto& g : e.engines) cells.push_back(percent(g.by_phase[i], length));
    out += row_of(cells);
  }
  std::vector<std::string> cells = {"job", number(cycles), ""};
  for (const auto& g : e.engines) cells.push_back(percent(g.busy, cycles));
  return out + row_of(cells) + "</table>\n";
}

std::string byte_table(const Estimate& e) {
  std::string out = "<table>" + row_of({"client", "bytes", "share"}, "th");
  const std::pair<const char*, std::int64_t> clients[] = {{"descriptor, parameters, mask", e.bytes_job},
                                                          {"source rows", e.bytes_source},
                                                          {"rows of queries or of a dense job", e.bytes_query},
                                                          {"references", e.bytes_reference},
                                                          {"feature lines", e.bytes_feature},
                                                          {"value map, written", e.bytes_value},
                                                          {"output rows, written", e.bytes_output}};
  const auto all = static_cast<double>(e.bytes_read + e.bytes_written);
  for (const auto& [name, bytes] : clients)
    out += row_of(
        {name, number(static_cast<double>(bytes)), fmt::format("{:.1f} %", 100 * static_cast<double>(bytes) / all)});
  return out + "</table>\n";
}

std::string hardware_table(const Config& config) {
  const auto hardware = estimate::hardware_of(config);
  std::string out = "<table>" + row_of({"block", "multipliers", "memory bits"}, "th");
  for (const auto& b : hardware.blocks)
    out +=
        row_of({words(b.name), number(static_cast<double>(b.multipliers)), number(static_cast<double>(b.memory_bits))});
  return out +
         row_of({"sum", number(static_cast<double>(hardware.multipliers)),
                 number(static_cast<double>(hardware.memory_bits))}) +
         "</table>\n";
}

}  // namespace

std::string estimate_page(const Config& config, const estimate::Demand& demand, const Estimate& e, int latency) {
  const auto title = fmt::format("{} on {}", config.name, demand.name);
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{0}</title><style>{1}</style></head><body>\n<h1>{0}</h1>\n",
      escaped(title), style());
  page += fmt::format("<p>{} cycles, memory latency {}", number(static_cast<double>(e.cycles)), latency);
  if (!demand.dense)
    page += fmt::format("; {} queries, {} tokens; hit rate {:.1f} % ({} lines missed, {} distinct)",
                        number(demand.layer.queries), number(demand.layer.tokens), 100 * e.hit_rate,
                        number(static_cast<double>(e.line_misses)), number(static_cast<double>(e.lines_touched)));
  page +=
      ".</p>\n<p>From the cycle model of quillgen, not from a simulation. Left out: random stalls of the memory port.";
  if (demand.synthetic) page += fmt::format(" The sampling locations are drawn (seed {}).", demand.seed);
  page +=
      "</p>\n<h2>Timeline</h2>\n<p>Each engine is filled as high as it is busy in the phase: in how many of the "
      "cycles it takes a step.</p>\n" +
      timeline(e) + phase_table(e);
  if (e.gemm_project > 0)
    page += fmt::format(
        "<p>In the {} the PE array is busy in {:.1f} % of the cycles; {:.1f} % of the products that it could make are "
        "useful, since in some steps there are more PEs than rows or outputs.</p>\n",
        demand.dense ? "dense product" : "value projection", 100 * e.project_busy, 100 * e.project_useful);
  page +=
      "<h2>Roofline</h2>\n<p>The roofs are what this job could reach. Engines that work one after the other are not "
      "added "
      "up: the values are projected before the first sample is taken. Reads and writes pass the port in the proportion "
      "of this job.</p>\n" +
      roofline(e);
  page += "<h2>Least cycles by each bound</h2>\n" + bounds(e);
  page += "<h2>Bytes by client</h2>\n" + byte_table(e);
  page += "<h2>On chip</h2>\n" + hardware_table(config);
  return page + "</body></html>\n";
}

}  // namespace quillgen::cli
