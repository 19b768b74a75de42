// quillgen simulate: the RTL of a configuration in Verilator, compared with the software model stage by stage.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/expected_report.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/progress.hpp"
#include "cli/simulate_network.hpp"
#include "cli/simulate_options.hpp"
#include "cli/simulate_report.hpp"
#include "cli/simulate_rtl.hpp"
#include "cli/waveform.hpp"
#include "config/error.hpp"
#include "estimate/dropped.hpp"
#include "estimate/line_cache.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

std::optional<Waveform> chosen_waveform(const SimulateOptions& options) {
  if (options.trace.empty()) return std::nullopt;
  if (options.runs() > 1)
    throw UserError(fmt::format(
        "--trace {}: would be of {} runs, and a waveform is of one: give one --seed, one --stall, one --latency",
        options.trace, options.runs()));
  return Waveform(options.trace);
}

/// The jobs of a run, by its seed. What they refer to must live until the next call.
using MakeJobs = std::function<std::vector<harness::Work>(std::uint64_t seed)>;

/// Every combination of the conditions: the jobs, one after the other on one instance.
std::vector<Run> run_all(const SimulateOptions& options, const Rtl& rtl, std::optional<Waveform>& waveform,
                         const MakeJobs& make_jobs) {
  const auto dram =
      options.memory.empty() ? nullptr : std::make_shared<const DramTiming>(harness::load_dram(options.memory));
  Progress progress;
  const harness::SimulatorLibrary library(
      simulator_of(rtl, options, [&](std::string_view text) { progress.show(text); }));
  std::vector<Run> runs;
  std::size_t number = 0;
  const auto before = std::chrono::steady_clock::now();
  for (const int stall : options.stalls)
    for (const int latency : options.latencies)
      for (const auto seed : options.seeds) {
        harness::Conditions conditions{seed, stall, latency ? latency : rtl.config.memory.latency_cycles};
        conditions.dram = dram;
        std::optional<harness::Session> session;
        session.emplace(library, rtl.manifest, rtl.config, conditions, waveform ? waveform->draft() : fs::path());
        // The waveform is kept however the run ends: it is wanted most when the run did not end well.
        const auto keep_waveform = [&] {
          session.reset();
          progress.show("");
          if (waveform) waveform->finish(library, rtl.manifest.top);
        };
        ++number;
        try {
          const auto jobs = make_jobs(seed);
          for (std::size_t i = 0; i < jobs.size(); ++i) {
            harness::Job job{jobs[i]};
            job.progress = [&](std::int64_t done) {
              progress.show(fmt::format("run {} of {}, job {} of {}: {} rows done", number, options.runs(), i + 1,
                                        jobs.size(), done));
            };
            runs.push_back({conditions, i, session->run(job), replay_command(options, conditions)});
            if (!runs.back().result.hang.empty()) break;  // the instance is of no more use
          }
        } catch (...) {
          keep_waveform();
          throw;
        }
        keep_waveform();
      }
  std::uint64_t cycles = 0;
  for (const auto& run : runs) cycles += run.result.cycles;
  say_speed(cycles, std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
  return runs;
}

/// Writes the report and prints it; the exit status.
template <typename Simulated>
int conclude(const SimulateOptions& options, const Simulated& simulation) {
  if (!options.json.empty())
    harness::write_atomically(
        options.json,
        json_report(simulation).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  print_report(simulation);
  for (const auto& run : simulation.runs) {
    if (run.result.bit_exact()) continue;
    std::fflush(stdout);  // the line below is not to land in the table
    fmt::print(stderr, "quillgen: mismatch: {}\nreplay: {}\n", run.result.first_mismatch(), run.replay);
    return 1;
  }
  fmt::print("bit-exact in every stage{}\n",
             simulation.runs.size() > 1 ? fmt::format(", {} runs", simulation.runs.size()) : "");
  return 0;
}

/// The RTL of another layer than was meant is not worth a run; the exit status.
int refuse_to_simulate(const SimulateOptions& options, const Agreement& expected) {
  if (!options.json.empty())
    harness::write_atomically(
        options.json,
        nlohmann::ordered_json{{"workload", options.workload}, {"expected_output", expected_json(expected)}}.dump(
            2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) +
            "\n");
  say_differs(options.workload, expected);
  return 1;
}

/// What a layer saves by what it leaves out, at the latency of the first run.
Saved estimate_saved(const SimulateOptions& options, const Config& config, const model::QuantisedLayer& layer,
                     const Pruning& pruning, const estimate::Demand& demand) {
  const auto estimated = [&](estimate::Demand of) {
    if (options.given_map) of.map_given = true;
    return estimate::estimate(config, of, {options.latencies.front()});
  };
  if (!pruning.any()) return {};
  auto whole = layer;
  whole.pruning = quantised_pruning(indispensable(pruning, config), config.numerics, config.pruning.count_bits);
  return saved(estimated(demand), estimated(estimate::demand_of(whole, model::run_sampling(whole))));
}

int simulate_layer(const SimulateOptions& options, std::optional<Waveform>& waveform) {
  const WorkloadFile file(options.workload);
  Workload workload;
  Pruning pruning;
  const auto rtl = rtl_for(
      options, [&] { return chosen_config(options.config, file.shape()); },
      [&](const Config& config) {
        check_fits(file.shape(), config);
        pruning = hardware_pruning(options.pruning, config);
        workload = file.load();
      });
  auto reference = run_reference(workload);
  const auto expected = compare_expected(workload, reference);  // of the layer with nothing left out
  if (expected && !expected->agrees()) return refuse_to_simulate(options, *expected);
  if (pruning.any()) reference = run_reference(workload, pruning);
  const auto layer = quantise(workload, reference, rtl.config, pruning);

  Simulation s{rtl.config,
               workload.file,
               workload.queries,
               workload.tokens,
               0,
               options.given_map || workload.source_is_map,
               workload.variants,
               expected,
               model::run(layer),
               {},
               {},
               pruning,
               {},
               {}};
  s.dropped = dropped_of(layer, s.stages);
  const auto demand = estimate::demand_of(layer, s.stages);
  s.busiest_lane = estimate::busiest_lane(rtl.config, demand);
  s.saved = estimate_saved(options, rtl.config, layer, pruning, demand);
  const auto caches = estimate::run_caches(rtl.config, demand);
  const harness::AttentionWork work{layer, s.stages, s.given_map, false,
                                    harness::LineCounts{caches.hits, caches.misses, caches.lines_read()}};
  s.live_tokens = work.live_tokens();
  s.sqnr = {sqnr_db(reference.value, s.stages.value, layer.value_scale),
            sqnr_db(reference.core_output, s.stages.head, layer.head_scale),
            sqnr_db(reference.output, s.stages.output, layer.output_scale)};
  s.runs = run_all(options, rtl, waveform, [&](std::uint64_t) { return std::vector<harness::Work>{work}; });
  return conclude(options, s);
}

int simulate_dense(const SimulateOptions& options, std::optional<Waveform>& waveform) {
  DenseSimulation s{{}, {}, options.relu, {}};
  for (const auto& text : options.dense) s.shapes.push_back(parse_shape(text));
  const auto rtl = rtl_for(
      options, [&] { return chosen_config(options.config); },
      [&](const Config& config) {
        for (const auto& shape : s.shapes) check_fits(shape, config);
      });
  s.config = rtl.config;

  struct Modelled {
    model::DenseLayer layer;
    std::vector<std::int32_t> output;
  };
  std::deque<Modelled> modelled;
  s.runs = run_all(options, rtl, waveform, [&](std::uint64_t seed) {
    modelled.clear();
    std::vector<harness::Work> jobs;
    for (const auto& shape : s.shapes) {
      auto& m = modelled.emplace_back();
      m.layer = random_dense(s.config.numerics, shape, s.relu, seed + 1000 * jobs.size());
      m.output = model::run_dense(m.layer);
      jobs.push_back(harness::DenseWork{m.layer, m.output});
    }
    return jobs;
  });
  return conclude(options, s);
}

int simulate(const SimulateOptions& options) {
  check_options(options);
  if (!options.dense.empty()) refuse_for_dense(options.pruning);
  auto waveform = chosen_waveform(options);
  if (!options.network.network.empty()) return simulate_network(options, waveform);
  return options.dense.empty() ? simulate_layer(options, waveform) : simulate_dense(options, waveform);
}

}  // namespace

void add_simulate(const Command& app, int& exit_status) {
  const auto command =
      app.add_subcommand("simulate", "run the RTL in Verilator and compare every stage with the model");
  const auto o = std::make_shared<SimulateOptions>();
  add_config_options(command, o->config);
  add_fit_option(command, o->config);
  command.option_group("configuration").require_option(0, 1);
  command.add_option("--workload", o->workload, "layer and inputs (safetensors): runs it from source rows to outputs");
  add_network_options(command, command, o->network);
  add_pruning_options(command, o->pruning);
  command.add_flag("--given-map", o->given_map,
                   "put the model's value map into memory and leave the value projection out: a quick run of the core");
  command
      .add_option("--dense", o->dense,
                  "instead of a workload: dense products of M rows of K elements with a matrix of N outputs, on random "
                  "data; a list runs one after the other")
      .delimiter(',')
      .type_name("MxKxN");
  command.add_flag("--relu", o->relu, "with --dense: negative outputs become 0");
  command.add_option("--rtl", o->rtl, "folder written by `quillgen generate`, perhaps edited since");
  command.add_option("--seed", o->seeds, "of stalls, reordering, addresses, noise and dense data; a list runs each")
      .delimiter(',')
      .whole_number()
      .capture_default_str();
  const auto latency =
      command.add_option("--latency", o->latencies, "cycles from a read to its first beat; a list runs each")
          .delimiter(',')
          .whole_number(1, 100000)
          .default_str("what the configuration says");
  command
      .add_option("--memory", o->memory,
                  fmt::format("a DRAM instead of a fixed latency: {}, or a file such as those of examples/memory",
                              fmt::join(harness::dram_names(), ", ")))
      .excludes(latency);
  command
      .add_option("--stall", o->stalls, "chance in percent that a channel withholds valid or ready; a list runs each")
      .delimiter(',')
      .whole_number(0, 95)
      .capture_default_str();
  command.add_option("--trace", o->trace,
                     "record a waveform (name it .fst) and a list of signals for GTKWave beside it; one run only");
  command.add_option("--svg", o->svg,
                     "with --network: also draw objects and what was found; of several scenes each, its number before "
                     "the end of the name");
  command.add_option("--json", o->json, "also write the results to this file");
  command.add_flag("--quick-build", o->quick_build,
                   "build the simulator without optimisation: sooner ready, slower to run");
  command.add_option("--keep", o->keep, "generate the RTL into this folder and leave it there").excludes("--rtl");
  add_examples(command, {"simulate --preset nano --workload " + example("official_test_shapes.safetensors") +
                             " --stall 0,30 --seed 1,2",
                         "simulate --preset detector --network " + example("tiny_detector.safetensors") + " --scales " +
                             example("tiny_detector.scales.json") + " --input " +
                             example("tiny_detector_scenes.safetensors") + " --scenes 0:1 --svg boxes.svg",
                         "simulate --rtl rtl --dense 13x15x7"});
  command.callback([o, &exit_status] {
    harness::catch_interrupts();
    exit_status = simulate(*o);
  });
}

}  // namespace quillgen::cli
