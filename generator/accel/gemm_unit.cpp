// The PE array with what feeds it and what becomes of its results: rows are fetched in the order of queries, of a dense
// job, or of the blocks of the value map; results go to the lanes or to memory.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/gemm.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_gemm_unit(Design& d, const Shapes& s) {
  return d.module("gemm_unit", s, [](Design& d, Module& m, const Shapes& s) {
    const int beat_bits = Shapes::holds(s.longest_row_beats());
    const Shapes lane = s.lane();
    m.describe(
        "PE array with its rows and results. A run multiplies rows with a matrix: tokens (results are the value map), "
        "queries (offsets and logits, for the lanes) or rows of a dense job.");
    auto start = input(m, "start", Bool());
    auto run = input(m, "run", GemmRun(s));
    Bool to_memory = (~run.query).named("to_memory"), to_map = (to_memory & ~run.dense).named("to_map");

    m.note("Order of the tokens.");
    Instance walk(m, "token_walk", build_token_walk(d, s));
    walk.in("start", start & to_map);
    walk.in("masked", input(m, "masked", Bool()));
    walk.in("address", input(m, "source_address", UInt(s.address_bits())));
    walk.in("stride", input(m, "source_stride", UInt(32)));
    walk.in("levels", input(m, "levels", LevelShapes(s)));
    for (const char* port : {"mask_start", "mask_valid"}) walk.in(port, input(m, port, Bool()));
    walk.in("mask_beat", input(m, "mask_beat", UInt(s.data_bits())));

    m.note("Rows.");
    Instance fetch(m, "row_fetch", build_row_fetch(d, s));
    fetch.in("start", start), fetch.in("tokens_run", to_map), fetch.in("dense_run", run.dense);
    auto rows = input(m, "rows", UInt(s.query_bits()));
    auto row_base = input(m, "row_address", UInt(s.address_bits()));
    auto row_stride = input(m, "row_stride", UInt(32));
    fetch.in("rows", rows), fetch.in("address", row_base), fetch.in("stride", row_stride);
    fetch.in("row_beats", input(m, "row_beats", UInt(beat_bits)));
    fetch.in("last_step", run.last_step);
    fetch.in("row_tail", input(m, "row_tail", UInt(s.depth_bits())));
    fetch.in("data", input(m, "data", UInt(s.data_bits())));
    fetch.in("data_valid", input(m, "data_valid", Bool()));
    Instance queries(m, "query_rows", build_query_rows(d, s));
    queries.in("start", start & run.query), queries.in("queries", rows);
    queries.in("address", row_base), queries.in("stride", row_stride);
    queries.in_stream("query", input_stream(m, "query", UInt(s.index_bits())));
    auto token = walk.out_stream("token", RowAddress(s)), query = queries.out_stream("row", RowAddress(s));
    auto row = stream(m, "given", mux(run.query, query.valid, token.valid), mux(run.query, query.data, token.data));
    token.ready.drive(row.ready & ~run.query), query.ready.drive(row.ready & run.query);
    fetch.in_stream("given", row);
    output_stream(m, "burst", fetch.out_stream("burst", BurstRequest(s)));

    m.note("Array.");
    Instance engine(m, "engine", build_gemm_engine(d, s));
    engine.in("start", start), engine.in("run", run);
    for (const char* name : {"weights", "requant"}) {
      const bool weights = name[0] == 'w';
      engine.in(name,
                input(m, name,
                      weights ? TableWrite{Bool(), UInt(Shapes::bits(s.config.gemm.columns)),
                                           UInt(s.weight_address_bits()), UInt(s.config.gemm.depth * s.weight_bits())}
                              : TableWrite{Bool(), UInt(1), UInt(s.requant_address_bits()),
                                           UInt(drain_width(s.config) * lib::requant_entry_bits)}));
    }
    engine.in_stream("word", fetch.out_stream("word", RowWord(s)));
    for (const char* event : {"busy", "waits_for_room"}) output(m, event, engine.out(event, Bool()));

    m.note("Samples of queries go to the lanes.");
    output(m, "sample_valid", engine.out("sample_valid", Bool()));
    output(m, "sample_slot", engine.out("sample_slot", UInt(s.slot_bits())));
    output(m, "sample_number", engine.out("sample_number", UInt(lane.sample_bits())));
    for (int l = 0; l < s.lanes(); ++l)
      for (const auto& [name, bits] :
           {std::pair{"offset_x", s.n.offset_bits()}, {"offset_y", s.n.offset_bits()}, {"logit", s.n.logit_bits()}}) {
        const auto port = fmt::format("{}_{}", name, l);
        output(m, port, engine.out(port, UInt(bits)));
      }
    auto finished = engine.out_stream("finished", UInt(s.rows_bits()));
    auto projected = stream(m, "projected_out", finished.valid & run.query, finished.data);
    output_stream(m, "projected", projected);

    m.note("Other results go to memory.");
    Instance buffer(m, "result_buffer", build_result_buffer(d, s));
    buffer.in("dense", run.dense), buffer.in("relu", input(m, "relu", Bool())), buffer.in("restart", start);
    buffer.in("result", engine.out("result", Results(s)));
    Instance map(m, "map_writer", build_map_writer(d, s));
    map.in("start", start);
    map.in("address", input(m, "map_address", UInt(s.address_bits())));
    map.in_stream("block", walk.out_stream("block", Block(s)));
    auto map_finished = stream(m, "map_finished", finished.valid & to_map, finished.data);
    map.in_stream("finished", map_finished);
    Instance dense(m, "dense_writer", build_dense_writer(d, s));
    dense.in("start", start);
    dense.in("address", input(m, "output_address", UInt(s.address_bits())));
    dense.in("stride", input(m, "output_stride", UInt(32)));
    dense.in("last_panel", input(m, "last_panel", Bool()));
    dense.in("tail", input(m, "tail", UInt(tail_bits(s))));
    dense.in("row_beats", input(m, "output_row_beats", UInt(WriteRequest::longest(s))));
    auto dense_finished = stream(m, "dense_finished", finished.valid & to_memory & run.dense, finished.data);
    dense.in_stream("finished", dense_finished);
    finished.ready.drive(mux(run.query, projected.ready, mux(run.dense, dense_finished.ready, map_finished.ready)));
    Bool freed = input(m, "freed", Bool());
    engine.in("freed", freed | map.out("freed", Bool()) | dense.out("freed", Bool()));

    const auto either = [&](const char* name, auto of_map, auto of_dense, auto&& choose) {
      auto chosen = stream(m, name, mux(run.dense, of_dense.valid, of_map.valid), choose(of_map.data, of_dense.data));
      of_map.ready.drive(chosen.ready & ~run.dense), of_dense.ready.drive(chosen.ready & run.dense);
      return chosen;
    };
    output_stream(m, "request",
                  either("write_request", map.out_stream("request", WriteRequest(s)),
                         dense.out_stream("request", WriteRequest(s)),
                         [&](const WriteRequest& a, const WriteRequest& b) { return mux(run.dense, b, a); }));
    buffer.in_stream("read",
                     either("read", map.out_stream("read", ResultRead(s)), dense.out_stream("read", ResultRead(s)),
                            [&](const ResultRead& a, const ResultRead& b) { return mux(run.dense, b, a); }));
    output_stream(m, "beat", buffer.out_stream("beat", UInt(s.data_bits())));
  });
}

}  // namespace quillgen::accel
