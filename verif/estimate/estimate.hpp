// The cycle model: what a job costs on a configuration, without its RTL. The public interface; README.md tells what is
// modelled and what is left out.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "dram/dram.hpp"
#include "estimate/demand.hpp"
#include "estimate/lead.hpp"

namespace quillgen::estimate {

/// Conditions outside the chip.
struct Conditions {
  int latency = 0;  ///< cycles from a read's address to its first beat; 0: memory.latency_cycles of the configuration
  const DramTiming* dram = nullptr;  ///< in place of the latency
};

/// A stretch of a job. They follow each other without gap and add up to the cycles of the job.
struct Phase {
  std::string name;         ///< "setup", "project", "fill", "sampling", "drain"
  std::int64_t begin = 0;   ///< cycles since the begin of the job
  std::int64_t cycles = 0;  ///< 0: the job has no such phase
};

/// A part of the hardware that does one piece of work a cycle.
struct Engine {
  std::string name;              ///< "pe_array", "lanes", "output_projection", "memory_read", "memory_write"
  double busy = 0;               ///< cycles in which it worked; of the lanes and their projections: the average
  double utilisation = 0;        ///< busy / cycles of the job
  std::vector<double> by_phase;  ///< busy cycles, in the order of Estimate::phases
};

/// The least cycles a job can take if only one resource counts.
struct Bound {
  std::string name;   ///< "compute", "feature_bandwidth", "memory_bandwidth"
  double cycles = 0;  ///< of the whole job, by this bound alone
  std::string of;     ///< what the cycles are spent on, in words
};

/// A point of the roofline plot: multiply-accumulates a cycle over multiply-accumulates a byte moved.
struct Roofline {
  double macs = 0;            ///< multiply-accumulates of the job
  double bytes = 0;           ///< moved over the memory port, both directions
  double intensity = 0;       ///< macs / bytes
  double reached = 0;         ///< macs a cycle
  double compute_peak = 0;    ///< macs a cycle with every engine that the job uses busy, which they never are at once
  double bytes_a_cycle = 0;   ///< of the memory port, both directions full
  double compute_roof = 0;    ///< macs a cycle by the bound "compute": engines that work one after the other take turns
  double memory_roof = 0;     ///< bytes a cycle by "memory_bandwidth": reads and writes in the proportion of the job
  std::vector<Bound> bounds;  ///< lower bounds of the cycles, and
  std::string limited_by;     ///< name of the largest
};

/// Cycles of a job, and what they were spent on. Bytes and look-ups are exact, cycles a model (within 5 % of the RTL
/// when nothing stalls at random).
struct Estimate {
  // --- by phase
  std::int64_t cycles = 0;    ///< from the begin of the job to its report
  std::int64_t setup = 0;     ///< descriptor, first parameters, mask
  std::int64_t project = 0;   ///< value projection and the rest of the parameters, or a dense product
  std::int64_t fill = 0;      ///< until the first sample
  std::int64_t sampling = 0;  ///< first to last sample
  std::int64_t drain = 0;     ///< after the last sample
  std::vector<Phase> phases;  ///< the five of these, in this order
  Lead next;                  ///< what is left of the next job of a program, of what is read ahead
  // --- lanes, summed over them, as the counters do
  std::int64_t samples = 0;
  std::int64_t busiest_lane = 0;  ///< samples of the lane with most: `sampling` is no shorter
  std::int64_t wait_feature = 0, wait_output = 0, wait_point = 0;
  // --- PE array
  std::int64_t gemm_steps = 0;    ///< cycles in which the array sums products, of the whole job
  std::int64_t gemm_project = 0;  ///< of them in `project`
  std::int64_t gemm_macs = 0;     ///< useful products, without those of padding
  double project_busy = 0;        ///< share of the cycles of `project` in which the array takes a step
  double project_useful = 0;      ///< products that the job asks for in `project`, of those the PEs could make in it
  // --- line cache
  std::int64_t line_hits = 0, line_misses = 0;
  std::int64_t lines_touched = 0;  ///< distinct lines: the least that can miss
  double hit_rate = 0;             ///< hits / look-ups, 0 without look-ups
  // --- bytes by client
  std::int64_t bytes_job = 0, bytes_query = 0, bytes_list = 0, bytes_reference = 0, bytes_feature = 0, bytes_output = 0;
  std::int64_t bytes_source = 0, bytes_value = 0;
  std::int64_t bytes_read = 0, bytes_written = 0;
  // --- engines and bounds
  std::vector<Engine> engines;  ///< the five, in the order above
  Roofline roofline;

  const Phase& phase(std::string_view name) const;    ///< throws std::out_of_range
  const Engine& engine(std::string_view name) const;  ///< throws std::out_of_range
};

/// The estimate of a job. Throws UserError (one line) when the job does not fit the configuration, which must be valid.
/// Deterministic, and safe to call from several threads with one demand. lead: of a
/// job of a program; next: of the job behind it.
Estimate estimate(const Config& config, const Demand& demand, const Conditions& conditions = {}, const Lead& lead = {},
                  const NextLoads& next = {});

/// Every figure by its name; `config` and `demand` say of what.
nlohmann::ordered_json to_json(const Estimate& estimate, const Config& config, const Demand& demand);

/// What a configuration takes on a chip, by the formulas of generator/accel/README.md; memory_bits add up to the SRAMs
/// of the manifest.
struct Block {
  std::string name;
  std::int64_t multipliers = 0;
  std::int64_t memory_bits = 0;  ///< words times width of its SRAMs; register files are not counted
  std::int64_t comparators = 0;  ///< of tags, and of the order of queries: by size
};
struct Hardware {
  std::vector<Block> blocks;
  std::int64_t multipliers = 0, memory_bits = 0, comparators = 0;  ///< of all blocks
};
Hardware hardware_of(const Config& config);
nlohmann::ordered_json to_json(const Hardware& hardware);

}  // namespace quillgen::estimate
