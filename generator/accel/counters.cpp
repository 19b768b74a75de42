// Where the cycles of a job went, and what it moved.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/registers.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_counters(Design& d, const Shapes& s) {
  return d.module("counters", [&](Module& m) {
    m.describe(
        "Counts every cycle of a job, for each lane under one cause, and the events of the job. "
        "Cleared at start, frozen at its end.");
    auto clear = input(m, "clear", Bool());
    auto busy = input(m, "busy", Bool());
    auto setup = input(m, "in_setup_phase", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    struct Lane {
      Bool taken, ends_query, blocked, missing;
      UInt hits, misses;
    };
    std::vector<Lane> lanes;
    for (int l = 0; l < s.lanes(); ++l) {
      const auto event = [&](const char* name) { return input(m, fmt::format("{}_{}", name, l), Bool()); };
      const auto count = [&](const char* name) { return input(m, fmt::format("{}_{}", name, l), UInt(3)); };
      lanes.push_back({event("sample_taken"), event("sample_ends_query"), event("lane_blocked"),
                       event("feature_missing"), count("hits"), count("misses")});
    }

    m.note("The first and the last sample of all lanes bound the time in which they could work.");
    auto begun = reg(m, "begun", Bool(), 0);
    Bool any_taken = Bool::constant(m, false), all_done = Bool::constant(m, true);
    for (std::size_t l = 0; l < lanes.size(); ++l) {
      any_taken = any_taken | lanes[l].taken;
      auto left = reg(m, fmt::format("queries_left_{}", l), UInt(s.query_bits()), 0);
      left.when(setup, queries).when(lanes[l].taken & lanes[l].ends_query, lib::decrement(left));
      all_done = all_done & (left == 0);
    }
    begun.when(clear, false).when(any_taken, true);
    all_done = all_done.named("all_done");

    m.note("One cause a cycle for each lane, the first that holds.");
    static constexpr const char* names[] = {"sample",       "setup",       "fill",      "drain",
                                            "wait_feature", "wait_output", "wait_point"};
    std::vector<std::vector<UInt>> causes(std::size(names));  // of each lane
    for (std::size_t l = 0; l < lanes.size(); ++l) {
      Bool open = busy;
      const Bool holds[] = {lanes[l].taken,         setup, ~begun, all_done, lanes[l].missing, lanes[l].blocked,
                            Bool::constant(m, true)};
      for (std::size_t c = 0; c < std::size(names); ++c) {
        causes[c].push_back((open & holds[c]).named(fmt::format("in_{}_{}", names[c], l)).as_uint());
        open = open & ~holds[c];
      }
    }
    auto count = [&](const std::string& name, const UInt& amount) {
      auto r = reg(m, name, UInt(32), 0);
      r.when(clear, 0).next((r + amount).wrap(32));
      output(m, name, static_cast<UInt>(r));
    };
    auto sum = [](std::vector<UInt> list) {
      UInt total = list[0];
      for (std::size_t i = 1; i < list.size(); ++i) total = total + list[i];
      return total;
    };
    count("cycles", busy.as_uint());
    for (const int c : {1, 2, 0, 4, 5, 6, 3}) count(names[c], sum(causes[static_cast<std::size_t>(c)]));
    std::vector<UInt> taken, hits, misses;
    for (const Lane& lane : lanes)
      taken.push_back(lane.taken.as_uint()), hits.push_back(lane.hits), misses.push_back(lane.misses);
    count("samples", sum(taken));
    count("line_hits", sum(hits));
    count("line_misses", sum(misses));
    for (const char* client : {"job", "query", "reference", "feature", "output"}) {
      auto beat = input(m, fmt::format("beat_{}", client), Bool());
      count(fmt::format("bytes_{}", client),
            mux(beat, UInt::constant(m, static_cast<std::uint64_t>(s.data_bytes()), Shapes::holds(s.data_bytes())),
                UInt::constant(m, 0, 1)));
    }
  });
}

}  // namespace quillgen::accel
