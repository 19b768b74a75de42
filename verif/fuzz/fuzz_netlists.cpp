// Random netlists: interpreter = Verilator = Icarus, cycle by cycle, and no lint warning in any printed file.
#include <fmt/core.h>

#include <chrono>

#include "command_line/command.hpp"
#include "fuzz/batch.hpp"
#include "harness/files.hpp"

using namespace quillgen;
namespace fs = std::filesystem;

namespace {

struct Options {
  std::uint64_t seed = 0, first = 1, count = 100, icarus = 10, batch = 90;
  int cycles = 200;
  std::string keep;
};

void report(const std::vector<std::string>& problems, const std::string& program) {
  for (const auto& p : problems) {
    fmt::print(stderr, "{}\n", p);
    std::uint64_t seed = 0;
    if (std::sscanf(p.c_str(), "seed %lu:", &seed) == 1)
      fmt::print(stderr, "  replay: {} --seed {} --keep n{}\n", program, seed, seed);
  }
}

// Runs a batch through everything; returns the number of problems.
std::size_t run(const std::vector<std::uint64_t>& seeds, bool with_icarus, const Options& options,
                const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  auto lap = [&, last = start]() mutable {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last, now)).count();
  };
  const fuzz::Batch batch(seeds, {.cycles = options.cycles});
  harness::TemporaryFolder temporary(fs::temp_directory_path());
  const fs::path folder = options.keep.empty() ? temporary.path() : fs::path(options.keep);
  batch.write(folder);
  const double interpreted = lap();
  auto problems = batch.lint(folder, with_icarus);
  const double linted = lap();
  std::size_t count = problems.size();
  report(problems, program);
  report(problems = batch.run_verilator(folder), program);
  count += problems.size();
  const double verilated = lap();
  double icarus = 0;
  if (with_icarus) {
    report(problems = batch.run_icarus(folder), program);
    count += problems.size();
    icarus = lap();
  }
  fmt::print(
      "seeds {} to {}: {} netlists, {} nodes, {} cycles, {} output bits compared; "
      "interpreter {:.1f} s, lint {:.1f} s, Verilator {:.1f} s, Icarus {:.1f} s; {} problems\n",
      seeds.front(), seeds.back(), seeds.size(), batch.nodes(), options.cycles, batch.values(), interpreted, linted,
      verilated, icarus, count);
  std::fflush(stdout);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  command_line::Program app("Random netlists: interpreter = Verilator = Icarus, and no lint warnings.");
  app.add_option("--seed", o.seed, "run this one netlist through all tools");
  app.add_option("--first", o.first, "first seed");
  app.add_option("--count", o.count, "number of netlists");
  app.add_option("--icarus", o.icarus, "how many of them run in Icarus too");
  app.add_option("--batch", o.batch, "netlists in one build");
  app.add_option("--cycles", o.cycles, "cycles each");
  app.add_option("--keep", o.keep, "folder for the Verilog, kept");
  if (const auto status = app.parse(argc, argv)) return *status;
  try {
    if (o.seed != 0) return run({o.seed}, true, o, argv[0]) == 0 ? 0 : 1;
    std::size_t problems = 0;
    // Icarus gets a batch of its own, so that the first ones are seen by all tools.
    for (std::uint64_t done = 0; done < o.count;) {
      const bool with_icarus = done < o.icarus;
      const std::uint64_t size = std::min(with_icarus ? std::min(o.icarus, o.batch) : o.batch, o.count - done);
      std::vector<std::uint64_t> seeds;
      for (std::uint64_t i = 0; i < size; ++i) seeds.push_back(o.first + done + i);
      problems += run(seeds, with_icarus, o, argv[0]);
      done += size;
    }
    fmt::print("{} random netlists, {} problems\n", o.count, problems);
    return problems == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
