// What the reports on layers and on dense jobs have in common.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/simulate_report.hpp"

namespace quillgen::cli {

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string percent(double x) { return fmt::format("{:.1f} %", 100 * x); }

double elements(const Config& config) { return double{1} * config.gemm.rows * config.gemm.columns * config.gemm.depth; }

void print_stages(const harness::JobResult& r) {
  fmt::print("\n{:<14} {:>12} {:>12}\n", "stage", "compared", "mismatches");
  for (const auto& stage : r.stages)
    fmt::print("{:<14} {:>12} {:>12}  {}\n", stage.name, stage.compared, stage.mismatches,
               stage.mismatches ? harness::describe(*stage.first)
               : stage.compared ? "bit-exact"
                                : "not compared");
  if (r.fault_count) fmt::print("{:<14} {:>12} {:>12}\n", "other faults", "", r.fault_count);
  for (const auto& fault : r.faults) fmt::print("  {}\n", fault);
}

void say_speed(std::uint64_t cycles, double seconds) {
  if (seconds >= 1 && cycles > 0)
    fmt::print(stderr, "simulated {} cycles in {:.1f} s, {:.0f} a second\n", cycles, seconds,
               static_cast<double>(cycles) / seconds);
}

namespace {

/// Share of the time in which the data bus of the DRAM was busy.
double bus_utilisation(const DramCounts& d, const DramTiming& dram, std::uint64_t cycles) {
  return share(static_cast<double>(d.bus_busy), static_cast<double>(cycles) * static_cast<double>(dram.clock_period()));
}

}  // namespace

std::string memory_text(const harness::Conditions& c) {
  if (!c.dram) return fmt::format("latency {}", c.latency);
  const double bandwidth = c.dram->data_rate_mts * c.dram->data_bits / 8;  // MB/s
  return fmt::format("memory {}: {:.1f} GB/s, {:.1f} bytes in a cycle of {} MHz", c.dram->name, bandwidth / 1000,
                     bandwidth / c.dram->clock_mhz, c.dram->clock_mhz);
}

std::string latency_text(const harness::Conditions& c) { return c.dram ? "-" : fmt::format("{}", c.latency); }

nlohmann::ordered_json json_dram(const DramCounts& d, const DramTiming& dram, std::uint64_t cycles) {
  return {{"memory", dram.name},      {"row_hits", d.hits},
          {"row_misses", d.misses},   {"row_conflicts", d.conflicts},
          {"refreshes", d.refreshes}, {"bus_utilisation", bus_utilisation(d, dram, cycles)}};
}

void print_dram(const harness::Conditions& conditions, const DramCounts& d, std::uint64_t cycles) {
  if (!conditions.dram) return;
  const auto accesses = static_cast<double>(d.hits + d.misses + d.conflicts);
  fmt::print("DRAM: {} row hits ({}), {} misses, {} conflicts, {} refreshes, data bus busy {}\n", d.hits,
             percent(share(static_cast<double>(d.hits), accesses)), d.misses, d.conflicts, d.refreshes,
             percent(bus_utilisation(d, *conditions.dram, cycles)));
}

nlohmann::ordered_json json_result(const Run& run) {
  const auto& r = run.result;
  nlohmann::ordered_json counters, stages;
  for (const auto& [name, field] : harness::counter_names) counters[std::string(name)] = r.counters.*field;
  for (const auto& stage : r.stages) {
    stages[stage.name] = {{"compared", stage.compared}, {"mismatches", stage.mismatches}};
    if (stage.first) stages[stage.name]["first"] = harness::describe(*stage.first);
  }
  nlohmann::ordered_json json = {{"bit_exact", r.bit_exact()}, {"mismatches", r.mismatches()}};
  if (!r.bit_exact()) json["first_mismatch"] = r.first_mismatch();
  json["cycles"] = r.counters.cycles;
  json["counters"] = counters;
  json["seed"] = run.conditions.seed;
  json["stall"] = run.conditions.stall_percent;
  if (run.conditions.dram) json["dram"] = json_dram(r.dram, *run.conditions.dram, r.counters.cycles);
  else json["latency"] = run.conditions.latency;
  json["stages"] = stages;
  json["faults"] = r.faults;
  json["error_code"] = r.error_code;
  json["replay"] = run.replay;
  return json;
}

void add_runs(nlohmann::ordered_json& json, const nlohmann::ordered_json& runs) {
  std::int64_t mismatches = 0;
  for (const auto& run : runs) mismatches += run["mismatches"].get<std::int64_t>();
  json["bit_exact"] = mismatches == 0;
  json["mismatches"] = mismatches;
  json["runs"] = runs;
}

}  // namespace quillgen::cli
