// The work of a sweep: its points estimated, the best of them simulated.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "explore/sweep.hpp"

namespace quillgen::explore {

/// Told in a few words what is being done; for people.
using Say = std::function<void(std::string_view)>;

/// What the netlist of a point holds.
struct NetlistBits {
  std::int64_t memory = 0, registers = 0;  ///< bits
  std::int64_t multipliers = 0;
  std::int64_t multiplier_area = 0;  ///< the widths of each multiplied, all together
};

/// How the points of a sweep are run.
struct Runner {
  const Sweep& sweep;
  Adjustment fit;  ///< nothing unless the sweep says so
  int jobs = 1;    ///< at a time
  Say say;
  std::function<NetlistBits(const Config&)> netlist;  ///< builds it and counts
  /// Throws UserError for hardware that cannot leave out what the job does.
  std::function<void(const Config&)> check_pruning = [](const Config&) {};
  /// Sets the accuracy of a configuration, if the sweep is ranked by it. Throws UserError.
  std::function<void(const Config&, Figures&)> accuracy = [](const Config&, Figures&) {};
};

/// The reason why the first point is refused if all are; empty when one is possible. Stops at the first of these.
std::string all_refused(const Runner& runner, Demands& demands);

/// The points of these numbers, in their order. Throws harness::Interrupted.
std::vector<Point> estimate_points(const Runner& runner, Demands& demands, const std::vector<std::int64_t>& numbers);

/// Simulates the best Sweep::simulate points with `quillgen simulate` and records the results in `points`.
/// `program` is this program. Throws harness::Interrupted.
void simulate_best(const Runner& runner, const std::filesystem::path& program, std::vector<Point>& points);

}  // namespace quillgen::explore
