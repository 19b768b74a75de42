#include "explore/job.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "network/quantise_network.hpp"

namespace quillgen::explore {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const DenseShape& s) { return fmt::format("{}x{}x{}", s.rows, s.inner, s.outputs); }

}  // namespace

std::string Job::name() const {
  if (is_dense()) return "dense " + text_of(dense);
  if (!network.empty()) return network;
  return workload.empty() ? model : workload;
}

std::vector<std::string> Job::options() const {
  std::vector<std::string> words;
  const auto option = [&](const char* name, const std::string& value) {
    words.emplace_back(name);
    words.push_back(value);
  };
  if (is_dense()) option("--dense", text_of(dense));
  if (!workload.empty()) option("--workload", workload);
  if (!network.empty()) option("--network", network);
  if (!model.empty()) {
    option("--model", model);
    option("--scale", fmt::format("{}", drawn.scale));
    if (!drawn.image.empty()) option("--image", drawn.image);
    if (!drawn.queries.empty()) option("--queries", drawn.queries);
    option("--seed", fmt::format("{}", drawn.seed));
  }
  if (given_map) words.emplace_back("--given-map");
  if (latency) option("--latency", fmt::format("{}", latency));
  if (!memory.empty()) option("--memory", memory);
  if (!pruning.any() && network.empty()) return words;  // of a network, else what its metadata say
  option("--prune-points", fmt::format("{}", pruning.points));
  option("--prune-pixels", fmt::format("{}", pruning.pixels));
  option("--range", pruning.range.empty() ? "off" : fmt::format("{}", fmt::join(pruning.range, ",")));
  return words;
}

Json to_json(const Job& job) {
  Json json;
  if (!job.workload.empty()) json = {{"workload", job.workload}, {"sha256", job.sha256}};
  if (!job.network.empty()) json = {{"network", job.network}, {"sha256", job.sha256}};
  if (job.is_dense()) json = {{"dense", {job.dense.rows, job.dense.inner, job.dense.outputs}}};
  if (!job.model.empty())
    json = {{"model", job.model},
            {"scale", job.drawn.scale},
            {"queries", job.drawn.queries},
            {"seed", job.drawn.seed},
            {"image", job.drawn.image}};
  json["given_map"] = job.given_map;
  json["latency"] = job.latency;
  if (!job.memory.empty()) json["memory"] = job.memory;
  if (const auto& p = job.pruning; p.any())
    json["pruning"] = {{"points", p.points}, {"pixels", p.pixels}, {"range", p.range}};
  return json;
}

Job job_from_json(const Json& json) {
  Job job;
  job.workload = json.value("workload", "");
  job.network = json.value("network", "");
  job.sha256 = json.value("sha256", "");
  job.model = json.value("model", "");
  if (!job.model.empty()) job.drawn = {json.at("scale"), json.at("queries"), json.at("seed"), json.at("image")};
  if (json.contains("dense")) job.dense = {json["dense"].at(0), json["dense"].at(1), json["dense"].at(2)};
  job.given_map = json.at("given_map").get<bool>();
  job.latency = json.at("latency").get<int>();
  job.memory = json.value("memory", "");
  if (json.contains("pruning")) {
    const auto& p = json["pruning"];
    job.pruning = {p.at("points"), p.at("pixels"), p.at("range").get<std::vector<int>>()};
  }
  return job;
}

Demands::Demands(const Job& job) : given_map_(job.given_map), model_(job.model), drawn_(job.drawn) {
  if (!job.network.empty()) {
    network_ = network::load_network(job.network);
    layer_ = network::shape_of(*network_);
    return;
  }
  if (!job.workload.empty()) layer_ = load_workload(job.workload);
  else if (job.is_dense()) layer_ = add(estimate::dense_demand(job.dense)).layer;
  else {
    synthetic::Random random(drawn_.seed);
    layer_ = synthetic::draw_layer(model_, drawn_, random).shape;
  }
}

const estimate::Demand& Demands::add(estimate::Demand demand) {
  if (given_map_) demand.map_given = true;
  return demands_.emplace_back(std::move(demand));
}

const estimate::Demand& Demands::of(const Config& config) {
  if (demands_.empty()) check_fits(layer_, config);
  else check_fits(demands_.front(), config);
  for (const auto& demand : demands_)
    if (demand.holds_for(config)) return demand;
  return add(model_.empty() ? estimate::demand_of(layer_, config.numerics, pruning_)
                            : estimate::model_demand(model_, drawn_, pruning_));
}

}  // namespace quillgen::explore
