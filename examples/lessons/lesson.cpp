#include "lesson.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "emit/verilog.hpp"
#include "passes/verify.hpp"

namespace quillgen::lessons {

namespace {

const std::filesystem::path folder = LESSONS;

std::string read(const std::string& file) {
  std::ifstream in(folder / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

void Lesson::check(bool holds, const std::string& what) {
  ++checks_;
  if (!holds && ++wrong_ <= 5) fmt::print("WRONG: {}\n", what);
}

void Lesson::verilog(const Module& m) {
  passes::verify_or_throw(m);
  const std::string file = m.name() + ".v";
  keep(file, read(file), emit::print_module(m).verilog);
}

int Lesson::end() {
  print("{} checks, {} wrong", checks_, wrong_);
  fmt::print("{}", output_);
  // In README.md the output follows the command that gives it, up to an empty line.
  const std::string readme = read("README.md"), command = "    $ build/examples/lessons/" + name_ + "\n";
  const auto start = readme.find(command) + command.size(), stop = readme.find("\n\n", start - 1) + 1;
  if (start < command.size() || stop == 0) check(false, "README.md has no place for the output of " + name_);
  else keep("README.md", readme, readme.substr(0, start) + output_ + readme.substr(stop));
  return wrong_ == 0 ? 0 : 1;
}

void Lesson::keep(const std::string& file, const std::string& is, const std::string& should_be) {
  if (update_ && is != should_be) std::ofstream(folder / file, std::ios::binary) << should_be;
  check(update_ || is == should_be, fmt::format("{} differs; if that is intended: {} --update", file, name_));
}

interp::Interpreter simulate(const Module& m) {
  interp::Interpreter sim(m);
  sim.set_reset(true);
  sim.step();
  sim.set_reset(false);
  return sim;
}

Cost cost(const Module& m) {
  Cost sum{m.nodes().size()};
  for (const Node& n : m.nodes())
    if (n.op == Op::rom) sum.table_bits += m.roms()[n.extra].size() * static_cast<std::size_t>(n.width);
  for (const RegInfo& r : m.regs()) sum.storage_bits += static_cast<std::size_t>(m.width(r.node));
  for (const MemoryInfo& r : m.memories()) sum.storage_bits += static_cast<std::size_t>(r.depth * r.width);
  for (const InstanceInfo& i : m.instances()) {
    const Cost child = cost(*i.module);
    sum.nodes += child.nodes, sum.storage_bits += child.storage_bits, sum.table_bits += child.table_bits;
  }
  return sum;
}

}  // namespace quillgen::lessons

int main(int argc, char** argv) try {
  const std::string name = std::filesystem::path{argv[0]}.filename();
  Lesson lesson(name, argc > 1 && std::string(argv[1]) == "--update");
  teach(lesson);
  return lesson.end();
} catch (const std::exception& e) {
  fmt::print("WRONG: {}\n", e.what());
  return 1;
}
