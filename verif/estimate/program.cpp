#include "estimate/program.hpp"

#include <utility>

#include "config/derived.hpp"
#include "estimate/parameters.hpp"

namespace quillgen::estimate {
namespace {

/// Words of the weight memories and entries of the requantisation table that a panel takes.
struct PanelSize {
  int words, entries;
  bool fits(int most_words, int most_entries) const { return words <= most_words && entries <= most_entries; }
};

PanelSize first_panel(const Config& c, const Demand& d) {
  if (!d.dense) return {value_tiles(c) * gemm_steps(c, c.attention.embed_dim), value_tiles(c)};
  const int tiles =
      std::min(panel_tiles(c, d.shape.inner, d.shape.outputs), divide_up(d.shape.outputs, c.gemm.columns));
  return {tiles * gemm_steps(c, d.shape.inner), tiles};
}

/// Whether the last panel of a job is in the upper half of the memories, as its first one is or not.
bool last_in_upper(const Config& c, const Demand& d, bool first_in_upper) {
  const int panels = divide_up(divide_up(d.shape.outputs, c.gemm.columns), first_panel(c, d).entries);
  return first_in_upper != (panels % 2 == 0);
}

/// What of the next job is read while a job is in work. `upper`: the first panel of the job in work is in the upper
/// half of the memories; then that of the next one.
NextLoads loads_ahead(const Config& c, const Demand& now, const Demand& next, bool& upper) {
  NextLoads loads{divide_up(4 * descriptor_words(c), beat_bytes(c.memory)), 0};
  const bool first_in_upper = std::exchange(upper, false);
  if (next.self_parts > 0 || now.self_parts > 0 || next.map_given) return loads;
  const auto fits_half = [&](const PanelSize& p) { return p.fits(weight_words(c) / 2, requant_words(c) / 2); };
  const auto panel = first_panel(c, next), in_work = first_panel(c, now);
  bool fits = false;
  if (!now.dense) {
    fits = panel.fits(in_work.words, in_work.entries);
  } else if (fits_half(in_work) && fits_half(panel)) {
    const bool in_upper = last_in_upper(c, now, first_in_upper);
    fits = next.dense || in_upper;
    upper = fits && !in_upper;
  }
  if (fits) loads.panel = next.dense ? panel_beats(c, panel.entries, next.shape.inner) : image_beats(c).value;
  return loads;
}

}  // namespace

ProgramDemand demand_of(const std::string& name, const model::Program& program) {
  ProgramDemand demand;
  demand.name = name;
  for (const auto& job : program.jobs) {
    auto of_job = [&]() -> Demand {
      if (const auto* a = std::get_if<model::ProgramAttention>(&job.work)) return demand_of(a->layer, a->stages);
      if (const auto* s = std::get_if<model::ProgramSelfAttention>(&job.work))
        return self_demand(static_cast<int>(s->output.size()) / program.channels, program.channels,
                           s->self.operand_bits);
      return demand_of(std::get<model::ProgramDense>(job.work).layer);
    }();
    of_job.name = of_job.layer.file = job.name;
    demand.jobs.push_back({job.name, std::move(of_job), job.host_step != model::HostStep::none});
  }
  return demand;
}

ProgramEstimate estimate(const Config& config, const ProgramDemand& demand, const Conditions& conditions) {
  ProgramEstimate sum;
  Lead lead;
  bool upper = false;
  for (std::size_t i = 0; i < demand.jobs.size(); ++i) {
    const auto& job = demand.jobs[i];
    JobEstimate j{job.name, job.host_step, sum.cycles};
    NextLoads next;
    if (job.host_step) upper = false;  // the host may change what comes behind it
    else if (i + 1 < demand.jobs.size()) next = loads_ahead(config, job.demand, demand.jobs[i + 1].demand, upper);
    j.of = estimate(config, job.demand, conditions, lead, next);
    lead = j.of.next;
    j.cycles = j.of.cycles;
    j.bytes = j.of.bytes_read + j.of.bytes_written;
    sum.cycles += j.cycles, sum.bytes += j.bytes;
    sum.array_steps += j.of.gemm_steps, sum.products += j.of.gemm_macs;
    sum.jobs.push_back(std::move(j));
  }
  return sum;
}

}  // namespace quillgen::estimate
