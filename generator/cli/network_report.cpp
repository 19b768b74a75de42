#include "cli/network_report.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/program_layers.hpp"
#include "cli/simulate_report.hpp"
#include "network/picture.hpp"

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Sums over the jobs of a layer: encoder.0, decoder.1, proposal, content.
struct LayerSum {
  std::string name;
  std::uint64_t cycles = 0;
  std::int64_t steps = 0, products = 0, compared = 0, mismatches = 0;
  int jobs = 0;

  void add(const harness::ProgramJobResult& job) {
    cycles += job.cycles, steps += job.steps, products += job.products, mismatches += job.mismatches(), ++jobs;
    for (const auto& stage : job.stages) compared += stage.compared;
  }
};

void print_layer(const LayerSum& sum, std::uint64_t cycles, const Config& config) {
  fmt::print("{:<11} {:>5} {:>10} {:>11} {:>10} {:>9} {:>9}\n", sum.name, sum.jobs, sum.compared, sum.mismatches,
             cycles, percent(share(static_cast<double>(sum.steps), static_cast<double>(cycles))),
             percent(share(static_cast<double>(sum.products), static_cast<double>(cycles) * elements(config))));
}

/// What a detection covers best of the objects of its class.
double best_overlap(const network::Detection& d, const std::vector<network::Object>& objects) {
  double best = 0;
  for (const auto& o : objects)
    if (o.label == d.label) best = std::max(best, network::intersection_over_union(d.box, o.box));
  return best;
}

std::ptrdiff_t listed(const SceneRun& run) {
  return std::ranges::count_if(run.found, [](const auto& d) { return d.score >= network::least_score; });
}

void print_found(const SceneRun& run) {
  fmt::print("\n{:<11} {:>5} {:>7} {:>8} {:>7} {:>7} {:>7} {:>8}\n", "found", "class", "score", "x", "y", "width",
             "height", "IoU");
  int number = 0;
  for (const auto& d : run.found) {
    if (d.score < network::least_score) continue;
    fmt::print("{:<11} {:>5} {:>7.3f} {:>8.3f} {:>7.3f} {:>7.3f} {:>7.3f} {:>8.2f}\n", ++number, d.label, d.score,
               d.box[0], d.box[1], d.box[2], d.box[3], best_overlap(d, run.objects));
  }
  fmt::print(
      "with a score of {} and more: {}; objects in the scene: {}\n"
      "x, y: the middle, as shares of the image; IoU: with the object of the class that it covers best\n",
      network::least_score, number, run.objects.size());
}

}  // namespace

std::int64_t compared(const harness::ProgramResult& result) {
  LayerSum all;
  for (const auto& job : result.jobs) all.add(job);
  return all.compared;
}

void print_details(const SceneRun& run, const Config& config) {
  const auto& r = run.result;
  std::vector<LayerSum> layers;
  LayerSum all{"all"};
  for (const auto& job : r.jobs) {
    const auto name = layer_of(job.name);
    if (layers.empty() || layers.back().name != name) layers.push_back({name});
    layers.back().add(job);
    all.add(job);
  }
  fmt::print("scene {}, seed {}, stall {} %, {}\n\n{:<11} {:>5} {:>10} {:>11} {:>10} {:>9} {:>9}\n", run.scene,
             run.conditions.seed, run.conditions.stall_percent, memory_text(run.conditions), "layer", "jobs",
             "compared", "mismatches", "cycles", "busy", "useful");
  for (const auto& layer : layers) print_layer(layer, layer.cycles, config);
  print_layer(all, r.cycles, config);
  fmt::print(
      "busy: cycles in which the PE array takes a step; useful: products asked for, of what all PEs could make\n");
  if (r.fault_count > 0) fmt::print("other faults: {}\n", r.fault_count);
  for (const auto& fault : r.faults) fmt::print("  {}\n", fault);
  fmt::print("memory: {} bytes read and written; steps of the host between jobs, not in the cycles: {}\n",
             r.total_bytes, r.host_steps);
  print_dram(run.conditions, r.dram, r.cycles + r.host_cycles);
  if (!run.found.empty()) print_found(run);
}

void print_line_heading() {
  fmt::print("{:>6} {:>6} {:>6} {:>8} {:>10} {:>10} {:>10} {:>11} {:>8} {:>6}\n", "scene", "seed", "stall", "latency",
             "cycles", "bytes", "compared", "mismatches", "objects", "found");
}

void print_line(const SceneRun& run) {
  fmt::print("{:>6} {:>6} {:>6} {:>8} {:>10} {:>10} {:>10} {:>11} {:>8} {:>6}\n", run.scene, run.conditions.seed,
             run.conditions.stall_percent, latency_text(run.conditions), run.result.cycles, run.result.total_bytes,
             compared(run.result), run.result.mismatches(), run.objects.size(), listed(run));
}

void print_line_legend() {
  fmt::print("found: with a score of {} and more; cycles: without those in which the hardware waits for the host\n",
             network::least_score);
}

Json json_of(const SceneRun& run) {
  const auto& r = run.result;
  Json json = {{"scene", run.scene}, {"seed", run.conditions.seed}, {"stall", run.conditions.stall_percent}};
  if (run.conditions.dram) json["dram"] = json_dram(r.dram, *run.conditions.dram, r.cycles + r.host_cycles);
  else json["latency"] = run.conditions.latency;
  json["bit_exact"] = r.bit_exact();
  json["compared"] = compared(r);
  json["mismatches"] = r.mismatches();
  if (!r.bit_exact()) json["first_mismatch"] = r.first_mismatch();
  json["cycles"] = r.cycles;
  json["host_steps"] = r.host_steps;
  json["host_cycles"] = r.host_cycles;
  json["bytes"] = r.total_bytes;
  for (const auto& counter : harness::counter_names) json["counters"][counter.name] = r.counters.*counter.field;
  json["jobs"] = Json::array(), json["objects"] = Json::array(), json["found"] = Json::array();
  for (const auto& job : r.jobs) {
    LayerSum sum;
    sum.add(job);
    json["jobs"].push_back({{"name", job.name},
                            {"cycles", job.cycles},
                            {"bytes", job.bytes},
                            {"array_steps", job.steps},
                            {"products", job.products},
                            {"compared", sum.compared},
                            {"mismatches", sum.mismatches}});
  }
  for (const auto& o : run.objects)
    json["objects"].push_back({{"class", o.label}, {"box", {o.box[0], o.box[1], o.box[2], o.box[3]}}});
  for (const auto& d : run.found)
    json["found"].push_back(
        {{"class", d.label}, {"score", d.score}, {"box", {d.box[0], d.box[1], d.box[2], d.box[3]}}});
  json["faults"] = r.faults;
  json["replay"] = run.replay;
  return json;
}

}  // namespace quillgen::cli
