// Random legal configurations with random layers: the generated design on the interpreter, and some of them linted and
// in Verilator, equal to the model in every stage.
#include <fmt/core.h>

#include <chrono>
#include <set>

#include "command_line/command.hpp"
#include "fuzz/cost.hpp"
#include "fuzz/coverage.hpp"
#include "fuzz/random_case.hpp"
#include "fuzz/run_case.hpp"
#include "fuzz/shrink.hpp"
#include "harness/interrupt.hpp"

using namespace quillgen;

namespace {

struct Options {
  std::uint64_t seed = 0, first = 1, count = 100, lint = 0, verilator = 0;
  int attempts = 400;
  bool print = false, quiet = false;
  std::vector<std::string> changes;
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Every n-th seed; none for 0.
bool is_nth(std::uint64_t seed, std::uint64_t n) { return n != 0 && seed % n == 0; }

/// Designs beyond this many instructions of the interpreter take Verilator minutes to build: they are only linted.
constexpr double most_instructions = 15000;

fuzz::Steps steps_of(const fuzz::Case& c, const Options& o) {
  const bool chosen = is_nth(c.seed, o.verilator);
  return {chosen || is_nth(c.seed, o.lint), chosen && fuzz::estimated_instructions(c.config) < most_instructions, {}};
}

/// One line: the shape of a case.
std::string summary(const fuzz::Case& c) {
  const auto& a = c.config.attention;
  const auto& g = c.config.gemm;
  return fmt::format("C {} M {} L {} K {}, PE {}x{}x{}, P {}, {} bits, {} queries, stall {} %, latency {}", a.embed_dim,
                     a.heads, a.levels, a.points, g.rows, g.columns, g.depth, c.config.core.projection_columns,
                     c.config.memory.data_bits, c.workload.queries, c.workload.stall_percent, c.workload.latency);
}

/// What went wrong, and the command that runs the case again, with what was changed since the seed.
void report_briefly(const fuzz::Case& c, const fuzz::Outcome& outcome, const fuzz::Steps& steps,
                    const std::string& program) {
  fmt::print("seed {}: FAILED: {}: {}\nreplay: {} --seed {}{}{}{}\n", c.seed, outcome.kind, outcome.text, program,
             c.seed, steps.lint ? " --lint 1" : "", steps.verilator ? " --verilator 1" : "",
             fuzz::changes_since(fuzz::random_case(c.seed), c));
  std::fflush(stdout);
}

void report(const fuzz::Case& c, const fuzz::Outcome& outcome, const fuzz::Steps& steps, const std::string& program) {
  fmt::print("{}\n", fuzz::to_text(c));
  report_briefly(c, outcome, steps, program);
}

/// The failure, and the smallest case that fails in the same way.
void report_failure(const fuzz::Case& c, const fuzz::Outcome& outcome, const fuzz::Steps& steps, const Options& o,
                    const std::string& program) {
  report_briefly(c, outcome, steps, program);
  const auto start = Clock::now();
  const auto s = fuzz::shrink(c, outcome, o.attempts, [&](const fuzz::Case& x) { return fuzz::run_case(x, steps); });
  fmt::print("seed {}, the smallest that fails, after {} attempts in {:.0f} s:\n", c.seed, s.attempts,
             seconds_since(start));
  report(s.smallest, s.outcome, steps, program);
}

/// One case, given by a seed and changes of it. Returns the exit status.
int run_one(const Options& o, const std::string& program) {
  auto c = fuzz::random_case(o.seed);
  for (const auto& change : o.changes) fuzz::set_parameter(c, change);
  fuzz::validate(c);
  const auto steps = steps_of(c, o);
  if (o.print) return fmt::print("{}\n", fuzz::to_text(c)), 0;
  const auto outcome = fuzz::run_case(c, steps);
  if (!outcome.failed()) {
    fmt::print("seed {}: {}: {} elements equal to the model, {} cycles, {:.1f} s\n", c.seed, summary(c),
               outcome.elements, outcome.cycles, outcome.seconds);
    return 0;
  }
  if (o.changes.empty() && o.attempts > 0) report_failure(c, outcome, steps, o, program);
  else report(c, outcome, steps, program);
  return 1;
}

int run_many(const Options& o, const std::string& program) {
  const auto start = Clock::now();
  fuzz::Coverage coverage;
  std::set<std::string> signatures;  // of failures, so that each is shrunk once
  std::uint64_t failed = 0, linted = 0, verilated = 0, cycles = 0;
  std::int64_t elements = 0;
  for (auto seed = o.first; seed < o.first + o.count; ++seed) {
    const auto c = fuzz::random_case(seed);
    fuzz::validate(c);
    coverage.add(c);
    const auto steps = steps_of(c, o);
    const auto outcome = fuzz::run_case(c, steps);
    linted += steps.lint, verilated += steps.verilator;
    elements += outcome.elements, cycles += outcome.cycles;
    if (!o.quiet)
      fmt::print("seed {}: {}: {} cycles of {} instructions{}{}, {:.1f} s\n", seed, summary(c), outcome.cycles,
                 outcome.instructions, steps.lint ? ", linted" : "", steps.verilator ? ", Verilator" : "",
                 outcome.seconds);
    std::fflush(stdout);
    if (!outcome.failed()) continue;
    ++failed;
    if (o.attempts > 0 && signatures.insert(outcome.signature()).second) report_failure(c, outcome, steps, o, program);
    else report_briefly(c, outcome, steps, program);
  }
  fmt::print("\n{}\n", coverage.table());
  fmt::print(
      "{} configurations from seed {}, {} linted, {} in Verilator: {} elements compared in {} cycles, {} failed, "
      "{:.0f} s\n",
      o.count, o.first, linted, verilated, elements, cycles, failed, seconds_since(start));
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  command_line::Program app("Random legal configurations and layers: the generated design equals the model.");
  app.add_option("--seed", o.seed, "run this one case");
  app.add_option("--set", o.changes, "path=value: change a number of the case of --seed; repeatable").repeatable();
  app.add_flag("--print", o.print, "print the case of --seed and do not run it");
  app.add_option("--first", o.first, "first seed");
  app.add_option("--count", o.count, "number of cases");
  app.add_option("--lint", o.lint, "every N-th seed: lint the Verilog as well");
  app.add_option("--verilator", o.verilator, "every N-th seed: lint the Verilog and run it in Verilator as well");
  app.add_option("--attempts", o.attempts, "cases tried at most to shrink one that fails");
  app.add_flag("--quiet", o.quiet, "no line for a case that passes");
  if (const auto status = app.parse(argc, argv)) return *status;
  harness::catch_interrupts();
  try {
    return o.seed != 0 ? run_one(o, argv[0]) : run_many(o, argv[0]);
  } catch (const harness::Interrupted&) {
    fmt::print(stderr, "interrupted\n");
    return 130;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
