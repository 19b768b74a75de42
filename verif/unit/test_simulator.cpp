// Building a simulator from Verilog: taps, ports, cache, missing tools. The design is a small hand-written one.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "config/error.hpp"
#include "harness/build.hpp"
#include "harness/cache.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/sha256.hpp"
#include "harness/simulator.hpp"

using namespace quillgen;
using namespace quillgen::harness;
namespace fs = std::filesystem;

namespace {

// Squares odd inputs and sums them; the tap is inside the leaf. An input of 255 is fatal.
constexpr const char* leaf_text = R"(module leaf (
  input wire clk, input wire rst, input wire [7:0] a, output reg [15:0] q, output wire [99:0] wide
);
  wire [15:0] square = a * a;
  wire square_valid = a[0];
  wire square_ready = ~rst;
  assign wide = {q, 68'd0, q};
  always @(posedge clk) begin
    if (rst) q <= 16'd0; else if (square_valid & square_ready) q <= q + square;
`ifdef QUILLGEN_CHECKS
    if (!rst && a == 8'd255) $fatal(1, "%m: too large: %0d", a);
`endif
  end
endmodule
)";
constexpr const char* top_text = R"(module adder (
  input wire clk, input wire rst, input wire [7:0] a, output wire [15:0] q, output wire [99:0] wide
);
  leaf u_leaf (.clk(clk), .rst(rst), .a(a), .q(q), .wide(wide));
endmodule
)";
constexpr const char* manifest_text = R"({ "top": "adder", "config": {}, "taps": [
  { "stage": "square", "instance": "u_leaf", "module": "leaf", "valid": "square_valid", "ready": "square_ready",
    "fields": [{ "name": "value", "net": "square", "width": 16, "signed": false }] } ] })";

/// A folder of RTL, a private cache and the environment, all restored at the end.
struct Workshop {
  TemporaryFolder folder{fs::temp_directory_path()};
  fs::path rtl = folder.path() / "rtl";
  std::string path = std::getenv("PATH");

  Workshop() {
    fs::create_directory(rtl);
    setenv("XDG_CACHE_HOME", (folder.path() / "cache").c_str(), 1);
    write_atomically(rtl / "leaf.v", leaf_text);
    write_atomically(rtl / "adder.v", top_text);
    write_atomically(rtl / "files.f", "// files\nleaf.v\nadder.v\n");
    write_atomically(rtl / "manifest.json", manifest_text);
  }
  ~Workshop() {
    setenv("PATH", path.c_str(), 1);
    unsetenv("XDG_CACHE_HOME");
  }
  BuiltSimulator build() const { return build_simulator(rtl, load_manifest(rtl)); }
  std::string refusal() const {
    try {
      build();
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  }
};

}  // namespace

TEST_CASE("SHA-256 of known texts") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(std::string(1000, 'a')) == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST_CASE("a design is built, driven, tapped, reused, and rebuilt when it changes") {
  Workshop shop;
  const auto built = shop.build();
  CHECK(!built.reused);
  MESSAGE(fmt::format("first build {:.1f} s", built.seconds));

  const SimulatorLibrary library(built.library);
  Simulator sim(library, 1);
  auto clk = sim.port("clk", true, 1), rst = sim.port("rst", true, 1), a = sim.port("a", true, 8);
  const auto q = sim.port("q", false, 16), wide = sim.port("wide", false, 100);
  const auto square = sim.net("u_leaf", "square"), valid = sim.net("u_leaf", "square_valid"),
             ready = sim.net("u_leaf", "square_ready");
  CHECK(square.bits() == 16);
  CHECK(valid.bits() == 1);
  unsigned sum = 0;
  for (unsigned cycle = 0; cycle < 40; ++cycle) {
    rst.set(cycle < 3);
    a.set(cycle * 5);
    clk.set(0);
    sim.eval();
    CHECK(ready.get() == (cycle >= 3));
    CHECK(valid.get() == cycle % 2);
    CHECK(square.get() == (cycle * 5) * (cycle * 5));
    if (valid.get() && ready.get()) sum += static_cast<unsigned>(square.get());
    clk.set(1);
    sim.eval();
    if (cycle >= 1) CHECK(q.get() == sum % 65536);
    if (cycle >= 1) CHECK(wide.get() == sum % 65536);
  }
  CHECK_THROWS_AS(sim.net("u_leaf", "nothing"), UserError);
  CHECK_THROWS_AS(sim.net("u_other", "square"), UserError);
  CHECK_THROWS_AS(sim.port("a", true, 9), UserError);
  CHECK_THROWS_AS(sim.port("q", true), UserError);
  CHECK(!sim.find_port("none"));

  a.set(255);
  clk.set(0);
  sim.eval();
  clk.set(1);
  std::string message;
  try {
    sim.eval();
  } catch (const DesignStopped& stop) {
    message = stop.what();
  }
  CHECK(message.find("u_leaf: too large: 255") != std::string::npos);
  CHECK(message.find('\n') == std::string::npos);

  // A Verilator or compiler that is started leaves a trace, and fails.
  const auto fakes = shop.folder.path() / "fakes";
  fs::create_directory(fakes);
  const auto trace = shop.folder.path() / "started";
  for (const char* tool : {"verilator", "g++"}) {
    write_atomically(fakes / tool, fmt::format("#!/bin/sh\necho $0 $* >> {}\nexit 1\n", trace.string()));
    chmod((fakes / tool).c_str(), 0755);
  }
  CHECK(shop.build().reused);
  setenv("PATH", "/nowhere", 1);
  CHECK(shop.build().reused);
  CHECK(shop.build().library == built.library);
  setenv("PATH", fakes.c_str(), 1);
  CHECK(shop.build().reused);  // tools that do not run count as missing

  // Another design cannot be had without the tools.
  write_atomically(shop.rtl / "leaf.v", std::string(leaf_text) + "// changed\n");
  CHECK(shop.refusal().find("Debian package verilator") != std::string::npos);
  setenv("PATH", "/nowhere", 1);
  CHECK(shop.refusal().find("Debian package verilator") != std::string::npos);
  setenv("PATH", shop.path.c_str(), 1);
  const auto again = shop.build();
  CHECK(!again.reused);
  CHECK(again.library != built.library);
  MESSAGE(fmt::format("second build, runtime kept: {:.1f} s", again.seconds));

  write_atomically(shop.rtl / "leaf.v", "module leaf (input wire clk); assign nonsense = ; endmodule\n");
  CHECK(shop.refusal().find("Verilator refuses the RTL: %Error") == 0);
  CHECK(shop.refusal().find('\n') == std::string::npos);
  for (const auto& entry : fs::directory_iterator(shop.folder.path() / "cache" / "quillgen"))
    CHECK(!entry.path().filename().string().starts_with("quillgen."));  // nothing half-built stays
}

TEST_CASE("a damaged cache is built again") {
  Workshop shop;
  const auto entry = shop.build().library.parent_path();
  const auto cache = entry.parent_path();
  const auto works = [&] {
    return SimulatorLibrary(shop.build().library).interface().version == sim_interface_version;
  };
  const auto text = read_text(entry / "simulator.so");
  auto wrong = text;
  wrong[wrong.size() / 2] ^= 1;
  const std::map<std::string, std::function<void()>> damages = {
      {"cut short", [&] { write_atomically(entry / "simulator.so", text.substr(0, 8192)); }},
      {"one bit", [&] { write_atomically(entry / "simulator.so", wrong); }},
      {"empty", [&] { write_atomically(entry / "simulator.so", ""); }},
      {"missing", [&] { fs::remove(entry / "simulator.so"); }},
      {"hash missing", [&] { fs::remove(entry / "sha256"); }}};
  for (const auto& [name, damage] : damages) {
    CAPTURE(name);
    write_atomically(entry / "simulator.so", text);
    write_atomically(entry / "sha256", sha256(text));
    CHECK(is_whole(entry, "simulator.so"));
    damage();
    CHECK(!is_whole(entry, "simulator.so"));
  }
  // Whole, but of another machine.
  write_atomically(entry / "simulator.so", "\177ELF for something else");
  write_atomically(entry / "sha256", sha256("\177ELF for something else"));
  CHECK(!shop.build().reused);
  CHECK(works());
  // Not even a folder, and what it is linked with is damaged too.
  fs::remove_all(entry);
  write_atomically(entry, "no folder");
  for (const auto& other : fs::directory_iterator(cache))
    if (fs::exists(other.path() / "runtime.o")) write_atomically(other.path() / "runtime.o", "no object file");
  CHECK(!shop.build().reused);
  CHECK(works());
  for (const char* versions : {"", "{", "[]", "{\"a\": 1}", "null"}) {
    write_atomically(cache / "tools.json", versions);
    CHECK(shop.build().reused);
  }
  auto versions = nlohmann::json::parse(read_text(cache / "tools.json"));
  for (auto& version : versions) version = 5;
  write_atomically(cache / "tools.json", versions.dump());
  CHECK(shop.build().reused);
}

TEST_CASE("folders that are no RTL are refused") {
  Workshop shop;
  write_atomically(shop.rtl / "files.f", "gone.v\n");
  CHECK(shop.refusal().find("names gone.v, which does not exist") != std::string::npos);
  write_atomically(shop.rtl / "manifest.json", "{}");
  CHECK(shop.refusal().find("manifest.json: ") != std::string::npos);
  fs::remove(shop.rtl / "manifest.json");
  CHECK(shop.refusal().find("not found") != std::string::npos);
}
