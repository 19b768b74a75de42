#include "fuzz/run_case.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "estimate/line_cache.hpp"
#include "fuzz/in_child.hpp"
#include "fuzz/random_layer.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/manifest.hpp"
#include "harness/process.hpp"
#include "harness/session.hpp"
#include "harness/verilator_lint.hpp"
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

/// A layer of either kind, and what the model says about it.
struct ModelledJob {
  model::QuantisedLayer layer = {};
  model::Stages stages = {};
  bool map_given = false;
  harness::LineCounts lines = {};
  std::optional<model::DenseLayer> dense = std::nullopt;
  std::optional<SelfRows> self = std::nullopt;
  std::vector<std::int32_t> product = {};  ///< outputs of either

  harness::Work work() const {
    if (dense) return harness::DenseWork{*dense, product};
    if (self) return harness::SelfAttentionWork{self->scales, self->query, self->key, self->value, product};
    return harness::AttentionWork{layer, stages, map_given, false, lines};
  }
};

std::vector<ModelledJob> model_jobs(const Case& c) {
  const auto& w = c.workload;
  std::vector<ModelledJob> jobs;
  for (int i = 0; i < w.jobs; ++i) {
    auto& job = jobs.emplace_back();
    job.layer = random_layer(c, i);
    job.stages = model::run(job.layer);
    const auto caches = estimate::run_caches(c.config, estimate::demand_of(job.layer, job.stages));
    job.lines = {caches.hits, caches.misses, caches.lines_read()};
    job.map_given = w.maps == maps_given || (w.maps == first_map_given && i == 0);
    if (i > 0) continue;
    if (w.dense_rows > 0) {
      auto& dense = jobs.emplace_back();
      dense.dense = random_dense(c);
      dense.product = model::run_dense(*dense.dense);
    }
    if (w.self_rows == 0) continue;
    auto& self = jobs.emplace_back();
    self.self = random_self(c);
    self.product = model::run_self_attention(self.self->scales, self.self->query, self.self->key, self.self->value,
                                             static_cast<std::size_t>(c.config.attention.embed_dim));
  }
  return jobs;
}

/// A job under one of the stalls.
struct Run {
  const ModelledJob& job;
  int stall;         ///< percent
  std::string name;  ///< for people
  harness::JobResult result = {};
};

/// For each of the stalls all jobs one after the other on one instance.
std::vector<Run> run_jobs(const char* kind, const Case& c, const harness::SimulatorLibrary& library,
                          const harness::Manifest& manifest, const std::vector<ModelledJob>& jobs,
                          const std::vector<int>& stalls) {
  const auto& w = c.workload;
  std::vector<Run> runs;
  for (const int stall : stalls) {
    harness::Session session(library, manifest, c.config, {w.content % 1000000, stall, w.latency, w.reorder_percent});
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      auto& run = runs.emplace_back(jobs[i], stall, fmt::format("stall {} %, job {}", stall, i + 1));
      run.result = session.run({run.job.work()});
      const auto text = fmt::format("{}: {}", run.name, run.result.first_mismatch());
      if (!run.result.hang.empty()) throw Failure{std::string(kind) + " hang", text + "; " + run.result.hang};
      if (!run.result.bit_exact()) throw Failure{kind, text};
    }
  }
  return runs;
}

void lint(const fs::path& rtl, const harness::Manifest& manifest) {
  harness::Command command = {"verilator", "--lint-only", "-Wall", "--top-module", manifest.top};
  for (const auto& file : harness::load_file_list(rtl)) command.push_back(file);
  const auto result = harness::run(command, rtl);
  harness::check_interrupt();
  if (!harness::verilator_complaints(result).empty()) throw Failure{"lint", result.output};
}

/// The same jobs in Verilator; the simulator does not stay in the cache.
void run_verilated(const Case& c, const fs::path& rtl, const harness::Manifest& manifest,
                   const std::vector<ModelledJob>& jobs, const std::vector<int>& stalls,
                   const std::vector<Run>& interpreted) {
  harness::BuildOptions options;
  options.jobs = 1;
  options.optimise = false;
  const auto built = harness::build_simulator(rtl, manifest, options);
  const harness::SimulatorLibrary library(built.library);
  if (!built.reused) fs::remove_all(built.library.parent_path());
  const auto verilated = run_jobs("verilator", c, library, manifest, jobs, stalls);
  for (std::size_t i = 0; i < verilated.size(); ++i) {
    const auto &a = interpreted[i].result, &b = verilated[i].result;
    const auto& name = verilated[i].name;
    if (a.cycles != b.cycles)
      throw Failure{"verilator", fmt::format("{}: {} cycles, on the interpreter {}", name, b.cycles, a.cycles)};
    for (const auto& counter : harness::counter_names)
      if (a.counters.*counter.field != b.counters.*counter.field)
        throw Failure{"verilator", fmt::format("{}: counter {}: {}, on the interpreter {}", name, counter.name,
                                               b.counters.*counter.field, a.counters.*counter.field)};
  }
}

void run_all(const Case& c, const Steps& steps, Outcome& outcome) {
  const auto jobs = as_step("model", [&] { return model_jobs(c); });
  const auto stalls = steps.stalls.empty() ? std::vector<int>{c.workload.stall_percent} : steps.stalls;
  hdl::Design design;
  const auto& top = as_step("build", [&]() -> const hdl::Module& {
    const accel::Shapes shapes(c.config);
    const auto& built = accel::build_top(design, shapes, top_name);
    passes::verify_or_throw(built);
    return built;
  });
  const auto runs = as_step("interpreter", [&] {
    outcome.instructions = interp::Interpreter(top).instructions();
    return run_jobs("interpreter", c, test::interpreter_library(top, c.config),
                    test::interpreter_manifest(top, c.config), jobs, stalls);
  });
  for (const auto& [job, stall, name, result] : runs) {
    outcome.cycles += result.cycles;
    for (const auto& stage : result.stages) outcome.elements += stage.compared;
    outcome.facts[fmt::format("cycles.stall_{}", stall)] += static_cast<std::int64_t>(result.cycles);
    add_run(outcome.facts, c.config, result, job.work());
  }
  for (const auto& job : jobs)
    if (job.dense) add_dense(outcome.facts, c.config, *job.dense, job.product);
    else if (job.self) add_self(outcome.facts, c.config, *job.self, job.product);
    else add_layer(outcome.facts, job.layer, job.stages);
  outcome.facts["cache.sets"] = most_cache_sets(c.config);
  auto& far = outcome.facts["samples.far"];
  for (const auto& job : jobs)
    if (const int least = c.config.feature_cache.bypass_distance; least > 0)
      far += std::count_if(job.stages.distance.begin(), job.stages.distance.end(), [&](int d) { return d >= least; });
  if (!steps.lint && !steps.verilator) return;
  const harness::TemporaryFolder folder{fs::temp_directory_path()};
  const auto rtl = folder.path() / "rtl";
  as_step("build", [&] { generate(c.config, rtl); });
  const auto manifest = harness::load_manifest(rtl);
  if (steps.lint) as_step("lint", [&] { lint(rtl, manifest); });
  if (steps.verilator) as_step("verilator", [&] { run_verilated(c, rtl, manifest, jobs, stalls, runs); });
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
  const nlohmann::json json = {o.kind, o.text, o.elements, o.cycles, o.instructions, o.facts};
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
    json[5].get_to(o.facts);
  }
  o.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return o;
}

}  // namespace quillgen::fuzz
