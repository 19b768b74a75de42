// Building, checking and printing take time in proportion to the size of the netlist: 1e4, 1e5 and 1e6 nodes of several
// shapes. The numbers are processor seconds.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "emit/verilog.hpp"
#include "hdl/build.hpp"
#include "passes/verify.hpp"

using namespace quillgen;
using namespace quillgen::hdl;

namespace {

double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
std::size_t heap_bytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

struct Measured {
  double build = 0, verify = 0, print = 0;
  std::size_t nodes = 0, text = 0, heap = 0;
  double total() const { return build + verify + print; }
};

using Shape = std::function<const Module&(Design&, int)>;

Measured measure(const Shape& shape, int size) {
  Measured r;
  const std::size_t before = heap_bytes();
  double start = now();
  Design design;
  const Module& top = shape(design, size);
  r.build = now() - start;
  r.heap = heap_bytes() - before;
  start = now();
  passes::verify_or_throw(top);
  r.verify = now() - start;
  start = now();
  for (const auto& m : design.modules()) {
    r.nodes += m->nodes().size();
    r.text += emit::print_module(*m).verilog.size();
  }
  r.print = now() - start;
  return r;
}

void scales(const char* what, const Shape& shape, int largest = 1000000) {
  Measured first;
  for (int size = 10000; size <= largest; size *= 10) {
    const Measured m = measure(shape, size);
    MESSAGE(
        fmt::format("{}: {} nodes: build {:.2f} s, verify {:.2f} s, print {:.2f} s; {} bytes of heap a node, {:.1f} MB "
                    "of Verilog",
                    what, m.nodes, m.build, m.verify, m.print, m.heap / m.nodes, static_cast<double>(m.text) / 1e6));
    CHECK(m.heap / m.nodes < 500);
    if (size == 10000) first = m;
    // At most 20 times as long for 10 times the nodes: ten for the nodes, and larger tables miss more caches. What
    // grows with the square takes a hundred times as long. The first size is too quick to be timed more closely than
    // this.
    const double factor = static_cast<double>(m.nodes) / static_cast<double>(first.nodes);
    CHECK(m.total() <= std::max(first.total(), 0.02) * std::pow(factor, std::log10(20.0)));
  }
}

}  // namespace

TEST_CASE("one chain of arithmetic in one module") {
  scales("chain", [](Design& d, int size) -> const Module& {
    return d.module("chain", [&](Module& m) {
      const auto a = input(m, "a", UInt(32)), b = input(m, "b", UInt(32));
      UInt x = a;
      for (int i = 0; i < size / 4; ++i) x = ((x + b).wrap(32) ^ (i % 2 != 0 ? a : ~x));
      output(m, "q", x);
    });
  });
}

TEST_CASE("one tree of sums in one module") {
  scales("tree", [](Design& d, int size) -> const Module& {
    return d.module("tree", [&](Module& m) {
      std::vector<UInt> level;
      const auto a = input(m, "a", UInt(16)), b = input(m, "b", UInt(16));
      for (int i = 0; i < size / 7; ++i) level.push_back((a ^ (i & 0xFFFF)) & (b ^ (i >> 8)));
      while (level.size() > 1) {
        std::vector<UInt> next;
        for (std::size_t i = 0; i + 1 < level.size(); i += 2) next.push_back(level[i] + level[i + 1]);
        if (level.size() % 2 != 0) next.push_back(level.back());
        level = std::move(next);
      }
      output(m, "q", level[0]);
    });
  });
}

TEST_CASE("registers with names, enables and dropped bits") {
  scales("registers", [](Design& d, int size) -> const Module& {
    return d.module("registers", [&](Module& m) {
      const auto en = input(m, "en", Bool());
      UInt x = input(m, "a", UInt(12));
      for (int i = 0; i < size / 4; ++i) {
        auto r = reg(m, fmt::format("r{}", i), UInt(12), 0);
        r.when(en, (x ^ (i & 0xFFF)).named(fmt::format("mixed{}", i)));
        x = concat({r.bits(1, 11), en});
      }
      output(m, "q", x);
    });
  });
}

TEST_CASE("many ports") {
  scales(
      "ports",
      [](Design& d, int size) -> const Module& {
        const Module& inner = d.module("inner", [&](Module& m) {
          for (int i = 0; i < size / 20; ++i)
            output(m, fmt::format("q{}", i), ~input(m, fmt::format("a{}", i), UInt(8)));
        });
        return d.module("outer", [&](Module& m) {
          Instance u(m, "u", inner);
          for (int i = 0; i < size / 20; ++i) {
            u.in(fmt::format("a{}", i), input(m, fmt::format("b{}", i), UInt(8)));
            output(m, fmt::format("p{}", i), u.out(fmt::format("q{}", i), UInt(8)));
          }
        });
      },
      100000);
}

TEST_CASE("many modules, each instantiated once in a chain") {
  scales("modules", [](Design& d, int size) -> const Module& {
    return d.module("top", [&](Module& m) {
      UInt x = input(m, "a", UInt(16));
      for (int i = 0; i < size / 200; ++i) {
        const Module& part = d.module(fmt::format("part_{}", i), [&](Module& p) {
          const auto a = input(p, "a", UInt(16));
          auto r = reg(p, "r", UInt(16), 0);
          UInt y = a;
          for (int k = 0; k < 64; ++k) y = (y + (a ^ (k * 7 + i % 100))).wrap(16);
          r.next(y);
          output(p, "q", r);
        });
        Instance u(m, fmt::format("u{}", i), part);
        u.in("a", x);
        x = u.out("q", UInt(16));
      }
      output(m, "q", x);
    });
  });
}

TEST_CASE("many instances of combinational modules, ten levels deep") {
  scales("levels", [](Design& d, int size) -> const Module& {
    const Module* below = &d.module("leaf", [&](Module& m) {
      UInt x = input(m, "a", UInt(16));
      for (int i = 0; i < size / 4; ++i) x = (x + (x ^ (i & 0xFFFF))).wrap(16);
      output(m, "q", x);
    });
    for (int level = 0; level < 10; ++level)
      below = &d.module(fmt::format("level_{}", level), [&](Module& m) {
        UInt x = input(m, "a", UInt(16));
        for (int i = 0; i < 10; ++i) {
          Instance u(m, fmt::format("u{}", i), *below);
          u.in("a", x);
          x = u.out("q", UInt(16));
        }
        output(m, "q", x);
      });
    return *below;
  });
}

TEST_CASE("many tables and constants") {
  scales(
      "tables",
      [](Design& d, int size) -> const Module& {
        return d.module("tables", [&](Module& m) {
          UInt x = input(m, "a", UInt(4));
          for (int i = 0; i < size / 4; ++i)
            x = x ^ rom(x,
                        {static_cast<std::uint64_t>(i % 16), static_cast<std::uint64_t>(i / 16 % 16),
                         static_cast<std::uint64_t>(i / 256 % 16), static_cast<std::uint64_t>(i / 4096 % 16)},
                        4);
          output(m, "q", x);
        });
      },
      100000);
}

TEST_CASE("vectors packed from many lanes and taken apart again") {
  scales(
      "lanes",
      [](Design& d, int size) -> const Module& {
        return d.module("lanes", [&](Module& m) {
          const int lanes = 64;
          UInt vector = input(m, "a", UInt(lanes * 8));
          for (int i = 0; i < size / (lanes * 4); ++i) {
            std::vector<Signal> parts;
            for (int k = 0; k < lanes; ++k) parts.push_back((vector.bits(k * 8, 8) + 1).wrap(8));
            vector = concat(parts).named(fmt::format("v{}", i));
          }
          output(m, "q", vector);
        });
      },
      100000);
}

TEST_CASE("bits of sorted values: shared multiplexers stay shared") {
  scales(
      "sorter",
      [](Design& d, int size) -> const Module& {
        return d.module("sorter", [&](Module& m) {
          std::vector<UInt> v;
          for (int i = 0; i < 16; ++i) v.push_back(input(m, fmt::format("a{}", i), UInt(8)));
          for (int round = 0; round < size / 64; ++round)
            for (std::size_t i = static_cast<std::size_t>(round) % 2; i + 1 < v.size(); i += 2) {
              const Bool swap = v[i + 1] < v[i];
              const UInt low = mux(swap, v[i + 1], v[i]);
              v[i + 1] = mux(swap, v[i], v[i + 1]);
              v[i] = low;
            }
          for (int i = 0; i < 16; ++i) output(m, fmt::format("q{}", i), v[static_cast<std::size_t>(i)].bits(2, 3));
        });
      },
      100000);
}
