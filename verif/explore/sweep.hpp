// A sweep: everything its results depend on. Equal sweeps have equal results, wherever and in however many shards they
// are run.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "estimate/rate.hpp"
#include "explore/axis.hpp"
#include "explore/job.hpp"
#include "explore/point.hpp"

namespace quillgen::explore {

struct Sweep {
  std::string origin;                  ///< of the configuration, for messages: a file, or "preset nano"
  Json configuration;                  ///< as it was given
  std::vector<std::string> overrides;  ///< "gemm.rows=8", to all points
  std::vector<Axis> axes;
  bool fit = false;  ///< dimensions from the job
  Job job;
  std::vector<Objective> objectives;
  Weights weights;
  estimate::Pace pace;  ///< what time is told by
  std::string scenes;   ///< what AP is measured on: hashes of scales and scenes, and which of them; empty: it is not
  std::string library;  ///< what mm2 are told in (Library); empty: none
  double sram_um2 = 0;  ///< of a bit of SRAM, in place of the library's; 0: its
  int simulate = 0;     ///< how many of the best points
  bool quick_build = false;  ///< of their simulators

  std::int64_t points() const { return count_points(axes); }
};

/// The configuration of point `number`. `fit`, if there is one, has the last word on the dimensions. Throws UserError
/// when it cannot be built, also when `fit` undoes what the point varies.
Config config_of(const Sweep& sweep, std::int64_t number, const Adjustment& fit);

Json to_json(const Sweep& sweep);
/// The inverse. Throws nlohmann::json::exception or UserError for another document.
Sweep sweep_from_json(const Json& json);

}  // namespace quillgen::explore
