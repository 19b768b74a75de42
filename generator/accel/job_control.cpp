// The life of a job: fetch and check the descriptor, load the parameters, run, report.
//
//   idle ----start----> descriptor --last beat--> check --ok--> load --loaded, tags clear--> run --written--> idle
//                                                   \--bad-----------------------------------------------------^
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/parameter_loader.hpp"
#include "accel/registers.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_job_control(Design& d, const Shapes& s) {
  return d.module("job_control", [&](Module& m) {
    const int beats = descriptor_words * 32 / s.data_bits(), address_bits = s.address_bits(),
              words_per_beat = s.data_bits() / 32;
    m.describe(
        "Sequence of a job: fetch and check the descriptor, load the parameters, run until all rows are written, "
        "report.");
    auto start = input(m, "start", Bool());
    auto descriptor = input(m, "descriptor", UInt(64));
    auto beat = input_stream(m, "beat", UInt(s.data_bits()));

    constexpr int idle = 0, fetch = 1, check = 2, load = 3, run = 4;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "fetch", "check", "load", "run"});
    auto is = [&](int which, const char* name) { return (state == which).named(name); };
    Bool is_idle = is(idle, "is_idle"), is_fetch = is(fetch, "is_fetch"), is_check = is(check, "is_check"),
         is_load = is(load, "is_load"), is_run = is(run, "is_run");
    Bool begin = (is_idle & start).named("begin_now");

    m.note("Descriptor words, kept as they come.");
    auto index = reg(m, "beat_index", UInt(Shapes::bits(beats)), 0);
    beat.ready.drive(is_fetch | is_load);
    Bool take = (is_fetch & beat.valid).named("take");
    Bool last = (take & lib::is_last(index, beats)).named("last_beat");
    index.when(take, lib::next_index(index, beats));
    std::vector<std::vector<std::pair<Reg<UInt>, UInt>>> fields(static_cast<std::size_t>(beats));
    auto field = [&](int word, const std::string& name, int bits, int low = 0) {  // bits of a word, from bit `low`
      auto r = reg(m, name, UInt(bits));
      fields[static_cast<std::size_t>(word / words_per_beat)].emplace_back(
          r, beat.data.bits((word % words_per_beat) * 32 + low, bits));
      return static_cast<UInt>(r);
    };
    UInt kind = field(0, "kind", 32), flags = field(1, "flags", 32), job_id = field(2, "job_id", 32),
         count = field(3, "query_count", 32);
    struct Pointer {
      const char* name;
      int word;
    };
    std::vector<UInt> pointers;
    for (const Pointer& p : {Pointer{"query", 4}, {"reference", 6}, {"value", 8}, {"parameter", 10}, {"output", 12}}) {
      UInt low = field(p.word, fmt::format("{}_low", p.name), 32),
           high = field(p.word + 1, fmt::format("{}_high", p.name), 32);
      pointers.push_back(concat({high, low}).named(fmt::format("{}_pointer", p.name)));
    }
    UInt query_stride = field(14, "query_stride", 32), output_stride = field(15, "output_stride", 32);
    std::vector<UInt> width, height;
    for (int l = 0; l < s.a.levels; ++l) {
      width.push_back(field(16 + l, fmt::format("full_width_{}", l), 16));
      height.push_back(field(16 + l, fmt::format("full_height_{}", l), 16, 16));
    }

    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].empty()) continue;
      const Bool take_now = (take & (index == i)).named(fmt::format("take_{}", i));
      for (auto& [r, bits] : fields[i]) r.when(take_now, bits);
    }

    m.note("Check.");
    auto bad_side = [&](const UInt& side, int most) { return (side == 0) | (side > most); };
    Bool bad_shape = Bool::constant(m, false), bad_address = Bool::constant(m, false);
    for (std::size_t l = 0; l < width.size(); ++l)
      bad_shape = bad_shape | bad_side(width[l], s.a.max_width) | bad_side(height[l], s.a.max_height);
    for (const UInt& p : pointers) {
      bad_address = bad_address | p.bits(0, 6).any();
      if (address_bits < 64) bad_address = bad_address | p.bits(address_bits, 64 - address_bits).any();
    }
    auto bad_stride = [&](const UInt& stride, int row_beats) {
      return stride.bits(0, std::countr_zero(static_cast<unsigned>(s.data_bytes()))).any() |
             (stride < row_beats * s.data_bytes());
    };
    bad_address = bad_address | bad_stride(query_stride, query_row_beats(s.config)) |
                  bad_stride(output_stride, output_row_beats(s.config));
    bad_shape = bad_shape.named("bad_shape"), bad_address = bad_address.named("bad_address");
    Bool bad_kind = ((kind != descriptor_kind) | (flags >> flag_count).any()).named("bad_kind"),
         bad_count = bad_side(count, s.a.max_queries).named("bad_count");
    auto code = [&](Error e) { return UInt::constant(m, static_cast<std::uint64_t>(e), 4); };
    UInt verdict =
        mux(bad_kind, code(Error::descriptor),
            mux(bad_count, code(Error::queries),
                mux(bad_shape, code(Error::shape), mux(bad_address, code(Error::address), code(Error::none)))));
    verdict = verdict.named("verdict");

    m.note(
        "Start addresses of the levels: each level has ceil(height / 2) * ceil(width / 2) blocks of all heads. One "
        "level a cycle, while parameters are loaded.");
    auto level = reg(m, "level", UInt(Shapes::holds(s.a.levels)), 0);
    auto error = reg(m, "error", UInt(4), 0);
    Bool accepted = (is_check & (verdict == 0) & (error == 0)).named("accepted");  // and the whole descriptor came
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
    place.when(accepted, pointers[2].wrap(address_bits)).when(placing, (place + bytes).wrap(address_bits));
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
    auto ask = stream(m, "ask", (is_fetch | is_load) & ~asked, request);
    asked.when(begin | accepted, false).when(ask.fire(), true);
    output_stream(m, "request", ask);
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
    Bool end = (is_run & started & written).named("end_of_job");
    state.when(begin, fetch).when(last, check).when(accepted, load).when(is_check, idle).when(go, run).when(end, idle);

    m.note("Report.");
    auto read_error = input(m, "read_error", Bool()), write_error = input(m, "write_error", Bool());
    auto done = reg(m, "done", Bool(), 0);
    done.when(begin, false).when(end | (is_check & ~accepted), true);
    error.when(begin, 0)
        .when(read_error & (error == 0), code(Error::read))
        .when(write_error & (error == 0), code(Error::write))
        .when(is_check & (error == 0), verdict);
    output(m, "busy", ~is_idle);
    output(m, "setup", is_fetch | is_check | is_load);
    output(m, "begin_job", begin);
    output(m, "done", static_cast<Bool>(done));
    output(m, "error", static_cast<UInt>(error));
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
