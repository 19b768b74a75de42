#include "explore/run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "config/error.hpp"
#include "estimate/estimate.hpp"
#include "estimate/program.hpp"
#include "explore/library.hpp"
#include "explore/parallel.hpp"
#include "explore/pareto.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/process.hpp"

namespace quillgen::explore {
namespace {

namespace fs = std::filesystem;

/// A point that can be built, and what it is to run.
struct Task {
  Config config;
  const estimate::Demand* demand = nullptr;  ///< null of a network
  const network::Network* network = nullptr;
};

/// Its task, or the reason why it has none.
std::optional<Task> prepare(const Runner& runner, Demands& demands, Point& point) {
  try {
    Task task{config_of(runner.sweep, point.number, runner.fit), nullptr, demands.network()};
    runner.check_pruning(task.config);
    if (task.network != nullptr) estimate::check_fits(*task.network, task.config);
    else task.demand = &demands.of(task.config);
    return task;
  } catch (const UserError& e) {
    point.refused = e.what();
    return std::nullopt;
  }
}

/// What the netlist alone tells.
Figures figures_of(const NetlistBits& r, const Sweep& sweep) {
  const auto& w = sweep.weights;
  Figures f;
  if (!sweep.library.empty()) {
    const auto library = library_of(sweep.library, sweep.sram_um2);
    f.um2 = std::llround(logic_um2(r.registers, r.multiplier_area, library) + sram_um2(r.memory, library));
  }
  f.memory_bits = r.memory, f.register_bits = r.registers;
  f.multipliers = r.multipliers, f.multiplier_bits = r.multiplier_area;
  f.area = w.memory * r.memory + w.registers * r.registers + w.multipliers * r.multiplier_area;
  return f;
}

Figures figures_of(const estimate::Estimate& e, const NetlistBits& r, const Sweep& sweep) {
  auto f = figures_of(r, sweep);
  f.cycles = e.cycles;
  f.bytes = e.bytes_read + e.bytes_written;
  f.setup = e.setup, f.project = e.project, f.fill = e.fill, f.sampling = e.sampling, f.drain = e.drain;
  f.hit_rate = e.hit_rate;
  f.lanes_busy = e.engine("lanes").utilisation;
  f.pe_array_busy = e.engine("pe_array").utilisation;
  f.limited_by = e.roofline.limited_by;
  return f;
}

/// Sums over the jobs; the bound is the one whose sum is the largest.
Figures figures_of(const estimate::ProgramEstimate& e, const NetlistBits& r, const Sweep& sweep) {
  auto f = figures_of(r, sweep);
  f.cycles = e.cycles, f.bytes = e.bytes;
  std::int64_t hits = 0, look_ups = 0;
  double lanes = 0;
  std::map<std::string, double> bounds;
  for (const auto& job : e.jobs) {
    const auto& of = job.of;
    f.setup += job.cycles - of.cycles + of.setup;
    f.project += of.project, f.fill += of.fill, f.sampling += of.sampling, f.drain += of.drain;
    hits += of.line_hits, look_ups += of.line_hits + of.line_misses;
    lanes += of.engine("lanes").busy;
    for (const auto& b : of.roofline.bounds) bounds[b.name] += b.cycles;
  }
  const auto cycles = static_cast<double>(e.cycles);
  if (look_ups > 0) f.hit_rate = static_cast<double>(hits) / static_cast<double>(look_ups);
  f.lanes_busy = lanes / cycles;
  f.pe_array_busy = static_cast<double>(e.array_steps) / cycles;
  f.limited_by = std::ranges::max_element(bounds, {}, [](const auto& b) { return b.second; })->first;
  return f;
}

/// The last line a program wrote: what it has to say when it fails.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

Simulated read_simulated(const fs::path& json_file, const harness::ProcessResult& result) {
  if (!fs::exists(json_file)) return {0, 0, fmt::format("exit status {}: {}", result.status, last_line(result.output))};
  const auto json = Json::parse(harness::read_text(json_file));
  if (!json.contains("bit_exact"))  // not simulated: the workload is another layer than its expected_output is of
    return {0, 0, fmt::format("exit status {}: {}", result.status, last_line(result.output))};
  if (!json.at("bit_exact").get<bool>())
    return {0, 0, fmt::format("mismatch: {}", json.at("first_mismatch").get<std::string>())};
  return {json.at("cycles"), json.at("memory").at("total_bytes"), ""};
}

}  // namespace

std::string all_refused(const Runner& runner, Demands& demands) {
  std::string first;
  for (std::int64_t number = 1; number <= runner.sweep.points(); ++number) {
    harness::check_interrupt();
    Point point;
    point.number = number;
    if (prepare(runner, demands, point)) return "";
    if (first.empty()) first = point.refused;
  }
  return first;
}

std::vector<Point> estimate_points(const Runner& runner, Demands& demands, const std::vector<std::int64_t>& numbers) {
  std::vector<Point> points(numbers.size());
  std::vector<std::size_t> possible;
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    harness::check_interrupt();
    points[i].number = numbers[i];
    if (i % 100 == 0) runner.say(fmt::format("preparing point {} of {}", i + 1, numbers.size()));
    if (auto task = prepare(runner, demands, points[i])) {
      try {
        runner.accuracy(task->config, points[i].figures);
        possible.push_back(i);
        tasks.push_back(*task);
      } catch (const UserError& e) {
        points[i].refused = e.what();
      }
    }
  }
  std::optional<DramTiming> dram;
  if (const auto& job = runner.sweep.job; !job.memory.empty()) {
    dram = harness::load_dram(job.memory);
    if (runner.sweep.pace.given()) dram->clock_mhz = runner.sweep.pace.clock_mhz;
  }
  const auto work = [&](std::size_t t) {
    auto& point = points[possible[t]];
    try {
      const auto& [config, demand, network] = tasks[t];
      const auto tell = [&](const auto& what) {
        const auto estimate = estimate::estimate(config, what, {runner.sweep.job.latency, dram ? &*dram : nullptr});
        const auto accuracy = point.figures;
        point.figures = figures_of(estimate, runner.netlist(config), runner.sweep);
        if (accuracy.sqnr_db) set_sqnr(point.figures, *accuracy.sqnr_db);
        if (accuracy.ap) set_ap(point.figures, *accuracy.ap);
      };
      if (network != nullptr)
        tell(estimate::drawn_program(*network, config, runner.sweep.job.drawn.seed, runner.sweep.job.pruning));
      else tell(*demand);
    } catch (const UserError& e) {
      point.refused = e.what();
    }
  };
  for_each(tasks.size(), runner.jobs, work,
           [&](std::size_t done) { runner.say(fmt::format("estimated {} of {} points", done, tasks.size())); });
  return points;
}

void simulate_best(const Runner& runner, const fs::path& program, std::vector<Point>& points) {
  const auto& sweep = runner.sweep;
  const auto chosen = best(points, sweep.objectives, static_cast<std::size_t>(sweep.simulate));
  const harness::TemporaryFolder room(harness::temporary_room());
  const auto file = [&](std::size_t i, const char* kind) {
    return room.path() / fmt::format("point_{}.{}.json", points[i].number, kind);
  };
  std::vector<harness::Command> commands;
  for (const auto i : chosen) {
    const auto config = config_of(sweep, points[i].number, runner.fit);
    harness::write_atomically(file(i, "config"), quillgen::to_json(config).dump(2) + "\n");
    auto& command = commands.emplace_back(harness::Command{
        program.string(), "simulate", "--config", file(i, "config").string(), "--json", file(i, "result").string()});
    for (const auto& word : sweep.job.options()) command.push_back(word);
    if (sweep.quick_build) command.emplace_back("--quick-build");
  }
  // Each of them builds with two compilers at a time.
  runner.say(fmt::format("simulating {} points", commands.size()));
  const auto results = harness::run_all(commands, ".", (runner.jobs + 1) / 2);
  harness::check_interrupt();
  for (std::size_t n = 0; n < chosen.size(); ++n)
    points[chosen[n]].simulated = read_simulated(file(chosen[n], "result"), results[n]);
}

}  // namespace quillgen::explore
