// A point of a sweep and what is known of it.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explore/axis.hpp"

namespace quillgen::explore {

/// Whole numbers of a possible point.
struct Figures {
  std::int64_t cycles = 0;  ///< of the job, estimated
  std::int64_t bytes = 0;   ///< over the memory port, both directions, estimated
  std::int64_t area = 0;    ///< proxy: the three kinds of bits below, weighed (Weights)
  std::int64_t memory_bits = 0, register_bits = 0, multipliers = 0, multiplier_bits = 0;  ///< passes/resources.hpp
  std::int64_t setup = 0, project = 0, fill = 0, sampling = 0, drain = 0;                 ///< phases of the cycles
  double hit_rate = 0, lanes_busy = 0, pe_array_busy = 0;                                 ///< shares, 0..1
  std::int64_t um2 = 0;  ///< on a chip, where a library is named (Library)
  /// Accuracy, where it is asked for, and the same as numbers that are to be small.
  std::optional<double> sqnr_db;  ///< of the output of a workload against float64
  std::optional<double> ap;       ///< of a network on its scenes, 0..1
  std::int64_t noise = 0;         ///< power of the output's error, millionths of its signal's
  std::int64_t missing_ap = 0;    ///< what AP lacks to 1, 10^-5
  std::string limited_by;         ///< the bound of the roofline that is nearest
};

/// What a bit counts in the area proxy. In osu018_stdcells a bit of a multiplier takes 206 to 214 um2 (8 x 8 and
/// 12 x 12), one of a register with enable 159: 4 to 3. That a bit of SRAM takes a fifteenth of a register's is chosen.
struct Weights {
  int memory = 1, registers = 15, multipliers = 20;  ///< of SRAM, of a register, of a multiplier (width times width)
};

/// A run of the RTL: what it took, or why it did not end bit-exact.
struct Simulated {
  std::int64_t cycles = 0, bytes = 0;
  std::string failure;  ///< empty when it was bit-exact

  bool bit_exact() const { return failure.empty(); }
};

struct Point {
  std::int64_t number = 0;  ///< from 1
  std::string refused;      ///< why it cannot be built or does not fit the job; empty: it can
  Figures figures;          ///< of a possible one
  std::optional<Simulated> simulated;
};

/// Sets both forms of it.
void set_sqnr(Figures& figures, double db);
void set_ap(Figures& figures, double ap);

/// What a sweep can be ranked by, all to be small.
struct Objective {
  std::string_view name;
  std::int64_t Figures::*value;
  std::string_view label;  ///< of an axis of the plot
};
std::span<const Objective> objectives();
bool has_objective(std::span<const Objective> chosen, std::string_view name);

/// Those of "cycles,area". Throws UserError for an unknown one, one given twice, or fewer than two.
std::vector<Objective> parse_objectives(const std::vector<std::string>& names);

Json to_json(const Point& point, std::span<const Axis> axes);
/// The inverse. Throws nlohmann::json::exception for another document.
Point point_from_json(const Json& json);

}  // namespace quillgen::explore
