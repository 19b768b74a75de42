// Jobs on one instance of the hardware, run as a driver would, and everything that can be said about each.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/bench.hpp"
#include "harness/check_bytes.hpp"
#include "harness/compare.hpp"
#include "harness/job_memory.hpp"
#include "harness/program_memory.hpp"
#include "harness/registers.hpp"

namespace quillgen::harness {

inline constexpr int poll_gap = 50;  ///< cycles between two looks at STATUS

/// What is random and how slow the memory is.
struct Conditions {
  std::uint64_t seed = 1;
  int stall_percent = 0;
  int latency = 1;
  int reorder_percent = 25;                          ///< AxiOptions
  std::shared_ptr<const DramTiming> dram = nullptr;  ///< in place of `latency`
  int response_latency = 0;                          ///< AxiOptions: of writes, when it is above `latency`
  int parameter_latency = 0;                         ///< .. of descriptors and parameters
  bool interrupts = false;                           ///< the host waits for irq and does not poll
};

/// A job and what happens to it.
struct Job {
  Work work;
  std::function<void(Descriptor&)> tamper = nullptr;  ///< edits the descriptor before the start, to provoke errors
  std::optional<AxiFault> read_fault = std::nullopt, write_fault = std::nullopt;  ///< counted from the start of the job
  std::function<void(std::int64_t queries)> progress =
      nullptr;  ///< called now and then with the number of finished queries
  /// Called in every cycle of the job with the number of cycles since its start, for what a driver or a faulty system
  /// does meanwhile. True: the job was ended in a way that is not reported (a reset); nothing of it is compared.
  std::function<bool(std::uint64_t cycle, Bench& bench)> meanwhile = nullptr;
};

struct JobResult {
  std::vector<StageResult> stages;
  std::vector<std::string>
      faults;  ///< everything else that is wrong, one line each: protocol, counters, registers, memory
  std::int64_t fault_count = 0;    ///< of them, those not kept included
  std::string hang;                ///< why the job did not end; empty when it did
  std::uint32_t error_code = 0;    ///< ERROR at the end
  std::uint32_t error_detail = 0;  ///< ERROR_DETAIL
  Counters counters;
  std::uint64_t feature_bytes = 0, total_bytes = 0;  ///< as seen on the bus
  AxiTraffic traffic;                                ///< while the job ran
  DramCounts dram;                                   ///< likewise
  std::uint64_t cycles = 0;                          ///< simulated, start to status
  bool untouched = false;                            ///< nothing was written
  bool cut_short = false;                            ///< Job::meanwhile ended it

  /// Elements that differ plus faults plus a hang or error.
  std::int64_t mismatches() const;
  bool bit_exact() const { return mismatches() == 0; }
  /// The first thing wrong in the order of the stages, one line; empty when nothing is.
  std::string first_mismatch() const;
};

/// A job of a program.
struct ProgramJobResult {
  std::string name;
  std::vector<StageResult> stages;
  std::uint64_t cycles = 0;   ///< from the end of the job before it, or of the host's step behind that
  std::uint64_t bytes = 0;    ///< as seen on the bus
  std::int64_t steps = 0;     ///< that the PE array takes
  std::int64_t products = 0;  ///< useful ones: of rows and outputs that there are
  std::int64_t mismatches() const;
};

struct ProgramResult {
  std::vector<ProgramJobResult> jobs;  ///< those that have ended
  std::vector<std::string> faults;     ///< as of a JobResult
  std::int64_t fault_count = 0;
  std::string hang;
  std::uint32_t error_code = 0, error_detail = 0;
  std::string failed_job;         ///< name of the job that the hardware says has failed
  Counters counters;              ///< of all jobs
  std::uint64_t cycles = 0;       ///< simulated, start to status, less those of the host
  std::uint64_t host_cycles = 0;  ///< in which the program waited for the host
  int host_steps = 0;
  model::Detections found;
  std::uint64_t total_bytes = 0;  ///< as seen on the bus
  DramCounts dram;                ///< while the program ran
  std::uint64_t bursts_read = 0, bursts_written = 0;
  bool cut_short = false;  ///< as of a JobResult

  std::int64_t mismatches() const;
  bool bit_exact() const { return mismatches() == 0; }
  std::string first_mismatch() const;
};

/// A program and what happens to it.
struct ProgramRun {
  const model::Program& program;
  std::function<void(const ProgramJobResult& job, std::size_t number)> progress = nullptr;  ///< behind each job
  /// As in a Job, of each cycle of the program.
  std::function<bool(std::uint64_t cycle, Bench& bench)> meanwhile = nullptr;
  std::function<void(std::size_t job, Descriptor&)> tamper = nullptr;
  std::optional<AxiFault> read_fault = std::nullopt, write_fault = std::nullopt;
  bool double_entry = false;  ///< the host names the first of the chosen tokens twice
};

class Session {
 public:
  /// `waveform`: see Simulator; of all jobs of the session.
  Session(const SimulatorLibrary& library, const Manifest& manifest, const Config& config, const Conditions& conditions,
          const std::filesystem::path& waveform = {});

  /// Resets at the first call only: later jobs must run clean on what earlier ones left. After a hang the session is of
  /// no more use. Throws Interrupted.
  JobResult run(const Job& job);

  /// A program from its first job to its last, steps of the host included.
  ProgramResult run(const ProgramRun& run);

 private:
  void check_capabilities(JobResult& result);
  void execute(const Job& job, JobMemory& memory, Comparison& comparison, JobResult& result);
  void execute(const ProgramRun& run, ProgramMemory& memory, ProgramResult& result);
  /// Waits for the driver's outcome as a host that looks every `poll_gap` cycles, or at the interrupt.
  quillgen_outcome wait(const std::function<bool(std::uint64_t, Bench&)>& meanwhile, bool& cut_short,
                        const std::function<void()>& look = nullptr);
  std::string wrong_end(quillgen_outcome outcome);
  void settle();
  BusBytes moved();
  std::vector<std::string> recover();
  void collect(const Job& job, const JobMemory& memory, Comparison& comparison, JobResult& result);
  void check_cycles(JobResult& result) const;
  void check_open(JobResult& result) const;
  void check_counts(const AttentionWork& work, JobResult& result) const;
  void check_counts(const DenseWork& work, JobResult& result) const;
  void check_counts(const SelfAttentionWork& work, JobResult& result) const;

  Config config_;
  Conditions conditions_;
  MemoryMap map_;
  Bench bench_;
  bool fresh_ = true;
  std::uint64_t jobs_ = 0;
  std::uint64_t breaches_before_ = 0, started_ = 0, ended_ = 0;
  std::uint64_t running_ = 0;  ///< when the start had been acknowledged
  BusBytes moved_before_;      ///< the start
};

}  // namespace quillgen::harness
