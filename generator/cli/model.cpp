// quillgen model: the fixed-point model alone, against the float reference.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/decibels.hpp"
#include "cli/expected_report.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/model_network.hpp"
#include "cli/pruning_report.hpp"
#include "config/load.hpp"
#include "harness/files.hpp"
#include "reference/quantise.hpp"

namespace quillgen::cli {
namespace {

struct ModelOptions {
  ConfigOptions config;
  std::string workload;
  NetworkOptions network;
  PruningOptions pruning;
  std::string json;
};

/// Signal to quantisation noise of the stages that have a scale, in dB.
struct Quality {
  double value, core_output, output;
};

Quality measure(const ReferenceStages& ref, const model::Stages& st, const model::QuantisedLayer& layer) {
  return {sqnr_db(ref.value, st.value, layer.value_scale), sqnr_db(ref.core_output, st.head, layer.head_scale),
          sqnr_db(ref.output, st.output, layer.output_scale)};
}

void print_row(std::string_view stage, std::string_view shape, int bits, double sqnr) {
  fmt::print("{:<14} {:<20} {:>4}  {:>7}\n", stage, shape, bits, decibels(sqnr, ""));
}

void print_table(const Workload& w, const Config& c, const model::Stages& st, const Quality& q) {
  fmt::print("workload {}: {} queries, {} tokens, C={} M={} L={} K={}\n", w.file, w.queries, w.tokens, w.embed_dim,
             w.heads, w.levels, w.points);
  if (!w.variants.empty()) fmt::print("variant: {}\n", fmt::join(w.variants, "; "));
  fmt::print("\n");
  const int head_dim = w.embed_dim / w.heads;
  fmt::print("{:<14} {:<20} {:>4}  {:>7}\n", "stage", "shape", "bits", "SQNR dB");
  print_row("value", fmt::format("[{}, {}, {}]", w.tokens, w.heads, head_dim), c.numerics.feature_bits, q.value);
  print_row("core_output", fmt::format("[{}, {}, {}]", w.queries, w.heads, head_dim), c.numerics.head_bits,
            q.core_output);
  print_row("output", fmt::format("[{}, {}]", w.queries, w.embed_dim), c.numerics.output_bits, q.output);
  if (const auto warning = poor_sqnr_warning(q.output); !warning.empty()) fmt::print("warning: {}\n", warning);
  const auto shape = static_cast<std::size_t>(c.feature_cache.line_shape);
  fmt::print("\nfeature lines: {} looked up, {} distinct\n", st.line_lookups[shape], st.lines_touched[shape]);
}

nlohmann::ordered_json report(const Workload& w, const Config& c, const model::Stages& st, const Quality& q,
                              const nlohmann::ordered_json& pruned, const std::optional<Agreement>& expected) {
  const auto shape = static_cast<std::size_t>(c.feature_cache.line_shape);
  nlohmann::ordered_json levels = nlohmann::ordered_json::array();
  for (const auto& s : w.level_shapes) levels.push_back({{"height", s.height}, {"width", s.width}});
  nlohmann::ordered_json json = {
      {"workload",
       {{"file", w.file}, {"queries", w.queries}, {"tokens", w.tokens}, {"levels", levels}, {"variants", w.variants}}},
      {"sqnr_db",
       {{"value", decibels_json(q.value)},
        {"core_output", decibels_json(q.core_output)},
        {"output", decibels_json(q.output)}}},
      {"lines", {{"looked_up", st.line_lookups[shape]}, {"distinct", st.lines_touched[shape]}}}};
  if (const auto warning = poor_sqnr_warning(q.output); !warning.empty()) json["warning"] = warning;
  json["pruned"] = pruned;
  if (expected) json["expected_output"] = expected_json(*expected);
  json["config"] = to_json(c);
  return json;
}

int run_model(const ModelOptions& options) {
  if (!options.network.network.empty())
    return run_model_network(options.network, options.pruning, options.config, options.json);
  const WorkloadFile file(options.workload);
  const auto config = chosen_config(options.config, file.shape());
  const auto pruning = chosen_pruning(options.pruning, {}, file.shape().levels);
  check_fits(file.shape(), config);  // before numbers and reference, which take a while on a large layer
  const auto workload = file.load();
  auto reference = run_reference(workload);
  const auto expected = compare_expected(workload, reference);  // of the layer with nothing left out
  if (pruning.any()) reference = run_reference(workload, pruning);
  const auto layer = quantise(workload, reference, config, pruning);
  const auto stages = model::run(layer);
  const auto dropped = dropped_of(layer, stages);
  const auto quality = measure(reference, stages, layer);
  if (!options.json.empty())
    harness::write_atomically(options.json,
                              report(workload, config, stages, quality, dropped_json(pruning, dropped), expected)
                                      .dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) +
                                  "\n");
  print_table(workload, config, stages, quality);
  if (pruning.any()) print_dropped(pruning, dropped);
  if (!expected) return 0;
  if (expected->agrees()) fmt::print("{}\n", expected_text(*expected));
  else say_differs(workload.file, *expected);
  return expected->agrees() ? 0 : 1;
}

}  // namespace

void add_model(const Command& app, int& exit_status) {
  const auto command = app.add_subcommand(
      "model", "run the fixed-point model of a layer or a network and compare it with floating point");
  const auto options = std::make_shared<ModelOptions>();
  add_config_options(command, options->config);
  add_fit_option(command, options->config);
  const auto subject = command.add_option_group("subject");
  subject.add_option("--workload", options->workload, "layer and inputs (safetensors)");
  add_network_options(command, subject, options->network);
  subject.require_option(1);
  add_pruning_options(command, options->pruning);
  command.add_option("--json", options->json, "also write the results to this file");
  add_examples(command,
               {"model --preset detector --network " + example("tiny_detector.safetensors") +
                    " --scales scales.json --input " + example("tiny_detector_scenes.safetensors") + " --scenes 0:2",
                "model --preset small --workload " + example("tiny_detr_enc1.safetensors")});
  command.callback([options, &exit_status] { exit_status = run_model(*options); });
}

}  // namespace quillgen::cli
