#include "estimate/estimate.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/derived.hpp"
#include "estimate/job.hpp"
#include "estimate/line_cache.hpp"

namespace quillgen::estimate {
namespace {

constexpr const char* phase_names[] = {"setup", "project", "fill", "sampling", "drain"};

template <typename List>
auto& named(List& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  if (found == list.end()) throw std::out_of_range("no such part of an estimate: " + std::string(name));
  return *found;
}

std::int64_t live_tokens(const Workload& layer) {
  return layer.tokens - std::count_if(layer.padding.begin(), layer.padding.end(), [](auto p) { return p != 0; });
}

/// Useful multiply-accumulates of the phase `project`.
double project_macs(const Demand& d) {
  if (d.self_parts > 0) return static_cast<double>(d.shape.rows) * d.shape.rows * d.shape.inner * (1 + d.self_parts);
  if (d.dense) return static_cast<double>(d.shape.rows) * d.shape.inner * d.shape.outputs;
  return d.map_given ? 0 : static_cast<double>(live_tokens(d.layer)) * d.layer.embed_dim * d.layer.embed_dim;
}

/// Useful multiply-accumulates of the PE array and of the lanes.
struct Macs {
  double array = 0, sampling = 0, projection = 0;
  double sum() const { return array + sampling + projection; }
};

/// `sampled`: samples that are not dropped.
Macs macs_of(const Demand& d, std::int64_t sampled) {
  if (d.dense) return {project_macs(d), 0, 0};
  const auto& w = d.layer;
  const double c = w.embed_dim, queries = d.queries(), samples = queries * w.heads * w.samples_per_head();
  return {project_macs(d) + 3 * samples * c, static_cast<double>(sampled) * 4 * c / w.heads, queries * c * c};
}

double array_size(const Config& c) { return static_cast<double>(c.gemm.rows) * c.gemm.columns * c.gemm.depth; }

void fill_engines(Estimate& e, const JobRun& run, const Core& core) {
  const std::pair<const char*, double (*)(const Work&)> engines[] = {
      {"pe_array", [](const Work& w) { return static_cast<double>(w.array_steps); }},
      {"lanes", [](const Work& w) { return static_cast<double>(w.samples); }},
      {"output_projection", [](const Work& w) { return static_cast<double>(w.projected); }},
      {"memory_read", [](const Work& w) { return static_cast<double>(w.reads); }},
      {"memory_write", [](const Work& w) { return static_cast<double>(w.writes); }}};
  for (std::size_t i = 0; i < std::size(engines); ++i) {
    const auto& [name, work] = engines[i];
    const double share = i == 1 ? 1.0 / core.lanes() : i == 2 ? 1.0 / core.head_lanes : 1;  // of several: the average
    Engine engine{name, work(run.until.back()) * share, 0, {}};
    engine.utilisation = engine.busy / static_cast<double>(e.cycles);
    double before = 0;
    for (const auto& until : run.until) {
      engine.by_phase.push_back(work(until) * share - before);
      before = work(until) * share;
    }
    e.engines.push_back(std::move(engine));
  }
}

void fill_roofline(Estimate& e, const Config& c, const Demand& d) {
  auto& r = e.roofline;
  const auto macs = macs_of(d, e.samples);
  const int lanes = c.core.lanes(), head_dim = c.attention.head_dim();
  const double array = array_size(c);
  const double sampling = 4.0 * lanes * head_dim,
               projection = static_cast<double>(c.core.head_lanes) * c.core.projection_columns * head_dim;
  r.macs = macs.sum();
  r.bytes = static_cast<double>(e.bytes_read + e.bytes_written);
  r.intensity = r.macs / r.bytes;
  r.reached = r.macs / static_cast<double>(e.cycles);
  r.compute_peak = d.dense ? array : array + sampling + projection;
  r.bytes_a_cycle = 2.0 * beat_bytes(c.memory);
  // The value projection is over before the first sample; the rest goes on at the same time.
  const double value = d.dense ? 0 : project_macs(d);
  const double compute =
      value / array + std::max({(macs.array - value) / array, macs.sampling / sampling, macs.projection / projection});
  const double beat = beat_bytes(c.memory);
  const double memory = static_cast<double>(std::max(e.bytes_read, e.bytes_written)) / beat;
  r.compute_roof = r.macs / compute;
  r.memory_roof = r.bytes / memory;
  r.bounds = {{"compute", compute, "multiply-accumulates of the busiest engine, projection of values before the rest"},
              {"feature_bandwidth", static_cast<double>(e.bytes_feature) / beat, "reading the lines that miss"},
              {"memory_bandwidth", memory, e.bytes_read >= e.bytes_written ? "all reads" : "all writes"}};
  if (!d.dense)
    r.bounds.insert(r.bounds.begin() + 1, {"busiest_lane", value / array + static_cast<double>(e.busiest_lane),
                                           "a sample a cycle of the lane with most, behind the projection of values"});
  r.limited_by = std::max_element(r.bounds.begin(), r.bounds.end(), [](const auto& a, const auto& b) {
                   return a.cycles < b.cycles;
                 })->name;
}

/// Of a DRAM that of a row that is open, with nothing in the way.
int latency_of(const Config& config, const Conditions& conditions) {
  if (const auto* d = conditions.dram)
    return static_cast<int>((d->controller + d->read_latency + d->access_time()) / d->clock_period()) + 1;
  return conditions.latency > 0 ? conditions.latency : config.memory.latency_cycles;
}

}  // namespace

const Phase& Estimate::phase(std::string_view name) const { return named(phases, name); }
const Engine& Estimate::engine(std::string_view name) const { return named(engines, name); }

Estimate estimate(const Config& config, const Demand& demand, const Conditions& conditions, const Lead& lead,
                  const NextLoads& next) {
  check_fits(demand, config);
  if (!demand.holds_for(config)) throw std::logic_error("the demand was made for other formats");
  const auto cache = demand.dense ? CacheRun{} : run_caches(config, demand, conditions.dram != nullptr);
  const auto run = run_job(config, demand, cache, latency_of(config, conditions), conditions.dram, lead, next);
  Estimate e;
  Cycle before = 0;
  std::int64_t* const figures[] = {&e.setup, &e.project, &e.fill, &e.sampling, &e.drain};
  for (std::size_t i = 0; i < run.until.size(); ++i) {
    const Cycle end = run.until[i].cycles;
    e.phases.push_back({phase_names[i], before, end - before});
    *figures[i] = end - before;
    before = end;
  }
  e.cycles = before;
  e.next = run.next;
  e.samples = run.until.back().samples, e.busiest_lane = run.busiest_lane;
  e.wait_feature = run.waits.feature, e.wait_output = run.waits.output, e.wait_point = run.waits.point;
  e.gemm_steps = run.until.back().array_steps;
  e.gemm_project = run.until[1].array_steps;
  e.gemm_macs = static_cast<std::int64_t>(macs_of(demand, e.samples).array);
  if (e.project > 0) {
    const auto cycles = static_cast<double>(e.project);
    e.project_busy = static_cast<double>(e.gemm_project) / cycles;
    e.project_useful = project_macs(demand) / (array_size(config) * cycles);
  }
  e.line_hits = cache.hits, e.line_misses = cache.misses,
  e.lines_touched = demand.lines_touched[static_cast<std::size_t>(config.feature_cache.line_shape)];
  if (const auto look_ups = cache.hits + cache.misses; look_ups > 0)
    e.hit_rate = static_cast<double>(cache.hits) / static_cast<double>(look_ups);
  const std::int64_t beat = beat_bytes(config.memory);
  const auto& b = run.beats;
  e.bytes_job = b.job * beat, e.bytes_query = b.query * beat, e.bytes_list = b.list * beat,
  e.bytes_reference = b.reference * beat;
  e.bytes_feature = b.feature * beat, e.bytes_output = b.output * beat;
  e.bytes_source = b.source * beat, e.bytes_value = b.value * beat;
  e.bytes_read = e.bytes_job + e.bytes_query + e.bytes_list + e.bytes_reference + e.bytes_feature + e.bytes_source;
  e.bytes_written = e.bytes_output + e.bytes_value;
  fill_engines(e, run, config.core);
  fill_roofline(e, config, demand);
  return e;
}

}  // namespace quillgen::estimate
