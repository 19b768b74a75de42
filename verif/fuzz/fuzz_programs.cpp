// Random networks as programs on one instance, most of them in trouble first: whatever stops a program, the next one,
// on fresh rows, is bit-exact.
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <chrono>
#include <cstdio>

#include "fuzz/draw.hpp"
#include "fuzz/random_network.hpp"
#include "fuzz/sessions.hpp"
#include "harness/interrupt.hpp"
#include "harness/session.hpp"

namespace {

using namespace quillgen;
using fuzz::Simulated;

struct Options : fuzz::SessionOptions {
  bool no_trouble = false, large = false, every_job = false;
};

struct Counts {
  int programs = 0, troubles = 0;
  std::size_t jobs = 0;
  std::uint64_t cycles = 0;
};

enum Trouble : int { read_fault, write_fault, aborted, soft_reset, silent, bad_descriptor, twice_named, troubles };
constexpr const char* trouble_names[] = {"read fault",    "write fault",    "abort",          "soft reset",
                                         "silent memory", "bad descriptor", "row named twice"};

/// Cycles and bursts of a job or a program.
struct Extent {
  std::uint64_t cycles = 0, reads = 0, writes = 0;
};

std::uint64_t draw_below(fuzz::Draw& draw, std::uint64_t end) {
  return static_cast<std::uint64_t>(draw.below(static_cast<int>(std::max<std::uint64_t>(end, 1))));
}

/// A program with a trouble at a random moment of the extent, from the begin of the job `from` on, or in the descriptor
/// of a job; what is wrong with how it ended, "" if nothing. `first`, `last`: the jobs that may fail.
std::string run_trouble(harness::Session& session, const model::Program& program, fuzz::Draw& draw, int kind,
                        std::size_t from, const Extent& extent, std::size_t first, std::size_t last) {
  harness::ProgramRun run{program};
  constexpr std::uint32_t errors[troubles] = {
      QUILLGEN_ERROR_READ_CODE,    QUILLGEN_ERROR_WRITE_CODE,      QUILLGEN_ERROR_ABORTED_CODE, 0,
      QUILLGEN_ERROR_TIMEOUT_CODE, QUILLGEN_ERROR_DESCRIPTOR_CODE, QUILLGEN_ERROR_LIST_CODE};
  const auto moment = draw_below(draw, extent.cycles), read = draw_below(draw, extent.reads),
             write = draw_below(draw, extent.writes);
  std::size_t ended = 0;
  std::optional<std::uint64_t> began;  // cycle
  bool done = false;
  run.progress = [&](const harness::ProgramJobResult&, std::size_t) { ++ended; };
  run.meanwhile = [&](std::uint64_t cycle, harness::Bench& bench) {
    if (ended < from) return false;
    if (!began) {
      began = cycle;
      if (kind == read_fault) bench.memory().set_faults(harness::AxiFault{read}, std::nullopt);
      if (kind == write_fault) bench.memory().set_faults(std::nullopt, harness::AxiFault{write});
    }
    if (done || cycle < *began + moment) return false;
    done = true;
    if (kind == aborted) quillgen_abort(&bench.device());
    if (kind == soft_reset) quillgen_soft_reset(&bench.device());
    if (kind == silent) quillgen_set_timeout(&bench.device(), 300), bench.memory().set_silent(true);
    return kind == soft_reset;
  };
  if (kind == bad_descriptor) {
    first = last = first + draw_below(draw, last + 1 - first);
    run.tamper = [first](std::size_t job, harness::Descriptor& d) {
      if (job == first) d[QUILLGEN_DESCRIPTOR_WORD_KIND] ^= 0x100;
    };
  }
  run.double_entry = kind == twice_named;
  const auto result = session.run(run);
  if (!result.hang.empty()) return result.hang;
  if (result.fault_count > 0) return result.faults.front();
  for (const auto& job : result.jobs)
    if (job.mismatches() > 0) return result.first_mismatch();
  if (kind == soft_reset) return result.cut_short ? "" : "a soft reset did not end the program";
  if (result.error_code != errors[kind])
    return fmt::format("error code {} instead of {}", result.error_code, errors[kind]);
  for (auto job = first; job <= std::min(last, program.jobs.size() - 1); ++job)
    if (result.failed_job == program.jobs[job].name) return "";
  if (first == 0 && result.failed_job.empty()) return "";  // before the number of the first job has come
  return fmt::format("job {} is said to have failed", result.failed_job);
}

/// What is wrong with the session of this seed, "" if nothing.
std::string run_session(const Simulated& simulated, const Options& o, std::uint64_t seed, Counts& counts) {
  fuzz::Draw draw(seed);
  const int stall = draw.chance(50) ? 0 : draw.between(1, 70), latency = draw.chance(40) ? 1 : draw.between(1, 250);
  harness::Session session(*simulated.library, simulated.manifest, simulated.config, {seed, stall, latency});
  for (int i = 0; i < 2; ++i) {
    const auto random = fuzz::random_network(simulated.config, seed * 10 + static_cast<std::uint64_t>(i));
    const auto program = model::make_program(random.network, simulated.config, random.source);
    const auto expected = model::run(random.network, random.source);
    const auto name =
        fmt::format("program {} of {} jobs, stall {} %, latency {}", i + 1, program.jobs.size(), stall, latency);
    if (program.detections.logits != expected.logits || program.detections.boxes != expected.boxes)
      return fmt::format("{}: its jobs do not make the network", name);
    const auto good = session.run(harness::ProgramRun{program});
    ++counts.programs, counts.jobs += good.jobs.size(), counts.cycles += good.cycles;
    if (!good.bit_exact()) return fmt::format("{}: {}", name, good.first_mismatch());
    if (good.found.logits != expected.logits || good.found.boxes != expected.boxes)
      return fmt::format("{}: other boxes or classes are found", name);
    if (o.no_trouble) continue;
    int kind = draw.below(troubles);
    if (kind == twice_named && random.network.listed < 2) kind = aborted;
    ++counts.troubles;
    // Not in the last cycles: the registers are written while they pass.
    const Extent all{good.cycles - 200, good.bursts_read * 9 / 10, good.bursts_written * 9 / 10};
    const auto problem = run_trouble(session, program, draw, kind, 0, all, 0, program.jobs.size() - 1);
    if (!problem.empty()) return fmt::format("{}, {}: {}", name, trouble_names[kind], problem);
    const auto again = session.run(harness::ProgramRun{program});
    ++counts.programs, counts.jobs += again.jobs.size(), counts.cycles += again.cycles;
    if (!again.bit_exact()) return fmt::format("{}, after a {}: {}", name, trouble_names[kind], again.first_mismatch());
  }
  return "";
}

/// The jobs of a program, each from the end of the one before; empty if it is not bit-exact.
std::vector<Extent> extents_of(harness::Session& session, const model::Program& program) {
  std::vector<Extent> extents;
  Extent now, begin;  // since the harness began
  harness::ProgramRun run{program};
  run.meanwhile = [&](std::uint64_t cycle, harness::Bench& bench) {
    now = {cycle, bench.memory().bursts_read(), bench.memory().bursts_written()};
    if (begin.cycles == 0) begin = now;
    return false;
  };
  run.progress = [&](const harness::ProgramJobResult&, std::size_t) {
    extents.push_back({now.cycles - begin.cycles, now.reads - begin.reads, now.writes - begin.writes});
    begin = now;
  };
  return session.run(run).bit_exact() ? extents : std::vector<Extent>();
}

/// Every trouble in every job of a network, each followed by an undisturbed run.
std::string trouble_every_job(const Simulated& simulated, std::uint64_t seed, Counts& counts) {
  fuzz::Draw draw(seed);
  const int stall = draw.chance(50) ? 0 : 30, latency = draw.between(1, 60);
  harness::Session session(*simulated.library, simulated.manifest, simulated.config, {seed, stall, latency});
  const auto random = fuzz::random_network(simulated.config, seed);
  const auto program = model::make_program(random.network, simulated.config, random.source);
  const auto extents = extents_of(session, program);
  if (extents.size() != program.jobs.size()) return "the program alone is not bit-exact";
  for (std::size_t job = 0; job < extents.size(); ++job)
    for (const int kind : {read_fault, write_fault, aborted, soft_reset, silent, bad_descriptor}) {
      const auto name = fmt::format("stall {} %, latency {}, a {} in {}", stall, latency, trouble_names[kind],
                                    program.jobs[job].name);
      // A job's writes are waited for. What it reads is of the next one too; what is written to registers arrives
      // later, and before that the host may be waited for.
      const bool exact = kind == write_fault || kind == bad_descriptor,
                 waits = job > 0 && program.jobs[job - 1].host_step != model::HostStep::none;
      auto [cycles, reads, writes] = extents[job];
      reads = reads * 3 / 4, writes = writes * 3 / 4;  // bursts are cut where the addresses of a run say
      if (job + 1 == extents.size()) cycles /= 2, reads /= 2;
      const auto problem = run_trouble(session, program, draw, kind, job, {cycles, reads, writes},
                                       waits && !exact ? job - 1 : job, exact ? job : job + 1);
      if (!problem.empty()) return fmt::format("{}: {}", name, problem);
      const auto again = session.run(harness::ProgramRun{program});
      if (!again.bit_exact()) return fmt::format("after {}: {}", name, again.first_mismatch());
      ++counts.troubles, ++counts.programs, counts.jobs += again.jobs.size(), counts.cycles += again.cycles;
    }
  return "";
}

/// A network of the size of published ones: C of the configuration, 2,000 tokens, 300 queries, FFN of 4 C. Prints each
/// job; the exit status.
int run_large(const Options& o) {
  const Simulated simulated(o);
  const auto& c = simulated.config;
  const fuzz::NetworkShape shape{{{36, 42}, {18, 21}, {9, 10}, {4, 5}}, 300, 4 * c.attention.embed_dim, 1, 2};
  for (auto seed = o.first; seed < o.first + o.count; ++seed) {
    const auto random = fuzz::random_network(c, seed, shape);
    const auto program = model::make_program(random.network, c, random.source);
    harness::Session session(*simulated.library, simulated.manifest, c, {seed, 0, c.memory.latency_cycles});
    harness::ProgramRun run{program};
    std::int64_t steps = 0;
    std::uint64_t cycles = 0;
    run.progress = [&](const harness::ProgramJobResult& job, std::size_t) {
      fmt::print("{:<26} {:>9} cycles, the array takes a step in {:5.1f} %, {} mismatches\n", job.name, job.cycles,
                 100.0 * static_cast<double>(job.steps) / static_cast<double>(job.cycles), job.mismatches());
      if (job.name.find(".self.") == std::string::npos) return;
      steps += job.steps, cycles += job.cycles;
    };
    const auto result = session.run(run);
    fmt::print("{} cycles; self-attention with its projections {}, of these the array takes a step in {:.1f} %\n",
               result.cycles, cycles, 100.0 * static_cast<double>(steps) / static_cast<double>(cycles));
    if (result.bit_exact()) continue;
    fmt::print("seed {}: FAILED: {}\n", seed, result.first_mismatch());
    return 1;
  }
  return 0;
}

int run_all(const Options& o, const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  const Simulated simulated(o);
  Counts counts;
  std::uint64_t failed = 0;
  for (auto seed = o.first; seed < o.first + o.count; ++seed) {
    const auto problem =
        o.every_job ? trouble_every_job(simulated, seed, counts) : run_session(simulated, o, seed, counts);
    harness::check_interrupt();
    if (problem.empty()) continue;
    ++failed;
    std::string changes;
    for (const auto& change : o.overrides) changes += " --set " + change;
    fmt::print("seed {}: FAILED: {}\nreplay: {} --preset {}{}{}{}{} --first {} --count 1\n", seed, problem, program,
               o.preset, changes, o.interpreted ? " --interpreted" : "", o.no_trouble ? " --no-trouble" : "",
               o.every_job ? " --every-job" : "", seed);
    std::fflush(stdout);
  }
  fmt::print("{}: {} sessions: {} programs of {} jobs, {} in trouble, {} cycles, {} failed, {:.0f} s\n", o.preset,
             o.count, counts.programs, counts.jobs, counts.troubles, counts.cycles, failed,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o{{.preset = "detector", .count = 10}};
  command_line::Program app("Random networks as programs: the generated design equals the model, after any trouble.");
  o.add_to(app, "number of sessions, two networks each");
  app.add_flag("--large", o.large, "networks of 2,000 tokens and 300 queries, undisturbed");
  app.add_flag("--every-job", o.every_job, "each trouble in each job of a network, one network a session");
  app.add_flag("--no-trouble", o.no_trouble, "only programs that nothing stops");
  if (const auto status = app.parse(argc, argv)) return *status;
  return fuzz::run_main("fuzz_programs", [&] { return o.large ? run_large(o) : run_all(o, argv[0]); });
}
