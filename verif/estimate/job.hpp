// A job from its first cycle to its report, phase by phase.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "config/config.hpp"
#include "dram/dram.hpp"
#include "estimate/cache_run.hpp"
#include "estimate/clock.hpp"
#include "estimate/demand.hpp"
#include "estimate/lane.hpp"
#include "estimate/lead.hpp"

namespace quillgen::estimate {

/// What was done up to a moment of the job.
struct Work {
  Cycle cycles = 0;
  std::int64_t array_steps = 0, reads = 0, writes = 0;  ///< PE array: cycles; memory: beats
  std::int64_t samples = 0, projected = 0;              ///< of all lanes
};

/// Beats of the clients of the memory port.
struct Beats {
  std::int64_t job = 0, source = 0, query = 0, list = 0, reference = 0, feature = 0, value = 0, output = 0;
};

struct JobRun {
  std::array<Work, 5> until;  ///< the end of each phase
  Beats beats;
  LaneWaits waits;                ///< of all lanes
  std::int64_t busiest_lane = 0;  ///< samples of the lane with most
  Lead next;                      ///< of the next job of a program
};

/// `cache`: what becomes of the look-ups (run_caches); empty for a dense product. latency: of the memory, at
/// least 1; dram: in its place, or null. lead, next: of a job of a program.
JobRun run_job(const Config& config, const Demand& demand, const CacheRun& cache, int latency,
               const DramTiming* dram = nullptr, const Lead& lead = {}, const NextLoads& next = {});

}  // namespace quillgen::estimate
