// What `quillgen simulate` says about its runs: tables for people, JSON for programs.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/pruning_report.hpp"
#include "config/config.hpp"
#include "harness/session.hpp"
#include "model/layer.hpp"
#include "reference/expected.hpp"
#include "reference/pruning.hpp"
#include "reference/random_dense.hpp"

namespace quillgen::cli {

/// One job under one of a matrix of conditions.
struct Run {
  harness::Conditions conditions;
  std::size_t job = 0;  ///< number of the job in its session
  harness::JobResult result;
  std::string replay;  ///< the command that repeats it
};

/// Signal to quantisation noise against floating point, dB.
struct Sqnr {
  double value = 0, core_output = 0, output = 0;
};

/// Everything the report on a layer is made of.
struct Simulation {
  Config config;
  std::string workload;
  int queries = 0, tokens = 0, live_tokens = 0;
  bool given_map = false;
  std::vector<std::string> variants;  ///< Workload::variants
  std::optional<Agreement> expected;  ///< of a workload that has expected_output
  model::Stages stages;
  Sqnr sqnr;
  std::vector<Run> runs;
  Pruning pruning;  ///< what is left out
  model::DroppedByLevel dropped;
  Saved saved;                    ///< at the latency of the first run
  std::int64_t busiest_lane = 0;  ///< samples of the lane with most
};

/// Everything the report on dense jobs is made of.
struct DenseSimulation {
  Config config;
  std::vector<DenseShape> shapes;  ///< of job 0 and up
  bool relu = false;
  std::vector<Run> runs;
};

/// The layer, then in detail a single run, or a line for each of several.
void print_report(const Simulation& simulation);
/// A line for each run.
void print_report(const DenseSimulation& simulation);

/// The keys of a run at the top, those of the first run when there are several; every run under "runs".
nlohmann::ordered_json json_report(const Simulation& simulation);
nlohmann::ordered_json json_report(const DenseSimulation& simulation);

// --- what both have in common (report_parts.cpp)

double share(double part, double whole);
std::string percent(double x);
/// PEs of the array: products it makes a step.
double elements(const Config& config);
/// Stages, and everything else that is wrong.
void print_stages(const harness::JobResult& result);
/// How fast the simulator was, the software around it included; nothing of runs too short to tell.
void say_speed(std::uint64_t cycles, double seconds);
/// "latency 200", or the DRAM and its bandwidth.
std::string memory_text(const harness::Conditions& conditions);
/// For a column: 200, or - with a DRAM.
std::string latency_text(const harness::Conditions& conditions);
/// What the accesses to the DRAM met in so many cycles; nothing without one.
void print_dram(const harness::Conditions& conditions, const DramCounts& counts, std::uint64_t cycles);
nlohmann::ordered_json json_dram(const DramCounts& counts, const DramTiming& dram, std::uint64_t cycles);
/// What every run has: result, cycles, counters, conditions, stages.
nlohmann::ordered_json json_result(const Run& run);
/// The runs, and whether all are bit-exact, after what is in `json`.
void add_runs(nlohmann::ordered_json& json, const nlohmann::ordered_json& runs);

}  // namespace quillgen::cli
