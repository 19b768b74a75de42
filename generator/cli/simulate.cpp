// quillgen simulate: the RTL of a configuration in Verilator, compared with the software model stage by stage.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/design.hpp"
#include "cli/fit.hpp"
#include "cli/output_file.hpp"
#include "cli/output_folder.hpp"
#include "cli/simulate_report.hpp"
#include "cli/waveform.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/manifest.hpp"
#include "harness/rtl_error.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

struct SimulateOptions {
  ConfigOptions config;
  std::string workload, rtl, json, keep, trace;
  bool quick_build = false;
  std::vector<std::uint64_t> seeds = {1};
  std::vector<int> stalls = {0};
  std::vector<int> latencies = {0};  ///< 0: the latency the configuration states
};

/// A line on stderr that overwrites itself; nothing unless a person is watching.
class Progress {
 public:
  ~Progress() { show(""); }
  void show(const std::string& text) {
    if (!isatty(STDERR_FILENO) || text == shown_) return;
    fmt::print(stderr, "\r\x1b[K{}", text);
    shown_ = text;
  }

 private:
  std::string shown_;
};

/// A folder of RTL and, if it is a temporary one, its end.
struct Rtl {
  std::unique_ptr<harness::TemporaryFolder> temporary;
  fs::path folder;
  harness::Manifest manifest;
  Config config;
  bool generated = false;
};

bool config_given(const SimulateOptions& o) { return !o.config.file.empty() || !o.config.preset.empty(); }

void refuse_block(const fs::path& folder) {
  const auto manifest = nlohmann::json::parse(harness::read_text(folder / "manifest.json"));
  if (manifest.contains("part_of"))
    throw UserError(
        fmt::format("--rtl {}: holds a block of {} only, and simulate needs the whole: generate it without "
                    "--module",
                    folder.string(), shown(manifest["part_of"])));
}

Rtl given_rtl(const SimulateOptions& options, const Workload& workload) {
  if (options.config.fit)
    throw UserError(
        "--fit: cannot change the configuration of --rtl: leave out --fit, or leave out --rtl and give --config or "
        "--preset");
  Rtl rtl;
  rtl.folder = options.rtl;
  rtl.manifest = harness::load_manifest(rtl.folder);
  refuse_block(rtl.folder);
  rtl.config = parse_config(rtl.manifest.config.dump(), (rtl.folder / "manifest.json").string());
  if (!config_given(options) && !options.config.overrides.empty())
    throw UserError("--set: cannot change the configuration of --rtl: generate the RTL again with it");
  if (config_given(options) && to_json(chosen_config(options.config)) != to_json(rtl.config))
    throw UserError(fmt::format(
        "--rtl {}: was generated from another configuration than the one given: leave out --config and --preset",
        options.rtl));
  check_fits(workload, rtl.config);
  return rtl;
}

Rtl generated_rtl(const SimulateOptions& options, const Workload& workload) {
  if (!config_given(options)) throw UserError("no configuration: give one of --config, --preset or --rtl");
  Rtl rtl;
  rtl.generated = true;
  rtl.config = chosen_config(options.config, workload);
  check_fits(workload, rtl.config);
  if (options.keep.empty()) {
    rtl.temporary = std::make_unique<harness::TemporaryFolder>(fs::temp_directory_path());
    rtl.folder = rtl.temporary->path() / "rtl";
  } else {
    rtl.folder = options.keep;
  }
  write_folder(rtl.folder, design(rtl.config));
  rtl.manifest = harness::load_manifest(rtl.folder);
  return rtl;
}

/// In single quotes where the shell would read more into it.
std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+") ==
          std::string::npos)
    return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string replay_command(const SimulateOptions& o, const harness::Conditions& c) {
  std::string text = "quillgen simulate";
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format(" {} {}", name, quoted(value));
  };
  option("--config", o.config.file);
  option("--preset", o.config.preset);
  for (const auto& change : o.config.overrides) option("--set", change);
  if (o.config.fit) text += " --fit";
  option("--workload", o.workload);
  option("--rtl", o.rtl);
  return text + fmt::format(" --seed {} --stall {} --latency {}", c.seed, c.stall_percent, c.latency);
}

fs::path build(const Rtl& rtl, const SimulateOptions& chosen, Progress& progress) {
  try {
    harness::BuildOptions options;
    options.optimise = !chosen.quick_build;
    options.waveform = !chosen.trace.empty();
    options.say = [&](std::string_view step) { progress.show(fmt::format("building the simulator: {}", step)); };
    const auto built = harness::build_simulator(rtl.folder, rtl.manifest, options);
    if (!built.reused) {
      progress.show("");
      fmt::print("simulator built in {:.1f} s\n", built.seconds);
    }
    return built.library;
  } catch (const harness::RtlError& e) {
    if (rtl.generated) throw std::runtime_error(fmt::format("the generated RTL is not sound: {}", e.what()));
    throw;
  }
}

std::size_t count_runs(const SimulateOptions& o) { return o.seeds.size() * o.stalls.size() * o.latencies.size(); }

std::optional<Waveform> chosen_waveform(const SimulateOptions& options) {
  if (options.trace.empty()) return std::nullopt;
  if (const auto runs = count_runs(options); runs > 1)
    throw UserError(fmt::format(
        "--trace {}: would be of {} runs, and a waveform is of one: give one --seed, one --stall, one --latency",
        options.trace, runs));
  return Waveform(options.trace);
}

void run_all(const SimulateOptions& options, const Rtl& rtl, const model::QuantisedLayer& layer,
             std::optional<Waveform>& waveform, Simulation& simulation) {
  Progress progress;
  const harness::SimulatorLibrary library(build(rtl, options, progress));
  const auto total = count_runs(options);
  for (const int stall : options.stalls)
    for (const int latency : options.latencies)
      for (const auto seed : options.seeds) {
        const harness::Conditions conditions{seed, stall, latency ? latency : rtl.config.memory.latency_cycles};
        std::optional<harness::Session> session;
        session.emplace(library, rtl.manifest, rtl.config, conditions, waveform ? waveform->draft() : fs::path());
        // The waveform is kept however the run ends: it is wanted most when the run did not end well.
        const auto keep_waveform = [&] {
          session.reset();
          progress.show("");
          if (waveform) waveform->finish(library, rtl.manifest.top);
        };
        harness::Job job{layer, simulation.stages, nullptr, std::nullopt, std::nullopt, nullptr};
        job.progress = [&](std::int64_t done) {
          progress.show(
              fmt::format("run {} of {}: {} of {} queries", simulation.runs.size() + 1, total, done, layer.queries));
        };
        try {
          simulation.runs.push_back({conditions, session->run(job), replay_command(options, conditions)});
        } catch (...) {
          keep_waveform();
          throw;
        }
        keep_waveform();
      }
}

int simulate(const SimulateOptions& options) {
  auto waveform = chosen_waveform(options);
  const auto workload = load_workload(options.workload);
  const auto rtl = options.rtl.empty() ? generated_rtl(options, workload) : given_rtl(options, workload);
  const auto reference = run_reference(workload);
  const auto layer = quantise(workload, reference, rtl.config);

  Simulation simulation{rtl.config, workload.file, workload.queries, workload.tokens, model::run(layer), {}, {}};
  simulation.sqnr = {sqnr_db(reference.value, simulation.stages.value, layer.value_scale),
                     sqnr_db(reference.core_output, simulation.stages.head, layer.head_scale),
                     sqnr_db(reference.output, simulation.stages.output, layer.output_scale)};
  run_all(options, rtl, layer, waveform, simulation);
  if (!options.json.empty())
    write_output(options.json,
                 json_report(simulation).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  print_report(simulation);
  for (const auto& run : simulation.runs) {
    if (run.result.bit_exact()) continue;
    fmt::print(stderr, "quillgen: mismatch: {}\nreplay: {}\n", run.result.first_mismatch(), run.replay);
    return 1;
  }
  fmt::print("bit-exact in every stage{}\n",
             simulation.runs.size() > 1 ? fmt::format(", {} runs", simulation.runs.size()) : "");
  return 0;
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("simulate", "run the RTL in Verilator and compare every stage with the model");
  const auto o = std::make_shared<SimulateOptions>();
  add_config_options(*command, o->config);
  add_fit_option(*command, o->config);
  command->get_option_group("configuration")->require_option(0, 1);
  command->add_option("--workload", o->workload, "layer and inputs (safetensors)")->required();
  command->add_option("--rtl", o->rtl, "folder written by `quillgen generate`, perhaps edited since");
  command->add_option("--seed", o->seeds, "of stalls, reordering, addresses and noise; a list runs each")
      ->delimiter(',');
  command
      ->add_option("--stall", o->stalls, "chance in percent that a channel withholds valid or ready; a list runs each")
      ->delimiter(',')
      ->check(CLI::Range(0, 95));
  command->add_option("--latency", o->latencies, "cycles from a read to its first beat; a list runs each")
      ->delimiter(',')
      ->check(CLI::Range(1, 100000));
  command->add_option("--trace", o->trace,
                      "record a waveform (name it .fst) and a list of signals for GTKWave beside it; one run only");
  command->add_option("--json", o->json, "also write the results to this file");
  command->add_flag("--quick-build", o->quick_build,
                    "build the simulator without optimisation: sooner ready, slower to run");
  command->add_option("--keep", o->keep, "generate the RTL into this folder and leave it there")->excludes("--rtl");
  command->callback([o, &exit_status] {
    harness::catch_interrupts();
    exit_status = simulate(*o);
  });
}

}  // namespace quillgen::cli
