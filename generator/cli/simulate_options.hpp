// What was asked of `quillgen simulate`.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/config_options.hpp"
#include "cli/network_options.hpp"
#include "cli/pruning_options.hpp"
#include "harness/session.hpp"
#include "reference/random_dense.hpp"

namespace quillgen::cli {

struct SimulateOptions {
  ConfigOptions config;
  NetworkOptions network;
  PruningOptions pruning;
  std::string workload, rtl, json, svg, keep, trace;
  std::string memory;              ///< name or file of a DRAM; empty: a fixed latency
  std::vector<std::string> dense;  ///< shapes as they were typed
  bool relu = false, given_map = false, quick_build = false;
  std::vector<std::uint64_t> seeds = {1};
  std::vector<int> stalls = {0};
  std::vector<int> latencies = {0};  ///< 0: the latency the configuration states

  bool has_config() const { return !config.file.empty() || !config.preset.empty(); }
  std::size_t runs() const { return seeds.size() * stalls.size() * latencies.size(); }
};

/// Throws UserError for options that make no sense together.
void check_options(const SimulateOptions& options);

/// "64x256x96" as rows, inner, outputs. Throws UserError for anything else.
DenseShape parse_shape(const std::string& text);

/// Throws UserError unless dense jobs of this shape fit the configuration.
void check_fits(const DenseShape& shape, const Config& config);

/// The command that repeats a run.
std::string replay_command(const SimulateOptions& options, const harness::Conditions& conditions);

}  // namespace quillgen::cli
