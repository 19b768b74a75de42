// Collects the outputs of a query into a row for the writer.
#include "accel/array/gemm.hpp"
#include "accel/array/row_resize.hpp"
#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_output_rows(Design& d, const Shapes& s) {
  return d.module("output_rows", s, [](Design& d, Module& m, const Shapes& s) {
    const int element = s.has_epilogue() ? s.result_element_bits() : s.row_element_bits(),
              beats = output_row_beats(s.config);
    m.describe(s.has_epilogue() ? "Collects the outputs of a query into the words of its row."
                                : "Collects the outputs of a query into the beats of its row.");
    m.parameter("row_beats", beats);
    auto start = input(m, "start", Bool());
    auto base = input(m, "address", UInt(s.address_bits()));
    auto stride = input(m, "stride", UInt(32));
    auto in = input_stream(m, "output", OutputGroup(s));
    discard(in.data.last);
    discard(start);  // not needed where a group of outputs is a beat

    m.note("A request for the row of each query, in the order in which they were worked on.");
    auto address = row_addresses(m, s, input_stream(m, "query", UInt(s.index_bits())), base, stride);
    WriteRequest row(s);
    row.address = address.data;
    row.beats = UInt::constant(m, static_cast<std::uint64_t>(beats), WriteRequest::longest(s));
    output_stream(m, "request", Stream<WriteRequest>{row, address.valid, address.ready});

    m.note(s.has_epilogue() ? "Values, sign-extended; groups become words of as many as a beat has."
                            : "Values as whole bytes, sign-extended; groups become beats.");
    std::vector<SInt> values;
    for (const SInt& v : lib::elements(in.data.values, s.projection_columns(), s.projected_bits()))
      values.push_back(v.extend(element));
    output_stream(m, s.has_epilogue() ? "word" : "beat",
                  resize_rows(d, m, "collect", Stream<UInt>{lib::join(values), in.valid, in.ready},
                              s.projection_groups(), s.row_unit() * element, beats, start));
  });
}

}  // namespace quillgen::accel
