// Every mistake that the constructor of the netlist and passes::verify report: the message names the module or path,
// the signals and the lines of this file where they were made.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <functional>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "lib/pipeline.hpp"
#include "passes/verify.hpp"

using namespace quillgen::hdl;
using quillgen::passes::verify;

namespace {

/// "test_hdl_errors.cpp:N" for the line `below` lines below the caller.
std::string line(int below, Here here = Here::current()) {
  return fmt::format("test_hdl_errors.cpp:{}", static_cast<int>(here.line()) + below);
}

std::string error(const std::function<void()>& action) {
  try {
    action();
  } catch (const HdlError& e) {
    return e.what();
  }
  return "no error";
}

void check_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts) CHECK_MESSAGE(text.find(part) != std::string::npos, part << " missing in: " << text);
}

/// The only problem that verify finds.
std::string problem(const Module& m) {
  const auto list = verify(m);
  CHECK_MESSAGE(list.size() == 1, fmt::format("{} problems", list.size()));
  std::string all;
  for (const auto& p : list) all += p + "\n";
  return all;
}

}  // namespace

TEST_CASE("operands that do not fit each other") {
  Module m("block");
  const auto a_line = line(1);
  auto a = input(m, "a", UInt(4)), b = input(m, "b", UInt(5));
  auto wide = input(m, "wide", UInt(65));
  auto c = input(m, "c", Bool());
  const auto x = a.id(), y = b.id();
  const Here here = Here::current();
  auto make = [&](Op op, int width, Id p, Id q, Id r = no_id, std::uint64_t extra = 0) {
    return error([&] { m.make(op, width, p, q, r, extra, here); });
  };
  const std::string at = line(-4);
  for (Op op : {Op::bit_and, Op::bit_or, Op::bit_xor, Op::add, Op::sub, Op::equal, Op::less_unsigned, Op::less_signed})
    check_has(make(op, 4, x, y),
              {"module block: ", op_name(op), at, "differ in width", "a (4 bits, " + a_line, "b (5 bits"});
  check_has(make(Op::bit_not, 3, x, no_id), {"not at " + at, "operand and result differ in width", "a (4 bits"});
  for (Op op : {Op::mul_unsigned, Op::mul_signed})
    check_has(make(op, 8, x, y), {"mul at " + at, "as wide as both factors together"});
  for (Op op : {Op::shift_left, Op::shift_right, Op::shift_right_signed})
    check_has(make(op, 5, x, y), {"shift ", at, "operand and result differ in width"});
  check_has(make(Op::mux, 4, x, x, x), {"mux at " + at, "condition must be 1 bit"});
  check_has(make(Op::mux, 4, c.id(), x, y), {"mux at " + at, "both choices equally wide"});
  check_has(make(Op::slice, 2, x, no_id, no_id, 3), {"slice at " + at, "bits [4:3] are out of range", "a (4 bits"});
  check_has(make(Op::concat, 8, x, y), {"concat at " + at, "not the sum of the parts"});
  check_has(make(Op::zero_extend, 3, x, no_id), {"zero extend at " + at, "extension to fewer bits"});
  check_has(make(Op::sign_extend, 3, x, no_id), {"sign extend at " + at, "extension to fewer bits"});
  check_has(make(Op::slice, 0, x, no_id), {"slice at " + at, "width below 1"});
  check_has(make(Op::add, 65, wide.id(), wide.id()), {"add at " + at, "arithmetic is limited to 64 bits"});
  check_has(make(Op::shift_left, 4, x, wide.id()), {"shift amount above 16 bits"});
  check_has(make(Op::bit_and, 4, x, 9999), {"operand of another module"});
  check_has(make(Op::reg, 4, x, y), {"register at " + at, "not a pure operation"});
}

TEST_CASE("mistakes with typed handles") {
  Module m("block"), other("other");
  auto a = input(m, "a", UInt(4)), b = input(m, "b", UInt(5));
  auto s = input(m, "s", SInt(4));
  auto c = input(m, "c", Bool());
  auto foreign = input(other, "foreign", UInt(4));
  auto r = reg(m, "r", UInt(4), 0);
  auto w = wire(m, "w", UInt(4));

  auto at = line(1);
  check_has(error([&] { a& b; }), {"module block", "bitwise operands differ in width", at, "a (4 bits", "b (5 bits"});
  at = line(1);
  check_has(error([&] { a & 16; }), {"module block", "constant 16 does not fit 4 bits", at});
  at = line(1);
  check_has(error([&] { a + -1; }), {"negative literal -1 as an unsigned operand at " + at});
  at = line(1);
  check_has(error([&] { a.bits(-1, 2); }), {"bits [0:-1] are out of range", at});
  at = line(1);
  check_has(error([&] { a >> -1; }), {"out of range", at});
  at = line(1);
  check_has(error([&] { a << -1; }), {"constant of -1 bits", at});
  at = line(1);
  check_has(error([&] { a.bits(2, 3); }), {"module block", "bits [4:2] are out of range", at});
  at = line(1);
  check_has(error([&] { a.bit(4); }), {"bits [4:4] are out of range", at});
  at = line(1);
  check_has(error([&] { a.extend(3); }), {"extension to fewer bits", at});
  at = line(1);
  check_has(error([&] { s.extend(3); }), {"extension to fewer bits", at});
  at = line(1);
  check_has(error([&] { mux(true, a, b); }), {"the condition of mux at " + at + " is a literal"});
  at = line(1);
  check_has(error([&] { concat({}); }), {"empty concatenation at " + at});
  at = line(1);
  check_has(error([&] { select(a, {}); }), {"select from nothing at " + at});
  at = line(1);
  check_has(error([&] { select(a, {a, b}); }), {"both choices equally wide", at, "a (4 bits", "b (5 bits"});
  at = line(1);
  check_has(error([&] { rom(c.as_uint(), {1, 2, 3}, 4); }), {"table longer than the address reaches", at, "c (1 bits"});
  at = line(1);
  check_has(error([&] { rom(a, {16}, 4); }), {"rom entry 16 does not fit 4 bits", at});
  at = line(1);
  check_has(error([&] { rom(a, {16}, 65); }), {"rom of 65 bits", at});
  at = line(1);
  check_has(error([&] { UInt::constant(m, 1, 65); }), {"constant of 65 bits", at});
  at = line(1);
  check_has(error([&] { SInt::constant(m, 1, 0); }), {"constant of 0 bits", at});

  for (const auto& use :
       std::vector<std::function<void()>>{[&] { a + foreign; }, [&] { mux(c, a, foreign); },
                                          [&] {
                                            concat({a, foreign});
                                          },
                                          [&] { r.next(foreign); }, [&] { w.drive(foreign); },
                                          [&] { output(m, "q", foreign); }, [&] { shift_left(a, foreign); },
                                          [&] {
                                            select(a, {a, foreign});
                                          },
                                          [&] { r.when(foreign.bit(0), a); }})
    check_has(error(use), {"test_hdl_errors.cpp:", "block", "other"});
  for (const auto& use : std::vector<std::function<void()>>{[&] { a + UInt(4); }, [&] { mux(Bool(), a, a); },
                                                            [&] {
                                                              concat({a, UInt(3)});
                                                            },
                                                            [&] { r.next(UInt(4)); }, [&] { output(m, "q", UInt(4)); },
                                                            [&] { -SInt(3); }, [&] { ~UInt(4); }})
    check_has(error(use), {"test_hdl_errors.cpp:", "shape", "input(), reg() or wire()"});
  at = line(1);
  check_has(error([&] { ~UArg(4); }), {"an operation at " + at + " has no operand that belongs to a module"});
}

TEST_CASE("registers and wires given what does not fit") {
  Module m("block");
  auto a = input(m, "a", UInt(5));
  const auto made = line(1);
  auto r = reg(m, "r", UInt(4), 0);
  auto w = wire(m, "w", UInt(4));
  auto at = line(1);
  check_has(error([&] { r.next(a); }), {"a (5 bits", "wider than the 4 bits", at, "wrap or saturate"});
  at = line(1);
  check_has(error([&] { w.drive(a); }), {"a (5 bits", "wider than the 4 bits", at});
  at = line(1);
  check_has(error([&] { r.next(16); }), {"constant 16 does not fit 4 bits", at});
  at = line(1);
  check_has(error([&] { m.update_reg(r.id(), no_id, a.id(), Here::current()); }),
            {"register r (4 bits, " + made, "is given a (5 bits", at, "widths differ"});
  at = line(1);
  check_has(error([&] { m.drive_wire(w.id(), a.id(), Here::current()); }),
            {"wire w (4 bits", "driven by a (5 bits", at, "widths differ"});
  r.next(a.wrap(4));
  at = line(1);
  check_has(error([&] { r.when(a.bit(0), a.wrap(4)); }),
            {"register r (4 bits, " + made, "is updated again at " + at, "unconditional"});
  w.drive(r);
  at = line(1);
  check_has(error([&] { w.drive(a.wrap(4)); }), {"wire w (4 bits", "is driven twice, by r (4 bits, " + made, at});
  at = line(1);
  check_has(error([&] { reg(m, "late", UInt(4), 16); }), {"reset value of late does not fit 4 bits", at});
}

TEST_CASE("names") {
  Module m("block");
  const auto first = line(1);
  auto a = input(m, "a", UInt(4));
  auto at = line(1);
  check_has(error([&] { reg(m, "a", UInt(4)); }), {"module block: name \"a\" is used twice", first, at});
  at = line(1);
  check_has(error([&] { output(m, "a", a); }), {"port \"a\" is declared twice", first, at});
  for (const char* name :
       {"wire",      "reg",   "function", "unsigned", "small",     "clk",        "rst",       "rst_n",
        "test_mode", "logic", "unique",   "join",     "endmodule", "localparam", "interface", "package",
        "until",     "Upper", "_low",     "9a",       "a-b",       "a b",        ""}) {
    at = line(1);
    check_has(error([&] { wire(m, name, UInt(4)); }), {fmt::format("\"{}\" is not a usable name ({})", name, at)});
  }
  for (const char* name : {"in", "out", "buffer", "group", "signal", "open", "to"}) {
    wire(m, name, UInt(4));  // a net may have it
    for (const bool is_input : {false, true}) {
      at = line(1);
      const auto make = [&] { is_input ? (void)input(m, name, UInt(4)) : output(m, name, a); };
      check_has(error(make), {fmt::format("module block: port \"{}\" has the name of a VHDL keyword ({})", name, at)});
    }
  }
  output(m, "q", a);
  at = line(1);
  check_has(error([&] { output(m, "q", a); }), {"port \"q\" is declared twice", line(-2), at});
  at = line(1);
  check_has(error([&] { (a + 1).named("q"); }), {"name \"q\" is used twice", at});
  at = line(1);
  check_has(error([&] { input(m, "none", UInt(0)); }), {"input none has width 0", at});
  at = line(1);
  check_has(error([&] { wire(m, "none_wire", UInt(0)); }), {"wire none_wire has width 0", at});
  at = line(1);
  check_has(error([&] { reg(m, "none_reg", UInt(0)); }), {"register none_reg has width 0", at});
}

TEST_CASE("instances") {
  Design design;
  const auto port_line = line(2);
  const Module& child = design.module("child", [](Module& m) {
    auto x = input(m, "x", UInt(4));
    output(m, "y", x + 1);
  });
  Module m("parent");
  auto a = input(m, "a", UInt(4)), b = input(m, "b", UInt(5));
  const auto made = line(1);
  Instance u(m, "u", child);
  auto at = line(1);
  check_has(error([&] { u.in("z", a); }), {"module parent: instance u of child has no input \"z\"", at});
  at = line(1);
  check_has(error([&] { u.in("y", a); }), {"instance u of child has no input \"y\"", at});
  at = line(1);
  check_has(error([&] { u.out("x", UInt(4)); }), {"instance u of child has no output \"x\"", at});
  at = line(1);
  check_has(error([&] { u.out("y", UInt(4)); }), {"output u.y is u_y (5 bits, " + made, "taken as 4 bits at " + at});
  at = line(1);
  check_has(error([&] { u.in("x", b); }),
            {"input u.x (4 bits, " + port_line, "driven by b (5 bits", at, "widths differ"});
  u.in("x", a);
  at = line(1);
  check_has(error([&] { u.in("x", b.wrap(4)); }), {"input u.x is driven twice, by a (4 bits", at});
  at = line(1);
  check_has(error([&] { Instance(m, "u", child); }), {"name \"u_u\" is used twice", made, at});
  at = line(1);
  auto itself = error([&] { design.module("again", [&](Module&) { design.module("again", [](Module&) {}); }); });
  check_has(itself, {"module again (" + at + ") contains itself, at " + at + " for again"});
}

namespace {

struct Size {
  int width, depth;
  bool operator==(const Size&) const = default;
};
void build_store(Design&, Module& m, const Size& size) { output(m, "y", input(m, "x", UInt(size.width))); }

}  // namespace

TEST_CASE("a module is its name and its parameters") {
  Design d;
  const auto made = line(1);
  const Module& store = d.module("store", Size{4, 2}, build_store);
  CHECK(&d.module("store", Size{4, 2}, build_store) == &store);
  CHECK(d.modules().size() == 1);
  auto at = line(1);
  auto other = error([&] { d.module("store", Size{4, 3}, build_store); });
  check_has(other, {"module store is made at " + made, "with other contents, at " + at,
                    "put the parameters that differ into its name"});
  at = line(1);
  check_has(error([&] { d.module("store", Size{5, 2}, build_store); }), {made, at});
  // Other ports under the name: another function, with the same parameters or none.
  at = line(1);
  check_has(error([&] { d.module("store", Size{4, 2}, [](Design&, Module&, const Size&) {}); }), {made, at});
  at = line(1);
  check_has(error([&] { d.module("store", 4, [](Design&, Module&, const int&) {}); }), {made, at});
  at = line(1);
  check_has(error([&] { d.module("store", [](Module&) {}); }), {made, at});
  const auto once = line(1);
  d.module("once", [&](Module& m) { output(m, "y", input(m, "x", Bool())); });
  at = line(1);
  check_has(error([&] { d.module("once", [](Module&) {}); }), {"module once is made at " + once, at});
  CHECK(d.modules().size() == 2);
}

TEST_CASE("a module that two others ask for in the same line") {
  Design d;
  const auto asked = line(1);
  const auto part = [&d](int depth) -> const Module& { return d.module("part", Size{4, depth}, build_store); };
  d.module("left", [&](Module&) { part(1); });
  check_has(error([&] { d.module("right", [&](Module&) { part(2); }); }),
            {"module part is made at " + asked + " for left and, with other contents, at " + asked + " for right"});
}

namespace {

struct Pair {
  UInt low{3}, high{5};
  QUILLGEN_FIELDS(low, high)
};
struct Tail {
  Bool last;
  QUILLGEN_FIELDS_UNNAMED(last)
};
struct Whole {
  std::array<UInt, 2> word{UInt(2), UInt(2)};
  std::vector<std::optional<Pair>> pair{Pair(), std::nullopt, Pair()};
  std::optional<SInt> none, some{SInt(7)};
  Tail tail;
  QUILLGEN_FIELDS(word, pair, none, some, tail)
};

}  // namespace

TEST_CASE("the fields of a bundle") {
  Module m("block");
  input(m, "all", Whole());
  std::vector<std::string> names;
  for (const Port& p : m.ports()) names.push_back(fmt::format("{} {} {}", p.whole, p.name, p.width));
  CHECK(names == std::vector<std::string>{"all all_word_0 2", "all all_word_1 2", "all all_pair_0_low 3",
                                          "all all_pair_0_high 5", "all all_pair_2_low 3", "all all_pair_2_high 5",
                                          "all all_some 7", "all all_last 1"});
}

TEST_CASE("ports passed and connected by name") {
  Design d;
  const Module& maker = d.module("maker", [](Module& m) {
    auto in = input_stream(m, "data", Pair());
    output_stream(m, "made", in);
    output(m, "wide", input(m, "narrow", UInt(4)) + 1);
    output(m, "data_of_else", input(m, "more", Bool()));
  });
  const Module& taker = d.module("taker", [](Module& m) {
    auto in = input_stream(m, "made", Pair());
    in.ready.drive(in.valid);
    output(m, "sum", in.data.low + in.data.high);
    output(m, "wide", input(m, "narrow", UInt(5)));
    output(m, "other_ready", input(m, "other_valid", Bool()));
  });
  Module m("parent");
  Instance a(m, "a", maker), b(m, "b", taker);
  a.pass("data", "words");
  b.connect("made", a);
  b.connect("narrow", a, "wide");
  a.pass({"narrow", "more", "data_of_else"});
  b.pass("sum"), b.pass("wide", "result");
  std::vector<std::string> ports;
  for (const Port& p : m.ports()) ports.push_back(fmt::format("{}{} {}", p.is_input ? "" : "-", p.name, p.width));
  CHECK(ports == std::vector<std::string>{"words_valid 1", "-words_ready 1", "words_low 3", "words_high 5", "narrow 4",
                                          "more 1", "-data_of_else 1", "-sum 6", "-result 5"});
  b.pass("other_valid", "more");  // an input that is there is shared
  b.pass("other_ready");
  CHECK(verify(m).empty());

  Module wrong("wrong");
  Instance p(wrong, "p", maker), q(wrong, "q", taker);
  auto at = line(1);
  check_has(error([&] { p.pass("none"); }), {"module wrong: instance p of maker has no port \"none\"", at});
  at = line(1);
  check_has(error([&] { q.connect("none", p); }), {"instance q of taker has no port \"none\"", at});
  at = line(1);
  check_has(error([&] { q.connect("made", p, "none"); }), {"instance p of maker has no port \"none\"", at});
  at = line(1);
  check_has(error([&] { q.connect("narrow", p, "narrow"); }), {"q.narrow (", "and p.narrow (", "are both inputs", at});
  at = line(1);
  check_has(error([&] { q.connect("made", p, "wide"); }), {"q.made_valid (", "has no partner wide_valid", at});
  at = line(1);
  check_has(error([&] { q.connect("narrow", p, "made"); }), {"has no partner", at});
  at = line(1);
  check_has(error([&] { q.connect("narrow", p, "data_of_else"); }),
            {"input q.narrow (5 bits", "p_data_of_else (1 bits", at});
  p.pass("wide");
  at = line(1);
  check_has(error([&] { q.pass("narrow", "wide"); }), {"input q.narrow is to be fed by port", "an output", at});
  input(wrong, "five", UInt(6));
  at = line(1);
  check_has(error([&] { q.pass("narrow", "five"); }), {"input q.narrow (5 bits", "five (6 bits", at});
}

TEST_CASE("a pipeline stage that reads a register of outside") {
  Module m("block");
  auto in = input_stream(m, "data_in", UInt(4));
  const auto made = line(1);
  auto limit = reg(m, "limit", UInt(4), 0);
  limit.next(input(m, "new_limit", UInt(4)));
  quillgen::lib::Pipeline pipe(m, "step", in);
  auto first = pipe.stage("first", (in.data + limit).wrap(4));  // enters with the value
  auto at = line(1);
  check_has(error([&] { pipe.stage("sum", first + limit); }),
            {"module block: pipeline step: stage 2 at " + at, "reads register limit (4 bits, " + made, "allow()"});
  at = line(1);
  check_has(error([&] { pipe.finish(mux(limit == 3, first, ~first)); }), {"at " + at, "reads register limit"});
  pipe.allow(limit);
  auto sum = pipe.stage("total", (first + limit).wrap(4));
  at = line(1);
  check_has(error([&] { pipe.finish((sum + first).wrap(4)); }), {"stage 3 at " + at, "uses first", "of stage 1"});
  output_stream(m, "data_out", pipe.finish((sum + limit).wrap(4)));
}

TEST_CASE("the reset of an instance") {
  Design d;
  const Module& child = d.module("child", [](Module& m) {
    auto r = reg(m, "r", Bool(), 0);
    r.next(input(m, "a", Bool()));
    output(m, "q", r);
  });
  Module m("parent");
  auto a = input(m, "a", Bool());
  Instance u(m, "u", child);
  check_has(error([&] { u.reset(a); }), {"reset of instance u by a", "one bit outside of it, once", line(0)});
  auto wide = reg(m, "wide", UInt(2), 0);
  check_has(error([&] { u.reset(Bool(m, wide.id())); }), {"use a register of one bit"});
  auto clear = reg(m, "clear", Bool(), 1);
  u.reset(clear);
  check_has(error([&] { u.reset(clear); }), {"reset of instance u by clear", "once"});
  Instance own(m, "own", child);
  check_has(error([&] { own.reset(own.out("q", Bool())); }), {"reset of instance own by own_q", "outside of it"});
}

TEST_CASE("the clock enable of an instance") {
  Design d;
  const Module& child = d.module("child", [](Module& m) {
    auto r = reg(m, "r", Bool(), 0);
    r.next(input(m, "a", Bool()));
    output(m, "q", r);
  });
  const Module& pure = d.module("pure", [](Module& m) { output(m, "y", !input(m, "x", Bool())); });
  const Module& gated = d.module("gated", [&](Module& m) {
    auto run = reg(m, "run", Bool(), 0);
    run.next(input(m, "a", Bool()));
    Instance u(m, "u", child);
    u.in("a", run);
    u.clock_enable(!run);
    output(m, "q", u.out("q", Bool()));
  });
  CHECK(verify(gated).empty());

  const std::string rule = "use one bit, once, on a module with a clock and no gates below";
  Module m("parent");
  auto a = input(m, "a", Bool());
  Instance inverter(m, "inverter", pure), nest(m, "nest", gated);
  inverter.in("x", a);
  check_has(error([&] { inverter.clock_enable(a); }), {"clock enable of instance inverter by a", rule, line(0)});
  check_has(error([&] { nest.clock_enable(a); }), {"clock enable of instance nest by a", rule});
  nest.in("a", a);
  const auto made = line(1);
  Instance u(m, "u", child);
  u.in("a", a);
  u.clock_enable(inverter.out("y", Bool()) & nest.out("q", Bool()));
  check_has(error([&] { u.clock_enable(a); }), {"clock enable of instance u by a", rule});
  output(m, "q", u.out("q", Bool()));
  check_has(problem(m),
            {"parent: clock enable of instance u (" + made + ") depends on input a", "from registers alone"});
}

TEST_CASE("memories") {
  Module m("block");
  auto a = input(m, "a", UInt(4)), d = input(m, "d", UInt(8));
  auto en = input(m, "en", Bool());
  const auto made = line(1);
  Ram ram(m, "ram", 16, 8, 1);
  auto at = line(1);
  check_has(error([&] { ram.write(en, d, d); }), {"memory ram needs 4 address and 8 data bits", "d (8 bits", at});
  at = line(1);
  check_has(error([&] { ram.write(en, a, a); }), {"memory ram needs 4 address and 8 data bits", "a (4 bits", at});
  at = line(1);
  check_has(error([&] { ram.read(d, en); }), {"memory ram needs 4 address bits", "d (8 bits", at});
  ram.write(en, a, d);
  at = line(1);
  check_has(error([&] { ram.write(en, a, d); }), {"memory ram (" + made + ") is written twice, again at " + at});
  ram.read(a, en);
  at = line(1);
  check_has(error([&] { ram.read(a, en); }), {"memory ram (" + made + ") is read twice, again at " + at});
  at = line(1);
  check_has(error([&] { Ram(m, "none", 0, 8, 1); }), {"memory none of 0 x 8 bits", at});
  check_has(error([&] { Ram(m, "slow", 8, 8, 2); }), {"memory slow of 8 x 8 bits, latency 2"});
}

TEST_CASE("verify: what is never driven or connected") {
  Design design;
  const auto port_line = line(2);
  const Module& child = design.module("child", [](Module& m) {
    auto x = input(m, "x", UInt(4));
    output(m, "y", x + 1);
  });
  {
    Module m("top");
    const auto at = line(1);
    output(m, "q", wire(m, "w", UInt(4)));
    check_has(problem(m), {"top: wire w (4 bits, " + at + ") is never driven"});
  }
  {
    Module m("top");
    const auto at = line(1);
    output(m, "q", reg(m, "r", UInt(4), 3));
    check_has(problem(m), {"top: register r (4 bits, " + at + ") is never updated"});
  }
  {
    Module m("top");
    auto a = input(m, "a", UInt(4));
    const auto at = line(1);
    auto r = reg(m, "", UInt(4), 3);
    r.next(a);
    output(m, "q", (r ^ 5).wrap(4));
    check_has(problem(m), {"top: register ", at + ") has no name"});
  }
  {
    Module m("top");
    const auto at = line(1);
    Instance u(m, "u", child);
    output(m, "q", u.out("y", UInt(5)));
    check_has(problem(m), {"top: input u.x (" + port_line + ") is not connected; the instance was made at " + at});
  }
  {
    Module m("top");
    auto a = input(m, "a", UInt(4));
    auto en = input(m, "en", Bool());
    const auto at = line(1);
    Ram unwritten(m, "rom_like", 16, 8, 0), unread(m, "sink", 16, 4, 1);
    output(m, "q", unwritten.read(a, true));
    unread.write(en, a, a);
    const auto list = verify(m);
    REQUIRE(list.size() == 2);
    check_has(list[0], {"top: memory rom_like (" + at + ") is never written"});
    check_has(list[1], {"top: memory sink (" + at + ") is never read"});
  }
  {  // in a module below the top: the message has the path
    Module leaf("leaf"), middle("middle"), m("top");
    output(leaf, "q", wire(leaf, "w", UInt(4)));
    output(middle, "q", Instance(middle, "low", leaf).out("q", UInt(4)));
    output(m, "q", Instance(m, "mid", middle).out("q", UInt(4)));
    check_has(problem(m), {"top.mid.low: wire w (4 bits"});
  }
}

TEST_CASE("verify: what is built but never used") {
  Module m("top");
  auto a = input(m, "a", UInt(4)), b = input(m, "b", UInt(4));
  const auto input_line = line(1);
  input(m, "spare", UInt(3));
  const auto sum_line = line(1);
  auto sum = a + b;
  const auto named_line = line(1);
  (a ^ b).named("mixed");
  const auto reg_line = line(1);
  auto r = reg(m, "r", UInt(4));
  r.next(a & b);
  output(m, "q", a | b);
  auto list = verify(m);
  REQUIRE(list.size() == 4);
  check_has(list[0], {"top: spare (3 bits, " + input_line + ") is built but never used; use or discard() it"});
  check_has(list[1], {"top: add (5 bits, " + sum_line});
  check_has(list[2], {"top: mixed (4 bits, " + named_line});
  check_has(list[3], {"top: r (4 bits, " + reg_line});
  discard(sum), discard(r);
  list = verify(m);
  CHECK(list.size() == 2);
  check_has(error([&] { quillgen::passes::verify_or_throw(m); }),
            {"2 problem(s) in the netlist", "top: spare", "top: mixed"});
}

TEST_CASE("verify: an output of an instance that nobody takes") {
  Module child("child"), m("top");
  auto x = input(child, "x", UInt(4));
  output(child, "y", x + 1), output(child, "z", x ^ 3);
  const auto at = line(1);
  Instance u(m, "u", child);
  u.in("x", input(m, "a", UInt(4)));
  output(m, "q", u.out("y", UInt(5)));
  check_has(problem(m), {"top: u_z (4 bits, " + at + ") is built but never used"});
}

TEST_CASE("verify: combinational loops") {
  {
    Module m("top");
    auto a = input(m, "a", UInt(4));
    const auto w_line = line(1);
    auto w = wire(m, "w", UInt(4));
    const auto x_line = line(1);
    auto x = (a ^ w).named("x");
    w.drive(x);
    output(m, "q", x);
    check_has(problem(m), {"top: combinational loop:", "w (4 bits, " + w_line, "x (4 bits, " + x_line, " -> "});
  }
  {  // through two modules, both combinational
    Module child("child"), m("top");
    auto x = input(child, "x", UInt(4)), z = input(child, "z", UInt(4));
    output(child, "y", ~x), output(child, "other", ~z);
    Instance u(m, "first", child), v(m, "second", child);
    u.in("x", v.out("y", UInt(4))), v.in("x", u.out("y", UInt(4)));
    u.in("z", v.out("other", UInt(4))), v.in("z", input(m, "a", UInt(4)));  // no loop: another port
    output(m, "q", u.out("other", UInt(4)));
    check_has(problem(m), {"top: combinational loop:", "first_y (4 bits", "second_y (4 bits"});
  }
  {  // broken by a register in one of them
    Module child("child"), delayed("delayed"), m("top");
    output(child, "y", ~input(child, "x", UInt(4)));
    auto r = reg(delayed, "r", UInt(4), 0);
    r.next(input(delayed, "x", UInt(4)));
    output(delayed, "y", r);
    Instance u(m, "first", child), v(m, "second", delayed);
    u.in("x", v.out("y", UInt(4))), v.in("x", u.out("y", UInt(4)));
    output(m, "q", u.out("y", UInt(4)));
    CHECK(verify(m).empty());
  }
  {  // through a memory that is read at once; one with latency breaks it
    for (int latency : {0, 1}) {
      Module m("top");
      auto en = input(m, "en", Bool());
      auto w = wire(m, "w", UInt(4));
      Ram ram(m, "ram", 16, 4, latency);
      const UInt q = ram.read(w, true);
      ram.write(en, w, w);
      w.drive(~q);
      output(m, "q", q);
      if (latency == 0) check_has(problem(m), {"top: combinational loop:", "ram_q (4 bits", "w (4 bits"});
      else CHECK(verify(m).empty());
    }
  }
}
