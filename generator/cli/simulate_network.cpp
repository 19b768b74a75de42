#include "cli/simulate_network.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/fit.hpp"
#include "cli/network_report.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "cli/pruning_report.hpp"
#include "cli/simulate_report.hpp"
#include "cli/simulate_rtl.hpp"
#include "config/error.hpp"
#include "config/load.hpp"
#include "estimate/program.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "model/program.hpp"
#include "network/evaluate.hpp"
#include "network/picture.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The waveform is of one run.
void check_one_scene(const SimulateOptions& options, const SceneRange& range) {
  if (!options.trace.empty() && range.last - range.first > 1)
    throw UserError(fmt::format("--trace {}: would be of {} scenes, and a waveform is of one: give --scenes {}:{}",
                                options.trace, range.last - range.first, range.first, range.first + 1));
}

/// FILE, with the number of the scene before its end where there are several.
fs::path picture_file(const std::string& file, const SceneRange& range, int scene) {
  if (range.last - range.first == 1) return file;
  const fs::path path(file);
  return path.parent_path() / fmt::format("{}-{}{}", path.stem().string(), scene, path.extension().string());
}

std::string picture_of(const SceneRun& run, const std::string& network, const Config& config) {
  return network::scene_picture(
      fmt::format("{}, scene {}", network, run.scene),
      fmt::format("found by {} in RTL, stall {} %, {}: {}", config.name, run.conditions.stall_percent,
                  memory_text(run.conditions),
                  run.result.bit_exact() ? "bit-exact" : fmt::format("{} mismatches", run.result.mismatches())),
      run.objects, run.found);
}

/// Everything that runs have in common.
struct Setup {
  network::Network net;
  std::optional<network::Scales> scales;
  std::optional<network::SceneFile> scenes;
  SceneRange range;
  Pruning pruning;
};

std::vector<network::Detection> found_in(const model::Detections& result, const Setup& s) {
  if (result.logits.empty()) return {};
  const double unit = s.scales->of(fmt::format("decoder.{}.classes", s.net.decoder.size() - 1));
  network::Values logits, boxes;
  for (const auto x : result.logits) logits.push_back(x * unit);
  for (const auto x : result.boxes) boxes.push_back(std::ldexp(x, -16));
  return network::detections(logits, boxes, s.net.classes);
}

class Runner {
 public:
  Runner(const SimulateOptions& options, const Rtl& rtl, const Setup& setup, std::optional<Waveform>& waveform)
      : options_(options),
        rtl_(rtl),
        setup_(setup),
        waveform_(waveform),
        integers_(quantise(setup.net, *setup.scales, rtl.config, setup.pruning)),
        whole_(quantise(setup.net, *setup.scales, rtl.config, indispensable(setup.pruning, rtl.config))),
        dram_(options.memory.empty() ? nullptr
                                     : std::make_shared<const DramTiming>(harness::load_dram(options.memory))),
        library_(simulator_of(rtl, options, [this](std::string_view text) { progress_.show(text); })) {}

  /// Every scene under every combination of the conditions. `done` is told each run.
  void run(const std::function<void(const SceneRun&)>& done) {
    for (int i = setup_.range.first; i < setup_.range.last; ++i) {
      const auto scene = setup_.scenes->scene(i);
      progress_.show(fmt::format("scene {}: the model", i));
      const auto source = quantised(scene.source, setup_.scales->of("encoder.input"), rtl_.config.network.stream_bits);
      const auto program = model::make_program(integers_, rtl_.config, source);
      const auto spared = estimate_saved(program, source);
      for (const int stall : options_.stalls)
        for (const int latency : options_.latencies)
          for (const auto seed : options_.seeds) {
            SceneRun run;
            run.scene = i, run.objects = scene.objects;
            run.conditions = {seed, stall, latency ? latency : rtl_.config.memory.latency_cycles};
            run.conditions.dram = dram_;
            auto alone = options_;
            alone.network.scenes = fmt::format("{}:{}", i, i + 1);
            run.replay = replay_command(alone, run.conditions);
            run.result = simulated(program, run);
            run.dropped = dropped_of(program), run.saved = spared;
            run.found = found_in(run.result.found, setup_);
            progress_.show("");
            done(run);
          }
    }
  }

 private:
  /// What a scene saves by what is left out of it, at the latency of its first run.
  Saved estimate_saved(const model::Program& program, const model::Integers& source) const {
    if (!setup_.pruning.any()) return {};
    const auto estimated = [&](const model::Program& of) {
      return estimate::estimate(rtl_.config, estimate::demand_of(setup_.net.file, of), {options_.latencies.front()});
    };
    return saved(estimated(program), estimated(model::make_program(whole_, rtl_.config, source)));
  }

  harness::ProgramResult simulated(const model::Program& program, const SceneRun& run) {
    std::optional<harness::Session> session;
    session.emplace(library_, rtl_.manifest, rtl_.config, run.conditions, waveform_ ? waveform_->draft() : fs::path());
    // The waveform is kept however the run ends.
    const auto keep_waveform = [&] {
      session.reset();
      progress_.show("");
      if (waveform_) waveform_->finish(library_, rtl_.manifest.top);
    };
    harness::ProgramRun what{program};
    what.progress = [&](const harness::ProgramJobResult& job, std::size_t number) {
      progress_.show(fmt::format("scene {}, stall {} %: job {} of {}, {}: {} cycles, {} mismatches", run.scene,
                                 run.conditions.stall_percent, number + 1, program.jobs.size(), job.name, job.cycles,
                                 job.mismatches()));
    };
    try {
      auto result = session->run(what);
      keep_waveform();
      return result;
    } catch (...) {
      keep_waveform();
      throw;
    }
  }

  const SimulateOptions& options_;
  const Rtl& rtl_;
  const Setup& setup_;
  std::optional<Waveform>& waveform_;
  Progress progress_;
  model::Network integers_, whole_;  ///< with nothing left out
  std::shared_ptr<const DramTiming> dram_;
  harness::SimulatorLibrary library_;
};

/// Of the runs of a scene one is drawn, and counts for AP.
bool is_last_of_scene(const std::vector<SceneRun>& runs, std::size_t i) {
  return i + 1 == runs.size() || runs[i + 1].scene != runs[i].scene;
}

void write_files(const SimulateOptions& options, const Setup& s, const Config& config,
                 const std::vector<SceneRun>& runs, const Json& json) {
  std::vector<std::pair<fs::path, std::string>> texts;
  if (!options.json.empty())
    texts.emplace_back(options.json, json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n");
  for (std::size_t i = 0; i < runs.size() && !options.svg.empty(); ++i)
    if (is_last_of_scene(runs, i))
      texts.emplace_back(picture_file(options.svg, s.range, runs[i].scene),
                         picture_of(runs[i], fs::path(s.net.file).filename().string(), config));
  std::vector<harness::OutputFile> files;
  for (const auto& [path, text] : texts) files.push_back({path, text});
  harness::write_atomically(files);
}

}  // namespace

int simulate_network(const SimulateOptions& options, std::optional<Waveform>& waveform) {
  Setup s{network::load_network(options.network.network), {}, {}, {}, {}};
  const auto rtl = rtl_for(
      options, [&] { return chosen_config(options.config, network::shape_of(s.net)); },
      [&](const Config& config) {
        estimate::check_fits(s.net, config);
        s.pruning = hardware_pruning(options.pruning, config, s.net.pruning, s.net.file);
        s.scales = network::read_scales(options.network.scales, s.net, config);
        s.scenes.emplace(options.network.input, s.net);
        s.range = chosen_scenes(options.network, *s.scenes);
        check_one_scene(options, s.range);
      });
  const bool several = options.runs() * static_cast<std::size_t>(s.range.last - s.range.first) > 1;
  Runner runner(options, rtl, s, waveform);
  fmt::print("{} on {}: {} tokens, {} queries, {} + {} layers\n{}", rtl.config.name, s.net.file, s.net.tokens(),
             s.net.queries, s.net.encoder.size(), s.net.decoder.size(), several ? "\n" : "");
  if (several) print_line_heading();
  std::vector<SceneRun> runs;
  const auto before = std::chrono::steady_clock::now();
  runner.run([&](const SceneRun& run) {
    if (several) print_line(run);
    else print_details(run, rtl.config);
    std::fflush(stdout);  // a run takes seconds
    runs.push_back(run);
  });
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
  if (several) print_line_legend();

  network::AveragePrecision precision(s.net.classes);
  model::DroppedByLevel dropped;
  Saved spared;
  std::int64_t mismatches = 0, values = 0;
  std::uint64_t cycles = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[i];
    mismatches += run.result.mismatches(), values += compared(run.result), cycles += run.result.cycles;
    if (!is_last_of_scene(runs, i)) continue;
    precision.add(run.found, run.objects), model::add(dropped, run.dropped), spared += run.saved;
  }
  Json json = {
      {"network", s.net.file}, {"bit_exact", mismatches == 0}, {"compared", values},       {"mismatches", mismatches},
      {"cycles", cycles},      {"ap", precision.mean()},       {"ap50", precision.at(0.5)}};
  json["pruned"] = dropped_json(s.pruning, dropped, spared);
  for (const auto& run : runs) json["runs"].push_back(json_of(run));
  json["config"] = to_json(rtl.config);
  write_files(options, s, rtl.config, runs, json);
  std::fflush(stdout);
  say_speed(cycles, taken.count());
  for (const auto& run : runs) {
    if (run.result.bit_exact()) continue;
    std::fflush(stdout);
    fmt::print(stderr, "quillgen: mismatch: {}\nreplay: {}\n", run.result.first_mismatch(), run.replay);
    return 1;
  }
  if (s.pruning.any()) print_dropped(s.pruning, dropped), print_saved(spared);
  const int count = s.range.last - s.range.first;
  fmt::print("\n{} scene{}: AP {:.2f}, AP50 {:.2f}\nbit-exact in every job{}\n", count, count == 1 ? "" : "s",
             100 * precision.mean(), 100 * precision.at(0.5), several ? fmt::format(", {} runs", runs.size()) : "");
  return 0;
}

}  // namespace quillgen::cli
