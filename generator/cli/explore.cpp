// quillgen explore: many configurations estimated, the best of them simulated; alone, in shards, or on a cluster.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/explore_accuracy.hpp"
#include "cli/explore_merge.hpp"
#include "cli/explore_results.hpp"
#include "cli/explore_slurm.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/model_options.hpp"
#include "cli/netlist_bits.hpp"
#include "cli/pace_options.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "cli/shell_word.hpp"
#include "cli/simulate_options.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/presets.hpp"
#include "config/read_file.hpp"
#include "explore/documents.hpp"
#include "explore/parallel.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/sha256.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr int most_shards = 1000;  // Slurm's own limit of an array, unless a cluster was told otherwise
constexpr int usual_shards = 16;

struct ExploreOptions {
  ConfigOptions config;
  explore::Job job;
  PruningOptions pruning;
  NetworkOptions network;  ///< scenes and scales, for AP; its network is that of the job
  std::string dense;
  std::vector<std::string> axes;
  std::vector<std::string> objectives = {"cycles", "area"};
  std::vector<int> weights = {1, 15, 20};
  int simulate = 0;
  bool quick_build = false;
  estimate::Pace pace;
  std::string library;
  double sram_um2 = 0;
  std::string out, shard, slurm;
  int shards = 0;  ///< 0: not given
  int jobs = 0;    ///< 0: not given
};

void check_together(const ExploreOptions& o) {
  const auto needs = [](bool given, const char* option, bool there, const char* other) {
    if (given && !there) throw UserError(fmt::format("{}: needs {}; give both", option, other));
  };
  if (o.config.file.empty() && o.config.preset.empty())
    throw UserError("no configuration: give one of --config and --preset");
  if (o.job.workload.empty() && o.job.model.empty() && o.dense.empty() && o.job.network.empty())
    throw UserError("no job: give one of --workload, --model, --dense and --network");
  if (!o.job.network.empty() && o.job.given_map)
    throw UserError("--given-map: is about one layer, and --network has many; leave one of the two out");
  if (o.config.fit && !o.dense.empty())
    throw UserError("--fit: takes dimensions from a layer, and --dense is none; leave one of the two out");
  if (o.axes.empty()) throw UserError("nothing to explore: give at least one --vary, for example --vary gemm.rows=4,8");
  needs(!o.shard.empty(), "--shard", !o.out.empty(), "--out");
  needs(!o.slurm.empty(), "--slurm", !o.out.empty(), "--out");
  needs(o.shards > 0, "--shards", !o.slurm.empty(), "--slurm");
  needs(o.quick_build, "--quick-build", o.simulate > 0, "--simulate");
  if (o.simulate > 0 && !o.job.has_tensors())
    throw UserError(
        "--simulate: a model has no numbers to compute with, a network no scales; give a --workload or --dense "
        "instead");
  check_pace(o.pace, !o.job.network.empty());
  check_library(o.library, o.sram_um2);
  if (!o.job.memory.empty()) harness::load_dram(o.job.memory);
  if (!o.job.memory.empty() && o.pace.given() && o.simulate > 0)
    throw UserError(
        "--simulate: runs --memory at the clock of its description, and the estimate at --clock: leave one of the "
        "three out");
  if (o.library.empty() && std::ranges::find(o.objectives, "mm2") != o.objectives.end())
    throw UserError("--objectives mm2: is told in a library of cells: name it with --library, or take area");
  if (!o.slurm.empty() && !o.shard.empty()) throw UserError("--slurm: the script names the shards; leave out --shard");
}

/// What every point leaves out.
Pruning chosen_of_sweep(const ExploreOptions& o, const explore::Demands& demands) {
  if (!o.dense.empty()) {
    refuse_for_dense(o.pruning);
    return {};
  }
  const auto* net = demands.network();
  const auto pruning = chosen_pruning(o.pruning, net != nullptr ? net->pruning : Pruning(), demands.layer().levels);
  if (net != nullptr) check_drawn(pruning, net->file);
  return pruning;
}

explore::Json given_configuration(const ConfigOptions& options) {
  if (!options.preset.empty()) {
    for (const auto& p : presets())
      if (p.name == options.preset) return parse_json(p.json);
    load_preset(options.preset);  // says which there are
  }
  try {
    return parse_json(read_file(options.file));
  } catch (const UserError& e) {
    throw UserError(std::string(e.what()).starts_with(options.file) ? e.what()
                                                                    : fmt::format("{}: {}", options.file, e.what()));
  }
}

explore::Sweep sweep_of(const ExploreOptions& o) {
  explore::Sweep sweep;
  sweep.origin = o.config.preset.empty() ? o.config.file : "preset " + o.config.preset;
  sweep.configuration = given_configuration(o.config);
  sweep.overrides = o.config.overrides;
  for (const auto& text : o.axes) sweep.axes.push_back(explore::parse_axis(text));
  check_axes(sweep.axes, sweep.overrides);
  sweep.fit = o.config.fit;
  sweep.job = o.job;
  if (!o.dense.empty()) sweep.job.dense = parse_shape(o.dense);
  if (!o.job.workload.empty()) {
    const WorkloadFile checked(o.job.workload);  // before all of what may be no workload is read
    sweep.job.sha256 = harness::sha256(read_file(o.job.workload));
  }
  if (!o.job.network.empty()) sweep.job.sha256 = harness::sha256(read_file(o.job.network));
  sweep.objectives = explore::parse_objectives(o.objectives);
  sweep.weights = {o.weights[0], o.weights[1], o.weights[2]};
  for (const auto& file : {o.network.scales, o.network.input})
    if (!file.empty()) sweep.scenes += harness::sha256(read_file(file)) + " ";
  sweep.scenes += o.network.scenes;
  sweep.pace = o.pace;
  sweep.library = o.library, sweep.sram_um2 = o.sram_um2;
  sweep.simulate = o.simulate;
  sweep.quick_build = o.quick_build;
  return sweep;
}

/// The options that make the same sweep again.
std::vector<std::string> options_of(const ExploreOptions& o, const explore::Job& job) {
  std::vector<std::string> words;
  const auto option = [&](const char* name, const std::string& value) {
    words.emplace_back(name);
    words.push_back(value);
  };
  if (o.config.preset.empty()) option("--config", o.config.file);
  else option("--preset", o.config.preset);
  for (const auto& text : o.config.overrides) option("--set", text);
  if (o.config.fit) words.emplace_back("--fit");
  for (const auto& text : o.axes) option("--vary", text);
  for (const auto& word : job.options()) words.push_back(word);
  option("--objectives", fmt::format("{}", fmt::join(o.objectives, ",")));
  option("--weights", fmt::format("{}", fmt::join(o.weights, ",")));
  if (o.pace.given()) option("--clock", fmt::format("{}", o.pace.clock_mhz));
  if (o.pace.layers > 1) option("--layers", fmt::format("{}", o.pace.layers));
  if (o.sram_um2 > 0) option("--sram", fmt::format("{}", o.sram_um2));
  for (const auto& [name, value] : {std::pair("--library", o.library),
                                    {"--scales", o.network.scales},
                                    {"--input", o.network.input},
                                    {"--scenes", o.network.scenes}})
    if (!value.empty()) option(name, value);
  if (o.simulate) option("--simulate", fmt::format("{}", o.simulate));
  if (o.quick_build) words.emplace_back("--quick-build");
  return words;
}

void write_slurm(const ExploreOptions& o, const explore::Sweep& sweep) {
  SlurmJob job;
  job.program = fs::read_symlink("/proc/self/exe");
  job.folder = fs::current_path();
  job.sweep = options_of(o, sweep.job);
  job.out = o.out;
  job.points = sweep.points();
  const auto most = static_cast<int>(std::min<std::int64_t>(job.points, most_shards));
  job.shards = o.shards ? o.shards : std::min(most, usual_shards);
  if (job.shards > most)
    throw UserError(fmt::format("--shards {}: is more than there are points ({}); give fewer", o.shards, most));
  job.cpus = std::max(o.jobs, 1);
  harness::write_atomically(o.slurm, slurm_script(job));
  fmt::print("{}: {} points in {} shards; submit them and their merge with: bash {}\n", o.slurm, job.points, job.shards,
             shell_word(o.slurm));
}

int run_shard(const explore::Runner& runner, explore::Demands& demands, const explore::Shard& shard,
              const ResultFolder& folder) {
  const auto points = estimate_points(runner, demands, shard.points(runner.sweep.points()));
  const auto name = fmt::format("shard_{}_of_{}.json", shard.number, shard.of);
  const auto text =
      shard_document(runner.sweep, shard, points).dump(1, ' ', false, explore::Json::error_handler_t::replace) + "\n";
  folder.write({{name, text}});
  runner.say("");
  fmt::print("shard {}: {} of {} points in {}\n", shard.text(), points.size(), runner.sweep.points(), name);
  return 0;
}

int explore_points(const ExploreOptions& o) {
  check_together(o);
  auto sweep = sweep_of(o);
  const auto shard = o.shard.empty() ? explore::Shard{} : explore::parse_shard(o.shard);
  explore::Demands demands(sweep.job);
  demands.leave_out(sweep.job.pruning = chosen_of_sweep(o, demands));
  Progress progress;
  const explore::Runner runner{sweep,
                               sweep.fit ? fitting(demands.layer()) : Adjustment(),
                               o.jobs ? o.jobs : explore::usable_cpus(),
                               [&](std::string_view text) { progress.show(text); },
                               netlist_bits,
                               [&](const Config& config) {
                                 if (const auto* net = demands.network())
                                   hardware_pruning(o.pruning, config, net->pruning, net->file);
                                 else hardware_pruning(o.pruning, config);
                               },
                               accuracy_of(sweep, demands, o.network, progress)};
  runner.say("checking the sweep");
  if (const auto reason = all_refused(runner, demands); !reason.empty()) refuse_sweep(sweep.points(), reason);
  if (!o.slurm.empty()) {
    runner.say("");
    write_slurm(o, sweep);
    return 0;
  }
  const ResultFolder folder(o.out);
  if (!o.shard.empty()) return run_shard(runner, demands, shard, folder);
  return finish(runner, estimate_points(runner, demands, explore::Shard{}.points(sweep.points())), folder);
}

}  // namespace

void add_explore(const Command& app, int& exit_status) {
  const auto command = app.add_subcommand("explore", "estimate many configurations and find those worth having");
  const auto o = std::make_shared<ExploreOptions>();
  add_config_options(command, o->config);
  add_fit_option(command, o->config);
  command.option_group("configuration").require_option(0, 1);
  command
      .add_option("--vary", o->axes,
                  "values of a field, e.g. gemm.rows=4,8; may be repeated: every combination is a point")
      .repeatable()
      .type_name("PATH=VALUE,...");
  const auto job = command.add_option_group("job");
  job.add_option("--workload", o->job.workload, "layer and inputs (safetensors)");
  const auto model =
      job.add_option("--model", o->job.model, "layer of a published model, its sampling locations drawn");
  const auto dense = job.add_option("--dense", o->dense, "dense product").type_name("MxKxN");
  job.add_option("--network", o->job.network, "a whole detector (safetensors), its sampling locations drawn");
  job.require_option(0, 1);
  add_model_options(command, o->job.drawn, model);
  add_pruning_options(command, o->pruning);
  command.add_option("--scales", o->network.scales, "of the tensors of --network, for the objective ap");
  command.add_option("--input", o->network.input, "scenes of --network, for the objective ap (safetensors)");
  command.add_option("--scenes", o->network.scenes, "of --input: A:B, from A to below B").default_str("all");
  add_pace_options(command, o->pace);
  add_library_options(command, o->library, o->sram_um2);
  command.add_flag("--given-map", o->job.given_map, "the value map is in memory, and not computed").excludes(dense);
  command.add_option("--latency", o->job.latency, "cycles from a read to its first beat")
      .whole_number(1, 100000)
      .default_str("what the configuration says");
  add_memory_option(command, o->job.memory);
  command.add_option("--objectives", o->objectives, "what is to be small: the front is of these")
      .delimiter(',')
      .capture_default_str();
  command
      .add_option("--weights", o->weights,
                  "what a bit of memory, of a register and of a multiplier (width times width) counts in the area")
      .delimiter(',')
      .expected(3)
      .capture_default_str()
      .whole_number(0, 1000);
  command.add_option("--simulate", o->simulate, "simulate the best N points").whole_number(1, 1000);
  command.add_flag("--quick-build", o->quick_build, "of --simulate: as of `quillgen simulate`");
  command.add_option("--out", o->out, "folder for explore.json, explore.csv and explore.svg");
  command.add_option("--shard", o->shard, "estimate only part I of N, for `explore merge`").type_name("I/N");
  command.add_option("--slurm", o->slurm, "write a script that runs the sweep as a job array of Slurm");
  command.add_option("--shards", o->shards, "jobs of that array")
      .whole_number(1, most_shards)
      .default_str(std::to_string(usual_shards));
  command.add_option("--jobs", o->jobs, "points at a time").whole_number(1, 4096).default_str("all CPUs");
  add_examples(command, {"explore --preset nano --workload " + example("official_test_shapes.safetensors") +
                         " --vary gemm.rows=1,2 --vary order.window=1,8 --out sweep"});
  add_merge(command, exit_status);
  command.callback([o, command, &exit_status] {
    if (command.got_subcommand("merge")) return;
    harness::catch_interrupts();
    exit_status = explore_points(*o);
  });
}

}  // namespace quillgen::cli
