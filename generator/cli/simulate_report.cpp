#include "cli/simulate_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/decibels.hpp"
#include "cli/expected_report.hpp"
#include "cli/pruning_report.hpp"
#include "config/derived.hpp"

namespace quillgen::cli {
namespace {

using harness::Counters;

/// Samples taken while there were samples to take: of a lane's cycles between the first sample of all and the last.
double core_utilisation(const Counters& c) {
  return share(c.sample, double{1} * c.sample + c.wait_feature + c.wait_output + c.wait_point);
}

/// From the first sample of all lanes to the last.
double cycles_of_core(const Simulation& s, const Counters& c) {
  return (double{1} * c.sample + c.wait_feature + c.wait_output + c.wait_point) / s.config.core.lanes();
}

/// Steps of the PE array in all cycles of the job.
double gemm_utilisation(const Counters& c) { return share(c.gemm_busy, c.cycles); }

/// Cycles of a phase, from those of all lanes.
double phase(const Simulation& s, std::uint32_t cycles_of_lanes) {
  return double{1} * cycles_of_lanes / s.config.core.lanes();
}

/// Steps of the PE array while the value projection was under way.
double value_busy(const Simulation& s, const Counters& c) { return share(c.gemm_project, phase(s, c.project)); }

/// Products of the value projection against those that the PEs could have made while it was under way: steps with PEs
/// beyond the last row or output are not all useful.
double value_useful(const Simulation& s, const Counters& c) {
  if (s.given_map) return 0;
  const double channels = s.config.attention.embed_dim;
  return share(s.live_tokens * channels * channels, elements(s.config) * phase(s, c.project));
}

double hit_rate(const Counters& c) { return share(c.line_hits, double{1} * c.line_hits + c.line_misses); }

/// Each line that is read, once.
std::int64_t compulsory_bytes(const Simulation& s) {
  const auto shape = static_cast<std::size_t>(s.config.feature_cache.line_shape);
  return s.stages.lines_touched[shape] * line_bytes(s.config);
}

void print_causes(const Counters& c, std::size_t first, std::size_t count, int lanes) {
  for (std::size_t i = first; i < first + count; ++i) {
    const auto& [name, field] = harness::counter_names[i];
    fmt::print("  {:<12} {:>12} {:>9}\n", name, c.*field, percent(share(c.*field, double{1} * c.cycles * lanes)));
  }
}

void print_details(const Simulation& s, const Run& run) {
  const auto& r = run.result;
  const auto& c = r.counters;
  const int lanes = s.config.core.lanes();
  print_stages(r);

  fmt::print("\n{:<14} {:>12} {:>9}\n", "cycles", c.cycles, "");
  print_causes(c, harness::first_cause, harness::causes, lanes);
  if (lanes > 1) fmt::print("  (of each of the {} lanes: their cycles add up to {} x {})\n", lanes, lanes, c.cycles);
  fmt::print("of the PE array\n");
  print_causes(c, harness::first_gemm_cause, harness::gemm_causes, 1);
  fmt::print("\ncore utilisation {}, {:.2f} samples a cycle, GEMM {}, feature hit rate {}\n",
             percent(core_utilisation(c)), lanes * core_utilisation(c), percent(gemm_utilisation(c)),
             percent(hit_rate(c)));
  if (lanes > 1)
    fmt::print("busiest lane: {} samples, {} of the cycles from the first to the last\n", s.busiest_lane,
               percent(share(static_cast<double>(s.busiest_lane), cycles_of_core(s, c))));
  if (!s.given_map)
    fmt::print("value projection: PE array busy {}, useful products {}\n", percent(value_busy(s, c)),
               percent(value_useful(s, c)));
  fmt::print("memory: {} bytes, of them source {}, value map {}, features {} (compulsory {}, ratio {:.2f})\n",
             r.total_bytes, c.bytes_source, c.bytes_value, r.feature_bytes, compulsory_bytes(s),
             share(static_cast<double>(r.feature_bytes), static_cast<double>(compulsory_bytes(s))));
}

void print_matrix(const Simulation& s) {
  fmt::print("\n{:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>8} {:>12} {:>12}\n", "seed", "stall", "latency", "cycles",
             "useful", "core", "hits", "features", "mismatches");
  for (const auto& run : s.runs) {
    const auto& c = run.result.counters;
    fmt::print("{:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>8} {:>12} {:>12}\n", run.conditions.seed,
               run.conditions.stall_percent, latency_text(run.conditions), c.cycles, percent(value_useful(s, c)),
               percent(core_utilisation(c)), percent(hit_rate(c)), run.result.feature_bytes, run.result.mismatches());
  }
  fmt::print(
      "useful: products of the value projection against those that all PEs could have made meanwhile\n"
      "core: samples against the cycles of the lanes from the first to the last; hits: of the feature cache\n");
}

nlohmann::ordered_json json_run(const Simulation& s, const Run& run) {
  const auto& r = run.result;
  const auto& c = r.counters;
  auto json = json_result(run);
  json["sqnr_db"] = {{"value", decibels_json(s.sqnr.value)},
                     {"core_output", decibels_json(s.sqnr.core_output)},
                     {"output", decibels_json(s.sqnr.output)}};
  json["lanes"] = s.config.core.lanes();
  json["busiest_lane"] = s.busiest_lane;
  json["samples_per_cycle"] = s.config.core.lanes() * core_utilisation(c);
  const double setup = phase(s, c.setup), project = phase(s, c.project);
  json["phases"] = {{"setup", setup}, {"project", project}, {"attend", c.cycles - setup - project}};
  json["utilisation"] = {{"core", core_utilisation(c)},
                         {"gemm", gemm_utilisation(c)},
                         {"value_projection", value_useful(s, c)},
                         {"value_projection_busy", s.given_map ? 0 : value_busy(s, c)},
                         {"value_projection_useful", value_useful(s, c)}};
  json["memory"] = {{"source_bytes", c.bytes_source},
                    {"value_bytes", c.bytes_value},
                    {"feature_bytes", r.feature_bytes},
                    {"feature_compulsory_bytes", compulsory_bytes(s)},
                    {"total_bytes", r.total_bytes}};
  json["hit_rate"] = hit_rate(c);
  return json;
}

}  // namespace

void print_report(const Simulation& s) {
  fmt::print("{} on {}: {} queries, {} tokens", s.config.name, s.workload, s.queries, s.tokens);
  if (s.live_tokens < s.tokens) fmt::print(", {} of them padded", s.tokens - s.live_tokens);
  fmt::print("{}\n", s.given_map ? ", value map given" : "");
  if (!s.variants.empty()) fmt::print("variant: {}\n", fmt::join(s.variants, "; "));
  if (s.runs.size() == 1) {
    const auto& conditions = s.runs[0].conditions;
    fmt::print("seed {}, stall {} %, {}\n", conditions.seed, conditions.stall_percent, memory_text(conditions));
    print_details(s, s.runs[0]);
    print_dram(s.runs[0].conditions, s.runs[0].result.dram, s.runs[0].result.counters.cycles);
  } else {
    if (s.runs[0].conditions.dram) fmt::print("{}\n", memory_text(s.runs[0].conditions));
    print_matrix(s);
  }
  fmt::print("SQNR against float: value {}, core output {}, output {}\n", decibels(s.sqnr.value),
             decibels(s.sqnr.core_output), decibels(s.sqnr.output));
  if (const auto warning = poor_sqnr_warning(s.sqnr.output); !warning.empty()) fmt::print("warning: {}\n", warning);
  if (s.pruning.any()) print_left_out(s.pruning, s.dropped, s.saved);
  if (s.expected) fmt::print("{}\n", expected_text(*s.expected));
}

nlohmann::ordered_json json_report(const Simulation& s) {
  auto json = json_run(s, s.runs.at(0));
  json["config"] = s.config.name;
  json["workload"] = s.workload;
  json["given_map"] = s.given_map;
  json["variants"] = s.variants;
  if (const auto warning = poor_sqnr_warning(s.sqnr.output); !warning.empty()) json["warning"] = warning;
  json["pruned"] = dropped_json(s.pruning, s.dropped, s.saved);
  if (s.expected) json["expected_output"] = expected_json(*s.expected);
  auto runs = nlohmann::ordered_json::array();
  for (const auto& run : s.runs) runs.push_back(json_run(s, run));
  add_runs(json, runs);
  return json;
}

}  // namespace quillgen::cli
