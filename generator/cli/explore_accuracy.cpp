#include "cli/explore_accuracy.hpp"

#include <fmt/core.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/load.hpp"
#include "harness/interrupt.hpp"
#include "network/evaluate.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

using Accuracy = std::function<void(const Config&, explore::Figures&)>;

/// All that numbers depend on.
std::string formats_of(const Config& config) {
  const auto json = to_json(config);
  return json["numerics"].dump() + json["network"].dump() + json["pruning"].dump();
}

/// dB of the output against float64, with the same left out.
double sqnr_of(const Workload& workload, const Pruning& pruning, const Config& config) {
  const auto reference = run_reference(workload, pruning);
  const auto layer = quantise(workload, reference, config, pruning);
  return sqnr_db(reference.output, model::run_without_lines(layer).output, layer.output_scale);
}

double ap_of(const network::Network& net, const NetworkOptions& options, const Pruning& pruning, const Config& config,
             Progress& progress) {
  network::check_fits(net, config);
  const auto scales = network::read_scales(options.scales, net, config);
  const network::SceneFile scenes(options.input, net);
  const auto range = chosen_scenes(options, scenes);
  const auto integers = quantise(net, scales, config, pruning);
  network::Evaluator evaluator(net, integers, scales, config, pruning);
  for (int i = range.first; i < range.last; ++i) {
    harness::check_interrupt();
    progress.show(fmt::format("AP: scene {} of {}", i - range.first + 1, range.last - range.first));
    evaluator.add(scenes.scene(i));
  }
  return evaluator.result().ap;
}

/// The function, of each set of formats once.
Accuracy once(std::function<double(const Config&)> measure, void (*set)(explore::Figures&, double)) {
  const auto known = std::make_shared<std::map<std::string, double>>();
  return [=](const Config& config, explore::Figures& figures) {
    const auto key = formats_of(config);
    if (!known->contains(key)) (*known)[key] = measure(config);
    set(figures, known->at(key));
  };
}

}  // namespace

Accuracy accuracy_of(const explore::Sweep& sweep, const explore::Demands& demands, const NetworkOptions& scenes,
                     Progress& progress) {
  const bool sqnr = has_objective(sweep.objectives, "sqnr"), ap = has_objective(sweep.objectives, "ap");
  if (sqnr && sweep.job.workload.empty())
    throw UserError("--objectives sqnr: needs numbers to compute with: name a layer with --workload");
  if (ap && sweep.job.network.empty())
    throw UserError("--objectives ap: is of a detector: name one with --network, and its --scales and --input");
  if (ap && (scenes.scales.empty() || scenes.input.empty()))
    throw UserError("--objectives ap: needs --scales and --input, the scenes to detect in; give both");
  if (!ap && (!scenes.scales.empty() || !scenes.input.empty() || !scenes.scenes.empty()))
    throw UserError(
        "--scales, --input, --scenes: are for the objective ap; name it in --objectives, or leave them out");
  if (sqnr)
    return once(
        [&](const Config& config) {
          progress.show("SQNR");
          return sqnr_of(demands.layer(), sweep.job.pruning, config);
        },
        explore::set_sqnr);
  if (ap)
    return once(
        [&](const Config& config) { return ap_of(*demands.network(), scenes, sweep.job.pruning, config, progress); },
        explore::set_ap);
  return [](const Config&, explore::Figures&) {};
}

}  // namespace quillgen::cli
