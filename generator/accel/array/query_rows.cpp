// Where the rows of the queries lie, in the order in which they are worked on.
#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_query_rows(Design& d, const Shapes& s) {
  return d.module("query_rows", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Address of the row of each query, and which is the last of its group. start comes before all are taken.");
    m.parameter("rows", s.rows());
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));

    m.note("Queries come from before the start on: their rows are asked for when the array turns to them.");
    auto address = row_addresses(m, s, input_stream(m, "query", UInt(s.index_bits())), base, stride);
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto number = reg(m, "row_of_group", UInt(Shapes::bits(s.rows())), 0);
    RowAddress row(s);
    row.address = address.data;
    row.last_of_group = (lib::is_last(number, s.rows()) | (remaining == 1)).named("last_row");
    auto out = stream(m, "row_out", address.valid & (remaining != 0), row);
    address.ready.drive(out.ready & (remaining != 0));
    Bool next = out.fire().named("next_row");
    remaining.when(start, queries).when(next, lib::decrement(remaining));
    number.when(next & row.last_of_group, 0).when(next, lib::increment(number));
    output_stream(m, "row", out);
  });
}

}  // namespace quillgen::accel
