// The counters: one cause a cycle for each lane, and what the PE array waited for.
#include <map>
#include <numeric>

#include "accel/host/registers.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("counters: every cycle under one cause, gaps of the array, bytes") {
  for_all("counters", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_counters);
    interp::Interpreter sim(block.module, options.seed);
    Random random(options.seed);
    const int lanes = config.core.lanes();
    const auto bytes = static_cast<std::uint64_t>(config.memory.data_bits / 8);
    for (const auto& port : block.module.ports())
      if (port.is_input) sim.set_wide(sim.port(port.name), {0});
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
    const bool pruned = config.pruning.points != 0;
    for (int job = 0; job < 3; ++job) {
      std::map<std::string, std::uint64_t> wanted;
      for (const char* name : accel::counter_names) wanted[name] = 0;
      const int queries = static_cast<int>(random.in(1, 6));
      sim.set("queries", static_cast<unsigned>(queries));
      sim.set("busy", 0), sim.set("clear", 1);
      sim.step();
      sim.set("clear", 0);
      std::vector<int> left(static_cast<std::size_t>(lanes), queries);
      bool begun = false, gemm_begun = false;
      std::uint64_t gap_rows = 0, gap_room = 0;
      // Setup, project (of a map or not), then whatever comes; behind the job nothing counts.
      const int setup = static_cast<int>(random.in(1, 30)), project = setup + static_cast<int>(random.in(0, 60)),
                end = project + static_cast<int>(random.in(1, 400)), quiet = end + 20;
      const bool map = random.chance(50);
      for (int cycle = 0; cycle < quiet; ++cycle) {
        const bool busy = cycle < end, in_setup = cycle < setup, in_project = !in_setup && cycle < project,
                   of_map = in_project && map;
        const auto event = [&](const std::string& port, bool value) {
          sim.set(port, value);
          return value;
        };
        event("busy", busy), event("in_setup_phase", in_setup && busy), event("in_project_phase", in_project);
        event("of_map", of_map);
        bool taken_now = false, starves = false;
        const bool all_done = std::all_of(left.begin(), left.end(), [](int q) { return q == 0; });
        for (int l = 0; l < lanes; ++l) {
          auto& mine = left[static_cast<std::size_t>(l)];
          const bool may = cycle >= project && busy && mine > 0;
          const bool taken = event(fmt::format("sample_taken_{}", l), may && random.chance(30)),
                     missing = event(fmt::format("feature_missing_{}", l), random.chance(30)),
                     blocked = event(fmt::format("lane_blocked_{}", l), random.chance(30)),
                     ends = event(fmt::format("{}_{}", pruned ? "query_ends" : "sample_ends_query", l),
                                  random.chance(20) && (!pruned || may));
          starves |= busy && !taken && !in_setup && !in_project && (!begun || (!all_done && !missing && !blocked));
          if (busy)
            ++wanted[taken        ? "sample"
                     : in_setup   ? "setup"
                     : in_project ? "project"
                     : !begun     ? "fill"
                     : all_done   ? "drain"
                     : missing    ? "wait_feature"
                     : blocked    ? "wait_output"
                                  : "wait_point"];
          // The last samples of a query may be dropped: it ends by itself then, and begins the job.
          wanted["samples"] += taken, taken_now |= taken || (pruned && ends);
          if (!in_setup) mine -= (pruned || taken) && ends;
          for (const char* count : {"hits", "misses"}) {
            const auto n = static_cast<std::uint64_t>(busy ? random.in(0, 4) : 0);
            sim.set(fmt::format("{}_{}", count, l), n);
            wanted[fmt::format("line_{}", count)] += n;
          }
        }
        begun |= taken_now;
        wanted["cycles"] += busy;
        const auto beat = [&](const char* port, const std::string& counter) {
          if (event(port, busy && random.chance(40))) wanted["bytes_" + counter] += bytes;
        };
        beat("beat_job", "job"), beat("beat_reference", "reference"), beat("beat_list", "list"),
            beat("beat_feature", "feature");
        beat("beat_rows", of_map ? "source" : "query"), beat("beat_written", of_map ? "value" : "output");
        // The array steps, waits for room, or waits for rows.
        const bool step = event("gemm_moves", random.chance(cycle % 40 < 20 ? 60 : 10)),
                   room = event("gemm_waits_for_room", !step && random.chance(50));
        wanted["wait_query"] += event("order_late", random.chance(30)) && starves && !step;
        if (busy && step) {
          ++wanted["gemm_busy"], wanted["gemm_project"] += in_project;
          wanted["gemm_rows"] += gap_rows, wanted["gemm_room"] += gap_room;
          gap_rows = gap_room = 0, gemm_begun = true;
        } else if (busy && gemm_begun) {
          ++(room ? gap_room : gap_rows);
        }
        sim.step();
      }
      const auto sum = [&](std::initializer_list<const char*> names) {
        return std::accumulate(names.begin(), names.end(), std::uint64_t{0},
                               [&](std::uint64_t total, const char* name) { return total + sim.get(name); });
      };
      wanted["gemm_idle"] = wanted["cycles"] - wanted["gemm_busy"] - wanted["gemm_rows"] - wanted["gemm_room"];
      for (const char* name : accel::counter_names) {
        CAPTURE(name);
        CHECK(sim.get(name) == wanted.at(name));
      }
      CHECK(sum({"setup", "project", "fill", "sample", "wait_feature", "wait_output", "wait_point", "drain"}) ==
            sim.get("cycles") * static_cast<unsigned>(lanes));
      CHECK(sum({"gemm_busy", "gemm_rows", "gemm_room", "gemm_idle"}) == sim.get("cycles"));
    }
  });
}
