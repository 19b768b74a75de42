// What a job reads by way of the job reader, beside its descriptor: panels for the PE array, the mask, the rest of the
// parameters. All that can be is read while the array works: the rest during the value projection, the next panel
// during a panel of a dense job.
//
//   want              when                                     into
//   panel             tiles are left and none is loaded        a half of the weight memories, the lower first
//   mask              a mask is given                          token_walk
//   padding           of a job that counts pixels              pixel_mask
//   rest              of an attention layer, after the others  tables of queries, heads and outputs, and of the norm
//   rest              of a dense job with a norm               table of the norm
//
// Of a program, the first panel of the next job is loaded while a job is in work, if its run leaves room for it.
#include "accel/blocks.hpp"
#include "accel/host/job.hpp"
#include "accel/host/parameter_loader.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Where the first panel of the next job may lie while a job is in work.
struct Room {
  Bool free, upper;  // not in the way of what is in work; the half that it then takes
};

// A dense job that works in one half leaves the other. An attention layer that has come to its queries leaves the place
// of its value projection. A panel of a value projection always lies there, at the begin of the lower half.
Room room_ahead(Module& m, const Shapes& s, const LoadFields& next, const Bool& run_begins, const UInt& entries,
                const UInt& words, const Bool& upper_in_work) {
  const Config& c = s.config;
  auto attending = input(m, "attending", Bool());  // the run in work is of queries
  const auto fits = [&](int most_entries, int most_words) { return (entries <= most_entries) & (words <= most_words); };
  Bool fits_half = fits(requant_words(c) / 2, weight_words(c) / 2).named("fits_half"),
       fits_layer = fits(value_tiles(c), value_tiles(c) * s.steps()).named("fits_layer");
  auto half_in_work = reg(m, "half_in_work", Bool(), 0);  // the run in work is dense, in one half
  Bool dense = next.dense;
  if (next.self) dense = dense & ~*next.self;
  half_in_work.when(run_begins, dense & fits_half);
  Bool beside = half_in_work & fits_half & (next.dense | upper_in_work);
  return {mux(attending, fits_layer, beside).named("room_ahead"),
          (next.dense & ~attending & ~upper_in_work).named("upper_ahead")};
}

}  // namespace

const Module& build_job_loads(Design& d, const Shapes& s) {
  return d.module("job_loads", s, [](Design&, Module& m, const Shapes& s) {
    const Config& c = s.config;
    const int beat_bits = 32, byte_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes())),
              panel_bits = LoadFields(s).panel_tiles.width();
    m.describe(
        "Reads, one after the other, what a job needs beside its descriptor: panels of weights, the mask, the rest of "
        "the parameters. Keeps account of the panels of a dense job.");
    auto job = input(m, "job", LoadFields(s));
    auto taken = input(m, "taken", Bool());  // the job is in work
    Bool start = taken, in_turn = Bool::constant(m, true), norm = Bool::constant(m, false), self = norm;
    if (job.norm) norm = *job.norm;
    if (job.self) self = *job.self;
    if (s.has_epilogue()) {
      auto ahead = reg(m, "ahead", Bool(), 0);  // what is loaded is of the next job
      start = (input(m, "descriptor_ok", Bool()) & ~ahead).named("start");
      ahead.when(taken, false).when(start, true);
      in_turn = (~ahead).named("in_turn");
    }
    auto run_begins = input(m, "run_begins", Bool());  // with the panel that is loaded

    m.note("What is wanted.");
    auto tiles_left = reg(m, "tiles_left", UInt(16), 0);
    auto panel_loaded = reg(m, "has_panel", Bool(), 0), mask_wanted = reg(m, "wants_mask", Bool(), 0),
         rest_wanted = reg(m, "wants_rest", Bool(), 0);
    Bool more_wanted = rest_wanted;
    Reg<Bool> padding_wanted;
    if (s.has_pixel_counts())
      padding_wanted = reg(m, "wants_padding", Bool(), 0), more_wanted = rest_wanted | padding_wanted;
    Bool tiles_remain = (tiles_left != 0).named("tiles_remain");
    Bool panel_wanted = (tiles_remain & ~panel_loaded).named("panel_wanted");
    constexpr int idle = 0, size = 1, multiply = 2, ask = 3, take = 4;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "size", "multiply", "ask", "take"});
    Bool is_idle = (state == idle).named("is_idle"), is_size = (state == size).named("is_size"),
         is_multiply = (state == multiply).named("is_multiply"), is_ask = (state == ask).named("is_ask"),
         is_take = (state == take).named("is_take");
    auto panel = reg(m, "is_panel", Bool()), mask = reg(m, "is_mask", Bool());
    Bool begin = (is_idle & (panel_wanted | (in_turn & (mask_wanted | more_wanted)))).named("begin_load");
    panel.when(begin, panel_wanted), mask.when(begin, mask_wanted & ~panel_wanted);
    Bool of_mask = mask, is_padding = Bool::constant(m, false);  // a byte a token
    if (s.has_pixel_counts()) {
      auto padding = reg(m, "is_padding", Bool());
      padding.when(begin, padding_wanted & ~mask_wanted & ~panel_wanted);
      of_mask = mask | padding, is_padding = padding;
    }

    m.note("Its size and place.");
    auto upper = reg(m, "upper", Bool());      // half of the next panel
    auto in_work = reg(m, "panel", Panel(s));  // panel of the run in work
    auto tiles = reg(m, "tiles", UInt(panel_bits));
    auto entries = reg(m, "entries", UInt(Shapes::holds(requant_words(c))));
    auto words = reg(m, "words", UInt(Shapes::holds(weight_words(c))));
    auto beats = reg(m, "beats", UInt(beat_bits));
    auto next_parameter = reg(m, "next_parameter", UInt(s.address_bits()));
    tiles.when(is_size & panel, mux(tiles_left < job.panel_tiles, tiles_left.resize(panel_bits), job.panel_tiles));
    entries.when(is_multiply & panel, tiles.resize(entries.width()));
    words.when(is_multiply & panel, (tiles * (job.last_step + 1)).resize(words.width()));
    UInt mask_beats = ((job.tokens + (s.data_bytes() - 1)) >> byte_shift).resize(beat_bits);
    const auto constant = [&](std::int64_t value) {
      return UInt::constant(m, static_cast<std::uint64_t>(value), beat_bits);
    };
    UInt rest_beats = constant(image_beats(s, ImagePart::rest));
    if (job.norm) {
      const std::int64_t of_norm = image_beats(s, ImagePart::norm);
      UInt with_norm = mux(job.dense, constant(of_norm), constant(image_beats(s, ImagePart::rest) + of_norm));
      rest_beats = mux(norm, with_norm, rest_beats);
    }
    beats
        .when(is_multiply, mux(panel, (tiles * job.tile_beats).resize(beat_bits), mux(of_mask, mask_beats, rest_beats)))
        .when(is_take & input(m, "beat_valid", Bool()), lib::decrement(beats));
    ReadRequest request(s, beat_bits);
    request.address = mux(mask, job.mask_address, next_parameter), request.beats = beats;
    if (job.padded) request.address = mux(is_padding, *job.padding_address, request.address);
    Room room;
    Bool may_ask = is_ask;
    if (s.has_epilogue()) {
      m.note("Ahead of its job a panel is loaded only where it is in nobody's way.");
      room = room_ahead(m, s, job, run_begins, entries, words, in_work.upper);
      may_ask = is_ask & (in_turn | room.free);
    }
    auto offered = stream(m, "offered", may_ask, request);
    Bool asked = offered.fire().named("asked");
    output_offer(m, "request", offered);  // a job that is stopped withdraws it, since this block is reset
    Bool complete = (is_take & (beats == 0)).named("complete");
    UInt skipped = UInt::constant(m, static_cast<std::uint64_t>(image_beats(s, ImagePart::panel) * s.data_bytes()), 32);
    next_parameter
        .when(start, mux(job.map_given, lib::move_address(job.parameter_address, skipped), job.parameter_address))
        .when(asked & ~of_mask, lib::move_address(next_parameter, beats << byte_shift));
    state.when(begin, size).when(is_size, multiply).when(is_multiply, ask).when(asked, take).when(complete, idle);

    m.note("Where its beats go.");
    output(m, "start_panel", asked & panel);
    output(m, "start_mask", asked & mask);
    if (job.padded) output(m, "start_padding", asked & is_padding);
    Bool rest_asked = asked & ~panel & ~of_mask;
    if (job.norm) {
      output(m, "start_rest", rest_asked & ~job.dense);
      output(m, "start_norm", rest_asked & job.dense);
    } else {
      output(m, "start_rest", rest_asked);
    }
    output(m, "to_mask", is_take & mask);
    if (job.padded) output(m, "to_padding", is_take & is_padding);
    output(m, "to_tables", is_take & ~of_mask);
    Bool half = upper;
    if (s.has_epilogue()) {
      Bool ahead = (asked & ~in_turn).named("asked_ahead");
      half = mux(ahead, room.upper, upper);
      upper.when(ahead, room.upper);
    }
    output(m, "upper_half", half);
    output(m, "panel_entries", entries);
    output(m, "panel_words", words);

    m.note("What has been loaded, and the panel in work.");
    Bool projects = (~job.map_given).named("projects");
    if (job.self) tiles_left.when(start & self, 0);
    tiles_left.when(start, mux(projects, job.tiles, UInt::constant(m, 0, 16)))
        .when(complete & panel, (tiles_left - tiles).as_uint().wrap(16));
    if (job.self) panel_loaded.when(start & self, true);  // nothing is loaded before its run
    panel_loaded.when(start | run_begins, false).when(complete & panel, true);
    mask_wanted.when(start, job.masked & ~job.dense).when(complete & mask, false);
    rest_wanted.when(start, job.norm ? ~job.dense | norm : ~job.dense).when(complete & ~panel & ~of_mask, false);
    if (job.padded) padding_wanted.when(start, *job.padded).when(complete & is_padding, false);
    upper.when(start, false).when(run_begins, ~upper);
    Panel run(s);
    auto address = reg(m, "output_address", UInt(s.address_bits()));
    auto left = reg(m, "output_beats_left", UInt(job.output_beats.width()));
    run.last_tile = (tiles - 1).as_uint().resize(s.tile_bits()), run.upper = upper, run.address = address;
    run.output_beats =
        mux(left < job.panel_output_beats, left.resize(job.panel_output_beats.width()), job.panel_output_beats);
    run.last = left <= job.panel_output_beats;
    in_work.when(run_begins, run);
    address.when(start, job.output_address)
        .when(run_begins, lib::move_address(address, job.panel_output_beats << byte_shift));
    left.when(start, job.output_beats).when(run_begins, (left - run.output_beats).as_uint().wrap(left.width()));
    output(m, "panel", static_cast<Panel>(in_work));
    output(m, "panel_loaded", in_turn & panel_loaded);
    output(m, "panels_left", in_turn & (tiles_remain | panel_loaded));
    output(m, "mask_wanted", in_turn & mask_wanted);
    output(m, "rest_wanted", in_turn & more_wanted);
    if (!s.has_epilogue()) return;
    output(m, "norm_wanted", in_turn & rest_wanted & job.dense);
    output(m, "all_loaded", in_turn & is_idle & ~(panel_wanted | panel_loaded | mask_wanted | more_wanted));
  });
}

}  // namespace quillgen::accel
