// What `quillgen simulate` says about its runs: a table for people, JSON for programs.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "harness/session.hpp"
#include "model/layer.hpp"

namespace quillgen::cli {

/// One run of a matrix of conditions.
struct Run {
  harness::Conditions conditions;
  harness::JobResult result;
  std::string replay;  ///< the command that repeats it
};

/// Signal to quantisation noise against floating point, dB.
struct Sqnr {
  double value = 0, core_output = 0, output = 0;
};

/// Everything the report is made of.
struct Simulation {
  Config config;
  std::string workload;
  int queries = 0, tokens = 0;
  model::Stages stages;
  Sqnr sqnr;
  std::vector<Run> runs;
};

/// The layer, then in detail a single run, or a line for each of several.
void print_report(const Simulation& simulation);

/// The keys of a run at the top, those of the first run when there are several; every run under "runs".
nlohmann::ordered_json json_report(const Simulation& simulation);

}  // namespace quillgen::cli
