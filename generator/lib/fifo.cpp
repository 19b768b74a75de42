#include "lib/fifo.hpp"

#include <fmt/core.h>

#include <cassert>

#include "lib/counter.hpp"

namespace quillgen::lib {

using namespace hdl;
using detail::Word;

namespace {

struct Size {
  int width, depth;
  bool operator==(const Size&) const = default;
};

void fifo_netlist(Design&, Module& m, const Size& size) {
  const auto [width, depth] = size;
  m.describe("First-in first-out buffer on a register file.");
  m.printed_as("fifo", {{"WIDTH", width}, {"DEPTH", depth}});
  auto in = input_stream(m, "in", Word{UInt(width)});

  auto count = reg(m, "count", UInt(value_bits(static_cast<std::uint64_t>(depth))), 0);
  auto write_index = reg(m, "write_index", UInt(index_bits(static_cast<std::uint64_t>(depth))), 0);
  auto read_index = reg(m, "read_index", UInt(index_bits(static_cast<std::uint64_t>(depth))), 0);
  Ram words(m, "words", depth, width, 0);

  in.ready.drive(count != depth);
  auto push = in.fire().named("push");
  words.write(push, write_index, in.data.data);
  auto out = stream(m, "out_data", count != 0, Word{words.read(read_index, true)});
  auto pop = out.fire().named("pop");

  write_index.when(push, next_index(write_index, depth));
  read_index.when(pop, next_index(read_index, depth));
  count.when(push & !pop, (count + 1).wrap(count.width())).when(pop & !push, (count - 1).as_uint().wrap(count.width()));
  output_stream(m, "out", out);
}

void sram_fifo_netlist(Design& d, Module& m, const Size& size) {
  const auto [width, depth] = size;
  m.describe(
      "First-in first-out buffer on an SRAM. A word is read ahead only when the small output buffer has room for it.");
  m.printed_as("sram_fifo", {{"WIDTH", width}, {"DEPTH", depth}});
  constexpr int ahead =
      3;  // a word in the SRAM's read register and the output buffer, so that a word leaves in every cycle
  auto in = input_stream(m, "in", Word{UInt(width)});

  auto stored = reg(m, "stored", UInt(value_bits(static_cast<std::uint64_t>(depth))), 0);  // words in the SRAM
  auto write_index = reg(m, "write_index", UInt(index_bits(static_cast<std::uint64_t>(depth))), 0);
  auto read_index = reg(m, "read_index", UInt(index_bits(static_cast<std::uint64_t>(depth))), 0);
  Ram words(m, "words", depth, width, 1);

  in.ready.drive(stored != depth);
  auto push = in.fire().named("push");
  words.write(push, write_index, in.data.data);

  m.note("Words taken from the SRAM and not yet out.");
  auto taken = reg(m, "taken", UInt(2), 0);
  auto fetch = ((stored != 0) & (taken != ahead)).named("fetch");
  auto fetched = reg(m, "fetched", Bool(), 0);
  fetched.next(fetch);
  auto arrived = stream(m, "arrived", fetched, Word{words.read(read_index, fetch)});
  auto out = fifo(d, m, "ahead", arrived, ahead);
  auto pop = out.fire().named("pop");
  taken.when(fetch & !pop, (taken + 1).wrap(2)).when(pop & !fetch, (taken - 1).as_uint().wrap(2));

  write_index.when(push, next_index(write_index, depth));
  read_index.when(fetch, next_index(read_index, depth));
  stored.when(push & !fetch, (stored + 1).wrap(stored.width()))
      .when(fetch & !push, (stored - 1).as_uint().wrap(stored.width()));
  m.add_assertion("the output buffer has room", (~fetched | arrived.ready).id());
  output_stream(m, "out", out);
}

}  // namespace

const Module& build_fifo(Design& d, int width, int depth) {
  return d.module(fmt::format("fifo_{}x{}", width, depth), Size{width, depth}, fifo_netlist);
}

const Module& build_sram_fifo(Design& d, int width, int depth) {
  assert(depth >= 2 && (depth & (depth - 1)) == 0);
  return d.module(fmt::format("sram_fifo_{}x{}", width, depth), Size{width, depth}, sram_fifo_netlist);
}

}  // namespace quillgen::lib
