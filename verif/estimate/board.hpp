// What the phases of a job share: clock, job reader, account of the work, and the sizes that follow from the
// configuration.
#pragma once
#include <bit>

#include "config/derived.hpp"
#include "config/memory_port.hpp"
#include "estimate/ahead.hpp"
#include "estimate/cache_run.hpp"
#include "estimate/job.hpp"
#include "estimate/loads.hpp"
#include "estimate/pe_array.hpp"

namespace quillgen::estimate {

inline constexpr int group_buffers = 3;       ///< groups of queries on chip
inline constexpr int rows_on_their_way = 32;  ///< to the PE array

/// Stages of an adder tree of `terms` terms.
inline int tree_stages(const Config& c, int terms) {
  return divide_up(static_cast<int>(std::bit_width(static_cast<unsigned>(terms - 1))), c.gemm.tree_levels);
}

/// Beats of a descriptor, and the cycles of its check: level after level, two rules, verdict.
inline std::int64_t descriptor_beats(const Config& c) {
  return divide_up(4 * descriptor_words(c), beat_bytes(c.memory));
}
inline int check_cycles(const Config& c) { return c.attention.levels + 3; }

struct Board {
  Board(const Config& config, const Demand& demand, int latency_cycles, const DramTiming* dram, const Lead& of_this,
        const NextLoads& next)
      : c(config),
        demand(demand),
        latency(latency_cycles),
        memory(latency_cycles, beat_bytes(config.memory), dram),
        job_reader(clock, beat_bytes(c.memory), power_of_two(std::max(c.memory.latency_cycles, 2 * most_burst_beats))),
        loads(clock, job_reader),
        lead(of_this),
        ahead(clock, job_reader, check_cycles(config), next) {}
  Board(const Board&) = delete;

  Config c;
  const Demand& demand;
  int latency;  ///< of a DRAM, what buffers and sorts reckon with
  Memory memory;
  Clock clock;
  BurstReader job_reader;
  Loads loads;
  Lead lead;              ///< of this job
  Ahead ahead;            ///< of the next one
  bool last_run = false;  ///< of the array: what is wanted after it is of the next job
  Cycle accepted = 0;     ///< a cycle after the verdict, when the order of the queries begins
  Cycle job_end = never;  ///< of this job, while what is read ahead goes on
  Work work;              ///< until now
  JobRun run;

  /// Loads, beside the descriptor, so many beats.
  void want(std::int64_t beats) { run.beats.job += beats, loads.want(beats); }
  void tick_loads() {
    loads.tick();
    if (last_run && ahead.wanted() && loads.done()) ahead.tick();
  }
  int beat() const { return beat_bytes(c.memory); }
  /// Bits of the elements of rows that are read, `bits` unless they are of the stream.
  int row_bits(bool of_stream, int bits) const { return of_stream ? result_width(c) : bits; }
  int result_groups() const { return std::max(group_buffers, 4 / c.gemm.rows + 2); }
  ArrayTiming array_timing(int tiles, int inner) const {
    // Operands are chosen of a word of several steps, or of rows and exponentials; then parts of sums are added up.
    const bool attends = c.network.self_attention > 0, chooses = attends || row_word(c) > c.gemm.depth;
    return {gemm_steps(c, inner), tiles, c.gemm.rows, (chooses ? 3 : 2) + tree_stages(c, c.gemm.depth),
            (attends ? 2 : 1) + requantise_delay + fifo_delay};
  }
  /// On to the next cycle in which something happens.
  void step();
  /// The last run ends now. What is under way of the next job goes on, alone at the port, until it is there.
  void end_job(ReadPort& port);
  void end_phase(int phase) {
    work.cycles = std::min(clock.now(), job_end);
    run.until[static_cast<std::size_t>(phase)] = work;
  }
};

/// The phases, in phase_to_memory.cpp, phase_attend.cpp and phase_self.cpp. Each begins in the cycle of its start pulse
/// and ends in its last one.
void project_map(Board& board);
/// One panel: `outputs` outputs of every row.
void multiply_panel(Board& board, int tiles, int outputs);
void attend(Board& board, const CacheRun& cache);
void attend_self(Board& board);

}  // namespace quillgen::estimate
