// What `quillgen simulate --network` says about its runs: tables for people, JSON for programs.
#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/pruning_report.hpp"
#include "config/config.hpp"
#include "harness/session.hpp"
#include "network/average_precision.hpp"

namespace quillgen::cli {

/// A scene under one of a matrix of conditions.
struct SceneRun {
  int scene = 0;
  std::vector<network::Object> objects;
  harness::Conditions conditions;
  harness::ProgramResult result;
  model::DroppedByLevel dropped;          ///< of all its layers
  Saved saved;                            ///< by what is left out
  std::vector<network::Detection> found;  ///< best first
  std::string replay;                     ///< the command that repeats it
};

/// Layers, and what was found.
void print_details(const SceneRun& run, const Config& config);
/// A line for each of several runs, under a heading; what the columns are comes last.
void print_line_heading();
void print_line(const SceneRun& run);
void print_line_legend();

/// Values compared in all jobs.
std::int64_t compared(const harness::ProgramResult& result);
nlohmann::ordered_json json_of(const SceneRun& run);

}  // namespace quillgen::cli
