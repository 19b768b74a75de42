#include "fuzz/batch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "emit/design_files.hpp"
#include "emit/reset_style.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/process.hpp"
#include "harness/simulator.hpp"
#include "harness/verilator_lint.hpp"
#include "interp/interpreter.hpp"
#include "passes/verify.hpp"

namespace quillgen::fuzz {

namespace fs = std::filesystem;

namespace {

constexpr int reset_cycles = 3;

// Ports of the wrapper are whole words and more than one, so that all simulators hand them out the same way.
int padded(int bits) { return std::max((bits + 63) / 64, 2) * 64; }

void put(Words& to, int low, int width, const Words& value) {
  for (int b = 0; b < width; ++b)
    if (value[static_cast<std::size_t>(b) / 64] >> (b % 64) & 1)
      to[static_cast<std::size_t>(low + b) / 64] |= std::uint64_t{1} << ((low + b) % 64);
}

Words take(const Words& from, int low, int width) {
  Words value(static_cast<std::size_t>(width + 63) / 64, 0);
  for (int b = 0; b < width; ++b)
    if (from[static_cast<std::size_t>(low + b) / 64] >> ((low + b) % 64) & 1)
      value[static_cast<std::size_t>(b) / 64] |= std::uint64_t{1} << (b % 64);
  return value;
}

Words random_words(std::mt19937_64& random, int width) {
  Words v(static_cast<std::size_t>(width + 63) / 64);
  const auto kind = random() % 6;
  for (auto& w : v) w = kind == 0 ? 0 : kind == 1 ? ~std::uint64_t{0} : random();
  v.back() &= hdl::mask((width - 1) % 64 + 1);
  return v;
}

std::string hex(const Words& v) {
  std::string text;
  for (std::size_t i = v.size(); i-- > 0;) text += fmt::format("{:016x}", v[i]);
  return text;
}

// Modules that are printed for several styles of reset have a name for each.
emit::Options how_printed(hdl::Reset reset) {
  return {.prefix = reset == hdl::Reset::sync_high  ? ""
                    : reset == hdl::Reset::sync_low ? "low_"
                                                    : "async_",
          .reset = reset};
}

void stimulate(Subject& s, int cycles) {
  std::mt19937_64 random(s.seed);
  for (int c = 0; c < cycles; ++c) {
    Words all(static_cast<std::size_t>(padded(s.input_bits)) / 64, 0);
    int low = 0;
    for (const hdl::Port& p : s.top->ports()) {
      if (!p.is_input) continue;
      Words v = random_words(random, p.width);
      if (p.name == "init") v.assign(1, c < warm_up_cycles ? 1 : 0);
      if (p.name == "init_index") v.assign(1, static_cast<unsigned>(c) % 16);
      put(all, low, p.width, v);
      low += p.width;
    }
    s.inputs.push_back(std::move(all));
  }
}

void interpret(Subject& s, const std::vector<bool>& resets) {
  interp::Interpreter sim(*s.top, s.seed + 1);
  sim.set_asynchronous_reset(s.reset == hdl::Reset::async_low);
  for (std::size_t c = 0; c < resets.size(); ++c) {
    sim.set_reset(resets[c]);
    int low = 0, port = 0;
    for (const hdl::Port& p : s.top->ports()) {
      if (p.is_input) sim.set_wide(port, take(s.inputs[c], low, p.width)), low += p.width;
      ++port;
    }
    Words all(static_cast<std::size_t>(padded(s.output_bits)) / 64, 0);
    low = port = 0;
    for (const hdl::Port& p : s.top->ports()) {
      if (!p.is_input) put(all, low, p.width, sim.get_wide(port)), low += p.width;
      ++port;
    }
    s.outputs.push_back(std::move(all));
    sim.step();
  }
}

}  // namespace

Batch::Batch(const std::vector<std::uint64_t>& seeds, const Options& options, const Build& build) {
  const int cycles = options.cycles;
  std::mt19937_64 random(seeds.empty() ? 0 : seeds.front());
  // A second reset ends the warm-up: what registers took from undefined ones before goes away.
  for (int c = 0; c < cycles; ++c)
    resets_.push_back(c < reset_cycles || (c >= warm_up_cycles - reset_cycles && c < warm_up_cycles) ||
                      (c >= warm_up_cycles && random() % static_cast<unsigned>(options.reset_every) == 0));
  for (std::uint64_t seed : seeds) {
    Subject s;
    s.seed = seed;
    s.reset = static_cast<hdl::Reset>(seed % 3);
    s.top = &build(design_, seed);
    for (const hdl::Port& p : s.top->ports()) (p.is_input ? s.input_bits : s.output_bits) += p.width;
    try {
      passes::verify_or_throw(*s.top);
      stimulate(s, cycles);
      interpret(s, resets_);
    } catch (const std::exception& e) {
      throw std::runtime_error(fmt::format("seed {}: {}", seed, e.what()));
    }
    values_ += static_cast<std::uint64_t>(s.output_bits) * static_cast<std::uint64_t>(cycles - warm_up_cycles);
    subjects_.push_back(std::move(s));
  }
  for (const auto& m : design_.modules()) nodes_ += m->nodes().size();
}

std::string Batch::wrapper() const {
  std::string ports = "  input wire clk,\n  input wire rst", body;
  for (const Subject& s : subjects_) {
    ports += fmt::format(",\n  input wire [{}:0] in_{},\n  output wire [{}:0] out_{}", padded(s.input_bits) - 1, s.seed,
                         padded(s.output_bits) - 1, s.seed);
    std::string pins;
    if (s.top->has_clock()) pins += ".clk(clk), ";
    if (s.top->has_reset()) pins += s.reset == hdl::Reset::sync_high ? ".rst(rst), " : ".rst_n(!rst), ";
    if (emit::has_test_mode(*s.top, s.reset)) pins += ".test_mode(1'b0), ";
    int in = 0, out = 0;
    for (const hdl::Port& p : s.top->ports()) {
      int& low = p.is_input ? in : out;
      pins += fmt::format(".{}({}_{}[{}:{}]), ", p.name, p.is_input ? "in" : "out", s.seed, low + p.width - 1, low);
      low += p.width;
    }
    pins.resize(pins.size() - 2);
    body += fmt::format("  {} u_{} ({});\n", how_printed(s.reset).prefix + s.top->name(), s.seed, pins);
    if (out < padded(out)) body += fmt::format("  assign out_{}[{}:{}] = 0;\n", s.seed, padded(out) - 1, out);
  }
  return fmt::format("module batch (\n{}\n);\n{}endmodule\n", ports, body);
}

// Reads the stimuli of one cycle after the other and prints the outputs, a line a netlist. Inputs change after the
// rising edge, as those of a synchronous design do: a clock gate decides at the falling one.
std::string Batch::testbench() const {
  int bits = 1;
  std::string wires, pins, show;
  for (const Subject& s : subjects_) {
    const int in = padded(s.input_bits), out = padded(s.output_bits);
    wires += fmt::format("  wire [{0}:0] out_{1};\n  wire [{2}:0] in_{1} = now[{3}:{4}];\n", out - 1, s.seed, in - 1,
                         bits + in - 1, bits);
    pins += fmt::format(", .in_{0}(in_{0}), .out_{0}(out_{0})", s.seed);
    show += fmt::format("      $display(\"%h\", out_{});\n", s.seed);
    bits += in;
  }
  return fmt::format(R"(module testbench;
  reg clk;
  reg [{0}:0] now;
  reg [{0}:0] stimuli [0:{1}];
  integer cycle;
{2}  batch dut (.clk(clk), .rst(now[0]){3});
  initial begin
    $readmemh("stimuli.hex", stimuli);
    clk = 1;
    for (cycle = 0; cycle <= {1}; cycle = cycle + 1) begin
      now = stimuli[cycle];
      #1 clk = 0;
      #1;
{4}      clk = 1;
      #1;
    end
    $finish;
  end
endmodule
)",
                     bits - 1, resets_.size() - 1, wires, pins, show);
}

void Batch::write(const fs::path& folder) const {
  fs::create_directories(folder);
  emit::Files files;
  std::string list;
  for (const Subject& s : subjects_) {
    emit::Files of_top = emit::design_files(design_, *s.top, {}, how_printed(s.reset));
    std::istringstream names(of_top.at("files.f"));
    for (std::string name; std::getline(names, name);)
      if (files.try_emplace(name, of_top.at(name)).second) list += name + "\n";
  }
  for (const auto& [name, text] : files) harness::write_atomically(folder / name, text);
  harness::write_atomically(folder / "modules.f", list);
  harness::write_atomically(folder / "batch.v", wrapper());
  harness::write_atomically(folder / "files.f", list + "batch.v\n");
}

void Batch::compare(std::vector<std::string>& problems, const Subject& s, int cycle, const Words& got,
                    const char* tool) const {
  const Words& want = s.outputs[static_cast<std::size_t>(cycle)];
  if (cycle < warm_up_cycles || got == want) return;
  const std::string start = fmt::format("seed {}: ", s.seed);
  for (const auto& p : problems)
    if (p.starts_with(start)) return;  // the first difference is enough
  int low = 0;
  for (const hdl::Port& p : s.top->ports()) {
    if (p.is_input) continue;
    if (take(got, low, p.width) != take(want, low, p.width)) {
      problems.push_back(fmt::format("{}cycle {}, output {}: {} says {}, the interpreter {}", start, cycle, p.name,
                                     tool, hex(take(got, low, p.width)), hex(take(want, low, p.width))));
      return;
    }
    low += p.width;
  }
}

std::vector<std::string> Batch::lint(const fs::path& folder, bool with_checks) const {
  std::vector<std::string> problems;
  for (const char* mode : {"", "-DQUILLGEN_CHECKS", "-DFORMAL"}) {
    // Comparisons of random values may turn out constant where a constant hides behind a named net.
    harness::Command command{"verilator",     "--lint-only",   "-Wall", "-Wno-MULTITOP",
                             "-Wno-CMPCONST", "-Wno-UNSIGNED", "-f",    "modules.f"};
    if (*mode == '\0') command.insert(command.end(), {"--default-language", "1364-2005"});
    else if (with_checks) command.push_back(mode);
    else continue;
    for (const auto& line : harness::verilator_complaints(harness::run(command, folder)))
      if (problems.size() < 20) problems.push_back("lint: " + line);
  }
  return problems;
}

std::vector<std::string> Batch::run_verilator(const fs::path& folder) const {
  const auto built = harness::build_simulator(folder, {"batch", {}, {}}, {.jobs = 1, .optimise = false});
  harness::Simulator sim(harness::SimulatorLibrary(built.library), 1);
  auto clk = sim.port("clk", true, 1), rst = sim.port("rst", true, 1);
  std::vector<std::string> problems;
  std::vector<std::pair<harness::Signal, harness::Signal>> ports;
  for (const Subject& s : subjects_)
    ports.emplace_back(sim.port(fmt::format("in_{}", s.seed), true), sim.port(fmt::format("out_{}", s.seed), false));
  // A reset that is there from the start has no edge; nor has that of a block that random bits hold, until the reset of
  // the design has come and gone.
  for (const unsigned level : {0, 1, 0}) rst.set(level), sim.eval();
  for (std::size_t c = 0; c < resets_.size(); ++c) {
    rst.set(resets_[c] ? 1 : 0);
    for (std::size_t i = 0; i < subjects_.size(); ++i)
      ports[i].first.set_bytes(reinterpret_cast<const std::uint8_t*>(subjects_[i].inputs[c].data()));
    sim.eval();  // an asynchronous reset is through before a clock gate decides
    clk.set(0);
    sim.eval();
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      Words got(static_cast<std::size_t>(ports[i].second.bits()) / 64);
      ports[i].second.get_bytes(reinterpret_cast<std::uint8_t*>(got.data()));
      compare(problems, subjects_[i], static_cast<int>(c), got, "Verilator");
    }
    clk.set(1);
    sim.eval();
  }
  return problems;
}

std::vector<std::string> Batch::run_icarus(const fs::path& folder) const {
  std::string stimuli;
  for (std::size_t c = 0; c < resets_.size(); ++c) {
    // The reset is the lowest bit below all others: everything moves up by one.
    std::string bits = resets_[c] ? "1" : "0";
    Words all;
    for (const Subject& s : subjects_) all.insert(all.end(), s.inputs[c].begin(), s.inputs[c].end());
    Words shifted(all.size() + 1, 0);
    shifted[0] = resets_[c] ? 1 : 0;
    for (std::size_t w = 0; w < all.size(); ++w) shifted[w] |= all[w] << 1, shifted[w + 1] = all[w] >> 63;
    std::string digits = hex(shifted);
    digits.erase(0, 15);  // one bit more than whole words
    stimuli += digits + "\n";
  }
  harness::write_atomically(folder / "stimuli.hex", stimuli);
  harness::write_atomically(folder / "testbench.v", testbench());
  const auto compiled = harness::run({"iverilog", "-g2005", "-Wall", "-Wno-timescale", "-s", "testbench", "-o",
                                      "testbench.vvp", "-f", "files.f", "testbench.v"},
                                     folder);
  std::vector<std::string> problems;
  if (compiled.status != 0) return {fmt::format("iverilog: {}", compiled.output)};
  std::istringstream warnings(compiled.output);
  for (std::string line; std::getline(warnings, line);)
    if (line.find("testbench.v") == std::string::npos && line.find("batch.v") == std::string::npos)
      problems.push_back("iverilog: " + line);
  const auto result = harness::run({"vvp", "-n", "testbench.vvp"}, folder);
  std::istringstream lines(result.output);
  std::string line;
  for (std::size_t c = 0; c < resets_.size(); ++c)
    for (const Subject& s : subjects_) {
      if (!std::getline(lines, line)) return {fmt::format("vvp stopped in cycle {}: {}", c, line)};
      if (static_cast<int>(c) < warm_up_cycles) continue;
      if (line.find_first_not_of("0123456789abcdef") != std::string::npos) {
        problems.push_back(fmt::format("seed {}: cycle {}: Icarus says {}", s.seed, c, line));
        return problems;
      }
      Words got(line.size() / 16);
      for (std::size_t w = 0; w < got.size(); ++w)
        got[got.size() - 1 - w] = std::stoull(line.substr(w * 16, 16), nullptr, 16);
      compare(problems, s, static_cast<int>(c), got, "Icarus");
    }
  return problems;
}

}  // namespace quillgen::fuzz
