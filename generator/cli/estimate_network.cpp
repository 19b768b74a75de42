#include "cli/estimate_network.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/fit.hpp"
#include "cli/program_layers.hpp"
#include "cli/program_picture.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "cli/pruning_report.hpp"
#include "config/error.hpp"
#include "config/load.hpp"
#include "estimate/program.hpp"
#include "harness/files.hpp"
#include "model/program.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

struct ProgramLine {
  std::string name;
  int jobs = 0;
  std::int64_t cycles = 0, bytes = 0, steps = 0, products = 0;
};

std::vector<ProgramLine> lines_of(const estimate::ProgramEstimate& e, bool by_job) {
  std::vector<ProgramLine> lines;
  for (const auto& job : e.jobs) {
    const auto name = by_job ? job.name : layer_of(job.name);
    if (by_job || lines.empty() || lines.back().name != name) lines.push_back({name});
    auto& line = lines.back();
    ++line.jobs, line.cycles += job.cycles, line.bytes += job.bytes;
    line.steps += job.of.gemm_steps, line.products += job.of.gemm_macs;
  }
  lines.push_back({"program", static_cast<int>(e.jobs.size()), e.cycles, e.bytes, e.array_steps, e.products});
  return lines;
}

void print_program(const estimate::ProgramEstimate& e, const Config& config, bool by_job) {
  const auto pes = static_cast<double>(config.gemm.rows) * config.gemm.columns * config.gemm.depth;
  const auto lines = lines_of(e, by_job);
  std::size_t width = 12;
  for (const auto& line : lines) width = std::max(width, line.name.size());
  fmt::print("{:<{}} {:>5} {:>10} {:>7} {:>11} {:>9} {:>9}\n", by_job ? "job" : "layer", width, "jobs", "cycles",
             "share", "bytes", "array", "useful");
  for (const auto& line : lines) {
    const auto cycles = static_cast<double>(line.cycles);
    fmt::print("{:<{}} {:>5} {:>10} {:>5.1f} % {:>11} {:>7.1f} % {:>7.1f} %\n", line.name, width, line.jobs,
               line.cycles, 100 * cycles / static_cast<double>(e.cycles), line.bytes,
               100 * static_cast<double>(line.steps) / cycles,
               100 * static_cast<double>(line.products) / (cycles * pes));
  }
}

}  // namespace

void estimate_network(const NetworkEstimateOptions& o, const ConfigOptions& chosen,
                      const estimate::Conditions& conditions, const estimate::Pace& pace, const AreaOptions& told,
                      const std::string& json) {
  const auto net = network::load_network(o.network.network);
  const auto config = chosen_config(chosen, network::shape_of(net));
  const auto pruning = hardware_pruning(o.pruning, config, net.pruning, net.file);
  estimate::check_fits(net, config);
  const int latency = conditions.latency > 0 ? conditions.latency : config.memory.latency_cycles;
  const auto memory = conditions.dram != nullptr ? conditions.dram->name : fmt::format("latency {}", latency);
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  std::string picture;
  // `whole`: the same with nothing left out; none where nothing is.
  const auto show = [&](const estimate::ProgramDemand& demand, const std::optional<estimate::ProgramDemand>& whole,
                        int scene) {
    const auto e = estimate::estimate(config, demand, conditions);
    const auto dropped = dropped_of(demand, quantised_pruning(pruning, config.numerics, config.pruning.count_bits));
    const auto spared = saved(e, whole ? estimate::estimate(config, *whole, conditions) : e);
    if (demand.synthetic)
      fmt::print("{} on {}: tokens, queries and sampling locations drawn with seed {}, {}\n", config.name, net.file,
                 demand.seed, memory);
    else fmt::print("{} on {}: scene {}, {}\n", config.name, net.file, scene, memory);
    print_program(e, config, o.by_job);
    if (pace.given()) fmt::print("{}\n", text_of(rate_of(e.cycles, e.bytes, pace), pace));
    if (whole) print_left_out(pruning, dropped, spared);
    auto run = to_json(e, demand, config);
    if (pace.given()) run["rate"] = to_json(rate_of(e.cycles, e.bytes, pace), pace);
    run["pruned"] = dropped_json(pruning, dropped, spared);
    if (!demand.synthetic) run["scene"] = scene;
    runs.push_back(std::move(run));
    if (!o.timeline.empty()) picture = program_picture(config, demand, e, latency);
  };
  if (o.network.input.empty()) {
    check_drawn(pruning, net.file);
    const auto drawn = [&](const Pruning& p) { return estimate::drawn_program(net, config, o.seed, p); };
    show(drawn(pruning), pruning.any() ? std::optional(drawn(indispensable(pruning, config))) : std::nullopt, 0);
  } else {
    const auto scales = network::read_scales(o.network.scales, net, config);
    const network::SceneFile scenes(o.network.input, net);
    const auto range = chosen_scenes(o.network, scenes);
    const auto integers = quantise(net, scales, config, pruning),
               all = quantise(net, scales, config, indispensable(pruning, config));
    Progress progress;
    for (int i = range.first; i < range.last; ++i) {
      progress.show(fmt::format("scene {}: the model", i));
      const auto source = quantised(scenes.scene(i).source, scales.of("encoder.input"), config.network.stream_bits);
      const auto demand_with = [&](const model::Network& network) {
        return estimate::demand_of(net.file, model::make_program(network, config, source));
      };
      const auto demand = demand_with(integers);
      const auto whole = pruning.any() ? std::optional(demand_with(all)) : std::nullopt;
      progress.show("");
      show(demand, whole, i);
    }
  }
  std::optional<Area> area;
  if (told.asked()) area = area_of(told, config), fmt::print("{}\n", text_of(*area));
  fmt::print(
      "\narray: cycles in which it takes a step; useful: of its products, those of rows and outputs that there are\n"
      "not modelled: steps of the host, random stalls of the memory port\n");
  std::vector<harness::OutputFile> files;
  nlohmann::ordered_json report = {{"network", net.file}};
  if (conditions.dram != nullptr) report["memory"] = conditions.dram->name;
  else report["latency"] = latency;
  report["runs"] = runs;
  if (area) report["mm2"] = to_json(*area);
  report["config"] = to_json(config);
  const auto text = report.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (!json.empty()) files.push_back({json, text});
  if (!o.timeline.empty()) files.push_back({o.timeline, picture});
  harness::write_atomically(files);
}

}  // namespace quillgen::cli
