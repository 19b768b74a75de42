// Golden text of the Verilog printer: small modules, one or more for every rule of printing, compared with the files of
// this folder. `--update` rewrites the files.
#include <fmt/core.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "emit/verilog.hpp"
#include "hdl/build.hpp"
#include "passes/verify.hpp"

using namespace quillgen;
using namespace quillgen::hdl;

namespace {

// Operators, constants and literals; sums with and without carry; signed operators behind $signed.
void build_operators(Module& m) {
  m.describe("Every operator once. The header carries this sentence and the parameters.");
  m.parameter("width", 8);
  const auto a = input(m, "a", UInt(8)), b = input(m, "b", UInt(8));
  const auto s = input(m, "s", SInt(8)), t = input(m, "t", SInt(8));
  const auto n = input(m, "n", UInt(3));
  output(m, "sum", a + b), output(m, "difference", a - b), output(m, "product", a * b);
  output(m, "signed_sum", s + t), output(m, "signed_product", s * t), output(m, "scaled", s * -128);
  output(m, "logic_mix", (a & b) | (a ^ ~b));
  output(m, "less", a < b), output(m, "signed_less", s < t), output(m, "below", s < -3), output(m, "differ", a != b);
  output(m, "left", shift_left(a, n)), output(m, "right", shift_right(a, n)),
      output(m, "arithmetic", shift_right(s, n));
  output(m, "masked", a & 0xF0), output(m, "word", concat({a, b, a.bits(2, 3)}));
  output(m, "wide", s.extend(80)), output(m, "padded", b.extend(70));
}

// Single-use logic is written in place, shared and named values get nets; nested choices.
void build_sharing(Module& m) {
  const auto a = input(m, "a", UInt(8)), b = input(m, "b", UInt(8));
  const auto p = input(m, "p", Bool()), q = input(m, "q", Bool());
  const UInt shared = a ^ b;
  const UInt once = (a & b).named("both");
  output(m, "x", mux(p & !q, shared, once)), output(m, "y", mux(p, a, mux(q, b, shared)));
  output(m, "z", ((a + b).wrap(8) ^ once) | shared);
}

// Registers: reset, enables in order, neighbours in one block, a register that is a port, named states, which keep
// their names in choices and comparisons.
void build_registers(Module& m) {
  const auto d = input(m, "d", UInt(8));
  const auto load = input(m, "load", Bool()), clear = input(m, "clear", Bool());
  m.note("Neighbours with equal conditions share a block.");
  auto first = reg(m, "first", UInt(8), 0), second = reg(m, "second", UInt(8), 0x80);
  first.when(load, d), second.when(load, first);
  auto counter = reg(m, "counter", UInt(8), 255);
  counter.when(clear, 0).when(load, (counter + 1).wrap(8));
  auto plain = reg(m, "plain", UInt(8));
  plain.next(second);
  const auto state = reg(m, "state", UInt(2), 0).values({"idle", "busy", "done"});
  Reg<UInt> next = state;
  const UInt after = mux(clear, UInt::constant(m, 0, 2), mux(d == 0, UInt::constant(m, 2, 2), state));
  next.when((state == 0) & load, 1).when(state == 1, after).when(clear, 0);
  output(m, "done", state == 2), output(m, "leaves", after == 0);
  output(m, "counter", counter), output(m, "q", plain);
}

// Memories of both latencies, a table, dropped bits.
void build_storage(Module& m) {
  const auto we = input(m, "we", Bool()), re = input(m, "re", Bool());
  const auto wa = input(m, "wa", UInt(4)), ra = input(m, "ra", UInt(4));
  const auto d = input(m, "d", UInt(12));
  Ram sram(m, "sram", 16, 12, 1), regs(m, "regs", 10, 12, 0);
  sram.write(we, wa, d), regs.write(we, wa, d);
  output(m, "late", sram.read(ra, re));
  output(m, "now", regs.read(ra, true).bits(0, 7));
  output(m, "entry", rom(ra.bits(0, 2), {3, 9, 27, 81}, 7));
}

// Instances, one with a reset of its own, streams with their checks where they are made, an assertion, a value that is
// discarded twice.
void build_parent(Module& m, const Module& stage) {
  auto in = input_stream(m, "data_in", UInt(8));
  Instance u(m, "stage", stage);
  u.in_stream("data_in", in);
  auto flush = reg(m, "flush", Bool(), 1);
  flush.next(input(m, "drop", Bool()));
  u.reset(flush);
  auto out = u.out_stream("data_out", UInt(8));
  m.add_assertion("the output stays below 255", (out.data < 255).id());
  const auto spare = input(m, "spare", UInt(3));
  discard(spare), discard(spare);
  output_stream(m, "data_out", out);
}
void build_stage(Module& m) {
  auto in = input_stream(m, "data_in", UInt(8));
  auto full = reg(m, "full", Bool(), 0);
  auto held = reg(m, "held", UInt(8));
  auto out = stream<UInt>(m, "held", full, held);
  in.ready.drive((!full) | out.ready);
  full.when(in.fire(), true).when(out.ready, false);
  held.when(in.fire(), in.data);
  output_stream(m, "data_out", out);
}

// An instance whose clock stops, with a reset of its own.
void build_gated(Module& m, const Module& stage) {
  auto in = input_stream(m, "data_in", UInt(8));
  auto flush = reg(m, "flush", Bool(), 1), run = reg(m, "run", Bool(), 0);
  flush.next(input(m, "drop", Bool())), run.next(input(m, "wanted", Bool()));
  Instance u(m, "stage", stage);
  u.in_stream("data_in", in);
  u.reset(flush), u.clock_enable(run);
  output_stream(m, "data_out", u.out_stream("data_out", UInt(8)));
}

struct Seen {
  UInt value, place, idle;
  QUILLGEN_FIELDS(value, place, idle)
};

// What a tap alone reads has a net too: a handshake and a value made for it, a register, and parts of a bus.
void build_tapped(Module& m) {
  auto in = input_stream(m, "data_in", UInt(8));
  const auto watched = input(m, "watched", Bool());
  auto count = reg(m, "count", UInt(4), 0);
  count.when(in.fire(), (count + 1).wrap(4));
  const auto idle = reg(m, "idle", UInt(3), 0);
  Reg<UInt> next_idle = idle;
  next_idle.when(~in.valid, (idle + 1).wrap(3));
  const Seen values{in.data ^ 0x55, in.data.bits(2, 3), idle};
  auto seen = stream(m, "seen", in.valid & watched & (count != 0), values);
  seen.ready.drive(~watched | in.valid);
  tap(m, "seen", seen);
  in.ready.drive(watched);
  output(m, "total", count);
}

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A module, how it is reset, and what its file is called after the module's name.
struct Golden {
  const Module& module;
  Reset reset;
  const char* suffix;
};

// The first line in which two texts differ.
std::string difference(const std::string& want, const std::string& got) {
  std::size_t line = 1, at = 0;
  while (at < want.size() && at < got.size() && want[at] == got[at]) line += want[at++] == '\n';
  auto text = [&](const std::string& s) {
    const auto start = s.rfind('\n', at == 0 ? 0 : at - 1) + 1;
    return s.substr(start, s.find('\n', start) - start);
  };
  return fmt::format("line {}:\n  - {}\n  + {}", line, text(want), text(got));
}

}  // namespace

int main(int argc, char** argv) {
  const bool update = argc > 1 && std::strcmp(argv[1], "--update") == 0;
  Design design;
  design.module("operators", build_operators);
  design.module("sharing", build_sharing);
  design.module("registers", build_registers);
  design.module("storage", build_storage);
  const Module& stage = design.module("stage", build_stage);
  design.module("parent", [&](Module& m) { build_parent(m, stage); });
  const Module& gated = design.module("gated", [&](Module& m) { build_gated(m, stage); });
  design.module("tapped", build_tapped);
  std::vector<Golden> all;
  for (const auto& m : design.modules()) all.push_back({*m, Reset::sync_high, ""});
  all.push_back({gated, Reset::sync_low, "_sync_low"});
  for (const Module* m : {&gated, &stage}) all.push_back({*m, Reset::async_low, "_async_low"});
  int wrong = 0;
  for (const auto& [m, reset, suffix] : all) {
    passes::verify_or_throw(m);
    const std::string file = fmt::format("{}/{}{}.v", GOLDEN, m.name(), suffix);
    const std::string text = emit::print_module(m, {.reset = reset}).verilog;
    if (update) std::ofstream(file, std::ios::binary) << text;
    else if (const std::string want = read(file); want != text)
      ++wrong, fmt::print("{}: {}\n", file, want.empty() ? "missing" : difference(want, text));
  }
  fmt::print("{} golden files {}, {} differ\n", all.size(), update ? "rewritten" : "compared", wrong);
  if (wrong != 0) fmt::print("if the change is intended: {} --update\n", argv[0]);
  return wrong == 0 ? 0 : 1;
}
