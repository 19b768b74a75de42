// Collects the outputs of a query into a row for the writer.
#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "accel/gemm.hpp"
#include "accel/row_resize.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_output_rows(Design& d, const Shapes& s) {
  return d.module("output_rows", [&](Module& m) {
    const int element = 8 * element_bytes(s.n.output_bits), beats = output_row_beats(s.config);
    m.describe("Collects the outputs of a query into the beats of its row.");
    m.parameter("row_beats", beats);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto in = input_stream(m, "output", OutputGroup(s));
    discard(in.data.last);

    m.note("A request for each row.");
    auto rows = reg(m, "rows", UInt(s.query_bits()), 0);
    auto address = reg(m, "row_address", UInt(s.address_bits()));
    WriteRequest row(s);
    row.address = address;
    row.beats = UInt::constant(m, static_cast<std::uint64_t>(beats), WriteRequest::longest(s));
    auto request = stream(m, "row_request", rows != 0, row);
    rows.when(start, queries).when(request.fire(), lib::decrement(rows));
    address.when(start, base).when(request.fire(), lib::move_address(address, stride));
    output_stream(m, "request", request);

    m.note("Values as whole bytes, sign-extended; groups become beats.");
    std::vector<SInt> values;
    for (const SInt& v : lib::elements(in.data.values, s.projection_columns(), s.n.output_bits))
      values.push_back(v.extend(element));
    output_stream(m, "beat",
                  resize_rows(d, m, "collect", Stream<UInt>{lib::join(values), in.valid, in.ready},
                              s.projection_groups(), s.data_bits(), beats, start));
  });
}

}  // namespace quillgen::accel
