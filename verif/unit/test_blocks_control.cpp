// The sequence of a job: its states, what moves it on, and what stops it.
#include <map>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

enum class State { idle, fetch, load, project, attend };
enum class Job { layer, masked, given, dense };

/// job_control with the blocks around it played by hand.
class Control {
 public:
  explicit Control(const Config& config)
      : config_(config), block_(config, accel::build_job_control), sim(block_.module) {
    for (const auto& port : block_.module.ports())
      if (port.is_input) sim.set_wide(sim.port(port.name), {0});
    sim.set("quiet", 1);
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
    sim.step();  // job_reset goes on for a cycle
  }
  void step(int cycles = 1) {
    for (; cycles > 0; --cycles) {
      for (const char* port :
           {"taken", "accepted", "run_begins", "start", "job_reset", "event_done", "event_failed", "job_ended"})
        events[port] += static_cast<int>(sim.get(port));
      sim.step();
    }
  }
  void pulse(const std::string& port) { sim.set(port, 1), step(), sim.set(port, 0); }
  void is(State state) {
    CHECK(sim.get("setup") == (state == State::fetch || state == State::load));
    CHECK(sim.get("in_turn") == (state == State::fetch));
    CHECK(sim.get("in_project") == (state == State::project));
    if (state != State::idle) CHECK(sim.get("attending") == (state == State::attend));
    CHECK(sim.get("busy") == (state != State::idle));
    CHECK(sim.get("halt") == 0);
    if (config_.implementation.clock_gating == 0) return;
    CHECK(sim.get("setup_clock") == (state != State::idle && state != State::attend));
    CHECK(sim.get("work_clock") == (state != State::idle && state != State::fetch));
  }
  /// From idle up to a state; of a dense job the first panel.
  void go(Job job, State state) {
    const bool dense = job == Job::dense, given = job == Job::given;
    events.clear();
    const std::uint64_t address = 0x40 * (1 + ++jobs_);
    sim.set("job_valid", 1), sim.set("job", address);
    CHECK(sim.get("job_ready") == 1);
    step();
    sim.set("job_valid", 0);
    is(State::fetch);
    CHECK(sim.get("descriptor_wanted") == 1);
    CHECK(sim.get("descriptor_address") == address);
    step(3);
    is(State::fetch);
    if (state == State::fetch) return;
    sim.set("dense", dense), sim.set("map_given", given);
    for (const auto* port : {"panel_loaded", "mask_wanted"}) sim.set(port, 0);
    sim.set("rest_wanted", !dense), sim.set("panels_left", !given), sim.set("tags_clearing", !dense);
    sim.set("written", 1);  // nothing is being written
    pulse("descriptor_ready");
    CHECK(events["taken"] == 1);
    CHECK(sim.get("accepted") == 1);  // a cycle after it, when the job is held
    step();
    CHECK(events["accepted"] == 1);
    CHECK(sim.get("descriptor_wanted") == 0);
    is(State::load);
    if (state == State::load) return;
    if (given) {
      ready_to_attend(State::load);
      return is(State::attend);
    }
    sim.set("mask_wanted", job == Job::masked), sim.set("panel_loaded", 1);
    if (job == Job::masked) {
      step(3);
      is(State::load);
      sim.set("mask_wanted", 0);
    }
    CHECK(sim.get("run_begins") == 1);
    step();
    sim.set("panel_loaded", 0), sim.set("panels_left", 0);
    begins(State::project);
    if (state == State::project) return;
    sim.set("written", 1);
    ready_to_attend(State::project);
    is(State::attend);
  }
  /// The rest is loaded and the tags are cleared, in any order, and no earlier it attends.
  void ready_to_attend(State before) {
    step(3);
    is(before);
    const char* const first = jobs_ % 2 ? "rest_wanted" : "tags_clearing";
    sim.set(first, 0);
    step(3);
    is(before);
    sim.set("rest_wanted", 0), sim.set("tags_clearing", 0);
    CHECK(sim.get("run_begins") == 0);
    step();
    begins(State::attend);
  }
  /// The first cycle of a run: that everything is written is still said of what was before.
  void begins(State state) {
    is(state);
    CHECK(sim.get("start") == 1);
    step();
    is(state);
    CHECK(sim.get("start") == 0);
    sim.set("written", 0);
    step(5);
    is(state);
  }
  void ended(unsigned error, unsigned detail) {
    CHECK(sim.get("busy") == 0);
    CHECK(sim.get("halt") == 0);
    CHECK(sim.get("quarantined") == 0);
    CHECK(sim.get("done") == 1);
    CHECK(sim.get("failed") == (error != 0));
    CHECK(sim.get("error") == error);
    CHECK(sim.get("error_detail") == detail);
    CHECK(events["event_done"] == (error == 0));
    CHECK(events["event_failed"] == (error != 0));
    CHECK(events["job_ended"] == 1);
    CHECK(events["job_reset"] == (error != 0));
  }

 private:
  const Config& config_;
  Block block_;
  int jobs_ = 0;

 public:
  interp::Interpreter sim;
  std::map<std::string, int> events;  ///< cycles in which an output was 1, of this job
};

std::vector<Config> control_configs() {
  const std::vector<std::string> gated = {"implementation.clock_gating=true", "memory.data_bits=256"};
  const std::vector<std::string> epilogue = {"network.epilogue=true"};
  return {load_preset("nano"), load_preset("nano", gated), load_preset("nano", epilogue)};
}

}  // namespace

TEST_CASE("job_control: the sequence of every kind of job") {
  for (const Config& config : control_configs()) {
    Control control(config);
    auto& sim = control.sim;
    for (const Job job : {Job::layer, Job::masked, Job::given, Job::layer}) {
      control.go(job, State::attend);
      CHECK(control.events["run_begins"] == (job != Job::given));
      CHECK(control.events["start"] == (job == Job::given ? 1 : 2));
      sim.set("written", 1);
      CHECK(sim.get("event_done") == 1);
      control.step();
      control.is(State::idle);
      control.ended(0, 0);
    }
    // Panel after panel: the next begins when the last is written and it is loaded.
    for (const int panels : {1, 2, 5}) {
      control.go(Job::dense, State::project);
      for (int p = 1; p < panels; ++p) {
        sim.set("panels_left", 1), sim.set("written", 1);
        control.step(4);
        control.is(State::project);
        if (p % 2 != 0) sim.set("written", 0);
        sim.set("panel_loaded", 1);
        if (p % 2 != 0) {
          control.step(4);
          control.is(State::project);
          CHECK(control.events["run_begins"] == p);
          sim.set("written", 1);
        }
        CHECK(sim.get("run_begins") == 1);
        control.step();
        sim.set("panel_loaded", 0), sim.set("panels_left", 0);
        control.begins(State::project);
      }
      sim.set("written", 1);
      control.step();
      control.is(State::idle);
      CHECK(control.events["start"] == panels);
      control.ended(0, 0);
    }
  }
}

TEST_CASE("job_control: what stops a job, in each state") {
  struct Fault {
    const char* port;
    unsigned error, detail;
  };
  for (const Config& config : control_configs()) {
    Control control(config);
    auto& sim = control.sim;
    sim.set("read_client", 1), sim.set("read_response", 2), sim.set("write_response", 3);
    for (const State state : {State::fetch, State::load, State::project, State::attend})
      for (const Fault& fault : {Fault{"read_error", 5, 2 << 4 | 1},
                                 {"write_error", 6, 3 << 4},
                                 {"abort", 7, 0},
                                 {"expired", 8, 1},
                                 {"soft_reset", 0, 0}})
        for (const Job job : {Job::layer, Job::given}) {
          if (job == Job::given && state == State::project) continue;
          const bool timeout = fault.error == 8, silent = fault.error == 0;
          CAPTURE(fault.port);
          CAPTURE(static_cast<int>(state));
          control.go(job, state);
          control.events.clear();
          sim.set("quiet", 0), sim.set("reads_waiting", 1);
          // Whatever would move it on in this cycle does not.
          sim.set("written", 1);
          control.pulse(fault.port);
          sim.set("reads_waiting", 0), sim.set("descriptor_ready", 1);
          for (int i = 0; i < 6; ++i, control.step()) {
            CHECK(sim.get("halt") == 1);
            CHECK(sim.get("descriptor_wanted") == 0);
            CHECK(sim.get("in_turn") == 0);
            CHECK(sim.get("job_reset") == 0);
            CHECK(sim.get("setup") == 0);
            CHECK(sim.get("in_project") == 0);
            CHECK(sim.get("attending") == (state == State::attend));  // of which run it is that ends
            if (i == 0) continue;
            // A time-out is reported at once; otherwise the job ends when the port is quiet.
            CHECK(sim.get("busy") == !(timeout || silent));
            CHECK(sim.get("quarantined") == (timeout || silent));
          }
          sim.set("descriptor_ready", 0);
          CHECK(control.events["event_failed"] == timeout);
          sim.set("quiet", 1);
          control.step(4);
          control.is(State::idle);
          CHECK(control.events["job_reset"] == 1);
          if (!silent) control.ended(fault.error, fault.detail);
          else CHECK(control.events["job_ended"] == 0);
        }
  }
}

TEST_CASE("job_control: a descriptor that is refused, failures that were not seen, and jobs that are dropped") {
  for (const Config& config : control_configs()) {
    Control control(config);
    auto& sim = control.sim;
    control.go(Job::layer, State::fetch);
    sim.set("verdict", 9), sim.set("bad_word", 17);
    control.pulse("descriptor_ready");
    sim.set("verdict", 0);
    control.step(4);
    control.is(State::idle);
    CHECK(control.events["taken"] == 0);
    CHECK(control.events["accepted"] == 0);
    control.ended(9, 17);
    sim.set("failure_pending", 1), sim.set("job_valid", 1);
    for (int i = 0; i < 5; ++i, control.step()) CHECK(sim.get("job_ready") == 0);
    control.is(State::idle);
    sim.set("failure_pending", 0);
    CHECK(sim.get("job_ready") == 1);
    // A soft reset takes what waits, and begins none of it.
    sim.set("soft_reset", 1);
    CHECK(sim.get("job_ready") == 0);
    control.step();
    sim.set("soft_reset", 0);
    for (int i = 0; i < 3; ++i, control.step()) CHECK(sim.get("job_ready") == 1);
    sim.set("job_valid", 0);
    control.step(2);
    control.is(State::idle);
    CHECK(sim.get("error") == 0);
    control.go(Job::layer, State::attend);
  }
}

TEST_CASE("job_control: jobs of a program, the next descriptor wanted as soon as the last load is there") {
  const Config config = load_preset("nano", std::vector<std::string>{"network.epilogue=true"});
  Control control(config);
  auto& sim = control.sim;
  const auto link = [&](std::uint64_t address, bool step) {
    sim.set("next_link", address), sim.set("next_host_step", step);
  };
  for (const bool early : {false, true})
    for (const bool step : {false, true}) {
      CAPTURE(early);
      CAPTURE(step);
      link(0x7740, step);
      control.go(Job::dense, State::project);
      link(0, false);
      CHECK(sim.get("descriptor_wanted") == 0);
      sim.set("all_loaded", early);
      // Behind a step of the host the descriptor may not be what it will be.
      CHECK(sim.get("descriptor_wanted") == (early && !step));
      CHECK(sim.get("descriptor_address") == 0x7740);
      CHECK(sim.get("in_turn") == 0);
      control.step();
      control.events.clear();
      sim.set("written", 1);
      CHECK(sim.get("completed") == 1);
      CHECK(sim.get("event_done") == 0);
      control.step();
      sim.set("written", 0), sim.set("all_loaded", 0);
      if (step) {
        CHECK(sim.get("event_step") == 1);
        for (int i = 0; i < 4; ++i, control.step()) {
          CHECK(sim.get("waiting") == 1);
          CHECK(sim.get("in_program") == 1);
          CHECK(sim.get("busy") == 0);
          CHECK(sim.get("descriptor_wanted") == 0);
          CHECK(sim.get("event_step") == (i == 0));
        }
        control.pulse("resume");
      }
      control.is(State::fetch);
      CHECK(sim.get("waiting") == 0);
      CHECK(sim.get("descriptor_wanted") == 1);
      CHECK(sim.get("descriptor_address") == 0x7740);
      // The second job is the last one.
      control.pulse("descriptor_ready");
      CHECK(sim.get("accepted") == 1);
      sim.set("panel_loaded", 1), sim.set("panels_left", 1);
      control.step();
      sim.set("panel_loaded", 0), sim.set("panels_left", 0);
      control.begins(State::project);
      sim.set("all_loaded", 1);
      CHECK(sim.get("descriptor_wanted") == 0);
      control.events.clear();
      sim.set("written", 1);
      CHECK(sim.get("event_done") == 1);
      control.step();
      sim.set("all_loaded", 0);
      control.is(State::idle);
      control.ended(0, 0);
    }
  // A bus error in what is read ahead is told from one of the job in work.
  for (const unsigned client : {0u, 1u})
    for (const bool ahead : {false, true}) {
      link(0x7740, false);
      control.go(Job::dense, State::project);
      link(0, false);
      control.events.clear();
      sim.set("ahead", ahead), sim.set("read_client", client), sim.set("read_response", 2);
      control.pulse("read_error");
      sim.set("ahead", 0);
      control.step(4);
      control.is(State::idle);
      control.ended(5, (ahead && client == 0 ? 1u << 6 : 0) | 2 << 4 | client);
    }
}
