#include "cli/simulate_report.hpp"

#include <fmt/format.h>

#include "config/derived.hpp"

namespace quillgen::cli {
namespace {

using harness::Counters;
using harness::JobResult;

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Samples taken while there were samples to take: of a lane's cycles between the first sample of all and the last.
double core_utilisation(const Counters& c) {
  return share(c.sample, double{1} * c.sample + c.wait_feature + c.wait_output + c.wait_point);
}

/// Products of the offset and logit projection against what the PE array could have made from the end of the set-up on.
double gemm_utilisation(const Config& config, int queries, const Counters& c) {
  const auto& a = config.attention;
  const double products = 3.0 * queries * a.samples_per_query() * a.embed_dim;
  const double elements = double{1} * config.gemm.rows * config.gemm.columns * config.gemm.depth;
  return share(products, elements * (double{1} * c.cycles - double{1} * c.setup / config.core.lanes));
}

double hit_rate(const Counters& c) { return share(c.line_hits, double{1} * c.line_hits + c.line_misses); }

std::int64_t compulsory_bytes(const Simulation& s) { return s.stages.lines_touched * line_bytes(s.config); }

std::string percent(double x) { return fmt::format("{:.1f} %", 100 * x); }

void print_details(const Simulation& s, const Run& run) {
  const auto& r = run.result;
  const auto& c = r.counters;
  fmt::print("\n{:<14} {:>12} {:>12}\n", "stage", "compared", "mismatches");
  for (const auto& stage : r.stages)
    fmt::print("{:<14} {:>12} {:>12}  {}\n", stage.name, stage.compared, stage.mismatches,
               stage.mismatches ? harness::describe(*stage.first)
               : stage.compared ? "bit-exact"
                                : "not compared");
  if (r.fault_count) fmt::print("{:<14} {:>12} {:>12}\n", "other faults", "", r.fault_count);
  for (const auto& fault : r.faults) fmt::print("  {}\n", fault);

  fmt::print("\n{:<14} {:>12} {:>9}\n", "cycles", c.cycles, "");
  for (const auto& [name, field] : harness::counter_names) {
    if (name == "CYCLES") continue;
    if (name == "SAMPLES") break;
    fmt::print("  {:<12} {:>12} {:>9}\n", name, c.*field,
               percent(share(c.*field, double{1} * c.cycles * s.config.core.lanes)));
  }
  if (s.config.core.lanes > 1)
    fmt::print("  (of each of the {} lanes: their cycles add up to {} x {})\n", s.config.core.lanes,
               s.config.core.lanes, c.cycles);
  fmt::print("\ncore utilisation {}, {:.2f} samples a cycle, GEMM {}, feature hit rate {}\n",
             percent(core_utilisation(c)), s.config.core.lanes * core_utilisation(c),
             percent(gemm_utilisation(s.config, s.queries, c)), percent(hit_rate(c)));
  fmt::print("memory: {} bytes, of them features {} (compulsory {}, ratio {:.2f})\n", r.total_bytes, r.feature_bytes,
             compulsory_bytes(s),
             share(static_cast<double>(r.feature_bytes), static_cast<double>(compulsory_bytes(s))));
}

void print_matrix(const Simulation& s) {
  fmt::print("\n{:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>12} {:>12}\n", "seed", "stall", "latency", "cycles", "core",
             "hits", "features", "mismatches");
  for (const auto& run : s.runs) {
    const auto& c = run.result.counters;
    fmt::print("{:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>12} {:>12}\n", run.conditions.seed,
               run.conditions.stall_percent, run.conditions.latency, c.cycles, percent(core_utilisation(c)),
               percent(hit_rate(c)), run.result.feature_bytes, run.result.mismatches());
  }
}

nlohmann::ordered_json json_run(const Simulation& s, const Run& run) {
  const auto& r = run.result;
  nlohmann::ordered_json counters, stages;
  for (const auto& [name, field] : harness::counter_names) counters[std::string(name)] = r.counters.*field;
  for (const auto& stage : r.stages) {
    stages[stage.name] = {{"compared", stage.compared}, {"mismatches", stage.mismatches}};
    if (stage.first) stages[stage.name]["first"] = harness::describe(*stage.first);
  }
  nlohmann::ordered_json json = {{"bit_exact", r.bit_exact()}, {"mismatches", r.mismatches()}};
  if (!r.bit_exact()) json["first_mismatch"] = r.first_mismatch();
  json["sqnr_db"] = {{"value", s.sqnr.value}, {"core_output", s.sqnr.core_output}, {"output", s.sqnr.output}};
  json["cycles"] = r.counters.cycles;
  json["counters"] = counters;
  json["lanes"] = s.config.core.lanes;
  json["samples_per_cycle"] = s.config.core.lanes * core_utilisation(r.counters);
  json["utilisation"] = {{"core", core_utilisation(r.counters)},
                         {"gemm", gemm_utilisation(s.config, s.queries, r.counters)}};
  json["memory"] = {{"feature_bytes", r.feature_bytes},
                    {"feature_compulsory_bytes", compulsory_bytes(s)},
                    {"total_bytes", r.total_bytes}};
  json["hit_rate"] = hit_rate(r.counters);
  json["seed"] = run.conditions.seed;
  json["stall"] = run.conditions.stall_percent;
  json["latency"] = run.conditions.latency;
  json["stages"] = stages;
  json["faults"] = r.faults;
  json["error_code"] = r.error_code;
  json["replay"] = run.replay;
  return json;
}

}  // namespace

void print_report(const Simulation& s) {
  fmt::print("{} on {}: {} queries, {} tokens\n", s.config.name, s.workload, s.queries, s.tokens);
  if (s.runs.size() == 1) {
    const auto& conditions = s.runs[0].conditions;
    fmt::print("seed {}, stall {} %, latency {}\n", conditions.seed, conditions.stall_percent, conditions.latency);
    print_details(s, s.runs[0]);
  } else {
    print_matrix(s);
  }
  fmt::print("SQNR against float: value {:.2f} dB, core output {:.2f} dB, output {:.2f} dB\n", s.sqnr.value,
             s.sqnr.core_output, s.sqnr.output);
}

nlohmann::ordered_json json_report(const Simulation& s) {
  auto json = json_run(s, s.runs.at(0));
  auto runs = nlohmann::ordered_json::array();
  std::int64_t mismatches = 0;
  for (const auto& run : s.runs) {
    runs.push_back(json_run(s, run));
    mismatches += run.result.mismatches();
  }
  json["bit_exact"] = mismatches == 0;
  json["mismatches"] = mismatches;
  json["config"] = s.config.name;
  json["workload"] = s.workload;
  json["runs"] = runs;
  return json;
}

}  // namespace quillgen::cli
