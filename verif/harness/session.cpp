#include "harness/session.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>

#include "config/memory_port.hpp"
#include "config/region.hpp"
#include "harness/capabilities.hpp"

namespace quillgen::harness {
namespace {

constexpr int settling_cycles = 64;  ///< after the end of a job nothing may move

void add_fault(JobResult& result, std::string text) {
  if (++result.fault_count <= 20) result.faults.push_back(std::move(text));
}

std::uint64_t breaches_of(Bench& bench) {
  return bench.memory().breaches().count() + bench.host().breaches().count() + bench.breaches().count();
}

}  // namespace

std::int64_t JobResult::mismatches() const {
  std::int64_t sum = fault_count + !hang.empty() + (error_code != 0);
  for (const auto& stage : stages) sum += stage.mismatches;
  return sum;
}

std::string JobResult::first_mismatch() const {
  for (const auto& stage : stages)
    if (stage.first && stage.first->got) return describe(*stage.first);
  if (!hang.empty()) return hang;
  if (error_code) return fmt::format("the job ended with error code {}, detail {:#x}", error_code, error_detail);
  if (!faults.empty()) return faults.front();
  for (const auto& stage : stages)
    if (stage.first) return describe(*stage.first);
  return "";
}

Session::Session(const SimulatorLibrary& library, const Manifest& manifest, const Config& config,
                 const Conditions& conditions, const std::filesystem::path& waveform)
    : config_(config),
      conditions_(conditions),
      bench_(library, manifest, config, map_,
             AxiOptions{config.memory.data_bits / 8, conditions.latency, conditions.stall_percent,
                        conditions.reorder_percent, conditions.seed, std::nullopt, std::nullopt, conditions.dram,
                        conditions.response_latency, conditions.parameter_latency},
             waveform) {
  bench_.device().interrupts = conditions.interrupts;
}

void Session::check_capabilities(JobResult& result) {
  const auto& device = bench_.device();
  auto registers = capabilities(config_);
  std::vector<std::uint32_t> words;  // of the CAP registers
  for (const auto& r : registers)
    if (r.address != QUILLGEN_ID && r.address != QUILLGEN_VERSION) words.push_back(r.value);
  assert(words.size() == QUILLGEN_CAPABILITIES);
  const bool as_expected = quillgen_check(&device, words.data()) == QUILLGEN_DONE;
  if (as_expected) registers.clear();  // else whichever differs is named
  registers.push_back({"STATUS", QUILLGEN_STATUS, QUILLGEN_STATUS_QUEUE_EMPTY_MASK});
  registers.push_back({"INT_STATE", QUILLGEN_INT_STATE, 0});
  registers.push_back({"INT_ENABLE", QUILLGEN_INT_ENABLE, 0});
  registers.push_back({"TIMEOUT", QUILLGEN_TIMEOUT, 0});
  for (const auto& r : registers)
    if (const auto got = quillgen_read(&device, r.address); got != r.value)
      add_fault(result, fmt::format("register {}: expected {:#010x}, got {:#010x}", r.name, r.value, got));
  if (!as_expected && result.fault_count == 0)
    add_fault(result, "the driver refuses capabilities that are as expected");
}

/// After a job that was ended without a report: until the port is quiet and a new job would be taken. The core may go
/// on with what it has until then.
void Session::settle() {
  const auto limit = bench_.cycles() + bench_.hang_limit();
  bench_.on_idle([&] {
    if (bench_.cycles() > limit) throw Hang("hang: the port is not quiet after a reset");
    bench_.cycle();
    return true;
  });
  auto& device = bench_.device();
  do {
    if (bench_.cycles() > limit) throw Hang("hang: a reset leaves something in STATUS");
    quillgen_wait_quiet(&device, 0);
  } while (!bench_.memory().idle() || quillgen_read(&device, QUILLGEN_STATUS) != QUILLGEN_STATUS_QUEUE_EMPTY_MASK);
  bench_.on_idle(nullptr);
}

/// After a time-out: a start is refused until the memory has answered everything.
std::vector<std::string> Session::recover() {
  std::vector<std::string> faults;
  auto& device = bench_.device();
  quillgen_write(&device, QUILLGEN_START, QUILLGEN_START_START_MASK);
  if (quillgen_poll(&device); !(device.events & QUILLGEN_INT_STATE_REFUSED_MASK))
    faults.emplace_back("a start is not refused while the port is quarantined");
  quillgen_acknowledge(&device, QUILLGEN_INT_STATE_REFUSED_MASK);
  bench_.memory().set_silent(false);
  const auto limit = bench_.cycles() + bench_.hang_limit();
  while (quillgen_quarantined(&device))
    if (bench_.cycles() > limit) throw Hang("hang: the port stays quarantined though the memory answers again");
  if (!bench_.memory().idle()) faults.emplace_back("the quarantine ended before the memory had answered everything");
  return faults;
}

quillgen_outcome Session::wait(const std::function<bool(std::uint64_t, Bench&)>& meanwhile, bool& cut_short,
                               const std::function<void()>& look) {
  auto& device = bench_.device();
  const auto idle = [&] {
    if (look) look();
    const bool by_poll = !device.interrupts;
    for (int i = 0; (by_poll ? i < poll_gap : !bench_.irq()) && !cut_short; ++i) {
      if (meanwhile) cut_short = meanwhile(bench_.cycles() - running_, bench_);
      bench_.cycle();
    }
    if (!by_poll && !cut_short && !quillgen_interrupt(&device)) throw Hang("irq is 1, but not by INT_STATE");
    return !cut_short;
  };
  bench_.on_idle(idle);
  const bool go_on = device.interrupts || idle();  // who polls does not look at once
  const auto outcome = go_on ? quillgen_wait(&device, 0) : QUILLGEN_BUSY;
  bench_.on_idle(nullptr);
  return outcome;
}

/// STATUS and ERROR must say the same as the event, alone, that ended the job; empty when they do.
std::string Session::wrong_end(quillgen_outcome outcome) {
  auto& device = bench_.device();
  const bool failed = outcome == QUILLGEN_FAILED;
  quillgen_poll(&device);
  const auto status = quillgen_read(&device, QUILLGEN_STATUS), error = quillgen_read(&device, QUILLGEN_ERROR);
  const auto ended = QUILLGEN_STATUS_QUEUE_EMPTY_MASK | QUILLGEN_STATUS_DONE_MASK;
  if (status != (failed ? ended | QUILLGEN_STATUS_FAILED_MASK : ended) || failed != (error != 0))
    return fmt::format("STATUS is {:#x}, ERROR {}, after a job that ended with INT_STATE {:#x}", status, error,
                       device.events);
  // A program may be stopped while it waits for the host, which has not seen that.
  const auto events = device.events & ~(failed ? QUILLGEN_INT_STATE_STEP_MASK : 0U);
  if (events != (failed ? QUILLGEN_INT_STATE_FAILED_MASK : QUILLGEN_INT_STATE_DONE_MASK))
    return fmt::format("INT_STATE is {:#x} after a job with error code {}", device.events, error);
  return "";
}

void Session::execute(const Job& job, JobMemory& memory, Comparison& comparison, JobResult& result) {
  auto& device = bench_.device();
  moved_before_ = {}, moved_before_ = moved();
  bench_.memory().set_faults(job.read_fault, job.write_fault);
  bench_.memory().restart_traffic();
  bench_.set_comparison(&comparison);
  quillgen_start(&device, memory.descriptor_address());
  started_ = bench_.started(), running_ = bench_.cycles();
  const auto progress = [&] {
    if (job.progress) job.progress(comparison.queries_done());
  };
  const auto outcome = wait(job.meanwhile, result.cut_short, progress);
  if (result.cut_short) return settle();
  progress();
  ended_ = bench_.cycles();
  result.cycles = ended_ - started_;
  if (quillgen_quarantined(&device))
    for (auto& fault : recover()) add_fault(result, std::move(fault));
  else if (!bench_.memory().idle()) add_fault(result, "the job is done, but the memory still has bursts to answer");
  bench_.set_comparison(nullptr);
  const auto last = bench_.last_memory_activity();
  for (int i = 0; i < settling_cycles; ++i) bench_.cycle();
  if (bench_.last_memory_activity() != last) add_fault(result, "the memory port moves after the end of the job");

  if (auto wrong = wrong_end(outcome); !wrong.empty()) add_fault(result, std::move(wrong));
  const auto report = quillgen_finish(&device);  // the next job may begin
  result.error_code = report.error, result.error_detail = report.detail;
  // The descriptor perhaps, and with it the job ID.
  const bool unreadable = (job.read_fault || job.meanwhile) && result.error_code;
  if (report.job_id != memory.descriptor()[2] && !unreadable)
    add_fault(result,
              fmt::format("register JOB_ID: expected {:#010x}, got {:#010x}", memory.descriptor()[2], report.job_id));
  quillgen_counters counters;
  if (!quillgen_read_counters(&device, &counters)) add_fault(result, "counters change after the end of the job");
  result.counters = counters_of(counters);
}

/// What was seen on the bus since the start.
BusBytes Session::moved() {
  auto& bus = bench_.memory();
  const auto read = [&](int id) { return bus.bytes_read(id); };
  BusBytes bytes{read(id_job), read(id_rows), read(id_reference), read(id_list), 0, bus.bytes_written()};
  for (int id = id_feature; id < id_feature + feature_ids(config_); ++id) bytes.feature += read(id);
  if (config_.network.epilogue != 0) bytes.rows += read(position_id(config_)) + read(residual_id(config_));
  return bytes - moved_before_;
}

/// Every cycle has one cause, of each lane and of the PE array; and there are as many as went by.
void Session::check_cycles(JobResult& result) const {
  const auto& c = result.counters;
  const auto expect = [&](const char* name, std::uint64_t expected, std::uint64_t got) {
    if (static_cast<std::uint32_t>(expected) != static_cast<std::uint32_t>(got))
      add_fault(result, fmt::format("{}: expected {}, got {}", name, static_cast<std::uint32_t>(expected),
                                    static_cast<std::uint32_t>(got)));
  };
  expect("counter CYCLES, what its causes add up to", sum_of(c, first_cause, causes),
         std::uint64_t{c.cycles} * config_.core.lanes());
  expect("counter CYCLES, what the causes of the PE array add up to", sum_of(c, first_gemm_cause, gemm_causes),
         c.cycles);
  const auto& last = bench_.last_memory_activity();
  if (c.cycles > ended_ - started_ || (last > running_ && c.cycles < last - running_))
    add_fault(result, fmt::format("counter CYCLES: {}, but the job took from {} to {} cycles", c.cycles,
                                  last - running_, ended_ - started_));
}

/// A group of rows takes as many steps as its tiles have; samples and line look-ups are those of the model.
void Session::check_counts(const AttentionWork& work, JobResult& result) const {
  const auto& c = result.counters;
  const auto expect = [&](const char* name, std::int64_t expected, std::uint32_t got) {
    if (expected != got) add_fault(result, fmt::format("counter {}: expected {}, got {}", name, expected, got));
  };
  const auto& layer = work.layer;
  const std::int64_t steps = gemm_steps(config_, config_.attention.embed_dim);
  const auto queries = static_cast<int>(layer.wanted().size());
  const auto query_steps = divide_up(queries, config_.gemm.rows) * query_tiles(config_) * steps;
  const auto value_steps = work.token_groups(config_.gemm.rows) * value_tiles(config_) * steps;
  expect("GEMM_BUSY - GEMM_PROJECT", query_steps, c.gemm_busy - c.gemm_project);
  expect("GEMM_PROJECT", work.map_given ? 0 : value_steps, c.gemm_project);
  expect("SAMPLES", work.live_samples(), c.samples);
  expect("SAMPLE", c.samples, c.sample);
  const auto shape = static_cast<std::size_t>(config_.feature_cache.line_shape);
  expect("LINE_HITS + LINE_MISSES", work.stages.line_lookups[shape], c.line_hits + c.line_misses);
  if (!work.lines) return;
  expect("LINE_HITS", work.lines->hits, c.line_hits);
  expect("LINE_MISSES", work.lines->misses, c.line_misses);
  expect("BYTES_FEATURE", work.lines->read * line_bytes(config_), c.bytes_feature);
}

void Session::check_counts(const DenseWork& work, JobResult& result) const {
  const auto& c = result.counters;
  const auto expect = [&](const char* name, std::int64_t expected, std::uint32_t got) {
    if (expected != got) add_fault(result, fmt::format("counter {}: expected {}, got {}", name, expected, got));
  };
  const auto& layer = work.layer;
  const auto steps = std::int64_t{divide_up(layer.rows, config_.gemm.rows)} * gemm_steps(config_, layer.inner) *
                     divide_up(layer.outputs, config_.gemm.columns);
  expect("GEMM_BUSY", steps, c.gemm_busy);
  expect("GEMM_PROJECT", steps, c.gemm_project);
  expect("SAMPLES", 0, c.samples);
  expect("SAMPLE", 0, c.sample);
  expect("LINE_HITS + LINE_MISSES", 0, c.line_hits + c.line_misses);
}

/// A group of rows takes the steps of all heads with all keys and, for each part of their exponentials, all values.
void Session::check_counts(const SelfAttentionWork& work, JobResult& result) const {
  const auto& c = result.counters;
  const auto expect = [&](const char* name, std::int64_t expected, std::uint32_t got) {
    if (expected != got) add_fault(result, fmt::format("counter {}: expected {}, got {}", name, expected, got));
  };
  const auto& a = config_.attention;
  const auto rows = static_cast<int>(work.query.size()) / a.embed_dim;
  const std::int64_t groups = divide_up(rows, config_.gemm.rows) * a.heads;
  const std::int64_t keys = divide_up(rows, config_.gemm.columns) * gemm_steps(config_, a.head_dim());
  const std::int64_t values = model::exponential_parts(config_.numerics.query_bits) * gemm_steps(config_, rows);
  expect("GEMM_BUSY", groups * (keys + values), c.gemm_busy);
  expect("GEMM_PROJECT", c.gemm_busy, c.gemm_project);
  const std::int64_t read = std::int64_t{3} * rows * row_beats(a.embed_dim, result_width(config_), config_.memory) *
                            beat_bytes(config_.memory);
  expect("BYTES_QUERY", read, c.bytes_query);
  expect("SAMPLES", 0, c.samples);
  expect("LINE_HITS + LINE_MISSES", 0, c.line_hits + c.line_misses);
}

/// No more bursts open than the integration page promises.
void Session::check_open(JobResult& result) const {
  const auto check = [&](const std::string& name, int open, int most) {
    if (open > most) add_fault(result, fmt::format("{} bursts of {} are open, {} at most should be", open, name, most));
  };
  const auto clients = read_clients(config_);
  for (std::size_t id = 0; id < clients.size(); ++id)
    check(clients[id].name, result.traffic.most_open[id], clients[id].most_open);
  check("writes", result.traffic.most_open_writes, most_open_writes(config_));
}

void Session::collect(const Job& job, const JobMemory& memory, Comparison& comparison, JobResult& result) {
  auto& bus = bench_.memory();
  if (const auto breaches = breaches_of(bench_); breaches != breaches_before_) {
    for (const auto* list : {&bus.breaches(), &bench_.host().breaches(), &bench_.breaches()})
      for (const auto& text : list->texts()) result.faults.push_back(text);
    result.fault_count += static_cast<std::int64_t>(breaches - breaches_before_);
    breaches_before_ = breaches;
  }
  if (!result.error_code) {
    comparison.finish();
    if (result.hang.empty()) {
      comparison.compare_value(memory.value_map());
      comparison.compare_memory(memory.output_rows());
      comparison.compare_mask(memory.pixel_mask());
      for (const auto& fault : memory.check_written()) add_fault(result, fault);
    }
  }
  const auto moved_now = moved();
  result.total_bytes = moved_now.all(), result.feature_bytes = moved_now.feature;
  result.traffic = bus.traffic();
  result.dram = bus.dram_counts();
  check_open(result);
  result.untouched = memory.untouched();
  const bool late = result.error_code == QUILLGEN_ERROR_TIMEOUT_CODE;  // the rest came after the report
  if (result.hang.empty() && !late) {
    const auto projection = projection_bytes(job.work, config_);
    for (auto& fault : check_bytes(result.counters, moved_now, result.error_code ? nullptr : &projection))
      add_fault(result, std::move(fault));
    check_cycles(result);
    if (!result.error_code) std::visit([&](const auto& work) { check_counts(work, result); }, job.work);
  }
  result.stages = comparison.results();
}

JobResult Session::run(const Job& job) {
  JobResult result;
  Comparison comparison(config_, job.work);
  JobMemory memory(map_, job.work, config_, conditions_.seed + 1000 * jobs_++);
  if (job.tamper) {
    auto descriptor = memory.descriptor();
    job.tamper(descriptor);
    memory.set_descriptor(descriptor);
  }
  try {
    if (fresh_) {
      bench_.reset();
      fresh_ = false;
      check_capabilities(result);
    }
    execute(job, memory, comparison, result);
  } catch (const Hang& hang) {
    result.hang = hang.what();
  } catch (const DesignStopped& stop) {
    result.hang = fmt::format("the design stopped itself in cycle {}: {}", bench_.cycles(), stop.what());
  }
  bench_.set_comparison(nullptr);
  if (result.cut_short && result.hang.empty()) return result;
  collect(job, memory, comparison, result);
  return result;
}

}  // namespace quillgen::harness
