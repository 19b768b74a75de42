// Heads in their order, empty ones among them (NUMERICS.md N19).
#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_head_join(Design& d, const Shapes& s) {
  return d.module("head_join", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Puts the aggregated heads in their order: a head without live points takes no time in the lane, and its sums "
        "are zero.");
    auto mark = input_stream(m, "mark", HeadMark());
    auto sums = input_stream(m, "sums", HeadSums(s));
    discard(sums.data.last_of_query);  // the last samples of a query may be dropped
    HeadSums head(s);
    std::vector<UInt> channels;
    for (const SInt& sum : lib::elements(sums.data.sums, s.a.head_dim(), s.head_acc_bits()))
      channels.push_back(mux(mark.data.empty, UInt::constant(m, 0, sum.width()), sum.as_uint()));
    head.sums = lib::join(channels);
    head.last_of_query = mark.data.last_of_query;
    auto out = stream(m, "joined", (mark.valid & (mark.data.empty | sums.valid)).named("is_there"), head);
    mark.ready.drive(out.ready & (mark.data.empty | sums.valid));
    sums.ready.drive(out.ready & mark.valid & ~mark.data.empty);
    output_stream(m, "head", out);
    output(m, "ends_query", out.fire() & head.last_of_query);
  });
}

}  // namespace quillgen::accel
