#include "cli/simulate_network.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/fit.hpp"
#include "cli/program_layers.hpp"
#include "cli/progress.hpp"
#include "cli/simulate_rtl.hpp"
#include "config/error.hpp"
#include "config/load.hpp"
#include "estimate/program.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "model/program.hpp"
#include "network/average_precision.hpp"
#include "network/evaluate.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SceneRun {
  int scene = 0;
  harness::Conditions conditions;
  harness::ProgramResult result;
  std::vector<network::Detection> found;
  std::string replay;
};

/// Sums over the jobs of a layer: encoder.0, decoder.1, proposal.
struct LayerSum {
  std::uint64_t cycles = 0;
  std::int64_t steps = 0, products = 0, mismatches = 0;
  int jobs = 0;
};

double share(std::int64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

int pes(const Config& c) { return c.gemm.rows * c.gemm.columns * c.gemm.depth; }

void print_run(const SceneRun& run, const Config& config, const std::vector<network::Object>& objects) {
  const auto& r = run.result;
  std::vector<std::pair<std::string, LayerSum>> layers;
  for (const auto& job : r.jobs) {
    const auto name = layer_of(job.name);
    if (layers.empty() || layers.back().first != name) layers.emplace_back(name, LayerSum{});
    auto& sum = layers.back().second;
    sum.cycles += job.cycles, sum.steps += job.steps, sum.products += job.products, sum.mismatches += job.mismatches();
    ++sum.jobs;
  }
  fmt::print("\nscene {}, stall {} %, latency {}\n{:<12} {:>5} {:>10} {:>10} {:>9} {:>10}\n", run.scene,
             run.conditions.stall_percent, run.conditions.latency, "layer", "jobs", "cycles", "array", "useful",
             "mismatches");
  for (const auto& [name, sum] : layers)
    fmt::print("{:<12} {:>5} {:>10} {:>8.1f} % {:>7.1f} % {:>10}\n", name, sum.jobs, sum.cycles,
               100 * share(sum.steps, sum.cycles),
               100 * share(sum.products, sum.cycles * static_cast<std::uint64_t>(pes(config))), sum.mismatches);
  fmt::print("program      {:>5} {:>10}; {} steps of the host, {} cycles with them\n", r.jobs.size(), r.cycles,
             r.host_steps, r.host_cycles);
  fmt::print(
      "array: cycles in which it takes a step; useful: of its products, those of rows and outputs that there are\n");
  fmt::print("\n{:<8} {:>5} {:>6}   {:>6} {:>6} {:>6} {:>6}\n", "found", "class", "score", "x", "y", "width", "height");
  for (std::size_t i = 0; i < run.found.size() && (i < objects.size() || run.found[i].score >= 0.5); ++i) {
    const auto& d = run.found[i];
    fmt::print("{:<8} {:>5} {:>6.3f}   {:>6.3f} {:>6.3f} {:>6.3f} {:>6.3f}\n", i, d.label, d.score, d.box[0], d.box[1],
               d.box[2], d.box[3]);
  }
}

Json json_of(const SceneRun& run) {
  const auto& r = run.result;
  Json json = {{"scene", run.scene},
               {"seed", run.conditions.seed},
               {"stall", run.conditions.stall_percent},
               {"latency", run.conditions.latency},
               {"bit_exact", r.bit_exact()},
               {"mismatches", r.mismatches()},
               {"cycles", r.cycles},
               {"host_steps", r.host_steps},
               {"host_cycles", r.host_cycles},
               {"bytes", r.total_bytes}};
  if (!r.bit_exact()) json["first_mismatch"] = r.first_mismatch();
  for (const auto& counter : harness::counter_names) json["counters"][counter.name] = r.counters.*counter.field;
  for (const auto& job : r.jobs)
    json["jobs"].push_back({{"name", job.name},
                            {"cycles", job.cycles},
                            {"bytes", job.bytes},
                            {"array_steps", job.steps},
                            {"products", job.products},
                            {"mismatches", job.mismatches()}});
  for (const auto& d : run.found)
    json["found"].push_back(
        {{"class", d.label}, {"score", d.score}, {"box", {d.box[0], d.box[1], d.box[2], d.box[3]}}});
  return json;
}

}  // namespace

int simulate_network(const SimulateOptions& options, std::optional<Waveform>& waveform) {
  const auto net = network::load_network(options.network.network);
  std::optional<network::Scales> scales;
  std::optional<network::SceneFile> scenes;
  SceneRange range;
  const auto rtl = rtl_for(
      options, [&] { return chosen_config(options.config, network::shape_of(net)); },
      [&](const Config& config) {
        estimate::check_fits(net, config);
        scales = network::read_scales(options.network.scales, net, config);
        scenes.emplace(options.network.input, net);
        range = chosen_scenes(options.network, *scenes);
      });
  const auto& config = rtl.config;
  const auto integers = quantise(net, *scales, config);
  const auto dram = options.memory.empty()
                        ? nullptr
                        : std::make_shared<const harness::DramTiming>(harness::load_dram(options.memory));
  Progress progress;
  const harness::SimulatorLibrary library(
      simulator_of(rtl, options, [&](std::string_view text) { progress.show(text); }));
  std::vector<SceneRun> runs;
  network::AveragePrecision precision(net.classes);
  const double unit = scales->of(fmt::format("decoder.{}.classes", net.decoder.size() - 1));
  for (int i = range.first; i < range.last; ++i) {
    const auto scene = scenes->scene(i);
    progress.show(fmt::format("scene {}: the model", i));
    const auto program = model::make_program(
        integers, config, quantised(scene.source, scales->of("encoder.input"), config.network.stream_bits));
    for (const int stall : options.stalls)
      for (const int latency : options.latencies)
        for (const auto seed : options.seeds) {
          auto& run = runs.emplace_back();
          run.scene = i;
          run.conditions = {seed, stall, latency ? latency : config.memory.latency_cycles};
          run.conditions.dram = dram;
          run.replay = replay_command(options, run.conditions);
          harness::Session session(library, rtl.manifest, config, run.conditions,
                                   waveform ? waveform->draft() : std::filesystem::path());
          harness::ProgramRun what{program};
          what.progress = [&](const harness::ProgramJobResult& job, std::size_t number) {
            progress.show(fmt::format("scene {}, stall {} %: job {} of {}, {}: {} cycles", i, stall, number + 1,
                                      program.jobs.size(), job.name, job.cycles));
          };
          run.result = session.run(what);
          if (!run.result.found.logits.empty()) {
            network::Values logits, boxes;
            for (const auto x : run.result.found.logits) logits.push_back(x * unit);
            for (const auto x : run.result.found.boxes) boxes.push_back(std::ldexp(x, -16));
            run.found = network::detections(logits, boxes, net.classes);
          }
        }
    precision.add(runs.back().found, scene.objects);
    progress.show("");
    print_run(runs.back(), config, scene.objects);
  }
  progress.show("");
  if (waveform) waveform->finish(library, rtl.manifest.top);
  std::int64_t mismatches = 0;
  std::uint64_t cycles = 0;
  for (const auto& run : runs) mismatches += run.result.mismatches(), cycles += run.result.cycles;
  if (!options.json.empty()) {
    Json json = {{"network", net.file}, {"bit_exact", mismatches == 0}, {"mismatches", mismatches},
                 {"cycles", cycles},    {"ap", precision.mean()},       {"ap50", precision.at(0.5)}};
    for (const auto& run : runs) json["runs"].push_back(json_of(run));
    json["config"] = to_json(config);
    harness::write_atomically(options.json,
                              json.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  }
  for (const auto& run : runs) {
    if (run.result.bit_exact()) continue;
    std::fflush(stdout);
    fmt::print(stderr, "quillgen: mismatch: {}\nreplay: {}\n", run.result.first_mismatch(), run.replay);
    return 1;
  }
  fmt::print("\n{} scenes, AP {:.2f}, AP50 {:.2f}; bit-exact in every job{}\n", range.last - range.first,
             100 * precision.mean(), 100 * precision.at(0.5),
             runs.size() > 1 ? fmt::format(", {} runs", runs.size()) : "");
  return 0;
}

}  // namespace quillgen::cli
