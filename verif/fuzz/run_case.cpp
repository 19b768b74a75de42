#include "fuzz/run_case.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "fuzz/in_child.hpp"
#include "fuzz/random_layer.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/process.hpp"
#include "harness/session.hpp"
#include "interp/interpreter.hpp"
#include "passes/verify.hpp"
#include "unit/interpreter_device.hpp"

namespace quillgen::fuzz {
namespace {

namespace fs = std::filesystem;

struct Failure {
  std::string kind, text;
};

/// Runs `step`; an exception of it is a failure of that kind.
template <typename Step>
decltype(auto) as_step(const char* kind, const Step& step) {
  try {
    return step();
  } catch (const harness::Interrupted&) {
    throw;
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& e) {
    throw Failure{kind, e.what()};
  }
}

struct ModelledJob {
  model::QuantisedLayer layer;
  model::Stages stages;
};

std::vector<ModelledJob> model_jobs(const Case& c) {
  std::vector<ModelledJob> jobs;
  for (int i = 0; i < c.workload.jobs; ++i) {
    auto& job = jobs.emplace_back(random_layer(c, i), model::Stages{});
    job.stages = model::run(job.layer);
  }
  return jobs;
}

/// All jobs one after the other on one instance.
std::vector<harness::JobResult> run_jobs(const char* kind, const Case& c, const harness::SimulatorLibrary& library,
                                         const harness::Manifest& manifest, const std::vector<ModelledJob>& jobs) {
  const auto& w = c.workload;
  harness::Session session(library, manifest, c.config, {w.content % 1000000, w.stall_percent, w.latency});
  std::vector<harness::JobResult> results;
  for (const auto& job : jobs) {
    results.push_back(session.run({job.layer, job.stages, nullptr, std::nullopt, std::nullopt, nullptr}));
    const auto& r = results.back();
    const auto text = fmt::format("job {}: {}", results.size(), r.first_mismatch());
    if (!r.hang.empty()) throw Failure{std::string(kind) + " hang", text + "; " + r.hang};
    if (!r.bit_exact()) throw Failure{kind, text};
  }
  return results;
}

void lint(const fs::path& rtl, const harness::Manifest& manifest) {
  harness::Command command = {"verilator", "--lint-only", "-Wall", "--top-module", manifest.top};
  for (const auto& file : harness::load_file_list(rtl)) command.push_back(file);
  const auto result = harness::run(command, rtl);
  harness::check_interrupt();
  if (result.status != 0 || !result.output.empty()) throw Failure{"lint", result.output};
}

/// The same jobs in Verilator; the simulator does not stay in the cache.
void run_verilated(const Case& c, const fs::path& rtl, const harness::Manifest& manifest,
                   const std::vector<ModelledJob>& jobs, const std::vector<harness::JobResult>& interpreted) {
  harness::BuildOptions options;
  options.jobs = 1;
  options.optimise = false;
  const auto built = harness::build_simulator(rtl, manifest, options);
  const harness::SimulatorLibrary library(built.library);
  if (!built.reused) fs::remove_all(built.library.parent_path());
  const auto verilated = run_jobs("verilator", c, library, manifest, jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto &a = interpreted[i], &b = verilated[i];
    if (a.cycles != b.cycles)
      throw Failure{"verilator", fmt::format("job {}: {} cycles, on the interpreter {}", i + 1, b.cycles, a.cycles)};
    for (const auto& counter : harness::counter_names)
      if (a.counters.*counter.field != b.counters.*counter.field)
        throw Failure{"verilator", fmt::format("job {}: counter {}: {}, on the interpreter {}", i + 1, counter.name,
                                               b.counters.*counter.field, a.counters.*counter.field)};
  }
}

void run_all(const Case& c, const Steps& steps, Outcome& outcome) {
  const auto jobs = as_step("model", [&] { return model_jobs(c); });
  hdl::Design design;
  const auto& top = as_step("build", [&]() -> const hdl::Module& {
    const auto& built = accel::build_top(design, accel::Shapes(c.config), top_name);
    passes::verify_or_throw(built);
    return built;
  });
  const auto results = as_step("interpreter", [&] {
    outcome.instructions = interp::Interpreter(top).instructions();
    return run_jobs("interpreter", c, test::interpreter_library(top), test::interpreter_manifest(top, c.config), jobs);
  });
  for (const auto& r : results) {
    outcome.cycles += r.cycles;
    for (const auto& stage : r.stages) outcome.elements += stage.compared;
  }
  if (!steps.lint && !steps.verilator) return;
  const harness::TemporaryFolder folder{fs::temp_directory_path()};
  const auto rtl = folder.path() / "rtl";
  as_step("build", [&] { generate(c.config, rtl); });
  const auto manifest = harness::load_manifest(rtl);
  if (steps.lint) as_step("lint", [&] { lint(rtl, manifest); });
  if (steps.verilator) as_step("verilator", [&] { run_verilated(c, rtl, manifest, jobs, results); });
}

std::string run_to_text(const Case& c, const Steps& steps) {
  Outcome o;
  try {
    run_all(c, steps, o);
  } catch (const Failure& failure) {
    o.kind = failure.kind, o.text = failure.text;
  } catch (const std::exception& e) {
    o.kind = "fuzzer", o.text = e.what();
  }
  const nlohmann::json json = {o.kind, o.text, o.elements, o.cycles, o.instructions};
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string Outcome::signature() const {
  static const std::regex mark("[a-z_]+\\.cpp:[0-9]+|%(Warning|Error)-[A-Z]+");
  std::smatch found;
  return kind + (std::regex_search(text, found, mark) ? " " + found.str() : "");
}

Outcome run_case(const Case& c, const Steps& steps) {
  const auto start = std::chrono::steady_clock::now();
  const auto answer = in_child([&] { return run_to_text(c, steps); });
  harness::check_interrupt();
  Outcome o;
  o.kind = "crash", o.text = "the process died: see its last words above";
  if (answer) {
    const auto json = nlohmann::json::parse(*answer);
    o.kind = json[0], o.text = json[1], o.elements = json[2], o.cycles = json[3], o.instructions = json[4];
  }
  o.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return o;
}

}  // namespace quillgen::fuzz
