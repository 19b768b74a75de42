#include <fmt/core.h>
#include <quillgen_regs.h>

#include <deque>

#include "config/derived.hpp"
#include "harness/session.hpp"

namespace quillgen::harness {
namespace {

std::int64_t mismatches_of(const std::vector<StageResult>& stages) {
  std::int64_t sum = 0;
  for (const auto& stage : stages) sum += stage.mismatches;
  return sum;
}

Work work_of(const model::ProgramJob& job) {
  if (const auto* a = std::get_if<model::ProgramAttention>(&job.work)) return AttentionWork{a->layer, a->stages};
  if (const auto* s = std::get_if<model::ProgramSelfAttention>(&job.work))
    return SelfAttentionWork{s->self, s->query_rows, s->key_rows, s->value_rows, s->output};
  const auto& dense = std::get<model::ProgramDense>(job.work);
  return DenseWork{dense.layer, dense.output};
}

/// Steps of the array, and products of them that count.
void count_products(const model::ProgramJob& job, const Config& c, ProgramJobResult& result) {
  const auto count_groups = [&](std::int64_t groups, std::int64_t rows, int inner, int outputs, int tiles) {
    result.steps += groups * gemm_steps(c, inner) * tiles;
    result.products += rows * inner * outputs;
  };
  const auto count = [&](std::int64_t rows, int inner, int outputs, int tiles) {
    count_groups((rows + c.gemm.rows - 1) / c.gemm.rows, rows, inner, outputs, tiles);
  };
  if (const auto* a = std::get_if<model::ProgramAttention>(&job.work)) {
    const int channels = c.attention.embed_dim, samples = c.attention.samples_per_query();
    const AttentionWork work{a->layer, a->stages};
    count_groups(work.token_groups(c.gemm.rows), work.live_tokens(), channels, channels, value_tiles(c));
    count(static_cast<std::int64_t>(a->layer.wanted().size()), channels, 3 * samples, query_tiles(c));
  } else if (const auto* self = std::get_if<model::ProgramSelfAttention>(&job.work)) {
    const auto& a = c.attention;
    const auto rows = static_cast<int>(self->output.size()) / a.embed_dim;
    const int parts = exponential_parts(c);
    result.steps += std::int64_t{divide_up(rows, c.gemm.rows)} * a.heads *
                    (divide_up(rows, c.gemm.columns) * gemm_steps(c, a.head_dim()) + parts * gemm_steps(c, rows));
    result.products += std::int64_t{rows} * rows * a.embed_dim * (1 + parts);
  } else {
    const auto& layer = std::get<model::ProgramDense>(job.work).layer;
    count(layer.rows, layer.inner, layer.outputs, divide_up(layer.outputs, c.gemm.columns));
  }
}

/// The jobs as they end, each compared at once: later ones write over its results.
class Follower {
 public:
  Follower(const ProgramRun& run, const Config& config, const ProgramMemory& memory, Bench& bench,
           ProgramResult& result)
      : run_(run),
        config_(config),
        memory_(memory),
        bench_(bench),
        result_(result),
        began_(bench.cycles()),
        moved_(moved()) {
    follow();
  }
  std::size_t number() const { return number_; }
  /// The host has started the program or done its step: the next job begins.
  void go_on(std::uint64_t cycle) { began_ = cycle; }

 private:
  void follow() {
    if (number_ == run_.program.jobs.size()) return;
    comparisons_.emplace_back(config_, work_of(run_.program.jobs[number_]));
    comparisons_.back().on_job_end([this](std::uint32_t id) { end(id); });
    bench_.set_comparison(&comparisons_.back());
  }
  void end(std::uint32_t id) {
    auto& comparison = comparisons_.back();
    ProgramJobResult job;
    job.name = run_.program.jobs[number_].name;
    job.cycles = bench_.cycles() - began_;
    const auto now = moved();
    job.bytes = now - moved_ + memory_.loaded(number_);
    moved_ = now;
    count_products(run_.program.jobs[number_], config_, job);
    comparison.finish();
    comparison.compare_value(memory_.value_map(number_));
    comparison.compare_memory(memory_.outputs(number_));
    comparison.compare_mask(memory_.pixel_mask(number_));
    job.stages = comparison.results();
    if (id != memory_.id(number_)) {
      ++result_.fault_count;
      result_.faults.push_back(fmt::format("{}: the job that ended has another JOB_ID", job.name));
    }
    result_.jobs.push_back(std::move(job));
    if (run_.progress) run_.progress(result_.jobs.back(), number_);
    ++number_;
    began_ = bench_.cycles();
    follow();
  }

  /// Bytes that have gone over the bus, but for what the job reader reads, of the next job too.
  std::uint64_t moved() const {
    auto& bus = bench_.memory();
    std::uint64_t bytes = bus.bytes_written();
    for (int id = id_job + 1; id <= residual_id(config_); ++id) bytes += bus.bytes_read(id);
    return bytes;
  }

  const ProgramRun& run_;
  const Config& config_;
  const ProgramMemory& memory_;
  Bench& bench_;
  ProgramResult& result_;
  std::uint64_t began_, moved_;
  std::size_t number_ = 0;
  std::deque<Comparison> comparisons_;  ///< a tap may still be in the one before
};

}  // namespace

std::int64_t ProgramJobResult::mismatches() const { return mismatches_of(stages); }

std::int64_t ProgramResult::mismatches() const {
  std::int64_t sum = fault_count + !hang.empty() + (error_code != 0);
  for (const auto& job : jobs) sum += job.mismatches();
  return sum;
}

std::string ProgramResult::first_mismatch() const {
  for (const auto& job : jobs)
    for (const auto& stage : job.stages)
      if (stage.first) return fmt::format("{}: {}", job.name, describe(*stage.first));
  if (!hang.empty()) return hang;
  if (error_code != 0)
    return fmt::format("the program ended with error code {}, detail {:#x}, in {}", error_code, error_detail,
                       failed_job);
  return faults.empty() ? "" : faults.front();
}

void Session::execute(const ProgramRun& run, ProgramMemory& memory, ProgramResult& result) {
  auto& device = bench_.device();
  const auto wrong = [&](std::string text) { ++result.fault_count, result.faults.push_back(std::move(text)); };
  moved_before_ = {}, moved_before_ = moved();
  bench_.memory().set_faults(run.read_fault, run.write_fault);
  bench_.memory().restart_traffic();
  const auto bursts_read = bench_.memory().bursts_read(), bursts_written = bench_.memory().bursts_written();
  Follower follower(run, config_, memory, bench_, result);
  quillgen_start(&device, memory.first_descriptor());
  started_ = bench_.started(), running_ = bench_.cycles();
  follower.go_on(started_);
  auto outcome = wait(run.meanwhile, result.cut_short);
  for (; outcome == QUILLGEN_STEP; outcome = wait(run.meanwhile, result.cut_short)) {
    const auto from = bench_.cycles();
    if (device.events != QUILLGEN_INT_STATE_STEP_MASK ||
        quillgen_read(&device, QUILLGEN_STATUS) !=
            (QUILLGEN_STATUS_BUSY_MASK | QUILLGEN_STATUS_QUEUE_EMPTY_MASK | QUILLGEN_STATUS_WAITING_MASK))
      wrong("the program waits for the host, but STATUS and INT_STATE are not those of a step");
    memory.host_step(follower.number() - 1, run.double_entry);
    ++result.host_steps;
    quillgen_resume(&device);
    result.host_cycles += bench_.cycles() - from;
    follower.go_on(bench_.cycles());
  }
  if (result.cut_short) return settle();
  ended_ = bench_.cycles();
  result.bursts_read = bench_.memory().bursts_read() - bursts_read;
  result.bursts_written = bench_.memory().bursts_written() - bursts_written;
  result.cycles = ended_ - started_ - result.host_cycles;
  if (quillgen_quarantined(&device))
    for (auto& fault : recover()) wrong(std::move(fault));
  bench_.set_comparison(nullptr);
  if (outcome != QUILLGEN_FAILED && follower.number() != run.program.jobs.size())
    wrong(fmt::format("the program ended after {} of {} jobs", follower.number(), run.program.jobs.size()));
  if (auto text = wrong_end(outcome); !text.empty()) wrong(std::move(text));
  const auto report = quillgen_finish(&device);
  result.error_code = report.error, result.error_detail = report.detail;
  if (report.error != 0)
    for (std::size_t job = 0; job < run.program.jobs.size(); ++job)
      if (memory.id(job) == report.job_id) result.failed_job = run.program.jobs[job].name;
  quillgen_counters counters;
  if (!quillgen_read_counters(&device, &counters)) wrong("counters change after the end of the program");
  result.counters = counters_of(counters);
}

ProgramResult Session::run(const ProgramRun& run) {
  ProgramResult result;
  ProgramMemory memory(map_, run.program, config_, conditions_.seed + 1000 * jobs_++);
  for (std::size_t job = 0; run.tamper && job < run.program.jobs.size(); ++job) {
    auto descriptor = memory.descriptor(job);
    run.tamper(job, descriptor);
    memory.set_descriptor(job, descriptor);
  }
  try {
    if (fresh_) {
      bench_.reset();
      fresh_ = false;
    }
    execute(run, memory, result);
  } catch (const Hang& hang) {
    result.hang = hang.what();
  } catch (const DesignStopped& stop) {
    result.hang = fmt::format("the design stopped itself in cycle {}: {}", bench_.cycles(), stop.what());
  }
  bench_.set_comparison(nullptr);
  auto& bus = bench_.memory();
  for (const auto* list : {&bus.breaches(), &bench_.host().breaches(), &bench_.breaches()})
    for (const auto& text : list->texts()) result.faults.push_back(text);
  const auto breaches = bus.breaches().count() + bench_.host().breaches().count() + bench_.breaches().count();
  result.fault_count += static_cast<std::int64_t>(breaches - breaches_before_);
  breaches_before_ = breaches;
  const auto moved_now = moved();
  result.total_bytes = moved_now.all(), result.dram = bus.dram_counts();
  const bool late = result.error_code == QUILLGEN_ERROR_TIMEOUT_CODE;  // the rest came after the report
  if (result.hang.empty() && !result.cut_short && !late) {
    ProjectionBytes projections;  // of the jobs that have ended
    for (std::size_t job = 0; job < result.jobs.size(); ++job)
      projections += projection_bytes(work_of(run.program.jobs[job]), config_);
    for (auto& fault : check_bytes(result.counters, moved_now, result.error_code ? nullptr : &projections))
      ++result.fault_count, result.faults.push_back(std::move(fault));
  }
  if (result.error_code == 0 && result.hang.empty()) result.found = memory.detections();
  return result;
}

}  // namespace quillgen::harness
