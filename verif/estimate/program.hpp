// Programs: jobs that the hardware runs one after the other, as those of a whole network.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "estimate/estimate.hpp"
#include "model/program.hpp"
#include "network/network.hpp"

namespace quillgen::estimate {

struct ProgramJob {
  std::string name;  ///< as its result is called in the network
  Demand demand;
  bool host_step = false;  ///< the host works behind it, before the next one begins
};

struct ProgramDemand {
  std::string name;  ///< of the network, as the user gave it
  std::vector<ProgramJob> jobs;
  bool synthetic = false;  ///< queries and places are drawn
  std::uint64_t seed = 0;  ///< of the draw
};

/// What the jobs of a program ask for, on the scene it was made of.
ProgramDemand demand_of(const std::string& name, const model::Program& program);

/// Without a scene: the jobs that model::make_program makes, of which tokens are listed and become queries drawn, and
/// where they sample too, as of a published model (synthetic/models.hpp).
ProgramDemand drawn_program(const network::Network& network, const Config& config, std::uint64_t seed,
                            const Pruning& pruning = {});

/// Throws UserError unless the hardware has what whole networks need, and is large enough for this one.
void check_fits(const network::Network& network, const Config& config);

struct JobEstimate {
  std::string name;
  bool host_step = false;
  std::int64_t begin = 0;   ///< cycles of the jobs before
  std::int64_t cycles = 0;  ///< from the end of the job before to its own
  std::int64_t bytes = 0;   ///< read and written
  Estimate of = {};         ///< the job alone
};

struct ProgramEstimate {
  std::vector<JobEstimate> jobs;
  // Sums over them. Steps of the host are not counted.
  std::int64_t cycles = 0, bytes = 0, array_steps = 0, products = 0;
};

/// Throws UserError (one line) when a job does not fit the configuration.
ProgramEstimate estimate(const Config& config, const ProgramDemand& demand, const Conditions& conditions = {});

nlohmann::ordered_json to_json(const ProgramEstimate& estimate, const ProgramDemand& demand, const Config& config);

}  // namespace quillgen::estimate
