// The order of queries (DOOQ): which query is worked on when. A permutation of numbers; no tensor is moved for it.
//
//   query_list --> bucket_sort --> reference_gather --> nearest_first --> issue
//
// Both stages are left out when their parameter says so. A sort reads the first word of every reference, twice.
#include "accel/blocks.hpp"
#include "accel/cache/region.hpp"
#include "accel/order/order.hpp"
#include "lib/choose.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// References that wait for the buffers of a group: of a group and of what the lanes take while rows are read.
int waiting_words(const Shapes& s) {
  const int queries = s.rows() + s.config.memory.latency_cycles * s.lanes() / s.a.samples_per_query() + 2;
  return power_of_two(queries * 2 * s.references());
}

struct Issued {
  UInt query;
  QUILLGEN_FIELDS(query)
};

}  // namespace

const Module& build_query_order(Design& d, const Shapes& s) {
  return d.module("query_order", s, [](Design& d, Module& m, const Shapes& s) {
    const Order& order = s.config.order;
    const bool sorts = order.bucket_bits > 0;
    m.describe(
        "Order of queries. From start on it gives each query that is wanted once: its number to those who read its row "
        "and write its outputs, and the words of its reference.");
    m.parameter("bucket_bits", order.bucket_bits);
    m.parameter("window", order.window);
    auto start = input(m, "start", Bool());
    auto keep = input(m, "keep", Bool());
    auto count = input(m, "count", UInt(s.query_bits()));

    m.note("Queries in the order of their arrival.");
    Instance list(m, "query_list", build_query_list(d, s));
    list.pass({"rows", "count", "listed", "data", "bad_entry"});
    list.pass("address", "list_address"), list.pass("data_valid", "list_valid"), list.pass("burst", "list_burst");
    if (s.has_epilogue()) list.pass("once");
    auto arrival = list.out_stream<UInt>("query");
    Bool begin_list;        // of a dense job, with an epilogue
    Stream<UInt> of_dense;  // rows that it names
    Bool dense;
    if (s.has_epilogue()) {
      m.note("The list of a dense job has no references and keeps its order.");
      dense = input(m, "dense", Bool()), begin_list = input(m, "start_list", Bool());
      of_dense = {arrival.data, arrival.valid & dense, ready_wire(m, "dense_room")};
      const Stream<UInt> of_queries{arrival.data, arrival.valid & ~dense, ready_wire(m, "arrival_room")};
      arrival.ready.drive(mux(dense, of_dense.ready, of_queries.ready));
      arrival = of_queries;
    }
    const auto begins = [&](const Bool& start) { return s.has_epilogue() ? start | begin_list : start; };

    m.note("Their references.");
    Instance gather(m, "reference_gather", build_reference_gather(d, s));
    gather.pass({"boxes", "data"});
    gather.pass("address", "reference_address"), gather.pass("data_valid", "reference_valid");
    gather.pass("burst", "reference_burst");
    if (s.has_epilogue()) gather.pass("stride", "reference_stride");
    auto words = gather.out_stream("word", QueryWord(s));
    Stream<QueryWord> candidates = words;
    if (sorts) {
      m.note("Sorted by the cell of their reference. During a sort all references go there.");
      Instance sort(m, "bucket_sort", build_bucket_sort(d, s));
      sort.pass({"start", "keep", "count", "held"});
      Bool sorting = sort.out<Bool>("takes");
      list.in("start", begins(sort.out<Bool>("begin_pass")));
      gather.in("first_word_only", sorting);
      gather.in_stream("query", lib::choose(m, "wanted", sorting, arrival, sort.out_stream<UInt>("query")));
      auto to_sort = stream(m, "to_sort", words.valid & sorting, words.data);
      sort.in_stream("reference", to_sort);
      candidates = stream(m, "candidates", (words.valid & ~sorting).named("candidates_valid"), words.data);
      words.ready.drive(mux(sorting, to_sort.ready, candidates.ready));
    } else {
      discard(keep);
      list.in("start", begins(start));
      gather.in("first_word_only", Bool::constant(m, false));
      gather.in_stream("query", arrival);
    }

    if (order.window > 1) {
      m.note("Nearest first.");
      Instance nearest(m, "nearest_first", build_nearest_first(d, s));
      nearest.pass({"start", "count"});
      nearest.in_stream("candidate", candidates);
      candidates = nearest.out_stream("issued", QueryWord(s));
    }

    m.note(
        "A query is issued when there is room for its number, until its outputs are written, and for its reference.");
    auto row_ready = ready_wire(m, "row_room"), result_ready = ready_wire(m, "result_room"),
         word_ready = ready_wire(m, "word_room");
    Bool room = (row_ready & result_ready).named("room");
    Bool ends = candidates.data.last;
    candidates.ready.drive(word_ready & (room | ~ends));
    Bool offered = (candidates.valid & ends).named("offered");
    Bool issued = (offered & candidates.ready).named("issued");
    tap(m, "order", Stream<Issued>{{candidates.data.query}, offered, candidates.ready});
    UInt query = candidates.data.query;
    Bool to_row = issued, to_result = issued;
    if (s.has_epilogue()) {
      auto gathers = input(m, "gathers", Bool()), scatters = input(m, "scatters", Bool());
      of_dense.ready.drive((row_ready | ~gathers) & (result_ready | ~scatters));
      Bool named = (of_dense.valid & of_dense.ready).named("row_named");
      query = mux(dense, of_dense.data, query);
      to_row = mux(dense, named & gathers, issued), to_result = mux(dense, named & scatters, issued);
    }
    const Stream<UInt> row{query, to_row, row_ready};
    output_stream(m, "row",
                  s.has_regions() ? lib::sram_fifo(d, m, "rows", row, power_of_two(planned_queries(s) + 4))
                                  : lib::fifo(d, m, "rows", row, 4));
    output_stream(m, "result",
                  lib::sram_fifo(d, m, "results", Stream<UInt>{query, to_result, result_ready},
                                 power_of_two(queries_in_flight(s) + planned_queries(s))));
    output_stream(
        m, "word",
        lib::sram_fifo(d, m, "words", Stream<UInt>{candidates.data.word, candidates.valid & (room | ~ends), word_ready},
                       waiting_words(s)));
    m.note("Whether a query could be issued, but none has been found yet.");
    auto left = reg(m, "left", UInt(s.query_bits()), 0);
    left.when(start, count).when(issued, lib::decrement(left));
    output(m, "late", (left != 0) & ~candidates.valid & word_ready & room);
  });
}

}  // namespace quillgen::accel
