// The order of queries (DOOQ): which query is worked on when. A permutation of numbers; no tensor is moved for it.
//
//   query_list --> bucket_sort --> reference_gather --> nearest_first --> issue
//
// Both stages are left out when their parameter says so. A sort reads the first word of every reference, twice.
#include "accel/blocks.hpp"
#include "accel/order.hpp"
#include "accel/region.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// References that wait for the buffers of a group: of a group and of what the lanes take while rows are read.
int waiting_words(const Shapes& s) {
  const int queries = s.rows() + s.config.memory.latency_cycles * s.lanes() / s.a.samples_per_query() + 2;
  return power_of_two(queries * 2 * s.a.levels);
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
    auto boxes = input(m, "boxes", Bool());
    auto data = input(m, "data", UInt(s.data_bits()));

    m.note("Queries in the order of their arrival.");
    Instance list(m, "query_list", build_query_list(d, s));
    for (const char* port : {"rows", "count"})
      list.in(port, port[0] == 'c' ? count : input(m, port, UInt(s.query_bits())));
    list.in("listed", input(m, "listed", Bool()));
    list.in("address", input(m, "list_address", UInt(s.address_bits())));
    list.in("data", data), list.in("data_valid", input(m, "list_valid", Bool()));
    output_stream(m, "list_burst", list.out_stream("burst", BurstRequest(s)));
    output(m, "bad_entry", list.out("bad_entry", Bool()));
    auto arrival = list.out_stream("query", UInt(s.index_bits()));

    m.note("Their references.");
    Instance gather(m, "reference_gather", build_reference_gather(d, s));
    gather.in("boxes", boxes);
    gather.in("address", input(m, "reference_address", UInt(s.address_bits())));
    gather.in("data", data), gather.in("data_valid", input(m, "reference_valid", Bool()));
    output_stream(m, "reference_burst", gather.out_stream("burst", BurstRequest(s)));
    auto words = gather.out_stream("word", QueryWord(s));
    Stream<QueryWord> candidates = words;
    if (sorts) {
      m.note("Sorted by the cell of their reference. During a sort all references go there.");
      Instance sort(m, "bucket_sort", build_bucket_sort(d, s));
      sort.in("start", start), sort.in("keep", keep), sort.in("count", count);
      Bool sorting = sort.out("takes", Bool());
      list.in("start", sort.out("begin_pass", Bool()));
      output(m, "held", sort.out("held", UInt(s.query_bits())));
      auto sorted = sort.out_stream("query", UInt(s.index_bits()));
      auto wanted =
          stream(m, "wanted", mux(sorting, arrival.valid, sorted.valid), mux(sorting, arrival.data, sorted.data));
      arrival.ready.drive(wanted.ready & sorting), sorted.ready.drive(wanted.ready & ~sorting);
      gather.in("first_word_only", sorting);
      gather.in_stream("query", wanted);
      auto to_sort = stream(m, "to_sort", words.valid & sorting, words.data);
      sort.in_stream("reference", to_sort);
      candidates = stream(m, "candidates", words.valid & ~sorting, words.data);
      words.ready.drive(mux(sorting, to_sort.ready, candidates.ready));
    } else {
      discard(keep);
      list.in("start", start);
      gather.in("first_word_only", Bool::constant(m, false));
      gather.in_stream("query", arrival);
    }

    if (order.window > 1) {
      m.note("Nearest first.");
      Instance nearest(m, "nearest_first", build_nearest_first(d, s));
      nearest.in("start", start), nearest.in("count", count);
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
    const UInt query = candidates.data.query;
    const Stream<UInt> row{query, issued, row_ready};
    output_stream(m, "row",
                  s.has_regions() ? lib::sram_fifo(d, m, "rows", row, power_of_two(planned_queries(s) + 4))
                                  : lib::fifo(d, m, "rows", row, 4));
    output_stream(m, "result",
                  lib::sram_fifo(d, m, "results", Stream<UInt>{query, issued, result_ready},
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
