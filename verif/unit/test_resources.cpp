// Counting memories, registers and multipliers of a netlist.
#include <doctest/doctest.h>

#include "hdl/build.hpp"
#include "passes/resources.hpp"

using namespace quillgen::hdl;
using quillgen::passes::resources_of;

TEST_CASE("resources are counted through the hierarchy, each instance") {
  Design d;
  auto& child = d.module("child", [](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    auto product = reg(m, "product", SInt(8), 0);
    product.when(Bool::constant(m, true), a * b);
    output(m, "out", product);
  });
  auto& top = d.module("top", [&](Module& m) {
    auto a = input(m, "a", SInt(5)), b = input(m, "b", SInt(3));
    for (const char* name : {"one", "two"}) {
      Instance i(m, name, child);
      i.in("a", a), i.in("b", b);
      output(m, std::string("out_") + name, i.out("out", SInt(8)));
    }
    output(m, "scaled", a * SInt::constant(m, 3, 4));
    auto enable = input(m, "enable", Bool());
    auto address = input(m, "address", UInt(4));
    Ram sram(m, "sram", 10, 7, 1), file(m, "file", 6, 2, 0);
    sram.write(enable, address, input(m, "word", UInt(7)));
    file.write(enable, address.wrap(3), input(m, "half", UInt(2)));
    output(m, "sram_data", sram.read(address, enable));
    output(m, "file_data", file.read(address.wrap(3), true));
  });
  const auto r = resources_of(top);
  CHECK(r.multipliers == 2);
  CHECK(r.multiplier_bits == 2 * 5 * 3);
  CHECK(r.memory_bits == 70);
  CHECK(r.register_bits == 2 * 8 + 12);
}
