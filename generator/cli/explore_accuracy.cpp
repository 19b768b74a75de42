#include "cli/explore_accuracy.hpp"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/model_network.hpp"
#include "config/error.hpp"
#include "config/load.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

using Accuracy = std::function<void(const Config&, explore::Figures&)>;

/// All that numbers depend on.
std::string formats_of(const Config& config) {
  const auto json = to_json(config);
  return json["numerics"].dump() + json["network"].dump() + json["pruning"].dump();
}

/// dB of the output of a configuration against float64, with the same left out; both must live as long.
std::function<double(const Config&)> sqnr_of(const Workload& workload, const Pruning& pruning) {
  const auto exact = std::make_shared<std::optional<ReferenceStages>>();  // the same for all formats
  return [=, &workload, &pruning](const Config& config) {
    if (!*exact) *exact = run_reference(workload, pruning);
    const auto layer = quantise(workload, **exact, config, pruning);
    return sqnr_db((*exact)->output, model::run_without_lines(layer).output, layer.output_scale);
  };
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
        [&progress, measure = sqnr_of(demands.layer(), sweep.job.pruning)](const Config& config) {
          progress.show("SQNR");
          return measure(config);
        },
        explore::set_sqnr);
  if (ap)
    return once(
        [&](const Config& config) {
          return evaluate_scenes(*demands.network(), scenes, sweep.job.pruning, config, progress).ap;
        },
        explore::set_ap);
  return [](const Config&, explore::Figures&) {};
}

}  // namespace quillgen::cli
