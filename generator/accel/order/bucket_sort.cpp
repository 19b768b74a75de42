// First stage of the order of queries: a counting sort by the cell of a grid that their reference lies in. One pass
// over the references counts, a second one gives every query its place.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_bucket_sort(Design& d, const Shapes& s) {
  return d.module("bucket_sort", s, [](Design&, Module& m, const Shapes& s) {
    const int bits = s.config.order.bucket_bits, cells = 1 << 2 * bits;
    const bool in_strips = s.config.order.curve == strip_curve;
    m.describe(
        fmt::format("Counting sort of the queries by the cell that their reference in the first level lies in, cells "
                    "{}; queries of a cell stay in the order of their arrival. The order is kept until the next sort.",
                    in_strips ? "in vertical strips" : "along a Hilbert curve"));
    m.parameter("bucket_bits", bits);
    if (in_strips) m.parameter("strips", order_strips(s.config));
    m.parameter("cells", cells);
    m.parameter("max_queries", s.a.max_queries);
    auto start = input(m, "start", Bool());
    auto keep = input(m, "keep", Bool());  // use the order that is held
    auto count = input(m, "count", UInt(s.query_bits()));
    auto in = input_stream(m, "reference", QueryWord(s));
    discard(in.data.last);

    m.note("Counts of the cells are cleared, counted, summed up to where each begins; then every query has its place.");
    constexpr int idle = 0, clear = 1, counting = 2, sum = 3, placing = 4;
    auto state = reg(m, "state", UInt(3), idle).values({"idle", "clear", "count", "sum", "place"});
    Bool is_clear = (state == clear).named("is_clear"), is_counting = (state == counting).named("is_counting"),
         is_sum = (state == sum).named("is_sum"), is_placing = (state == placing).named("is_placing"),
         takes = (is_counting | is_placing).named("takes_references");
    auto cell = reg(m, "cell_number", UInt(2 * bits), 0);
    auto left = reg(m, "left", UInt(s.query_bits()));  // references of the pass
    Bool last_cell = lib::is_last(cell, cells).named("last_cell");

    m.note("A reference: take it, read the count of its cell, write it back.");
    constexpr int take = 0, read = 1, write = 2;
    auto step = reg(m, "step", UInt(2), take).values({"take", "read", "write"});
    Bool is_read = (step == read).named("is_read"), is_write = (step == write).named("is_write");
    in.ready.drive(takes & (step == take));
    Bool taken = in.fire().named("taken");
    auto column = reg(m, "column", UInt(bits)), row = reg(m, "row", UInt(bits));
    column.when(taken, map_coordinate(in.data.word, 0, bits)), row.when(taken, map_coordinate(in.data.word, 1, bits));
    auto query = reg(m, "counted_query", UInt(s.index_bits()));
    query.when(taken, in.data.query);
    UInt place_on_curve = cell_number(s, column, row).named("place_on_curve");
    auto counted_cell = reg(m, "counted_cell", UInt(2 * bits));
    counted_cell.when(is_read, place_on_curve).when(is_sum, cell);
    step.when(taken, read).when(is_read, write).when(is_write, take);
    Bool end_of_pass = (is_write & (left == 1)).named("end_of_pass");

    m.note("Running sum: a cell is read while the one before it is written.");
    auto summing = reg(m, "summing", Bool(), 0);  // the cell of the last cycle was read
    summing.next(is_sum);
    auto begin = reg(m, "cell_begin", UInt(s.query_bits()));  // of the cell: queries in all cells before it

    Ram counts(m, "counts", cells, s.query_bits(), 1);
    UInt number = counts.read(mux(is_sum, cell, place_on_curve), is_sum | is_read).named("number");
    Bool enter = is_write.named("enter");
    counts.write(is_clear | enter | summing, mux(is_clear, cell, counted_cell),
                 mux(is_clear, UInt::constant(m, 0, s.query_bits()), mux(summing, begin, lib::increment(number))));
    begin.when(is_clear, 0).when(summing, (begin + number).wrap(s.query_bits()));
    cell.when(is_clear | is_sum, lib::next_index(cell, cells));
    Bool begin_sort = (start & ~keep).named("begin_sort");
    Bool to_place = (summing & ~is_sum).named("to_place");
    Bool to_count = (is_clear & last_cell).named("to_count");
    state.when(begin_sort, clear)
        .when(to_count, counting)
        .when((state == counting) & end_of_pass, sum)
        .when(is_sum & last_cell, idle)
        .when(to_place, placing)
        .when(is_placing & end_of_pass, idle);
    left.when(to_count | to_place, count).when(is_write, lib::decrement(left));
    output(m, "begin_pass", to_count | to_place);
    output(m, "takes", takes);

    m.note("The order: number of the query at each place.");
    Ram order(m, "order", s.a.max_queries, s.index_bits(), 1);
    order.write(is_write & is_placing, number.resize(s.index_bits()), query);
    Bool sorted = (is_placing & end_of_pass).named("sorted");
    auto held = reg(m, "held", UInt(s.query_bits()), 0);  // queries in the order that is held; 0: none is
    held.when(begin_sort, 0).when(sorted, count);
    output(m, "held", held);
    auto to_issue = reg(m, "to_issue", UInt(s.query_bits()), 0);
    auto place = reg(m, "place", UInt(s.index_bits()));
    auto read_valid = reg(m, "read_valid", Bool(), 0);
    auto out_ready = ready_wire(m, "out_ready");
    Bool next = ((to_issue != 0) & (~read_valid | out_ready)).named("next_place");
    to_issue.when(sorted | (start & keep), count).when(next, lib::decrement(to_issue));
    place.when(sorted | start, 0).when(next, lib::increment(place));
    read_valid.when(next, true).when(out_ready, false);
    UInt ordered = order.read(place, next);
    output_stream(m, "query", Stream<UInt>{ordered, read_valid, out_ready});
  });
}

}  // namespace quillgen::accel
