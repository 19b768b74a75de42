// The life of a job: fetch and check the descriptor, load the parameters, run, report. Whatever goes wrong stops it: no
// new burst is asked for, those that are open are waited for, and everything that worked on the job is reset.
//
//   idle --> fetch --> check --> load --> run --> idle
//              \---------\---------\--------\--> stop --port quiet--> clear --> idle
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/parameter_loader.hpp"
#include "accel/registers.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Pointer {
  const char* name;
  int word;
};
constexpr Pointer word_of_pointer[] = {{"query", word::query_address},
                                       {"reference", word::reference_address},
                                       {"value", word::value_address},
                                       {"parameter", word::parameter_address},
                                       {"output", word::output_address}};

// A rule of the descriptor, and the word that breaks it.
struct Rule {
  Bool broken;
  Error error;
  int word;
};

}  // namespace

const Module& build_job_control(Design& d, const Shapes& s) {
  return d.module("job_control", [&](Module& m) {
    const int beats = descriptor_words * 32 / s.data_bits(), address_bits = s.address_bits(),
              words_per_beat = s.data_bits() / 32;
    m.describe(
        "Sequence of a job: fetch and check the descriptor, load the parameters, run until all rows are written, "
        "report. An error, an abort or a time-out stops the job; when the memory port is quiet, what worked on it is "
        "reset.");
    auto job = input_stream(m, "job", UInt(64));  // address of its descriptor
    auto beat = input_stream(m, "beat", UInt(s.data_bits()));

    constexpr int idle = 0, fetch = 1, check = 2, load = 3, run = 4, stop = 5, clear = 6;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "fetch", "check", "load", "run", "stop", "clear"});
    auto is = [&](int which, const char* name) { return (state == which).named(name); };
    Bool is_idle = is(idle, "is_idle"), is_fetch = is(fetch, "is_fetch"), is_check = is(check, "is_check"),
         is_load = is(load, "is_load"), is_run = is(run, "is_run"), is_stop = is(stop, "is_stop"),
         is_clear = is(clear, "is_clear");

    m.note("A failed job holds up the next one until its report was seen; a soft reset drops all that wait.");
    auto soft_reset = input(m, "soft_reset", Bool());
    auto dropping = reg(m, "dropping", Bool(), 0);
    dropping.when(soft_reset, true).when(~job.valid, false);
    Bool begin =
        (is_idle & job.valid & ~dropping & ~soft_reset & ~input(m, "failure_pending", Bool())).named("begin_now");
    job.ready.drive(begin | dropping);
    auto descriptor = reg(m, "descriptor", UInt(64));
    descriptor.when(begin, job.data);

    m.note("Descriptor words, kept as they come.");
    auto index = reg(m, "beat_index", UInt(Shapes::bits(beats)), 0);
    beat.ready.drive(is_fetch | is_load);
    Bool take = (is_fetch & beat.valid).named("take");
    Bool last = (take & lib::is_last(index, beats)).named("last_beat");
    index.when(begin, 0).when(take, lib::next_index(index, beats));
    std::vector<std::vector<std::pair<Reg<UInt>, UInt>>> fields(static_cast<std::size_t>(beats));
    auto field = [&](int word, const std::string& name, int bits, int low = 0) {  // bits of a word, from bit `low`
      auto r = reg(m, name, UInt(bits));
      fields[static_cast<std::size_t>(word / words_per_beat)].emplace_back(
          r, beat.data.bits((word % words_per_beat) * 32 + low, bits));
      return static_cast<UInt>(r);
    };
    UInt kind = field(word::kind, "kind", 32), flags = field(word::flags, "flags", 32),
         job_id = field(word::job_id, "job_id", 32), count = field(word::queries, "query_count", 32);
    std::vector<UInt> pointers;
    for (const Pointer& p : word_of_pointer) {
      UInt low = field(p.word, fmt::format("{}_low", p.name), 32),
           high = field(p.word + 1, fmt::format("{}_high", p.name), 32);
      pointers.push_back(concat({high, low}).named(fmt::format("{}_pointer", p.name)));
    }
    UInt query_stride = field(word::query_stride, "query_stride", 32),
         output_stride = field(word::output_stride, "output_stride", 32);
    std::vector<UInt> width, height;
    for (int l = 0; l < s.a.levels; ++l) {
      width.push_back(field(word::levels + l, fmt::format("full_width_{}", l), 16));
      height.push_back(field(word::levels + l, fmt::format("full_height_{}", l), 16, 16));
    }

    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].empty()) continue;
      const Bool take_now = (take & (index == i)).named(fmt::format("take_{}", i));
      for (auto& [r, bits] : fields[i]) r.when(take_now, bits);
    }

    m.note("Check: the first rule that is broken.");
    auto bad_side = [&](const UInt& side, int most) { return (side == 0) | (side > most); };
    auto bad_pointer = [&](const UInt& p, int alignment) {
      Bool bad = p.bits(0, std::countr_zero(static_cast<unsigned>(alignment))).any();
      return address_bits < 64 ? bad | p.bits(address_bits, 64 - address_bits).any() : bad;
    };
    auto bad_stride = [&](const UInt& stride, int row_beats) {
      return stride.bits(0, std::countr_zero(static_cast<unsigned>(s.data_bytes()))).any() |
             (stride < row_beats * s.data_bytes());
    };
    std::vector<Rule> rules = {{kind != descriptor_kind, Error::descriptor, word::kind},
                               {(flags >> flag_count).any(), Error::descriptor, word::flags},
                               {bad_side(count, s.a.max_queries), Error::queries, word::queries}};
    for (std::size_t l = 0; l < width.size(); ++l)
      rules.push_back({bad_side(width[l], s.a.max_width) | bad_side(height[l], s.a.max_height), Error::shape,
                       word::levels + static_cast<int>(l)});
    for (std::size_t i = 0; i < pointers.size(); ++i)
      rules.push_back({bad_pointer(pointers[i], word_of_pointer[i].word == word::value_address
                                                    ? std::max(base_alignment, line_bytes(s.config))
                                                    : base_alignment),
                       Error::address, word_of_pointer[i].word});
    rules.push_back({bad_stride(query_stride, query_row_beats(s.config)), Error::address, word::query_stride});
    rules.push_back({bad_stride(output_stride, output_row_beats(s.config)), Error::address, word::output_stride});
    auto code = [&](Error e) { return UInt::constant(m, static_cast<std::uint64_t>(e), error_bits); };
    for (Rule& rule : rules) rule.broken = rule.broken.named(fmt::format("word_{}_is_bad", rule.word));
    UInt verdict = code(Error::none), bad_word = UInt::constant(m, 0, error_detail_bits);
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      verdict = mux(rule->broken, code(rule->error), verdict);
      bad_word =
          mux(rule->broken, UInt::constant(m, static_cast<std::uint64_t>(rule->word), error_detail_bits), bad_word);
    }
    verdict = verdict.named("verdict"), bad_word = bad_word.named("bad_word");

    m.note("What stops a job.");
    auto read_error = input(m, "read_error", Bool()), write_error = input(m, "write_error", Bool());
    auto read_client = input(m, "read_client", UInt(s.axi_id_bits()));
    auto read_response = input(m, "read_response", UInt(2)), write_response = input(m, "write_response", UInt(2));
    auto reads_waiting = input(m, "reads_waiting", Bool()), writes_waiting = input(m, "writes_waiting", Bool());
    auto abort = input(m, "abort", Bool()), expired = input(m, "expired", Bool()), quiet = input(m, "quiet", Bool());
    Bool working = (is_fetch | is_check | is_load | is_run).named("working");
    Bool refuse = (is_check & (verdict != 0)).named("refuse");
    Bool fails = (working & (read_error | write_error | abort | soft_reset | expired | refuse)).named("fails");
    auto error = reg(m, "error", UInt(error_bits), 0);
    auto detail = reg(m, "error_detail", UInt(error_detail_bits), 0);
    auto fails_by = [&](const char* name, const Bool& condition, Error e, const UInt& d) {
      Bool now = (fails & condition).named(name);
      error.when(now, code(e));
      detail.when(now, d.extend(error_detail_bits));
    };
    Bool forget = (begin | soft_reset).named("forget");
    error.when(forget, 0), detail.when(forget, 0);
    fails_by("fails_by_read", read_error, Error::read, concat({read_response, read_client.extend(4)}));
    fails_by("fails_by_write", write_error, Error::write, concat({write_response, UInt::constant(m, 0, 4)}));
    fails_by("fails_by_abort", abort, Error::aborted, UInt::constant(m, 0, 1));
    fails_by("fails_by_timeout", expired, Error::timeout, concat({writes_waiting, reads_waiting}));
    error.when(fails, verdict), detail.when(fails, bad_word);

    m.note(
        "Start addresses of the levels: each level has ceil(height / 2) * ceil(width / 2) blocks of all heads. One "
        "level a cycle, while parameters are loaded.");
    auto level = reg(m, "level", UInt(Shapes::holds(s.a.levels)), 0);
    Bool accepted = (is_check & ~fails).named("accepted");
    auto place = reg(m, "place", UInt(address_bits));
    auto half = [](const UInt& side) { return (side + 1) >> 1; };
    std::vector<UInt> across, down;
    for (std::size_t l = 0; l < width.size(); ++l)
      across.push_back(half(width[l].resize(s.side_bits()))), down.push_back(half(height[l].resize(s.side_bits())));
    UInt which = level.resize(s.level_bits());
    UInt blocks = (select(which, down) * select(which, across)).named("blocks");
    UInt bytes = (blocks * (s.a.heads * line_bytes(s.config))).named("level_bytes");
    Bool placing = (is_load & (level != s.a.levels)).named("placing");
    level.when(accepted, 0).when(placing, lib::increment(level));
    place.when(accepted, pointers[2].wrap(address_bits)).when(placing, lib::move_address(place, bytes));
    for (int l = 0; l < s.a.levels; ++l) {
      auto r = reg(m, fmt::format("start_{}", l), UInt(address_bits));
      r.when(placing & (level == l), static_cast<const UInt&>(place));
      output(m, fmt::format("start_{}", l), static_cast<UInt>(r));
    }

    m.note("Parameters, and dropping the cached lines.");
    std::int64_t parameter_beats = 0;
    for (const Table& t : parameter_tables(s)) parameter_beats += t.total_beats(s);
    const int run_bits = Shapes::holds(std::max<std::int64_t>(parameter_beats, beats));
    auto asked = reg(m, "asked", Bool(), 0);
    ReadRequest request(s, run_bits);
    request.address = mux(is_fetch, descriptor.wrap(address_bits), pointers[3].wrap(address_bits));
    request.beats = mux(is_fetch, UInt::constant(m, static_cast<std::uint64_t>(beats), run_bits),
                        UInt::constant(m, static_cast<std::uint64_t>(parameter_beats), run_bits));
    if (address_bits < 64) discard(descriptor.bits(address_bits, 64 - address_bits));
    // A stream but for one thing: a job that is stopped withdraws the request, since the reader is reset.
    Bool request_valid = ((is_fetch | is_load) & ~asked).named("request_valid");
    output(m, "request_valid", request_valid);
    output(m, "request", request);
    Bool request_taken = (request_valid & input(m, "request_ready", Bool())).named("request_taken");
    asked.when(begin | accepted, false).when(request_taken, true);
    output(m, "parameter_valid", is_load & beat.valid);
    output(m, "parameter_beat", beat.data);
    auto loaded = input(m, "parameters_loaded", Bool());
    auto clearing = input(m, "tags_clearing", Bool());
    auto all_loaded = reg(m, "all_loaded", Bool(), 0);
    all_loaded.when(accepted, false).when(loaded, true);
    output(m, "load", accepted);
    Bool go = (is_load & all_loaded & ~clearing & ~placing).named("go");
    output(m, "run", go);

    m.note("Run until the last response of the last row.");
    auto written = input(m, "written", Bool());
    auto started = reg(m, "started", Bool(), 0);  // a cycle after go the writer is no longer done
    started.next(is_run);
    Bool end = (is_run & started & written & ~fails).named("end_of_job");
    Bool cleared = (is_stop & quiet).named("cleared");
    state.when(fails, stop)
        .when(begin, fetch)
        .when(last, check)
        .when(is_check, load)
        .when(go, run)
        .when(end | is_clear, idle)
        .when(cleared, clear);
    output(m, "halt", is_stop | is_clear);
    auto job_reset = reg(m, "job_reset", Bool(), 1);
    job_reset.next(cleared);
    output(m, "job_reset", static_cast<Bool>(job_reset));

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
    output(m, "quarantined", is_stop & closed);
    output(m, "setup", is_fetch | is_check | is_load);
    if (s.config.implementation.clock_gating != 0) {
      m.note(
          "Who needs a clock. What works on a job is started in check or load, and in stop it takes what memory still "
          "answers.");
      output(m, "setup_clock", ~(is_idle | is_run));
      output(m, "work_clock", ~(is_idle | is_fetch));
    }
    output(m, "begin_job", begin);
    output(m, "done", static_cast<Bool>(done));
    output(m, "failed", done & (error != 0));
    output(m, "error", static_cast<UInt>(error));
    output(m, "error_detail", static_cast<UInt>(detail));
    output(m, "job_id", job_id);
    output(m, "queries", count.resize(s.query_bits()));
    output(m, "query_address", pointers[0].wrap(address_bits));
    output(m, "reference_address", pointers[1].wrap(address_bits));
    output(m, "output_address", pointers[4].wrap(address_bits));
    output(m, "boxes", flags.bit(flag_boxes));
    output(m, "query_stride", query_stride);
    output(m, "output_stride", output_stride);
    LevelShapes levels(s);
    for (std::size_t l = 0; l < width.size(); ++l)
      levels.width[l] = width[l].resize(s.side_bits()), levels.height[l] = height[l].resize(s.side_bits());
    output(m, "levels", levels);
  });
}

}  // namespace quillgen::accel
