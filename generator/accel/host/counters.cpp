// Where the cycles of a job went, and what it moved.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/host/registers.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

constexpr const char* names[] = {"sample", "setup",        "project",     "fill",
                                 "drain",  "wait_feature", "wait_output", "wait_point"};  // of the causes, by rank

struct Lane {
  Bool taken, ends_query, blocked, missing;
  UInt hits, misses;
};

UInt sum(const std::vector<UInt>& list) {
  UInt total = list[0];
  for (std::size_t i = 1; i < list.size(); ++i) total = total + list[i];
  return total;
}

struct Counters {
  Module& m;
  const Shapes& s;

  Bool clear = {}, busy = {}, setup = {}, project = {}, gemm_moves = {};
  UInt queries = {};
  std::vector<Lane> lanes = {};
  Bool begun = {}, all_done = {};              // the first sample has come, the last one gone
  std::vector<std::vector<UInt>> causes = {};  // by cause and lane
  UInt cycles = {};

  void ports();
  void bounds();
  void find_causes();
  void count_lanes();
  void count_bytes();
  void count_array();
  UInt count(const std::string& name, const UInt& amount) {
    auto r = reg(m, name, UInt(32), 0);
    r.when(clear, 0).next((r + amount).wrap(32));
    output(m, name, r);
    return r;
  }
};

void Counters::ports() {
  clear = input(m, "clear", Bool());
  busy = input(m, "busy", Bool());
  setup = input(m, "in_setup_phase", Bool());
  project = input(m, "in_project_phase", Bool());
  queries = input(m, "queries", UInt(s.query_bits()));
  for (int l = 0; l < s.lanes(); ++l) {
    const auto event = [&](const char* name) { return input(m, fmt::format("{}_{}", name, l), Bool()); };
    const auto count = [&](const char* name) { return input(m, fmt::format("{}_{}", name, l), UInt(3)); };
    lanes.push_back({event("sample_taken"), event(end_of_query(s)), event("lane_blocked"), event("feature_missing"),
                     count("hits"), count("misses")});
  }
}

void Counters::bounds() {
  m.note("The first and the last sample of all lanes bound the time in which they could work.");
  auto first_came = reg(m, "begun", Bool(), 0);
  Bool any_taken = Bool::constant(m, false);
  all_done = Bool::constant(m, true);
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    any_taken = any_taken | lanes[l].taken;
    Bool ends = lanes[l].ends_query;
    if (s.has_join()) any_taken = any_taken | ends;  // of a query without any sample
    else ends = lanes[l].taken & ends;
    auto left = reg(m, fmt::format("queries_left_{}", l), UInt(s.query_bits()), 0);
    left.when(setup, queries).when(ends, lib::decrement(left));
    all_done = all_done & (left == 0);
  }
  // The counters are those of a program; its jobs have their bounds each.
  first_came.when(s.has_epilogue() ? clear | input(m, "job_begins", Bool()) : clear, false).when(any_taken, true);
  begun = first_came, all_done = all_done.named("all_done");
}

void Counters::find_causes() {
  m.note("One cause a cycle for each lane, the first that holds.");
  causes.resize(std::size(names));
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    Bool open = busy;
    const Bool holds[] = {lanes[l].taken,         setup, project, ~begun, all_done, lanes[l].missing, lanes[l].blocked,
                          Bool::constant(m, true)};
    for (std::size_t c = 0; c < std::size(names); ++c) {
      causes[c].push_back((open & holds[c]).named(fmt::format("in_{}_{}", names[c], l)).as_uint());
      open = open & ~holds[c];
    }
  }
}

void Counters::count_lanes() {
  cycles = count("cycles", busy.as_uint());
  for (const char* name : counter_names)
    for (std::size_t c = 0; c < std::size(names); ++c)
      if (std::string_view(name) == names[c]) count(name, sum(causes[c]));
  std::vector<UInt> taken, hits, misses;
  for (const Lane& lane : lanes)
    taken.push_back(lane.taken.as_uint()), hits.push_back(lane.hits), misses.push_back(lane.misses);
  Bool starves = Bool::constant(m, false);
  for (std::size_t l = 0; l < lanes.size(); ++l)
    for (std::size_t c = 0; c < std::size(names); ++c)
      if (names[c] == std::string_view("fill") || names[c] == std::string_view("wait_point"))
        starves = starves | causes[c][l].bit(0);
  gemm_moves = input(m, "gemm_moves", Bool());
  count("wait_query", (starves & ~gemm_moves & input(m, "order_late", Bool())).as_uint());
  count("samples", sum(taken));
  count("line_hits", sum(hits));
  count("line_misses", sum(misses));
}

void Counters::count_bytes() {
  const auto bytes = [&](const char* name, const Bool& beat) {
    count(fmt::format("bytes_{}", name),
          mux(beat, UInt::constant(m, static_cast<std::uint64_t>(s.data_bytes()), Shapes::holds(s.data_bytes())),
              UInt::constant(m, 0, 1)));
  };
  auto rows = input(m, "beat_rows", Bool()), written = input(m, "beat_written", Bool());
  auto to_map = input(m, "of_map", Bool());  // rows are tokens, and what is written is the value map
  for (const char* client : {"job", "reference", "list", "feature"})
    bytes(client, input(m, fmt::format("beat_{}", client), Bool()));
  bytes("query", rows & ~to_map), bytes("source", rows & to_map);
  bytes("output", written & ~to_map), bytes("value", written & to_map);
}

void Counters::count_array() {
  m.note("The PE array. What it waited for after a step counts as waiting only if another step follows.");
  auto no_room = input(m, "gemm_waits_for_room", Bool());
  Bool step = (busy & gemm_moves).named("gemm_step");
  auto gemm_begun = reg(m, "gemm_begun", Bool(), 0);
  gemm_begun.when(clear, false).when(step, true);
  auto kept = [&](const char* name, const Bool& now) {  // cycles since the last step
    auto r = reg(m, name, UInt(32), 0);
    r.when(clear | step, 0).next((r + (busy & gemm_begun & now).as_uint()).wrap(32));
    return mux(step, r, UInt::constant(m, 0, 32));
  };
  UInt rows_gap = kept("gap_rows", ~no_room), room_gap = kept("gap_room", no_room);
  UInt busy_cycles = count("gemm_busy", step.as_uint()), row_cycles = count("gemm_rows", rows_gap),
       room_cycles = count("gemm_room", room_gap);
  count("gemm_project", (step & project).as_uint());
  UInt active = (busy_cycles + row_cycles + room_cycles).wrap(32);
  output(m, "gemm_idle", (cycles - active).as_uint().wrap(32));
}

}  // namespace

const Module& build_counters(Design& d, const Shapes& s) {
  return d.module("counters", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Counts every cycle of a job, for each lane under one cause, and the events of the job. "
        "Cleared at start, frozen at its end.");
    Counters counters{m, s};
    counters.ports();
    counters.bounds();
    counters.find_causes();
    counters.count_lanes();
    counters.count_bytes();
    counters.count_array();
  });
}

}  // namespace quillgen::accel
