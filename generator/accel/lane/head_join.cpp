// Heads in their order, empty ones among them (NUMERICS.md N19), and of lanes that share the levels the sums of their
// parts.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Of each lane that has something of the head its part, of the others nothing; exact, since all of it fits.
void join_parts(Module& m, const Shapes& s) {
  m.describe("Adds up what the lanes that share the levels have of a head" +
             std::string(s.has_pruned_points()
                             ? "; one without live points takes no time in them, and its sums are zero."
                             : "."));
  m.parameter("level_lanes", s.level_lanes());
  std::vector<Stream<HeadMark>> marks;
  std::vector<Stream<HeadSums>> parts;
  Bool there = Bool::constant(m, true);
  for (int j = 0; j < s.level_lanes(); ++j) {
    auto part = parts.emplace_back(input_stream(m, fmt::format("sums_{}", j), HeadSums(s)));
    Bool come = part.valid;
    if (s.has_pruned_points()) {
      auto mark = marks.emplace_back(input_stream(m, fmt::format("mark_{}", j), HeadMark()));
      come = mark.valid & (mark.data.empty | part.valid);
      if (j > 0) discard(mark.data.last_of_query);
    }
    if (j > 0 || s.has_pruned_points()) discard(part.data.last_of_query);
    there = there & come;
  }
  there = there.named("is_there");
  HeadSums head(s);
  std::vector<UInt> channels;
  for (int c = 0; c < s.a.head_dim(); ++c) {
    std::vector<SInt> terms;
    for (std::size_t j = 0; j < parts.size(); ++j) {
      UInt sum = parts[j].data.sums.bits(c * s.head_acc_bits(), s.head_acc_bits());
      if (s.has_pruned_points()) sum = mux(marks[j].data.empty, UInt::constant(m, 0, sum.width()), sum);
      terms.push_back(sum.as_sint());
    }
    channels.push_back(lib::sum_tree(terms).wrap(s.head_acc_bits()).as_uint());
  }
  head.sums = lib::join(channels);
  head.last_of_query = s.has_pruned_points() ? marks[0].data.last_of_query : parts[0].data.last_of_query;
  auto all = stream(m, "parts", there, head);
  Bool take = all.fire().named("take");
  for (std::size_t j = 0; j < parts.size(); ++j) {
    if (!s.has_pruned_points()) {
      parts[j].ready.drive(take);
      continue;
    }
    marks[j].ready.drive(take);
    parts[j].ready.drive(take & ~marks[j].data.empty);
  }
  lib::Pipeline pipe(m, "sum", all);
  auto whole = pipe.stage("joined", head);
  auto out = pipe.finish(whole);
  output_stream(m, "head", out);
  output(m, "ends_query", out.fire() & whole.last_of_query);
}

}  // namespace

const Module& build_head_join(Design& d, const Shapes& s) {
  return d.module("head_join", s, [](Design&, Module& m, const Shapes& s) {
    if (s.level_lanes() > 1) return join_parts(m, s);
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
