#include "cli/model_network.hpp"

#include <fmt/core.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/decibels.hpp"
#include "cli/fit.hpp"
#include "cli/pruning_report.hpp"
#include "config/load.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "network/quantise_network.hpp"

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

/// How far the program's float results must be like those that came with the scenes: dB, and the share of the scenes
/// with the same queries. Parameters in half precision reach 70 dB, and change a query of one scene in fifty.
constexpr double least_agreement = 60, least_same_queries = 0.9;

void print_results(const network::Evaluation& e, const Pruning& pruning) {
  fmt::print("{:<28} {:>4}  {:>7}\n", "tensor", "bits", "SQNR dB");
  for (const auto& [name, noise] : e.tensors)
    fmt::print("{:<28} {:>4}  {:>7}\n", name, noise.bits, decibels(noise.sqnr_db(), ""));
  fmt::print("\nscenes {}; of the queries {:.2f} % are those of floating point\n", e.scenes, 100 * e.same_queries());
  if (!pruning.any()) {
    fmt::print("AP {:.2f}, AP50 {:.2f}; in floating point AP {:.2f}, AP50 {:.2f}\n", 100 * e.ap, 100 * e.ap50,
               100 * e.ap_float, 100 * e.ap50_float);
  } else {
    fmt::print(
        "AP {:.2f}, AP50 {:.2f}; in floating point AP {:.2f}, AP50 {:.2f}, with nothing left out AP {:.2f}, AP50 "
        "{:.2f}\n",
        100 * e.ap, 100 * e.ap50, 100 * e.ap_float_pruned, 100 * e.ap50_float_pruned, 100 * e.ap_float,
        100 * e.ap50_float);
    print_dropped(pruning, e.dropped);
  }
  if (!e.expected) return;
  fmt::print("expected results: queries the same in {} of {} scenes", e.expected->same_queries, e.expected->scenes);
  if (e.expected->same_queries > 0)
    fmt::print("; there logits {}, boxes {}", decibels(e.expected->logits.sqnr_db()),
               decibels(e.expected->boxes.sqnr_db()));
  fmt::print("\n");
}

Json report(const network::Evaluation& e, const Pruning& pruning, const Config& config) {
  Json json = {{"scenes", e.scenes},
               {"ap", e.ap},
               {"ap50", e.ap50},
               {"ap_float", e.ap_float},
               {"ap50_float", e.ap50_float},
               {"ap_float_pruned", e.ap_float_pruned},
               {"ap50_float_pruned", e.ap50_float_pruned},
               {"pruned", dropped_json(pruning, e.dropped)},
               {"pruned_float", dropped_json(pruning, e.dropped_float)},
               {"same_queries", e.same_queries()}};
  for (const auto& [name, noise] : e.tensors) json["sqnr_db"][name] = decibels_json(noise.sqnr_db());
  if (e.expected)
    json["expected"] = {{"logits_db", decibels_json(e.expected->logits.sqnr_db())},
                        {"boxes_db", decibels_json(e.expected->boxes.sqnr_db())},
                        {"scenes", e.expected->scenes},
                        {"same_queries", e.expected->same_queries}};
  json["config"] = to_json(config);
  return json;
}

}  // namespace

network::Evaluation evaluate_scenes(const network::Network& net, const NetworkOptions& options, const Pruning& pruning,
                                    const Config& config, Progress& progress) {
  network::check_fits(net, config);
  const auto scales = network::read_scales(options.scales, net, config);
  const network::SceneFile scenes(options.input, net);
  const auto range = chosen_scenes(options, scenes);
  const auto integers = quantise(net, scales, config, pruning);
  network::Evaluator evaluator(net, integers, scales, config, pruning);
  for (int i = range.first; i < range.last; ++i) {
    harness::check_interrupt();
    progress.show(fmt::format("scene {} of {}", i - range.first + 1, range.last - range.first));
    evaluator.add(scenes.scene(i));
  }
  return evaluator.result();
}

int run_model_network(const NetworkOptions& options, const PruningOptions& left_out, const ConfigOptions& chosen,
                      const std::string& json) {
  const auto net = network::load_network(options.network);
  const auto config = chosen_config(chosen, network::shape_of(net));
  const auto pruning = chosen_pruning(left_out, net.pruning, net.levels);
  harness::catch_interrupts();
  Progress progress;
  const auto evaluation = evaluate_scenes(net, options, pruning, config, progress);
  progress.show("");
  if (!json.empty()) harness::write_atomically(json, report(evaluation, pruning, config).dump(2) + "\n");
  print_results(evaluation, pruning);
  const auto& expected = evaluation.expected;
  const bool agrees =
      !expected || (expected->logits.sqnr_db() >= least_agreement && expected->boxes.sqnr_db() >= least_agreement &&
                    expected->same_queries >= least_same_queries * expected->scenes);
  if (!agrees)
    fmt::print(stderr,
               "quillgen: {}: the expected results differ from those of {} in floating point (at least {} dB, and the "
               "same queries in {:.0f} % of the scenes): are they of this network?\n",
               options.input, options.network, least_agreement, 100 * least_same_queries);
  return agrees ? 0 : 1;
}

}  // namespace quillgen::cli
