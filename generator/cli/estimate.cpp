// quillgen estimate: cycles of a job by phase and engine from the cycle model, without a simulator.
#include "estimate/estimate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/area.hpp"
#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/estimate_html.hpp"
#include "cli/estimate_network.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/layer_choice.hpp"
#include "cli/model_options.hpp"
#include "cli/pace_options.hpp"
#include "cli/pruning_report.hpp"
#include "cli/simulate_options.hpp"
#include "config/derived.hpp"
#include "config/error.hpp"
#include "harness/dram_file.hpp"
#include "harness/files.hpp"

namespace quillgen::cli {
namespace {

struct EstimateOptions {
  ConfigOptions config;
  LayerOptions layer;
  std::string dense, json, html;
  estimate::Conditions conditions;
  std::string memory;
  bool map_given = false;
  estimate::Pace pace;
  AreaOptions area;
  NetworkEstimateOptions network;
};

LayerChoice choose(const EstimateOptions& o) {
  if (!o.dense.empty()) {
    if (o.config.fit) throw UserError("--fit: takes dimensions from a layer, and --dense is none: leave it out");
    return {chosen_config(o.config), estimate::dense_demand(parse_shape(o.dense)), {}};
  }
  return chosen_layer(o.config, o.layer, o.network.pruning);
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

void print_estimate(const LayerChoice& c, const estimate::Estimate& e, const std::string& memory) {
  const auto& d = c.demand;
  if (d.dense) fmt::print("{} on {}, {}\n\n", c.config.name, d.name, memory);
  else
    fmt::print("{} on {}: {} queries, {} tokens{}, {}\n\n", c.config.name, d.name, d.layer.queries, d.layer.tokens,
               d.synthetic ? fmt::format(", locations drawn with seed {}", d.seed) : "", memory);
  fmt::print("cycles {:>15}\n", e.cycles);
  for (const auto& p : e.phases)
    if (p.cycles > 0)
      fmt::print("  {:<12} {:>7} {:>7.1f} %\n", p.name, p.cycles,
                 percent(static_cast<double>(p.cycles), static_cast<double>(e.cycles)));
  fmt::print("\n{:<18}", "busy, %");
  for (const auto& p : e.phases) fmt::print("{:>10}", p.name);
  fmt::print("{:>10}\n", "job");
  for (const auto& g : e.engines) {
    fmt::print("{:<18}", g.name);
    for (std::size_t i = 0; i < e.phases.size(); ++i)
      fmt::print("{:>10.1f}", percent(g.by_phase[i], static_cast<double>(e.phases[i].cycles)));
    fmt::print("{:>10.1f}\n", 100 * g.utilisation);
  }
  if (e.gemm_project > 0)
    fmt::print("{}: PE array busy {:.1f} %, useful products {:.1f} %\n", d.dense ? "dense product" : "value projection",
               100 * e.project_busy, 100 * e.project_useful);
  if (!d.dense)
    fmt::print(
        "\nlanes between first and last sample: {} samples, wait for features {}, for outputs {}, for points {}\n"
        "busiest lane: {} samples, {:.1f} % of the cycles between\n"
        "line look-ups: {} found, {} missing (hit rate {:.1f} %, {} distinct lines)\n",
        e.samples, e.wait_feature, e.wait_output, e.wait_point, e.busiest_lane,
        percent(static_cast<double>(e.busiest_lane), static_cast<double>(e.sampling)), e.line_hits, e.line_misses,
        100 * e.hit_rate, e.lines_touched);
  fmt::print(
      "\nbytes read {}: job {}, source {}, query {}, reference {}, feature {}\nbytes written {}: value {}, output {}\n",
      e.bytes_read, e.bytes_job, e.bytes_source, e.bytes_query, e.bytes_reference, e.bytes_feature, e.bytes_written,
      e.bytes_value, e.bytes_output);
  fmt::print("\nleast cycles by\n");
  for (const auto& b : e.roofline.bounds)
    fmt::print("  {:<18} {:>12.0f}  {}{}\n", b.name, b.cycles, b.of,
               b.name == e.roofline.limited_by ? "  <- the limit" : "");
  fmt::print("{:.1f} multiply-accumulates a cycle of {:.0f} that this job could reach, {:.1f} a byte\n",
             e.roofline.reached, std::min(e.roofline.compute_roof, e.roofline.intensity * e.roofline.memory_roof),
             e.roofline.intensity);
  const auto hardware = estimate::hardware_of(c.config);
  fmt::print("\n{:<22} {:>11} {:>12} {:>11}\n", "block", "multipliers", "memory bits", "comparators");
  for (const auto& b : hardware.blocks)
    fmt::print("{:<22} {:>11} {:>12} {:>11}\n", b.name, b.multipliers, b.memory_bits, b.comparators);
  fmt::print("{:<22} {:>11} {:>12} {:>11}\n", "sum", hardware.multipliers, hardware.memory_bits, hardware.comparators);
  fmt::print("\nnot modelled: random stalls of the memory port{}\n",
             d.synthetic ? "; the locations are drawn, those of a trained layer scatter otherwise" : "");
}

void run_estimate(const EstimateOptions& o) {
  const bool network = !o.network.network.network.empty();
  if (network && (o.map_given || !o.html.empty()))
    throw UserError("--network: its report is a table: leave out --given-map and --html, or take --timeline");
  if (!network && (o.network.by_job || !o.network.timeline.empty()))
    throw UserError("--by-job, --timeline: are about the jobs of a network: give --network, or leave them out");
  if (!o.dense.empty()) refuse_for_dense(o.network.pruning);
  check_pace(o.pace, network);
  check_library(o.area.library, o.area.sram_um2);
  auto conditions = o.conditions;
  std::optional<DramTiming> dram;
  if (!o.memory.empty()) {
    dram = harness::load_dram(o.memory);
    if (o.pace.given()) dram->clock_mhz = o.pace.clock_mhz;
    conditions.dram = &*dram;
  }
  if (network) return estimate_network(o.network, o.config, conditions, o.pace, o.area, o.json);
  auto chosen = choose(o);
  if (o.map_given) chosen.demand.map_given = true;
  const auto e = estimate::estimate(chosen.config, chosen.demand, conditions);
  const auto& pruning = chosen.pruning;
  model::DroppedByLevel dropped;
  Saved spared = saved(e, e);
  if (!chosen.demand.dense)
    dropped =
        dropped_of(chosen.demand, quantised_pruning(pruning, chosen.config.numerics, chosen.config.pruning.count_bits));
  if (pruning.any()) {
    auto whole = whole_layer(chosen, o.layer);
    whole.map_given = chosen.demand.map_given;
    spared = saved(e, estimate::estimate(chosen.config, whole, conditions));
  }
  const int latency = conditions.latency > 0 ? o.conditions.latency : chosen.config.memory.latency_cycles;
  const auto rate = estimate::rate_of(e.cycles, e.bytes_read + e.bytes_written, o.pace);
  std::optional<Area> area;
  if (o.area.asked()) area = area_of(o.area, chosen.config);
  std::string report, page;
  std::vector<harness::OutputFile> files;
  if (!o.json.empty()) {
    auto json = to_json(e, chosen.config, chosen.demand);
    if (dram) json["memory"] = dram->name;
    else json["latency"] = latency;
    if (o.pace.given()) json["rate"] = to_json(rate, o.pace);
    if (area) json["mm2"] = to_json(*area);
    if (!chosen.demand.dense) json["pruned"] = dropped_json(pruning, dropped, spared);
    report = json.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    files.push_back({o.json, report});
  }
  if (!o.html.empty()) {
    page = estimate_page(chosen.config, chosen.demand, e, latency);
    files.push_back({o.html, page});
  }
  harness::write_atomically(files);
  print_estimate(chosen, e, dram ? dram->name : fmt::format("latency {}", latency));
  if (o.pace.given()) fmt::print("\n{}\n", text_of(rate, o.pace));
  if (area) fmt::print("{}\n", text_of(*area));
  if (pruning.any()) print_left_out(pruning, dropped, spared);
}

}  // namespace

void add_estimate(const Command& app, int&) {
  const auto command = app.add_subcommand("estimate", "estimate the cycles of a job, without a simulator");
  const auto o = std::make_shared<EstimateOptions>();
  add_config_options(command, o->config);
  add_fit_option(command, o->config);
  const auto job = command.add_option_group("job");
  job.add_option("--workload", o->layer.workload, "layer and inputs (safetensors)");
  const auto model =
      job.add_option("--model", o->layer.model, "layer of a published model, its sampling locations drawn");
  const auto dense = job.add_option("--dense", o->dense, "dense product").type_name("MxKxN");
  add_network_options(command, job, o->network.network, false);
  add_pruning_options(command, o->network.pruning);
  command.add_flag("--by-job", o->network.by_job, "of a network: a line for every job").excludes(model).excludes(dense);
  command.add_option("--timeline", o->network.timeline, "of a network: also draw its jobs along the cycles, as SVG")
      .excludes(model)
      .excludes(dense);
  job.require_option(1);
  add_model_options(command, o->layer.drawn, model);
  command.add_flag("--given-map", o->map_given, "the value map is in memory, and not computed").excludes(dense);
  command.add_option("--latency", o->conditions.latency, "cycles from a read to its first beat")
      .whole_number(1, 100000)
      .default_str("what the configuration says");
  add_memory_option(command, o->memory);
  add_pace_options(command, o->pace);
  add_library_options(command, o->area.library, o->area.sram_um2);
  command.add_option("--json", o->json, "also write the estimate to this file");
  command.add_option("--html", o->html, "also write a page with the roofline and the timeline to this file");
  add_examples(command,
               {"estimate --preset small --workload " + example("sparse_c64.safetensors") + " --html estimate.html",
                "estimate --preset quill --model deformable-detr --scale 0.3",
                "estimate --preset edge --fit --model rt-detr --queries decoder --clock 400 --layers 6",
                "estimate --preset detector --network " + example("tiny_detector.safetensors") + " --by-job"});
  command.callback([o] { run_estimate(*o); });
}

}  // namespace quillgen::cli
