// The sequence of a job, in one table of states (below). Whatever goes wrong stops it: no new burst is asked for, those
// that are open are waited for, and everything that worked on the job is reset.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/host/job.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// In `from`, `when` leads to `to`. The first row that holds is taken; `from` -1 is every state.
struct Transition {
  int from;
  Bool when;
  int to;
};

constexpr const char* state_names[] = {"idle", "fetch", "load", "project", "attend", "stop", "clear", "host_step"};

}  // namespace

const Module& build_job_control(Design& d, const Shapes& s) {
  return d.module("job_control", s, [](Design&, Module& m, const Shapes& s) {
    const Config& c = s.config;
    m.describe(
        "Sequence of a job: fetch and check the descriptor, load parameters, project (the value map, or a panel of a "
        "dense job), attend (from queries to outputs), report. An error, an abort or a time-out stops the job; when "
        "the memory port is quiet, what worked on it is reset.");
    auto waiting_job = input_stream(m, "job", UInt(64));  // address of its descriptor

    constexpr int idle = 0, fetch = 1, load = 2, project = 3, attend = 4, stop = 5, clear = 6, host_step = 7;
    const bool linked = s.has_epilogue();  // jobs may follow each other in a program
    auto state =
        reg(m, "state", UInt(3), idle).values({std::begin(state_names), std::end(state_names) - (linked ? 0 : 1)});
    auto is = [&](int which, const char* name) { return (state == which).named(name); };
    Bool is_idle = is(idle, "is_idle"), is_fetch = is(fetch, "is_fetch"), is_load = is(load, "is_load"),
         is_project = is(project, "is_project"), is_attend = is(attend, "is_attend"), is_stop = is(stop, "is_stop"),
         is_clear = is(clear, "is_clear");
    Bool is_step = linked ? is(host_step, "is_host_step") : Bool::constant(m, false);

    m.note("A failed job holds up the next one until its report was seen; a soft reset drops all that wait.");
    auto soft_reset = input(m, "soft_reset", Bool());
    auto dropping = reg(m, "dropping", Bool(), 0);
    dropping.when(soft_reset, true).when(~waiting_job.valid, false);
    Bool begin = (is_idle & waiting_job.valid & ~dropping & ~soft_reset & ~input(m, "failure_pending", Bool()))
                     .named("begin_now");
    waiting_job.ready.drive(begin | dropping);

    m.note("Descriptor: it is read when its job begins, and may be there before; in its turn it is judged.");
    auto ready = input(m, "descriptor_ready", Bool());
    auto verdict = input(m, "verdict", UInt(error_bits));
    auto bad_word = input(m, "bad_word", UInt(error_detail_bits));
    Bool take = (is_fetch & ready).named("take");
    auto descriptor = reg(m, "descriptor", UInt(64));  // of the job that begins, then of the next one
    descriptor.when(begin, waiting_job.data);
    if (s.address_bits() < 64) discard(descriptor.bits(s.address_bits(), 64 - s.address_bits()));
    Bool wanted = begin | is_fetch, has_next = Bool::constant(m, false), step_next = has_next, go_on = has_next;
    if (linked) {
      m.note("A program: behind a job that names another one this begins, at once or when the host says so.");
      const NextJob next = input(m, "next", NextJob(s));
      auto step_asked = reg(m, "step_next", Bool());
      descriptor.when(take, next.link.extend(64)), step_asked.when(take, next.host_step);
      has_next = (descriptor != 0).named("has_next"), step_next = step_asked;
      auto entered = reg(m, "entered_step", Bool(), 0);
      entered.next(is_step);
      output(m, "event_step", is_step & ~entered);
      output(m, "waiting", is_step);
      go_on = (is_step & input(m, "resume", Bool())).named("go_on");
      Bool look_ahead =
          ((is_project | is_attend) & has_next & ~step_next & input(m, "all_loaded", Bool())).named("look_ahead");
      wanted = wanted | look_ahead;
    }
    output(m, "descriptor_wanted", wanted);
    output(m, "descriptor_address", descriptor.wrap(s.address_bits()));
    output(m, "in_turn", is_fetch);
    if (linked) output(m, "take", take), output(m, "descriptor_ok", ready & (verdict == 0));

    m.note("What stops a job.");
    auto read_error = input(m, "read_error", Bool()), write_error = input(m, "write_error", Bool());
    auto read_client = input(m, "read_client", UInt(s.axi_id_bits()));
    auto read_response = input(m, "read_response", UInt(2)), write_response = input(m, "write_response", UInt(2));
    auto reads_waiting = input(m, "reads_waiting", Bool()), writes_waiting = input(m, "writes_waiting", Bool());
    auto abort = input(m, "abort", Bool()), expired = input(m, "expired", Bool()),
         bad_entry = input(m, "bad_entry", Bool()), quiet = input(m, "quiet", Bool());
    Bool working = (is_fetch | is_load | is_project | is_attend).named("working");
    Bool may_fail = linked ? working | is_step : working;
    Bool refuse = (take & (verdict != 0)).named("refuse");
    Bool fails =
        (may_fail & (read_error | write_error | abort | soft_reset | expired | bad_entry | refuse)).named("fails");
    auto code = [&](Error e) { return UInt::constant(m, static_cast<std::uint64_t>(e), error_bits); };
    auto error = reg(m, "error", UInt(error_bits), 0);
    auto detail = reg(m, "error_detail", UInt(s.detail_bits()), 0);
    auto fails_by = [&](const char* name, const Bool& condition, Error e, const UInt& d) {
      Bool now = (fails & condition).named(name);
      error.when(now, code(e));
      detail.when(now, d.extend(s.detail_bits()));
    };
    Bool forget = (begin | soft_reset).named("forget");
    error.when(forget, 0), detail.when(forget, 0);
    const int low = std::min(4, read_client.width());
    UInt of_read = concat({read_response, read_client.bits(0, low).extend(4)});
    if (linked) of_read = concat({input(m, "ahead", Bool()) & (read_client == 0), of_read});
    if (s.axi_id_bits() > low)
      of_read = concat({read_client.bits(low, s.axi_id_bits() - low), of_read.extend(error_detail_bits)});
    fails_by("fails_by_read", read_error, Error::read, of_read);
    fails_by("fails_by_write", write_error, Error::write, concat({write_response, UInt::constant(m, 0, 4)}));
    fails_by("fails_by_abort", abort, Error::aborted, UInt::constant(m, 0, 1));
    fails_by("fails_by_list", bad_entry, Error::list, UInt::constant(m, 0, 1));
    fails_by("fails_by_timeout", expired, Error::timeout, concat({writes_waiting, reads_waiting}));
    error.when(fails, verdict), detail.when(fails, bad_word);

    m.note("A run of the PE array begins a cycle after its state; it ends with the last response of memory.");
    auto dense = input(m, "dense", Bool()), map_given = input(m, "map_given", Bool());
    auto panel_loaded = input(m, "panel_loaded", Bool()), panels_left = input(m, "panels_left", Bool()),
         mask_wanted = input(m, "mask_wanted", Bool()), rest_wanted = input(m, "rest_wanted", Bool()),
         clearing = input(m, "tags_clearing", Bool()), written = input(m, "written", Bool());
    auto start = reg(m, "start", Bool(), 0);
    Bool run_written = (written & ~start).named("run_written");
    Bool panel_ready = (panel_loaded & ~mask_wanted).named("panel_ready");
    Bool rest_ready = (~rest_wanted & ~clearing).named("rest_ready");

    m.note("The sequence.");
    std::vector<Transition> transitions = {
        {-1, fails, stop},
        {idle, begin, fetch},
        {fetch, ready, load},
        {load, ~map_given & panel_ready, project},
        {load, map_given & rest_ready, attend},
        {project, run_written & dense & panel_loaded, project},
        {project, run_written & dense & ~panels_left, idle},
        {project, run_written & ~dense & rest_ready, attend},
        {attend, run_written, idle},
        {stop, quiet, clear},
        {clear, Bool::constant(m, true), idle},
    };
    const Bool in_state[] = {is_idle, is_fetch, is_load, is_project, is_attend, is_stop, is_clear, is_step};
    if (linked) {
      std::vector<Transition> all;
      for (const Transition& t : transitions) {
        if (t.to == idle && t.from != clear) {
          all.push_back({t.from, t.when & has_next & step_next, host_step});
          all.push_back({t.from, t.when & has_next & ~step_next, fetch});
        }
        all.push_back(t);
      }
      all.push_back({host_step, go_on, fetch});
      transitions = std::move(all);
    }
    Bool to_project = Bool::constant(m, false), to_attend = to_project, end = to_project, begin_job = to_project;
    for (const Transition& t : transitions) {
      Bool now = t.from < 0 ? t.when : in_state[t.from] & t.when;
      if (t.from >= 0) now = now.named(fmt::format("from_{}_to_{}", state_names[t.from], state_names[t.to]));
      state.when(now, t.to);
      if (t.to == project) to_project = to_project | now;
      if (t.to == attend) to_attend = to_attend | now;
      if ((t.from == project || t.from == attend) && t.to != project && t.to != attend) end = end | now;
      if (t.to == fetch) begin_job = begin_job | now;
    }
    Bool job_complete = (end & ~fails).named(linked ? "job_complete" : "end_of_job");
    end = linked ? (job_complete & ~has_next).named("end_of_program") : job_complete;
    if (linked) output(m, "completed", job_complete);
    start.next((to_project | to_attend) & ~fails);
    Bool taken = (take & ~fails).named("taken");
    output(m, "taken", taken);
    auto accepted = reg(m, "accepted", Bool(), 0);
    accepted.next(taken);
    output(m, "accepted", accepted);
    output(m, "run_begins", to_project & ~fails);
    output(m, "start", start);
    output(m, "in_project", is_project);
    // Which run it is, also while a stopped job waits for what it had asked for.
    auto attending = reg(m, "attending", Bool(), 0);
    attending.when(to_attend, true).when(to_project | begin_job, false);
    output(m, "attending", attending);
    Bool cleared = (is_stop & quiet).named("cleared");
    output(m, "halt", is_stop | is_clear);
    auto job_reset = reg(m, "job_reset", Bool(), 1);
    job_reset.next(cleared);
    output(m, "job_reset", job_reset);

    m.note("Report: at the end, or, stopped, when the port is quiet or has timed out. A soft reset is not reported.");
    auto done = reg(m, "done", Bool(), 0);
    auto silent = reg(m, "silent", Bool(), 0);
    Bool closed = (done | silent).named("closed");
    Bool late = ((error == static_cast<int>(Error::timeout)) | expired).named("late");
    Bool report = (end | (is_stop & ~closed & ~soft_reset & (quiet | late))).named("report");
    silent.when(soft_reset & ~is_idle, true).when(is_idle, false);
    done.when(forget, false).when(report, true);
    output(m, "event_done", end);
    output(m, "event_failed", report & ~end);
    output(m, "job_ended", report);
    output(m, "busy", working | (is_stop & ~closed));
    if (linked) output(m, "in_program", working | is_step | (is_stop & ~closed));
    output(m, "quarantined", is_stop & closed);
    output(m, "setup", is_fetch | is_load);
    if (c.implementation.clock_gating != 0) {
      m.note(
          "Who needs a clock. What works on a job is started in load, and in stop it takes what memory still answers.");
      output(m, "setup_clock", ~(is_idle | (linked ? is_attend & ~has_next : is_attend)));
      output(m, "work_clock", ~(is_idle | is_fetch));
    }
    output(m, "begin_job", begin_job);
    if (linked) output(m, "begin_program", begin);
    output(m, "done", done);
    output(m, "failed", done & (error != 0));
    output(m, "error", error);
    output(m, "error_detail", detail);
  });
}

}  // namespace quillgen::accel
