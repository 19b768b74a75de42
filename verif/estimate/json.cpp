// The figures of an estimate by their names.
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "estimate/estimate.hpp"
#include "estimate/offset_steps.hpp"

namespace quillgen::estimate {

nlohmann::ordered_json to_json(const Hardware& h) {
  nlohmann::ordered_json blocks;
  for (const auto& b : h.blocks)
    blocks[b.name] = {{"multipliers", b.multipliers}, {"memory_bits", b.memory_bits}, {"comparators", b.comparators}};
  return {{"multipliers", h.multipliers},
          {"memory_bits", h.memory_bits},
          {"comparators", h.comparators},
          {"blocks", blocks}};
}

nlohmann::ordered_json to_json(const OffsetSteps& steps) { return {{"all", steps.all}, {"unneeded", steps.unneeded}}; }

nlohmann::ordered_json to_json(const Estimate& e, const Config& config, const Demand& demand) {
  using Json = nlohmann::ordered_json;
  Json phases, engines, bounds;
  for (const auto& p : e.phases) phases[p.name] = {{"begin", p.begin}, {"cycles", p.cycles}};
  for (const auto& g : e.engines) {
    Json by_phase;
    for (std::size_t i = 0; i < g.by_phase.size(); ++i) by_phase[e.phases[i].name] = g.by_phase[i];
    engines[g.name] = {{"busy", g.busy}, {"utilisation", g.utilisation}, {"by_phase", by_phase}};
  }
  for (const auto& b : e.roofline.bounds) bounds[b.name] = b.cycles;
  Json levels = Json::array();
  for (const auto& l : demand.layer.level_shapes) levels.push_back({{"height", l.height}, {"width", l.width}});
  Json job = {{"name", demand.name}};
  if (demand.dense)
    job.update({{"rows", demand.shape.rows}, {"inner", demand.shape.inner}, {"outputs", demand.shape.outputs}});
  else
    job.update({{"queries", demand.queries()},
                {"tokens", demand.layer.tokens},
                {"levels", levels},
                {"synthetic", demand.synthetic}});
  if (!demand.dense) job["offset_steps"] = to_json(offset_steps(config, demand));
  return {{"job", job},
          {"cycles", e.cycles},
          {"phases", phases},
          {"counters",
           {{"samples", e.samples},
            {"wait_feature", e.wait_feature},
            {"wait_output", e.wait_output},
            {"wait_point", e.wait_point},
            {"gemm_steps", e.gemm_steps},
            {"gemm_project", e.gemm_project},
            {"line_hits", e.line_hits},
            {"line_misses", e.line_misses},
            {"bytes_job", e.bytes_job},
            {"bytes_query", e.bytes_query},
            {"bytes_list", e.bytes_list},
            {"bytes_reference", e.bytes_reference},
            {"bytes_feature", e.bytes_feature},
            {"bytes_output", e.bytes_output},
            {"bytes_source", e.bytes_source},
            {"bytes_value", e.bytes_value}}},
          {"busiest_lane", e.busiest_lane},
          {"project_busy", e.project_busy},
          {"project_useful", e.project_useful},
          {"hit_rate", e.hit_rate},
          {"lines_touched", e.lines_touched},
          {"engines", engines},
          {"roofline",
           {{"macs", e.roofline.macs},
            {"bytes", e.roofline.bytes},
            {"intensity", e.roofline.intensity},
            {"reached", e.roofline.reached},
            {"compute_peak", e.roofline.compute_peak},
            {"bytes_a_cycle", e.roofline.bytes_a_cycle},
            {"compute_roof", e.roofline.compute_roof},
            {"memory_roof", e.roofline.memory_roof},
            {"bounds", bounds},
            {"limited_by", e.roofline.limited_by}}},
          {"hardware", to_json(hardware_of(config))},
          {"config", to_json(config)}};
}

}  // namespace quillgen::estimate
