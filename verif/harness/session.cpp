#include "harness/session.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quillgen::harness {
namespace {

constexpr int poll_gap = 50;         ///< cycles between two looks at STATUS
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
  if (error_code) return fmt::format("the job ended with error code {}", error_code);
  if (!faults.empty()) return faults.front();
  for (const auto& stage : stages)
    if (stage.first) return describe(*stage.first);
  return "";
}

Session::Session(const SimulatorLibrary& library, const Manifest& manifest, const Config& config,
                 const Conditions& conditions)
    : config_(config),
      conditions_(conditions),
      bench_(library, manifest, config, map_,
             AxiOptions{config.memory.data_bits / 8, conditions.latency, conditions.stall_percent, 25, conditions.seed,
                        std::nullopt, std::nullopt}) {}

void Session::check_capabilities(JobResult& result) {
  const auto& a = config_.attention;
  const auto expect = [&](const char* name, std::uint32_t address, std::int64_t expected) {
    const auto got = bench_.read_register(address);
    if (got != static_cast<std::uint32_t>(expected))
      add_fault(result, fmt::format("register {}: expected {:#010x}, got {:#010x}", name, expected, got));
  };
  expect("ID", reg::id, 0x5155494C);
  expect("VERSION", reg::version, 1);
  expect("CAP_DIMS", reg::cap_dims,
         a.embed_dim | std::int64_t{a.heads} << 16 | std::int64_t{a.levels} << 24 | std::int64_t{a.points} << 28);
  expect("CAP_SHAPE", reg::cap_shape, a.max_width | std::int64_t{a.max_height} << 16);
  expect("CAP_QUERIES", reg::cap_queries, a.max_queries);
  expect("CAP_MEMORY", reg::cap_memory, config_.memory.data_bits | config_.memory.address_bits << 16);
}

void Session::execute(const Job& job, JobMemory& memory, Comparison& comparison, JobResult& result) {
  const auto address = memory.descriptor_address();
  bench_.write_register(reg::desc_lo, static_cast<std::uint32_t>(address));
  bench_.write_register(reg::desc_hi, static_cast<std::uint32_t>(address >> 32));
  for (int i = 0; i < 4; ++i) read_before_[i] = bench_.memory().bytes_read(i);
  written_before_ = bench_.memory().bytes_written();
  bench_.memory().set_faults(job.read_fault, job.write_fault);
  bench_.set_comparison(&comparison);
  started_ = bench_.cycles();
  bench_.write_register(reg::start, 1);
  std::uint32_t status = reg::busy;
  while (status & reg::busy || !(status & (reg::done | reg::failed))) {
    for (int i = 0; i < poll_gap; ++i) bench_.cycle();
    status = bench_.read_register(reg::status);
    if (job.progress) job.progress(comparison.queries_done());
  }
  ended_ = bench_.cycles();
  result.cycles = ended_ - started_;
  if (!bench_.memory().idle()) add_fault(result, "the job is done, but the memory still has bursts to answer");
  bench_.set_comparison(nullptr);
  const auto last = bench_.last_memory_activity();
  for (int i = 0; i < settling_cycles; ++i) bench_.cycle();
  if (bench_.last_memory_activity() != last) add_fault(result, "the memory port moves after the end of the job");

  result.error_code = bench_.read_register(reg::error);
  if (!(status & reg::failed) != !result.error_code)
    add_fault(result, fmt::format("STATUS is {:#x}, but ERROR is {}", status, result.error_code));
  const auto id = bench_.read_register(reg::job_id);
  const bool unreadable = job.read_fault && result.error_code;  // the descriptor perhaps, and with it the job ID
  if (id != memory.descriptor()[2] && !unreadable)
    add_fault(result, fmt::format("register JOB_ID: expected {:#010x}, got {:#010x}", memory.descriptor()[2], id));
  for (std::size_t i = 0; i < counter_names.size(); ++i)
    result.counters.*counter_names[i].field = bench_.read_register(reg::counters + 4 * static_cast<std::uint32_t>(i));
}

void Session::check_counters(const Job& job, JobResult& result) const {
  const auto& c = result.counters;
  const auto expect = [&](const char* name, std::uint64_t expected, std::uint32_t got) {
    if (static_cast<std::uint32_t>(expected) != got)
      add_fault(result,
                fmt::format("counter {}: expected {}, got {}", name, static_cast<std::uint32_t>(expected), got));
  };
  expect("CYCLES, the sum of its causes",
         std::uint64_t{c.setup} + c.fill + c.sample + c.wait_feature + c.wait_output + c.wait_point + c.drain,
         c.cycles);
  const auto& last = bench_.last_memory_activity();
  if (c.cycles > ended_ - started_ || (last > started_ && c.cycles + poll_gap < last - started_))
    add_fault(result, fmt::format("counter CYCLES: {}, but the job took from {} to {} cycles", c.cycles,
                                  last - started_, ended_ - started_));
  if (result.error_code) return;
  expect("SAMPLES", static_cast<std::uint64_t>(job.layer.queries) * config_.attention.samples_per_query(), c.samples);
  expect("SAMPLE", c.samples, c.sample);
  expect("LINE_HITS + LINE_MISSES", static_cast<std::uint64_t>(job.stages.line_lookups), c.line_hits + c.line_misses);
}

void Session::collect(const Job& job, const JobMemory& memory, Comparison& comparison, JobResult& result) {
  auto& bus = bench_.memory();
  const auto& c = result.counters;
  const std::uint32_t counted[4] = {c.bytes_job, c.bytes_query, c.bytes_reference, c.bytes_feature};
  const char* names[4] = {"BYTES_JOB", "BYTES_QUERY", "BYTES_REFERENCE", "BYTES_FEATURE"};
  for (int i = 0; i < 4; ++i) {
    const auto bytes = bus.bytes_read(i) - read_before_[i];
    result.total_bytes += bytes;
    if (i == id_feature) result.feature_bytes = bytes;
    if (result.hang.empty() && static_cast<std::uint32_t>(bytes) != counted[i])
      add_fault(result, fmt::format("counter {}: expected {}, got {}", names[i], bytes, counted[i]));
  }
  const auto written = bus.bytes_written() - written_before_;
  result.total_bytes += written;
  result.output_untouched = memory.output_untouched();
  if (result.hang.empty()) {
    if (static_cast<std::uint32_t>(written) != c.bytes_output)
      add_fault(result, fmt::format("counter BYTES_OUTPUT: expected {}, got {}", written, c.bytes_output));
    check_counters(job, result);
  }
  if (const auto breaches = breaches_of(bench_); breaches != breaches_before_) {
    for (const auto* list : {&bus.breaches(), &bench_.host().breaches(), &bench_.breaches()})
      for (const auto& text : list->texts()) result.faults.push_back(text);
    result.fault_count += static_cast<std::int64_t>(breaches - breaches_before_);
    breaches_before_ = breaches;
  }
  if (!result.error_code) {
    comparison.finish();
    if (result.hang.empty()) {
      comparison.compare_memory(memory.output_rows());
      for (const auto& fault : memory.check_output()) add_fault(result, fault);
    }
  }
  result.stages = comparison.results();
}

JobResult Session::run(const Job& job) {
  JobResult result;
  Comparison comparison(config_, job.layer, job.stages);
  JobMemory memory(map_, job.layer, job.stages.value, config_, conditions_.seed + 1000 * jobs_++);
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
  collect(job, memory, comparison, result);
  return result;
}

}  // namespace quillgen::harness
