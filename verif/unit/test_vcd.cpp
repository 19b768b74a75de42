// Waveforms of the interpreter: read back, they say of every net and cycle what the interpreter says.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <map>
#include <random>
#include <sstream>

#include "hdl/build.hpp"
#include "interp/vcd.hpp"

using namespace quillgen;
using namespace quillgen::hdl;

namespace {

using Bits = std::string;  // highest first, without leading zeros

Bits bits_of(const std::vector<std::uint64_t>& words, int width) {
  Bits bits;
  for (int i = width - 1; i >= 0; --i) {
    const bool one = words.at(static_cast<std::size_t>(i) / 64) >> (i % 64) & 1;
    if (one || !bits.empty() || i == 0) bits += one ? '1' : '0';
  }
  return bits;
}

/// What a file says: the nets by "scope.scope.name", and the value of each by its time.
struct Dump {
  std::map<std::string, int> widths;
  std::map<std::uint64_t, std::map<std::string, Bits>> at;

  explicit Dump(const std::string& file) {
    std::istringstream in(file);
    std::map<std::string, std::vector<std::string>> names;  // of a code
    std::vector<std::string> scopes;
    std::map<std::string, Bits> now;
    std::string word;
    std::uint64_t time = 0;
    bool header = true, begun = false;
    while (in >> word) {
      if (header && word == "$scope") {
        std::string kind, name, end;
        in >> kind >> name >> end;
        REQUIRE(kind == "module");
        REQUIRE(end == "$end");
        scopes.push_back((scopes.empty() ? "" : scopes.back() + ".") + name);
      } else if (header && word == "$upscope") {
        REQUIRE(!scopes.empty());
        scopes.pop_back();
      } else if (header && word == "$var") {
        std::string kind, code, name;
        int width = 0;
        in >> kind >> width >> code >> name;
        REQUIRE(kind == "wire");
        const auto path = scopes.back() + "." + name;
        REQUIRE(widths.emplace(path, width).second);
        REQUIRE(names[code].empty());
        names[code].push_back(path);
      } else if (header && word == "$enddefinitions") {
        REQUIRE(scopes.empty());
        header = false;
      } else if (!header && word[0] == '#') {
        const auto next = std::stoull(word.substr(1));
        if (begun) {
          REQUIRE(next > time);
          at[time] = now;
        }
        time = next, begun = true;
      } else if (!header && word != "$end") {
        REQUIRE(begun);
        Bits value = word.substr(0, 1);
        std::string code = word.substr(1);
        if (word[0] == 'b') value = word.substr(1), in >> code;
        REQUIRE(value.find_first_not_of("01") == std::string::npos);
        REQUIRE(names.contains(code));
        for (const auto& name : names[code]) now[name] = value;
      }
    }
    at[time] = now;
  }
};

}  // namespace

TEST_CASE("every net of every cycle, read back from the file") {
  Design d;
  const Module& step = d.module("step", [](Module& m) {
    auto x = input(m, "x", UInt(70));
    auto kept = reg(m, "kept", UInt(70));
    kept.next(x ^ (x << 1).wrap(70));
    output(m, "y", kept);
  });
  const Module& top = d.module("top", [&](Module& m) {
    auto go = input(m, "go", Bool());
    auto x = input(m, "x", UInt(70));
    auto count = reg(m, "count", UInt(3), 0);
    count.when(go, (count + 1).wrap(3));
    Instance first(m, "first", step), second(m, "second", step);
    first.in("x", x);
    second.in("x", first.out("y", UInt(70)));
    output(m, "sum", (second.out("y", UInt(70)) ^ count.extend(70)).named("mixed"));
  });

  interp::Interpreter sim(top);
  std::ostringstream file;
  interp::Vcd wave(sim, file);
  const std::pair<const char*, std::vector<const char*>> nets[] = {
      {"", {"go", "x", "count", "mixed"}}, {"first", {"x", "kept"}}, {"second", {"x", "kept"}}};
  std::map<std::uint64_t, std::map<std::string, Bits>> expected;
  std::mt19937_64 random(1);
  for (int cycle = 0; cycle < 200; ++cycle) {
    sim.set_reset(cycle < 2);
    sim.set("go", random() % 2);
    if (random() % 3 == 0) sim.set_wide(sim.port("x"), {random(), random() % 64});
    wave.sample();
    auto& now = expected[sim.cycle()];
    for (const auto& [path, names] : nets)
      for (const std::string name : names)
        now[fmt::format("top.{}{}", *path == 0 ? "" : fmt::format("u_{}.", path), name)] =
            bits_of(sim.peek_wide(path, name), name == "go"      ? 1
                                               : name == "count" ? 3
                                               : name == "mixed" ? 71
                                                                 : 70);
    now["top.rst"] = cycle < 2 ? "1" : "0";
    now["top.clk"] = "0";
    sim.step();
  }

  const Dump dump(file.str());
  CHECK(dump.widths.at("top.clk") == 1);
  CHECK(dump.widths.at("top.count") == 3);
  CHECK(dump.widths.at("top.sum") == 70);
  CHECK(dump.widths.at("top.u_first.kept") == 70);
  CHECK(dump.at.size() == 2 * expected.size());
  std::size_t compared = 0;
  for (const auto& [cycle, values] : expected) {
    const auto& shown = dump.at.at(10 * cycle);
    for (const auto& [name, value] : values) {
      CAPTURE(name);
      CAPTURE(cycle);
      CHECK(shown.at(name) == value);
      ++compared;
    }
    CHECK(dump.at.at(10 * cycle + 5).at("top.clk") == "1");
  }
  CHECK(compared == 200 * 10);
}

TEST_CASE("each of many nets has a code of its own") {
  Design d;
  const Module& top = d.module("many", [](Module& m) {
    for (int i = 0; i < 300; ++i) output(m, fmt::format("out_{}", i), input(m, fmt::format("in_{}", i), UInt(9)));
  });
  interp::Interpreter sim(top);
  std::ostringstream file;
  interp::Vcd wave(sim, file);
  for (std::uint64_t i = 0; i < 300; ++i) sim.set(fmt::format("in_{}", i), i);
  wave.sample();
  const Dump dump(file.str());
  CHECK(dump.widths.size() == 602);
  for (std::uint64_t i = 0; i < 300; ++i) CHECK(dump.at.at(0).at(fmt::format("many.out_{}", i)) == bits_of({i}, 9));
}
