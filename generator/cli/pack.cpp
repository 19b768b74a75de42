// quillgen pack: one workload as a folder that a bench or a board can run without quillgen.
#include <fmt/core.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/expected_report.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/network_options.hpp"
#include "cli/output_folder.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "cli/version.hpp"
#include "config/derived.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "estimate/program.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/manifest.hpp"
#include "network/evaluate.hpp"
#include "network/quantise_network.hpp"
#include "pack/job_files.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

struct PackOptions {
  ConfigOptions config;
  NetworkOptions network;
  PruningOptions pruning;
  std::string workload, rtl, base = "0x0", out, json;
  bool given_map = false;
};

/// A job, and what it was packed from.
struct Packed {
  Config config;
  pack::PackedJob job;
  pack::Origin origin;
};

std::uint64_t chosen_base(const std::string& text) {
  std::uint64_t base = 0;
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const char *const begin = text.data() + (hexadecimal ? 2 : 0), *const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, base, hexadecimal ? 16 : 10);
  if (error != std::errc() || rest != end || base % harness::base_alignment != 0)
    throw UserError(fmt::format("--base {}: must be an address, a multiple of {}; write 0x100000000, for example",
                                shown(text), harness::base_alignment));
  return base;
}

void check_room(const std::string& base, const Packed& packed) {
  const int bits = packed.config.memory.address_bits;
  const auto last = packed.job.base + packed.job.before.size() - 1;
  if (last < packed.job.base || (bits < 64 && last >> bits != 0))
    throw UserError(
        fmt::format("--base {}: {} bytes from there on end behind memory.address_bits = {}; choose a lower address",
                    shown(base), packed.job.before.size(), bits));
}

/// That of the folder of --rtl, or the one that is chosen.
Config config_for(const PackOptions& options, const Workload& shape) {
  const auto& chosen = options.config;
  if (options.rtl.empty()) {
    if (chosen.file.empty() && chosen.preset.empty())
      throw UserError("no configuration: give one of --rtl, --config and --preset");
    return chosen_config(chosen, shape);
  }
  if (!chosen.file.empty() || !chosen.preset.empty() || !chosen.overrides.empty() || chosen.fit)
    throw UserError("--rtl: the folder has its configuration: leave out --config, --preset, --set and --fit");
  const auto manifest = harness::load_manifest(options.rtl);
  return parse_config(manifest.config, (std::filesystem::path(options.rtl) / "manifest.json").string());
}

Packed pack_workload(const PackOptions& options, std::uint64_t base) {
  const WorkloadFile file(options.workload);
  const auto config = config_for(options, file.shape());
  check_fits(file.shape(), config);
  const auto pruning = hardware_pruning(options.pruning, config);
  const auto workload = file.load();
  auto reference = run_reference(workload);
  if (const auto expected = compare_expected(workload, reference); expected && !expected->agrees()) {
    say_differs(options.workload, *expected);
    return {config, {}, {}};
  }
  if (pruning.any()) reference = run_reference(workload, pruning);
  const auto layer = quantise(workload, reference, config, pruning);
  const auto stages = model::run(layer);
  return {config,
          pack::pack_layer(harness::AttentionWork{layer, stages, options.given_map || layer.map_given()}, config, base),
          {workload.file, "layer", -1, version}};
}

Packed pack_network(const PackOptions& options, std::uint64_t base) {
  const auto net = network::load_network(options.network.network);
  const auto config = config_for(options, network::shape_of(net));
  estimate::check_fits(net, config);
  const auto pruning = hardware_pruning(options.pruning, config, net.pruning, net.file);
  const auto scales = network::read_scales(options.network.scales, net, config);
  const network::SceneFile scenes(options.network.input, net);
  auto range = chosen_scenes(options.network, scenes);
  if (options.network.scenes.empty()) range.last = 1;
  if (range.last - range.first > 1)
    throw UserError(fmt::format("--scenes {}: a packed job is of one scene: give --scenes {}:{}",
                                options.network.scenes, range.first, range.first + 1));
  const auto integers = quantise(net, scales, config, pruning);
  const auto source =
      quantised(scenes.scene(range.first).source, scales.of("encoder.input"), config.network.stream_bits);
  const auto program = model::make_program(integers, config, source);
  return {config, pack::pack_program(program, config, base), {net.file, "network", range.first, version}};
}

/// The folder and the file of --json, or neither.
void write_all(const PackOptions& options, const Packed& packed) {
  write_new_folder(options.out, pack::job_files(packed.job, packed.config, packed.origin));
  if (options.json.empty()) return;
  try {
    harness::write_atomically(options.json, pack::job_json(packed.job, packed.config, packed.origin).dump(2) + "\n");
  } catch (...) {
    std::filesystem::remove_all(options.out);
    throw;
  }
}

int run_pack(const PackOptions& options) {
  if (options.workload.empty() == options.network.network.empty())
    throw UserError(options.workload.empty()
                        ? "nothing to pack: give a layer with --workload FILE, or a network with --network FILE"
                        : "--workload: a job is of a layer or of a network: give either --workload or --network");
  if (options.given_map && options.workload.empty())
    throw UserError("--given-map: is about the value map of a workload: give it with --workload, or leave it out");
  const auto base = chosen_base(options.base);
  refuse_existing(options.out);
  const auto packed = options.workload.empty() ? pack_network(options, base) : pack_workload(options, base);
  if (packed.job.regions.empty()) return 1;
  check_room(options.base, packed);
  harness::check_interrupt();
  write_all(options, packed);
  fmt::print("{} on {}: {} job{}, {} step{} of the host, {} bytes from {:#x} in {}\n", packed.config.name,
             packed.origin.subject, packed.job.jobs.size(), packed.job.jobs.size() == 1 ? "" : "s",
             packed.job.steps.size(), packed.job.steps.size() == 1 ? "" : "s", packed.job.before.size(), base,
             options.out);
  return 0;
}

}  // namespace

void add_pack(const Command& app, int& exit_status) {
  const auto command = app.add_subcommand(
      "pack",
      "write a layer or a network as memory image, register writes and expected memory, for a bench or a board");
  const auto o = std::make_shared<PackOptions>();
  add_config_options(command, o->config);
  command.option_group("configuration").require_option(0, 1);
  add_fit_option(command, o->config);
  command.add_option("--rtl", o->rtl, "folder written by `quillgen generate`, for its configuration");
  command.add_option("--workload", o->workload, "layer and inputs (safetensors)");
  add_network_options(command, command, o->network, true, "0:1");
  add_pruning_options(command, o->pruning);
  command.add_flag("--given-map", o->given_map,
                   "put the model's value map into memory and leave the value projection out");
  command.add_option("--base", o->base, "address of the first byte, a multiple of 64")
      .type_name("ADDRESS")
      .capture_default_str();
  command.add_option("--out", o->out, "folder to write, a new one").required();
  command.add_option("--json", o->json, "also write what job.json says to this file");
  add_examples(command,
               {"pack --preset nano --workload " + example("official_test_shapes.safetensors") + " --out job",
                "pack --rtl rtl --workload " + example("official_test_shapes.safetensors") + " --out job_of_rtl",
                "pack --preset detector --network " + example("tiny_detector.safetensors") + " --scales " +
                    example("tiny_detector.scales.json") + " --input " + example("tiny_detector_scenes.safetensors") +
                    " --scenes 3:4 --base 0x80000000 --out scene_3"});
  command.callback([o, &exit_status] {
    harness::catch_interrupts();
    exit_status = run_pack(*o);
  });
}

}  // namespace quillgen::cli
