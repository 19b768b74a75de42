// The PE array with what feeds it and what becomes of its results: rows are fetched in the order of queries, of a dense
// job, or of the blocks of the value map; results go to the lanes or to memory.
#include <fmt/core.h>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/self/self_attention.hpp"
#include "lib/choose.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// With self-attention: its rows, and what the engine is told of them.
struct SelfUnit {
  Instance loader;
  SelfJob job;
  Bool fetch;
  UInt address, stride, rows;
};

// What is fetched: the rows of the run, or k and v before them.
SelfUnit make_self_unit(Design& d, Module& m, const Shapes& s, const Bool& start) {
  m.note("Self-attention: rows k and v come before the queries.");
  SelfUnit u{Instance(m, "key_loader", build_key_loader(d, s)), SelfJob(s), {}, {}, {}, {}};
  u.job = input(m, "self", SelfJob(s));
  u.rows = input(m, "rows", UInt(s.query_bits()));
  u.loader.in("start", start & u.job.active), u.loader.in("rows", u.rows.resize(s.self_rows_bits()));
  Bool of_keys = u.loader.out<Bool>("of_keys"), of_values = u.loader.out<Bool>("of_values");
  u.fetch = (start & ~u.job.active) | u.loader.out<Bool>("fetch");
  const auto choice = [&](const char* row, const char* key, const UInt& value) {
    UInt of_row = input(m, row, UInt(value.width())), of_key = input(m, key, UInt(value.width()));
    return mux(of_keys, of_key, mux(of_values, value, of_row));
  };
  u.address = choice("row_address", "key_address", u.job.value_address);
  u.stride = choice("row_stride", "key_stride", u.job.value_stride);
  return u;
}

void connect_self_unit(Module& m, const Shapes& s, SelfUnit& u, Instance& fetch, Instance& engine) {
  SelfRun run(s);
  run.active = u.job.active, run.score_shift = u.job.score_shift, run.gain = u.job.gain;
  run.rows = u.rows.resize(s.self_rows_bits());
  run.last_tile = u.loader.out("last_tile", run.last_tile),
  run.last_column = u.loader.out("last_column", run.last_column);
  run.last_value_step = u.loader.out("last_value_step", run.last_value_step);
  engine.in("attends", run);
  auto word = fetch.out_stream("word", RowWord(s));
  auto plain_ready = ready_wire(m, "plain_word_ready"), self_ready = ready_wire(m, "self_word_ready");
  u.loader.in_stream("word", Stream<RowWord>{word.data, word.valid & u.job.active, self_ready});
  word.ready.drive(mux(u.job.active, self_ready, plain_ready));
  auto row = u.loader.out_stream("row", RowWord(s));
  engine.in_stream("word", lib::choose(m, "row_word", u.job.active, row,
                                       Stream<RowWord>{word.data, word.valid & ~u.job.active, plain_ready}));
  const TableWrite shape{Bool(), UInt(Shapes::bits(s.weight_banks())), UInt(s.weight_address_bits()),
                         UInt(s.weight_columns() * s.config.gemm.depth * s.weight_bits())};
  engine.in("weights", mux(u.job.active, u.loader.out("weights", shape), input(m, "weights", shape)));
}

// Groups whose results are complete, behind an activation by pieces: told as much later as the results come.
Stream<UInt> finish_later(Module& m, const Bool& activates, Stream<UInt> finished) {
  auto later_ready = ready_wire(m, "activated_later_ready"), now_ready = ready_wire(m, "finished_now_ready");
  finished.ready.drive(mux(activates, later_ready, now_ready));
  lib::Pipeline pipe(m, "activated", Stream<UInt>{finished.data, finished.valid & activates, later_ready});
  UInt rows = finished.data;
  for (int i = 1; i <= activation_latency; ++i) rows = pipe.stage(fmt::format("activated_{}", i), rows);
  auto later = pipe.finish(rows);
  return lib::choose(m, "written_rows", activates, later,
                     Stream<UInt>{finished.data, finished.valid & ~activates, now_ready});
}

}  // namespace

const Module& build_gemm_unit(Design& d, const Shapes& s) {
  return d.module("gemm_unit", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "PE array with its rows and results. A run multiplies rows with a matrix: tokens (results are the value map), "
        "queries (offsets and logits, for the lanes) or rows of a dense job.");
    auto start = input(m, "start", Bool());
    auto run = input(m, "run", GemmRun(s));
    Bool to_memory = (~run.query).named("to_memory"), to_map = (to_memory & ~run.dense).named("to_map");

    m.note("Order of the tokens.");
    Instance walk(m, "token_walk", build_token_walk(d, s));
    walk.in("start", start & to_map);
    walk.pass("masked"), walk.pass("address", "source_address"), walk.pass("stride", "source_stride");
    walk.pass({"levels", "mask_start", "mask_valid", "mask_beat"});

    m.note("Rows.");
    Bool in_order = run.dense, listed = run.query;  // rows follow each other; .. or are named
    if (run.gathers) in_order = in_order & ~*run.gathers, listed = (listed | *run.gathers).named("listed");
    Instance fetch(m, "row_fetch", build_row_fetch(d, s));
    std::optional<SelfUnit> self;
    if (s.has_self()) self = make_self_unit(d, m, s, start);
    fetch.in("start", self ? self->fetch : start), fetch.in("tokens_run", to_map), fetch.in("dense_run", in_order);
    fetch.pass("rows");
    if (self) fetch.in("address", self->address), fetch.in("stride", self->stride);
    else fetch.pass("address", "row_address"), fetch.pass("stride", "row_stride");
    fetch.pass({"row_beats", "row_tail", "data", "data_valid"});
    if (s.has_epilogue())
      fetch.pass({"formed", "with_position", "position_address", "scale", "position_valid", "position_burst"});
    fetch.in("last_word", word_of_step(s, run.last_step));
    Instance queries(m, "query_rows", build_query_rows(d, s));
    queries.in("start", start & listed), queries.pass("queries", "rows");
    queries.pass("address", "row_address"), queries.pass("stride", "row_stride");
    queries.pass("query");
    auto token = walk.out_stream("token", RowAddress(s)), row = queries.out_stream("row", RowAddress(s));
    fetch.in_stream("given", lib::choose(m, "given", listed, row, token));
    fetch.pass("burst");

    m.note("Array.");
    Instance engine(m, "engine", build_gemm_engine(d, s));
    engine.in("start", start), engine.in("run", run);
    if (self) engine.pass("requant"), connect_self_unit(m, s, *self, fetch, engine);
    else engine.pass({"weights", "requant"}), engine.connect("word", fetch);
    engine.pass({"busy", "waits_for_room"});

    m.note("Samples of queries go to the lanes.");
    engine.pass({"logits_valid", "offsets_valid", "sample_slot", "logits_word", "offsets_word"});
    for (int l = 0; l < s.lanes(); ++l)
      for (const char* part : {"logits", "offsets"}) engine.pass(fmt::format("{}_{}", part, l));
    auto finished = engine.out_stream<UInt>("finished");
    auto projected = stream(m, "projected_out", finished.valid & run.query, finished.data);
    output_stream(m, "projected", projected);

    m.note("Other results go to memory.");
    Instance buffer(m, "result_buffer", build_result_buffer(d, s));
    buffer.in("dense", run.dense), buffer.pass("relu"), buffer.in("restart", start);
    if (s.has_epilogue()) buffer.pass({"format", "norm", "word"});
    std::optional<Bool> activates;
    if (s.has_activations()) {
      auto function = input(m, "activation", UInt(activation_code_bits));
      activates = (function != 0).named("activates");
      Instance activation(m, "activation_unit", build_activation_unit(d, s));
      activation.in("activation", function), activation.pass("scale", "activation_scale");
      activation.connect("result", engine);
      buffer.connect("result", activation, "activated");
    } else {
      buffer.connect("result", engine);
    }
    Instance map(m, "map_writer", build_map_writer(d, s));
    map.in("start", start), map.pass("address", "map_address");
    map.connect("block", walk);
    auto map_finished = stream(m, "map_finished", finished.valid & to_map, finished.data);
    map.in_stream("finished", map_finished);
    Instance dense(m, "dense_writer", build_dense_writer(d, s));
    dense.in("start", start);
    dense.pass("address", "output_address"), dense.pass("stride", "output_stride");
    dense.pass({"last_panel", "tail"}), dense.pass("row_beats", "output_row_beats");
    auto dense_finished = stream(m, "dense_finished", finished.valid & to_memory & run.dense, finished.data);
    dense.in_stream("finished", activates ? finish_later(m, *activates, dense_finished) : dense_finished);
    finished.ready.drive(mux(run.query, projected.ready, mux(run.dense, dense_finished.ready, map_finished.ready)));
    auto dense_freed = dense.out<Bool>("freed"), map_freed = map.out<Bool>("freed");
    engine.in("freed", input(m, "freed", Bool()) | map_freed | dense_freed);
    auto map_request = map.out_stream("request", WriteRequest(s));
    auto dense_request = dense.out_stream("request", WriteRequest(s));
    output_stream(m, "request", lib::choose(m, "write_request", run.dense, dense_request, map_request));
    auto map_read = map.out_stream("read", ResultRead(s)), dense_read = dense.out_stream("read", ResultRead(s));
    buffer.in_stream("read", lib::choose(m, "read", run.dense, dense_read, map_read));
    buffer.pass("beat");
  });
}

}  // namespace quillgen::accel
