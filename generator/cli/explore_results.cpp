#include "cli/explore_results.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/decibels.hpp"
#include "cli/progress.hpp"
#include "config/error.hpp"
#include "explore/csv.hpp"
#include "explore/documents.hpp"
#include "explore/pareto.hpp"
#include "explore/plot.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;
using explore::Point;
using explore::Sweep;

constexpr std::size_t most_lines = 40;  // of a table; the rest is in the files

using Row = std::vector<std::string>;

void print_table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{}{:>{}}", i ? "  " : "", row[i], widths[i]);
    fmt::print("{}\n", line);
  }
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// Cycles of the simulation and how far the estimate is from them; or what went wrong.
std::string simulated_text(const Point& p) {
  if (!p.simulated) return "";
  const auto& s = *p.simulated;
  if (!s.bit_exact()) return "FAILED";
  const auto error = 100.0 * static_cast<double>(p.figures.cycles - s.cycles) / static_cast<double>(s.cycles);
  return fmt::format("{} ({:+.1f} %)", s.cycles, error);
}

Row header_of(const Sweep& sweep) {
  Row row = {"point"};
  for (const auto& axis : sweep.axes) row.push_back(axis.path);
  for (const char* name :
       {"cycles", "area", "memory bits", "register bits", "multipliers", "bytes", "hits", "lanes", "PEs", "limited by"})
    row.emplace_back(name);
  if (sweep.pace.given())
    for (const char* name : {"ms", "frames/s", "GB/s"}) row.emplace_back(name);
  if (!sweep.library.empty()) row.emplace_back("mm2");
  if (has_objective(sweep.objectives, "sqnr")) row.emplace_back("SQNR dB");
  if (has_objective(sweep.objectives, "ap")) row.emplace_back("AP");
  if (sweep.simulate) row.emplace_back("simulated");
  return row;
}

Row row_of(const Sweep& sweep, const Point& p) {
  const auto& f = p.figures;
  Row row = {fmt::format("{}", p.number)};
  for (const auto& value : values_of(sweep.axes, p.number)) row.push_back(explore::written(value));
  for (const auto number : {f.cycles, f.area, f.memory_bits, f.register_bits, f.multipliers, f.bytes})
    row.push_back(fmt::format("{}", number));
  for (const double share : {f.hit_rate, f.lanes_busy, f.pe_array_busy}) row.push_back(percent(share));
  row.push_back(f.limited_by);
  if (sweep.pace.given()) {
    const auto rate = rate_of(f.cycles, f.bytes, sweep.pace);
    row.push_back(fmt::format("{:.3f}", rate.milliseconds));
    row.push_back(fmt::format("{:.1f}", rate.frames_per_second));
    row.push_back(fmt::format("{:.3f}", rate.gigabytes_per_second));
  }
  if (!sweep.library.empty()) row.push_back(fmt::format("{:.3f}", 1e-6 * static_cast<double>(f.um2)));
  if (f.sqnr_db) row.push_back(decibels(*f.sqnr_db, ""));
  if (f.ap) row.push_back(fmt::format("{:.2f}", 100 * *f.ap));
  if (sweep.simulate) row.push_back(simulated_text(p));
  return row;
}

void print_rest(std::size_t all) {
  if (all > most_lines) fmt::print("  and {} more: see explore.csv of --out\n", all - most_lines);
}

void print_points(const Sweep& sweep, const std::vector<Point>& points, const std::vector<std::size_t>& rows) {
  std::vector<Row> table = {header_of(sweep)};
  for (std::size_t i = 0; i < std::min(rows.size(), most_lines); ++i) table.push_back(row_of(sweep, points[rows[i]]));
  print_table(table);
  print_rest(rows.size());
}

/// "3, 4, 7 and 12 more".
std::string numbers_text(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(numbers.size(), most); ++i)
    text += fmt::format("{}{}", i ? ", " : "", numbers[i]);
  return numbers.size() > most ? fmt::format("{} and {} more", text, numbers.size() - most) : text;
}

/// A line for each reason, with its points.
void print_refused(const std::vector<Point>& points) {
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<std::int64_t>> by_reason;
  for (const auto& p : points) {
    if (p.refused.empty()) continue;
    auto& numbers = by_reason[p.refused];
    if (numbers.empty()) reasons.push_back(p.refused);
    numbers.push_back(p.number);
  }
  if (!reasons.empty()) fmt::print("\nrefused\n");
  for (std::size_t i = 0; i < std::min(reasons.size(), most_lines); ++i)
    fmt::print("  {}: {}\n", numbers_text(by_reason[reasons[i]]), reasons[i]);
  print_rest(reasons.size());
}

/// Simulated points that are not on the front stand below it.
void print_others(const Sweep& sweep, const std::vector<Point>& points, const std::vector<std::size_t>& on_front) {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].simulated && std::ranges::find(on_front, i) == on_front.end()) others.push_back(i);
  if (others.empty()) return;
  fmt::print("\nsimulated as well\n");
  print_points(sweep, points, others);
}

std::string title_of(const Sweep& sweep, const std::vector<Point>& points) {
  const auto refused = std::ranges::count_if(points, [](const Point& p) { return !p.refused.empty(); });
  return fmt::format("{} on {}: {} points, {} refused", sweep.origin, sweep.job.name(), points.size(), refused);
}

std::string names_of(const std::vector<explore::Objective>& objectives) {
  std::string text;
  for (std::size_t i = 0; i < objectives.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 < objectives.size() ? ", " : " and ", objectives[i].name);
  return text;
}

/// Those that can be built, by number.
std::vector<std::size_t> possible(const std::vector<Point>& points) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].refused.empty()) rows.push_back(i);
  return rows;
}

bool is_wrong(const Point& p) { return p.simulated && !p.simulated->bit_exact(); }

}  // namespace

ResultFolder::ResultFolder(fs::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::error_code error;
  if (fs::exists(path_, error) && !fs::is_directory(path_, error))
    throw UserError(fmt::format("--out {}: is a file; name a folder", path_.string()));
  made_ = fs::create_directory(path_, error);
  if (error || access(path_.c_str(), W_OK) != 0)
    throw UserError(fmt::format(
        "--out {}: cannot be made or written; name a folder that you may write to, or a new one in such a folder",
        path_.string()));
}

ResultFolder::~ResultFolder() {
  std::error_code not_empty;
  if (made_) fs::remove(path_, not_empty);
}

void ResultFolder::write(std::vector<harness::OutputFile> files) const {
  if (path_.empty()) return;
  for (auto& file : files) file.path = path_ / file.path;
  harness::write_atomically(files);
}

void refuse_sweep(std::int64_t points, const std::string& first) {
  throw UserError(fmt::format("every point of the sweep is refused ({}), the first because of: {}", points, first));
}

int finish(const explore::Runner& runner, std::vector<Point> points, const ResultFolder& folder) {
  const auto& sweep = runner.sweep;
  if (std::ranges::none_of(points, [](const Point& p) { return p.refused.empty(); }))
    refuse_sweep(sweep.points(), points.front().refused);
  if (sweep.simulate) simulate_best(runner, fs::read_symlink("/proc/self/exe"), points);
  const auto on_front = front(points, sweep.objectives);
  const auto title = title_of(sweep, points);
  const auto table = csv(points, sweep.axes, on_front, sweep.pace);
  const auto picture = plot(points, sweep.axes, sweep.objectives, on_front, title);
  const auto report = document(sweep, points).dump(2, ' ', true, explore::Json::error_handler_t::replace) + "\n";
  folder.write({{"explore.csv", table}, {"explore.svg", picture}, {"explore.json", report}});
  runner.say("");
  fmt::print("{}\n", title);
  if (sweep.axes.size() == 1) {
    fmt::print("\nall\n");
    print_points(sweep, points, possible(points));
  }
  fmt::print("\nfront of {}\n", names_of(sweep.objectives));
  print_points(sweep, points, on_front);
  print_others(sweep, points, on_front);
  print_refused(points);
  for (const auto& p : points)
    if (is_wrong(p))
      fmt::print(stderr, "quillgen: point {} ({}): {}\n", p.number, settings_text(sweep.axes, p.number),
                 p.simulated->failure);
  return std::ranges::any_of(points, is_wrong) ? 1 : 0;
}

}  // namespace quillgen::cli
