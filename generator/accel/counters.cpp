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
        "Counts every cycle of a job under one cause, and the events of the job. Cleared at start, frozen at its end.");
    auto clear = input(m, "clear", Bool());
    auto busy = input(m, "busy", Bool());
    auto setup = input(m, "in_setup_phase", Bool());
    auto sample = input(m, "sample_taken", Bool());
    auto end_of_query = input(m, "sample_ends_query", Bool());
    auto blocked = input(m, "lane_blocked", Bool());
    auto missing = input(m, "feature_missing", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));

    m.note("The first and the last sample bound the time in which the lane could work.");
    auto begun = reg(m, "begun", Bool(), 0);
    auto left = reg(m, "queries_left", UInt(s.query_bits()), 0);
    begun.when(clear, false).when(sample, true);
    left.when(setup, queries).when(sample & end_of_query, lib::decrement(left));

    m.note("One cause a cycle, the first that holds.");
    struct Cause {
      const char* name;
      Bool holds;
    };
    Bool open = busy;
    std::vector<Bool> causes;
    for (const Cause& c : {Cause{"sample", sample}, Cause{"setup", setup}, Cause{"fill", ~begun},
                           Cause{"drain", left == 0}, Cause{"wait_feature", missing}, Cause{"wait_output", blocked}}) {
      causes.push_back((open & c.holds).named(fmt::format("in_{}", c.name)));
      open = open & ~c.holds;
    }
    Bool wait_point = open.named("in_wait_point");
    auto count = [&](const std::string& name, const UInt& amount) {
      auto r = reg(m, name, UInt(32), 0);
      r.when(clear, 0).next((r + amount).wrap(32));
      output(m, name, static_cast<UInt>(r));
    };
    auto ones = [&](const Bool& b) { return b.as_uint(); };
    count("cycles", ones(busy));
    count("setup", ones(causes[1]));
    count("fill", ones(causes[2]));
    count("sample", ones(causes[0]));
    count("wait_feature", ones(causes[4]));
    count("wait_output", ones(causes[5]));
    count("wait_point", ones(wait_point));
    count("drain", ones(causes[3]));
    count("samples", ones(sample));
    count("line_hits", input(m, "hits", UInt(3)));
    count("line_misses", input(m, "misses", UInt(3)));
    for (const char* client : {"job", "query", "reference", "feature", "output"}) {
      auto beat = input(m, fmt::format("beat_{}", client), Bool());
      count(fmt::format("bytes_{}", client),
            mux(beat, UInt::constant(m, static_cast<std::uint64_t>(s.data_bytes()), Shapes::holds(s.data_bytes())),
                UInt::constant(m, 0, 1)));
    }
  });
}

}  // namespace quillgen::accel
