// The report on dense jobs.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/simulate_report.hpp"
#include "config/derived.hpp"
#include "harness/parameters.hpp"

namespace quillgen::cli {
namespace {

int panels(const Config& c, const DenseShape& s) {
  return divide_up(divide_up(s.outputs, c.gemm.columns), harness::panel_tiles(c, s.inner, s.outputs));
}

/// Cycles of the PE array from its first step to its last.
double under_way(const harness::Counters& c) { return double{1} * c.gemm_busy + c.gemm_rows + c.gemm_room; }

/// Products against those that the PEs could have made from the first step of the array to its last.
double useful(const Config& c, const DenseShape& s, const harness::Counters& counters) {
  return share(double{1} * s.rows * s.inner * s.outputs, elements(c) * under_way(counters));
}

nlohmann::ordered_json json_run(const DenseSimulation& s, const Run& run) {
  const auto& shape = s.shapes.at(run.job);
  const auto& c = run.result.counters;
  auto json = json_result(run);
  json["rows"] = shape.rows;
  json["inner"] = shape.inner;
  json["outputs"] = shape.outputs;
  json["panels"] = panels(s.config, shape);
  json["utilisation"] = {{"gemm", useful(s.config, shape, c)},
                         {"gemm_busy", share(c.gemm_busy, under_way(c))},
                         {"gemm_useful", useful(s.config, shape, c)}};
  json["memory"] = {{"row_bytes", c.bytes_query},
                    {"panel_bytes", c.bytes_job},
                    {"output_bytes", c.bytes_output},
                    {"total_bytes", run.result.total_bytes}};
  return json;
}

}  // namespace

void print_report(const DenseSimulation& s) {
  fmt::print("{}: dense jobs on random data{}\n", s.config.name, s.relu ? ", ReLU" : "");
  fmt::print("\n{:<16} {:>5} {:>5} {:>7} {:>9} {:>10} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6} {:>10} {:>10}\n", "shape",
             "seed", "stall", "latency", "compared", "cycles", "setup", "rows", "room", "idle", "useful", "panels",
             "bytes", "mismatches");
  for (const auto& run : s.runs) {
    const auto& shape = s.shapes.at(run.job);
    const auto& r = run.result;
    const auto& c = r.counters;
    std::int64_t compared = 0;
    for (const auto& stage : r.stages) compared += stage.compared;
    fmt::print("{:<16} {:>5} {:>5} {:>7} {:>9} {:>10} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6} {:>10} {:>10}\n",
               fmt::format("{}x{}x{}", shape.rows, shape.inner, shape.outputs), run.conditions.seed,
               run.conditions.stall_percent, latency_text(run.conditions), compared, c.cycles,
               c.setup / static_cast<unsigned>(s.config.core.lanes()), c.gemm_rows, c.gemm_room, c.gemm_idle,
               percent(useful(s.config, shape, c)), panels(s.config, shape), r.total_bytes, r.mismatches());
  }
  fmt::print(
      "cycles of the PE array: waiting for rows or weights, for room for results, idle before its first step and "
      "after its last;\nuseful: products of the job against those that its {} PEs could have made from first to last "
      "step\n",
      elements(s.config));
  if (s.runs.size() == 1) print_dram(s.runs[0].conditions, s.runs[0].result.dram, s.runs[0].result.counters.cycles);
}

nlohmann::ordered_json json_report(const DenseSimulation& s) {
  auto json = json_run(s, s.runs.at(0));
  json["config"] = s.config.name;
  json["relu"] = s.relu;
  auto runs = nlohmann::ordered_json::array();
  for (const auto& run : s.runs) runs.push_back(json_run(s, run));
  add_runs(json, runs);
  return json;
}

}  // namespace quillgen::cli
