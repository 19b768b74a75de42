// The bench itself, and the checks of the interpreter that it relies on: a good block passes under all stalls, and a
// block with a planted mistake of each kind is caught.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "hdl/build.hpp"
#include "unit/stream_bench.hpp"

using namespace quillgen;
using namespace quillgen::hdl;
using test::StreamBench;

namespace {

struct Pair {
  UInt key{6};
  SInt value{9};
  QUILLGEN_FIELDS(key, value)
};

enum class Mistake { none, drops_payload, drops_valid, never_ready, sends_twice };

// One register between input and output; the value is negated.
void build_stage(Module& m, Mistake mistake) {
  auto in = input_stream(m, "in", Pair{});
  auto full = reg(m, "full", Bool(), 0);
  auto again = reg(m, "again", Bool(), 0);
  auto held = reg(m, "held", Pair{});
  Stream<Pair> out = stream<Pair>(m, "held", full, held);
  const Bool room = (!full) | (out.ready & (mistake == Mistake::sends_twice ? again : Bool::constant(m, true)));
  in.ready.drive(mistake == Mistake::never_ready ? Bool::constant(m, false) : room);
  const Bool fire = in.fire();
  const Pair negated{in.data.key, (-in.data.value).wrap(9)};
  held.when(mistake == Mistake::drops_payload ? in.valid : fire, negated);
  again.when(out.fire(), !again);
  if (mistake == Mistake::drops_valid) full.next(fire);
  else full.when(fire, true).when(room, false);
  discard(again);
  output_stream(m, "out", out);
}

// What goes wrong when 50 pairs are sent through a stage; "" when all arrive in order.
std::string run_stage(Mistake mistake, std::uint64_t seed, int stall_percent) {
  Module m("stage");
  build_stage(m, mistake);
  StreamBench bench(m, {.seed = seed, .stall_percent = stall_percent});
  std::vector<std::vector<std::int64_t>> wanted;
  for (int i = 0; i < 50; ++i) {
    bench.push("in", {i, i * 5 - 120});
    wanted.push_back({i < 32 ? i : i - 64, 120 - i * 5});
  }
  bench.expect("out", 50);
  try {
    bench.run(2000);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return bench.received_signed("out") == wanted ? "" : "wrong data";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a good stage passes under any stalls") {
  for (int stalls : {0, 10, 50, 90})
    for (std::uint64_t seed = 1; seed <= 20; ++seed) CHECK(run_stage(Mistake::none, seed, stalls) == "");
}

TEST_CASE("planted mistakes are caught, with path, seed and state") {
  const auto payload = run_stage(Mistake::drops_payload, 3, 50);
  CHECK(contains(payload, "stage: stream out changed while it was waiting"));
  CHECK(contains(payload, "stage, seed 3, stalls 50 %, cycle "));
  const auto valid = run_stage(Mistake::drops_valid, 4, 50);
  CHECK(contains(valid, "stage: stream out was withdrawn"));
  const auto hang = run_stage(Mistake::never_ready, 5, 0);
  CHECK(contains(hang, "hang: not finished after 2000 cycles"));
  CHECK(contains(hang, "input in: valid 1, ready 0, 0 taken, 50 queued"));
  CHECK(contains(hang, "output out: valid 0, ready 1, 0 of 50 received"));
  const auto twice = run_stage(Mistake::sends_twice, 6, 20);
  CHECK(contains(twice, "after all that was expected"));
}

TEST_CASE("values and streams that do not exist are refused") {
  Module m("stage");
  build_stage(m, Mistake::none);
  StreamBench bench(m);
  CHECK_THROWS_WITH(bench.push("in", {64, 0}), "64 does not fit the 6 bits of port in_key");
  CHECK_THROWS_WITH(bench.push("in", {1}), "stream in is an input of 2 words, given 1");
  CHECK_THROWS_WITH(bench.push("out", {1, 1}), "stream out is an output of 2 words, given 2");
  CHECK_THROWS_WITH(bench.expect("other", 1), "stage has no stream other");
}
