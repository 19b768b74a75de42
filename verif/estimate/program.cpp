#include "estimate/program.hpp"

namespace quillgen::estimate {
namespace {

/// Cycles from the end of a job to the begin of the next one's descriptor. All that a job does alone, from its
/// descriptor to the last answer of memory, is in run_job: jobs do not overlap.
constexpr int hand_over = 1;

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
  bool follows = false;  // a job, and not the host
  for (const auto& job : demand.jobs) {
    JobEstimate j{job.name, job.host_step, sum.cycles};
    j.of = estimate(config, job.demand, conditions);
    j.cycles = j.of.cycles + (follows ? hand_over : 0);
    j.bytes = j.of.bytes_read + j.of.bytes_written;
    follows = !job.host_step;
    sum.cycles += j.cycles, sum.bytes += j.bytes;
    sum.array_steps += j.of.gemm_steps, sum.products += j.of.gemm_macs;
    sum.jobs.push_back(std::move(j));
  }
  return sum;
}

}  // namespace quillgen::estimate
