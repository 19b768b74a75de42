// The interpreter beyond single operations: state, memories, wide values, hierarchy, checks and its own refusals.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <chrono>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "interp/interpreter.hpp"

using namespace quillgen::hdl;
using quillgen::interp::Interpreter;
using quillgen::interp::InterpreterError;

namespace {

template <class F>
std::string error(F&& action) {
  try {
    action();
  } catch (const InterpreterError& e) {
    return e.what();
  }
  return "no error";
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("reset has priority, then the first update whose condition holds") {
  Module m("top");
  auto a = input(m, "a", UInt(8)), b = input(m, "b", UInt(8));
  auto first = input(m, "first", Bool()), second = input(m, "second", Bool());
  auto r = reg(m, "r", UInt(8), 77);
  r.when(first, a).when(second, b);
  auto always = reg(m, "steady", UInt(8));
  always.when(first, r);
  always.next(a);
  output(m, "r", r), output(m, "steady", always);
  Interpreter sim(m);
  sim.set("a", 5), sim.set("b", 6), sim.set("first", 1), sim.set("second", 1);
  sim.set_reset(true);
  sim.step();
  CHECK(sim.get("r") == 77);
  sim.set_reset(false);
  sim.step();
  CHECK(sim.get("r") == 5);
  CHECK(sim.get("steady") == 77);  // the value before the edge
  sim.set("first", 0);
  sim.step();
  CHECK(sim.get("r") == 6);
  CHECK(sim.get("steady") == 5);
  sim.set("second", 0), sim.set("b", 9);
  sim.step();
  CHECK(sim.get("r") == 6);
  CHECK(sim.cycle() == 4);
}

TEST_CASE("an instance with a reset of its own, and all below it, restarts without the others") {
  Design d;
  const auto counter = [](Module& m) {
    auto r = reg(m, "r", UInt(8), 5);
    r.next((r + 1).wrap(8));
    output(m, "q", r);
  };
  const Module& inner = d.module("inner", counter);
  const Module& middle = d.module("middle", [&](Module& m) {
    Instance u(m, "u", inner);
    output(m, "q", u.out("q", UInt(8)));
  });
  const Module& top = d.module("top", [&](Module& m) {
    auto clear = reg(m, "clear", Bool(), 0);
    clear.next(input(m, "drop", Bool()));
    Instance u(m, "u", middle), other(m, "other", inner);
    u.reset(clear);
    output(m, "q", u.out("q", UInt(8)));
    output(m, "other", other.out("q", UInt(8)));
  });
  Interpreter sim(top);
  sim.set("drop", 0);
  sim.set_reset(true);
  sim.step();
  sim.set_reset(false);
  for (int i = 0; i < 3; ++i) sim.step();
  CHECK(sim.get("q") == 8);
  CHECK(sim.get("other") == 8);
  sim.set("drop", 1);
  sim.step();
  sim.set("drop", 0);
  CHECK(sim.get("q") == 9);
  sim.step();
  CHECK(sim.get("q") == 5);
  CHECK(sim.get("other") == 10);
  sim.step();
  CHECK(sim.get("q") == 6);
}

TEST_CASE("an instance in an instance, each with a reset of its own") {
  Design d;
  const Module& inner = d.module("inner", [](Module& m) {
    auto r = reg(m, "r", UInt(8), 5);
    r.next((r + 1).wrap(8));
    output(m, "q", r);
  });
  const auto restart = [](Module& m, const Module& child) {
    auto clear = reg(m, "clear", Bool(), 0);
    clear.next(input(m, "drop", Bool()));
    Instance u(m, "u", child);
    u.reset(clear);
    output(m, "q", u.out("q", UInt(8)));
    return u;
  };
  const Module& middle = d.module("middle", [&](Module& m) { restart(m, inner); });
  const Module& top =
      d.module("top", [&](Module& m) { restart(m, middle).in("drop", input(m, "inner_drop", Bool())); });
  Interpreter sim(top);
  for (const char* drop : {"drop", "inner_drop"}) {
    sim.set("drop", 0), sim.set("inner_drop", 0);
    sim.set_reset(true), sim.step(), sim.set_reset(false);
    for (int i = 0; i < 3; ++i) sim.step();
    sim.set(drop, 1), sim.step(), sim.set(drop, 0);
    CHECK(sim.get("q") == 9);
    sim.step();
    CHECK(sim.get("q") == 5);
  }
}

TEST_CASE("a stopped clock holds registers and memories, except in synchronous reset") {
  Design d;
  const Module& child = d.module("child", [](Module& m) {
    auto count = reg(m, "count", UInt(8), 5), free = reg(m, "free", UInt(8));
    count.next((count + 1).wrap(8)), free.next(count);
    Ram words(m, "words", 2, 8, 1);
    const UInt zero = UInt::constant(m, 0, 1);
    auto even = reg(m, "even", Bool(), 0);
    even.next(!even);
    words.write(!even, zero, count);
    output(m, "count", count), output(m, "free", free);
    output(m, "word", words.read(zero, even));
  });
  const Module& top = d.module("top", [&](Module& m) {
    auto run = reg(m, "run", Bool(), 0);
    run.next(input(m, "go", Bool()));
    Instance u(m, "u", child);
    u.clock_enable(run);
    for (const char* port : {"count", "free", "word"}) output(m, port, u.out(port, UInt(8)));
  });
  for (const bool asynchronous : {false, true}) {
    Interpreter sim(top);
    sim.set_asynchronous_reset(asynchronous);
    sim.set("go", 1), sim.set_reset(true);
    CHECK((sim.get("count") == 5) == asynchronous);  // the seed makes another value
    const auto free = sim.get("free");
    sim.step(), sim.step();
    CHECK(sim.get("count") == 5);
    CHECK(sim.get("free") == (asynchronous ? free : 5));
    sim.set_reset(false);
    sim.step();
    CHECK(sim.get("count") == 5);  // run is 0 yet
    for (int i = 0; i < 4; ++i) sim.step();
    CHECK(sim.get("count") == 9);
    sim.set("go", 0), sim.step();
    const auto held = sim.get("free"), word = sim.get("word");
    for (int i = 0; i < 5; ++i) {
      CHECK(sim.get("count") == 10);
      CHECK(sim.get("free") == held);
      CHECK(sim.get("word") == word);
      sim.step();
    }
    sim.set("go", 1), sim.step(), sim.step();
    CHECK(sim.get("count") == 11);
    CHECK(sim.get("free") == 10);
    for (int i = 0; i < 4; ++i) sim.step();
    CHECK(sim.get("word") != word);
  }
}

TEST_CASE("what was never written depends on the seed") {
  Module m("top");
  auto r = reg(m, "r", UInt(100));
  r.when(input(m, "en", Bool()), input(m, "d", UInt(100)));
  Ram ram(m, "ram", 16, 64, 0);
  auto address = input(m, "address", UInt(4));
  ram.write(input(m, "we", Bool()), address, r.bits(0, 64));
  output(m, "r", r), output(m, "q", ram.read(address, true));
  Interpreter one(m), again(m, 1), two(m, 2), zero(m, 0);
  const int q = one.port("r");
  CHECK(one.get_wide(q) == again.get_wide(q));
  CHECK(one.get_wide(q) != two.get_wide(q));
  CHECK((one.get_wide(q)[1] >> 36) == 0);
  CHECK(one.get("q") != two.get("q"));
  CHECK(zero.get_wide(q) == std::vector<std::uint64_t>{0, 0});
  CHECK(zero.get("q") == 0);
}

TEST_CASE("registers are exchanged at the edge, through two levels of instances") {
  Design design;
  const Module& cell = design.module("cell", [](Module& m) {
    auto q = reg(m, "q", UInt(70), 1);
    q.next(input(m, "d", UInt(70)));
    output(m, "q", q);
  });
  const Module& pair = design.module("pair", [&](Module& m) {
    Instance a(m, "a", cell), b(m, "b", cell);
    a.in("d", input(m, "d", UInt(70)));
    b.in("d", a.out("q", UInt(70)));
    output(m, "q", b.out("q", UInt(70)));
  });
  const Module& ring = design.module("ring", [&](Module& m) {
    Instance x(m, "x", pair), y(m, "y", pair);
    const UInt back = y.out("q", UInt(70));
    x.in("d", concat({back.bits(0, 69), back.bit(69)}));
    y.in("d", x.out("q", UInt(70)));
    output(m, "q", back);
  });
  Interpreter sim(ring);
  sim.set_reset(true), sim.step(), sim.set_reset(false);
  for (int turn = 0; turn < 70; ++turn) {
    std::vector<std::uint64_t> want{0, 0};
    want[static_cast<std::size_t>(turn) / 64] = std::uint64_t{1} << (turn % 64);
    CHECK(sim.get_wide(sim.port("q")) == want);
    CHECK(sim.peek_wide("y.b", "q") == want);
    for (int i = 0; i < 4; ++i) sim.step();
  }
  CHECK(sim.peek_wide("", "x_q") == sim.peek_wide("x.b", "q"));
  CHECK(contains(error([&] { sim.peek("x.c", "q"); }), "ring has no instance \"x.c\""));
  CHECK(contains(error([&] { sim.peek("x.b", "z"); }), "ring.x.b has no net \"z\""));
  CHECK(contains(error([&] { sim.peek("x.b", "q"); }), "net q has 70 bits; use peek_wide"));
  CHECK(contains(error([&] { sim.get("q"); }), "port q has 70 bits; use get_wide"));
  CHECK(contains(error([&] { sim.port("z"); }), "ring has no port \"z\""));
  CHECK(contains(error([&] { sim.set("q", 1); }), "port q is an output"));
}

TEST_CASE("a latency-1 memory answers in the next cycle and holds") {
  for (int width : {8, 64, 150}) {
    Module m("top");
    auto en = input(m, "en", Bool()), we = input(m, "we", Bool());
    auto ra = input(m, "ra", UInt(3)), wa = input(m, "wa", UInt(3));
    auto d = input(m, "d", UInt(width));
    Ram ram(m, "ram", 6, width, 1);
    ram.write(we, wa, d);
    output(m, "q", ram.read(ra, en));
    Interpreter sim(m);
    const int q = sim.port("q"), din = sim.port("d");
    std::vector<std::vector<std::uint64_t>> words;
    sim.set("en", 0), sim.set("we", 1), sim.set("ra", 0);
    for (std::uint64_t i = 0; i < 8; ++i) {  // 6 and 7 are beyond its end
      words.emplace_back(static_cast<std::size_t>(width + 63) / 64, i * 11 + 3);
      words.back().back() = (i * 11 + 3) & 0x3F;
      sim.set("wa", i), sim.set_wide(din, words.back());
      sim.step();
    }
    sim.set("we", 0), sim.set("en", 1);
    for (std::uint64_t i : {3, 0, 5, 2}) {
      sim.set("ra", i), sim.set("en", 1);
      sim.step();
      CHECK(sim.get_wide(q) == words[i]);
      sim.set("en", 0), sim.set("ra", 1);
      sim.step();
      CHECK(sim.get_wide(q) == words[i]);
    }
    sim.set("ra", 6), sim.set("en", 1);
    sim.step();
    CHECK(sim.get_wide(q) == std::vector<std::uint64_t>(words[0].size(), 0));
    sim.set("we", 1), sim.set("wa", 4), sim.set("ra", 4);
    CHECK(error([&] { sim.step(); }) ==
          fmt::format("cycle {}: memory top.ram reads address 4 while it is written", sim.cycle()));
    sim.set_reset(true);  // not looked at in reset
    sim.step();
    sim.set_reset(false), sim.set("ra", 5);
    sim.step();
    CHECK(sim.get_wide(q) == words[5]);
  }
}

TEST_CASE("a latency-0 memory answers at once, with the word before the write") {
  Module m("top");
  auto we = input(m, "we", Bool());
  auto a = input(m, "a", UInt(3));
  auto d = input(m, "d", UInt(90));
  Ram ram(m, "ram", 5, 90, 0);
  ram.write(we, a, d);
  output(m, "q", ram.read(a, true));
  Interpreter sim(m, 0);
  const int q = sim.port("q");
  sim.set("we", 1), sim.set("a", 2), sim.set_wide(sim.port("d"), {7, 8});
  CHECK(sim.get_wide(q) == std::vector<std::uint64_t>{0, 0});
  sim.step();
  CHECK(sim.get_wide(q) == std::vector<std::uint64_t>{7, 8});
  sim.set("a", 5);
  sim.step();
  CHECK(sim.get_wide(q) == std::vector<std::uint64_t>{0, 0});
}

TEST_CASE("wide operations of a design with fewer words than a word has bits") {
  Module m("top");
  auto a = input(m, "a", UInt(128));
  output(m, "inverse", ~a), output(m, "high", a.bits(1, 127));
  Interpreter sim(m);
  sim.set_wide(sim.port("a"), {5, ~std::uint64_t{0}});
  CHECK(sim.get_wide(sim.port("inverse")) == std::vector<std::uint64_t>{~std::uint64_t{5}, 0});
  CHECK(sim.get_wide(sim.port("high")) ==
        std::vector<std::uint64_t>{2 | std::uint64_t{1} << 63, ~std::uint64_t{0} >> 1});
}

TEST_CASE("assertions hold in every cycle outside reset, in every instance") {
  Module leaf("leaf"), m("top");
  auto x = input(leaf, "x", UInt(4));
  auto r = reg(leaf, "r", UInt(4), 0);
  r.next(x);
  leaf.add_assertion("x stays below 9", (x < 9).id());
  output(leaf, "q", r);
  Instance u(m, "u", leaf);
  u.in("x", input(m, "x", UInt(4)));
  output(m, "q", u.out("q", UInt(4)));
  Interpreter sim(m);
  sim.set("x", 9), sim.set_reset(true);
  sim.step();
  sim.set_reset(false), sim.set("x", 8);
  sim.step();
  sim.set("x", 9);
  CHECK(error([&] { sim.step(); }) == "cycle 2: assertion top.u: x stays below 9 does not hold");
}

TEST_CASE("netlists that cannot be run are refused") {
  {
    Module m("top");
    output(m, "q", wire(m, "w", UInt(4)));
    CHECK(contains(error([&] { Interpreter sim(m); }), "top: w (4 bits, test_interpreter.cpp:"));
  }
  {
    Module m("top");
    auto w = wire(m, "w", UInt(4)), v = wire(m, "v", UInt(4));
    auto x = (input(m, "a", UInt(4)) ^ w).named("x");
    v.drive(~x), w.drive(v);
    output(m, "q", x);
    const auto text = error([&] { Interpreter sim(m); });
    CHECK(contains(text, "combinational loop: "));
    CHECK(contains(text, "top: x (4 bits, test_interpreter.cpp:"));
  }
  {
    Module m("top");
    auto w = wire(m, "w", UInt(4)), v = wire(m, "v", UInt(4));
    w.drive(v), v.drive(w);
    output(m, "q", w);
    CHECK(contains(error([&] { Interpreter sim(m); }), "combinational loop of wires"));
  }
  {
    Module leaf("leaf"), m("top");
    output(leaf, "q", ~input(leaf, "x", UInt(4)));
    output(m, "q", Instance(m, "u", leaf).out("q", UInt(4)));
    CHECK(contains(error([&] { Interpreter sim(m); }), "top.u: x (4 bits"));
  }
  {
    Module m("top");
    output(m, "q", ~input(m, "a", UInt(4)));
    Interpreter sim(m);
    CHECK(contains(error([&] { sim.set("a", 16); }), "16 does not fit the 4 bits of port a"));
    CHECK(contains(error([&] { sim.set_wide(0, {1, 0}); }), "does not fit the 4 bits of port a"));
  }
}

TEST_CASE("a chain of a million nodes is elaborated without recursion, and runs fast") {
  Module m("chain");
  auto a = input(m, "a", UInt(32)), b = input(m, "b", UInt(32));
  UInt x = a;
  for (int i = 0; i < 333333; ++i) x = (((x + b).wrap(32) ^ a) & ~x.bits(0, 32)).wrap(32);
  auto r = reg(m, "r", UInt(32), 0);
  r.next(x);
  output(m, "q", r);
  Interpreter sim(m);
  sim.set("a", 12345), sim.set("b", 678);
  const auto start = std::chrono::steady_clock::now();
  const int cycles = 20;
  for (int i = 0; i < cycles; ++i) sim.step();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::uint32_t want = 12345;
  for (int i = 0; i < 333333; ++i) want = ((want + 678) ^ 12345) & ~want;
  CHECK(sim.get("q") == want);
  MESSAGE(fmt::format("{} instructions, {:.0f} million node evaluations a second", sim.instructions(),
                      static_cast<double>(sim.instructions()) * cycles / seconds.count() / 1e6));
}
