// The figures of a program by their names.
#include <nlohmann/json.hpp>

#include "estimate/dropped.hpp"
#include "estimate/offset_steps.hpp"
#include "estimate/program.hpp"

namespace quillgen::estimate {

nlohmann::ordered_json to_json(const ProgramEstimate& e, const ProgramDemand& demand, const Config& config) {
  using Json = nlohmann::ordered_json;
  constexpr std::pair<const char*, std::int64_t Estimate::*> clients[] = {
      {"job", &Estimate::bytes_job},         {"query", &Estimate::bytes_query},
      {"list", &Estimate::bytes_list},       {"reference", &Estimate::bytes_reference},
      {"feature", &Estimate::bytes_feature}, {"output", &Estimate::bytes_output},
      {"source", &Estimate::bytes_source},   {"value", &Estimate::bytes_value}};
  Json json = {{"synthetic", demand.synthetic}, {"cycles", e.cycles},     {"bytes", e.bytes},
               {"array_steps", e.array_steps},  {"products", e.products}, {"host_steps", 0}};
  if (demand.synthetic) json["seed"] = demand.seed;
  int host_steps = 0;
  for (const auto& [name, field] : clients) {
    std::int64_t sum = 0;
    for (const auto& job : e.jobs) sum += job.of.*field;
    json["bytes_by_client"][name] = sum;
  }
  const auto pes = static_cast<double>(config.gemm.rows) * config.gemm.columns * config.gemm.depth;
  for (std::size_t i = 0; i < e.jobs.size(); ++i) {
    const auto& job = e.jobs[i];
    host_steps += job.host_step;
    Json phases;
    for (const auto& p : job.of.phases) phases[p.name] = p.cycles;
    json["jobs"].push_back({{"name", job.name},
                            {"begin", job.begin},
                            {"cycles", job.cycles},
                            {"bytes", job.bytes},
                            {"array_steps", job.of.gemm_steps},
                            {"products", job.of.gemm_macs},
                            {"array", static_cast<double>(job.of.gemm_steps) / static_cast<double>(job.cycles)},
                            {"useful", static_cast<double>(job.of.gemm_macs) / (static_cast<double>(job.cycles) * pes)},
                            {"phases", phases},
                            {"host_step", job.host_step}});
    if (const auto& of = demand.jobs[i].demand; !of.dense) {
      model::Dropped points;
      for (const auto& level : dropped_points(of)) points += level;
      json["jobs"].back()["points"] = {{"dropped", points.dropped}, {"all", points.of}};
      json["jobs"].back()["offset_steps"] = to_json(offset_steps(config, of));
    }
  }
  json["host_steps"] = host_steps;
  return json;
}

}  // namespace quillgen::estimate
