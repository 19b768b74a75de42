// quillgen trace: order of the queries and feature cache alone, what they read from memory, and a picture of it.
#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/layer_choice.hpp"
#include "cli/model_options.hpp"
#include "cli/progress.hpp"
#include "cli/pruning_options.hpp"
#include "estimate/dropped.hpp"
#include "harness/files.hpp"
#include "trace/belady.hpp"
#include "trace/picture.hpp"
#include "trace/table.hpp"

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

struct TraceOptions {
  ConfigOptions config;
  LayerOptions layer;
  PruningOptions pruning;
  bool table = false;
  std::string svg, json;
};

Json json_of(const trace::Traffic& t, int line_bytes) {
  Json json = {{"lookups", t.lookups},
               {"hit_rate", t.hit_rate()},
               {"bytes", t.fetched * line_bytes},
               {"of_map", t.of_map(t.fetched, line_bytes)},
               {"lines", t.fetched},
               {"lines_again", t.again}};
  const auto add = [&](const std::string& name, std::int64_t lines) {
    json[name + "_lines"] = lines;
    json[name + "_bytes"] = lines * line_bytes;
    json[name + "_of_map"] = t.of_map(lines, line_bytes);
  };
  if (t.least) add("min_same_sets", t.least->in_sets), add("min_full", t.least->anywhere);
  add("compulsory", t.compulsory);
  json["map_bytes"] = t.map_bytes;
  return json;
}

Json json_of(const trace::Trace& t, const std::string& order) {
  Json json = {{"order", order}, {"line_bytes", t.line_bytes}, {"total", json_of(t.total, t.line_bytes)}};
  for (const auto& level : t.levels) json["levels"].push_back(json_of(level, t.line_bytes));
  return json;
}

void add_json(Json& json, const std::string& policy, const trace::Table& table) {
  for (std::size_t o = 0; o < table.cells.size(); ++o)
    for (std::size_t s = 0; s < table.cells[o].size(); ++s) {
      const auto& cell = table.cells[o][s];
      Json entry = {{"policy", policy},
                    {"order", trace::order_name(trace::table_orders()[o])},
                    {"kilobytes", trace::table_sizes()[s]}};
      if (cell) entry.update(json_of(*cell, table.line_bytes));
      json.push_back(entry);
    }
}

void print_row(const std::string& name, const trace::Traffic& t, int line_bytes) {
  fmt::print("{:<14} {:>10} {:>7.1f} % {:>9} {:>12} {:>7.2f} {:>11}", name, t.lookups, 100 * t.hit_rate(), t.fetched,
             t.fetched * line_bytes, t.of_map(t.fetched, line_bytes), t.again);
  if (t.least)
    fmt::print(" {:>8.2f} {:>8.2f}", t.of_map(t.least->in_sets, line_bytes), t.of_map(t.least->anywhere, line_bytes));
  fmt::print(" {:>11} {:>7.2f}\n", t.compulsory, t.of_map(t.compulsory, line_bytes));
}

void print_trace(const LayerChoice& chosen, const trace::Trace& t) {
  const bool parts = !chosen.config.feature_cache.level_parts.empty();
  const bool least = t.total.least.has_value();
  fmt::print("{:<14} {:>10} {:>9} {:>9} {:>12} {:>7} {:>11}{} {:>11} {:>7}\n", "level", "look-ups", "hit rate", "lines",
             "bytes", "x map", "lines again", least ? " MIN sets MIN full" : "", "compulsory", "x map");
  for (std::size_t l = 0; l < t.levels.size(); ++l) {
    const auto& shape = chosen.demand.layer.level_shapes[l];
    print_row(fmt::format("{} ({}x{})", l, shape.height, shape.width), t.levels[l], t.line_bytes);
  }
  print_row("all", t.total, t.line_bytes);
  fmt::print("lines of {} bytes; again: read before; compulsory: each line that is wanted, once\n", t.line_bytes);
  if (least)
    fmt::print("MIN: x map if what is used latest is replaced, of the same sets and ways, or of any place{}\n",
               parts ? " of its level's part" : "");
}

void print_table(const std::string& policy, const trace::Table& table) {
  fmt::print("\npolicy {}: feature bytes against the map, {} bytes a line\n{:<26}", policy, table.line_bytes, "order");
  for (const int size : trace::table_sizes()) fmt::print("{:>9}", fmt::format("{} KiB", size));
  fmt::print("\n");
  const trace::Traffic* any = nullptr;
  for (std::size_t o = 0; o < table.cells.size(); ++o) {
    const auto& row = table.cells[o];
    const auto print = [&](const std::string& name, const auto& lines) {
      fmt::print("{:<26}", name);
      for (const auto& cell : row)
        fmt::print("{:>9}", cell ? fmt::format("{:.2f}", cell->of_map(lines(*cell), table.line_bytes)) : "-");
      fmt::print("\n");
    };
    print(trace::order_name(trace::table_orders()[o]), [](const auto& t) { return t.fetched; });
    const trace::Traffic* with_least = nullptr;
    for (const auto& cell : row)
      if (cell) any = &*cell, with_least = cell->least ? any : with_least;
    if (with_least == nullptr) continue;
    print("  MIN, same sets", [](const auto& t) { return t.least->in_sets; });
    print("  MIN, fully associative", [](const auto& t) { return t.least->anywhere; });
  }
  if (any != nullptr) fmt::print("{:<26}{:>9.2f}\n", "compulsory", any->of_map(any->compulsory, table.line_bytes));
}

void run(const TraceOptions& o) {
  Progress progress;
  progress.show("placing the samples");
  const auto chosen = chosen_layer(o.config, o.layer, o.pruning);
  const auto& [config, demand, pruning] = chosen;
  progress.show("order and cache");
  auto main = trace::run_trace(config, demand);
  if (config.feature_cache.policy == line_policy)
    trace::add_least(main, config, trace::LookupList(config, demand, main.order));
  const auto order = trace::order_name(config.order);
  const auto wanted = main.order.size();

  std::optional<trace::Trace> arrival;
  if (!o.svg.empty() && order != "arrival") {
    auto other = config;
    other.order = Order();
    progress.show("order of arrival");
    arrival = trace::run_trace(other, demand);
  }
  std::vector<std::pair<std::string, trace::Table>> tables;
  if (o.table)
    for (const auto& [name, policy] : {std::pair{"line", line_policy}, {"region", region_policy}}) {
      auto other = config;
      other.feature_cache.policy = policy;
      tables.emplace_back(name, trace::run_table(other, demand, [&, name = name](std::size_t done, std::size_t of) {
                            progress.show(fmt::format("table of policy {}: {} of {}", name, done, of));
                          }));
    }
  progress.show("");

  const auto title =
      fmt::format("{} on {}: order {}, {} KiB", config.name, demand.name, order, config.feature_cache.kilobytes);
  std::string report, picture;
  std::vector<harness::OutputFile> files;
  if (!o.json.empty()) {
    auto json = json_of(main, order);
    json["config"] = config.name, json["layer"] = demand.name;
    json["queries"] = demand.layer.queries, json["wanted"] = wanted;
    json["kilobytes"] = config.feature_cache.kilobytes;
    if (demand.synthetic) json["seed"] = demand.seed;
    for (const auto& [policy, table] : tables) add_json(json["table"], policy, table);
    report = json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
    files.push_back({o.json, report});
  }
  if (!o.svg.empty()) {
    std::vector<trace::Column> columns;
    if (arrival) columns.push_back({"arrival", &*arrival});
    columns.push_back({order, &main});
    std::optional<trace::PixelMask> mask;
    if (pruning.pixels > 0)
      mask = {estimate::dropped_pixels(demand, quantised_pruning(pruning, config.numerics, config.pruning.count_bits)),
              pruning.pixels};
    picture = trace::picture(title, demand, columns, mask ? &*mask : nullptr);
    files.push_back({o.svg, picture});
  }
  harness::write_atomically(files);
  fmt::print("{}\n{} of {} queries{}\n\n", title, wanted, demand.layer.queries,
             demand.synthetic ? fmt::format(", locations drawn with seed {}", demand.seed) : "");
  print_trace(chosen, main);
  for (const auto& [policy, table] : tables) print_table(policy, table);
}

}  // namespace

void add_trace(const Command& app, int&) {
  const auto command =
      app.add_subcommand("trace", "order of queries and feature cache alone: what is read, from where");
  const auto o = std::make_shared<TraceOptions>();
  add_config_options(command, o->config);
  add_fit_option(command, o->config);
  const auto layer = command.add_option_group("layer");
  layer.add_option("--workload", o->layer.workload, "layer and inputs (safetensors)");
  const auto model =
      layer.add_option("--model", o->layer.model, "layer of a published model, its sampling locations drawn");
  layer.require_option(1);
  add_model_options(command, o->layer.drawn, model);
  add_pruning_options(command, o->pruning);
  command.add_flag("--table", o->table, "also orders against sizes of the cache, 64 KiB to 1 MiB, for each policy");
  command.add_option("--svg", o->svg,
                     "also draw the path of the queries and the fetches, beside those of arrival, and with "
                     "--prune-pixels what is dropped");
  command.add_option("--json", o->json, "also write the numbers to this file");
  add_examples(command, {"trace --preset small --workload " + example("encoder_c64.safetensors") + " --svg order.svg"});
  command.callback([o] { run(*o); });
}

}  // namespace quillgen::cli
