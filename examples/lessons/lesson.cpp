#include "lesson.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "emit/verilog.hpp"
#include "interp/vcd.hpp"
#include "passes/verify.hpp"

namespace quillgen::lessons {

namespace {

const std::filesystem::path folder = LESSONS;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  if (!(out << text).flush()) throw std::runtime_error("cannot write " + file.string());
}

/// The lines without what they are indented by.
std::string unindented(const std::string& text) {
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto first = std::min(text.find_first_not_of(' ', begin), end);
    lines += text.substr(first, end - first) + "\n";
    begin = end + 1;
  }
  return lines;
}

constexpr std::uint64_t most_cycles = 2000;  ///< of a waveform

}  // namespace

struct Lesson::Wave {
  std::ofstream file;
  const interp::Interpreter* of;
  interp::Vcd vcd;
  std::uint64_t next = 0;
  Wave(const std::filesystem::path& name, interp::Interpreter& sim) : file(name), of(&sim), vcd(sim, file) {}
};

Lesson::Lesson(std::string name, bool update, const std::filesystem::path& exercise)
    : name_(std::move(name)), update_(update), exercise_(exercise) {
  if (!exercise_.empty()) std::filesystem::create_directories(exercise_);
}

Lesson::~Lesson() = default;

void Lesson::check(bool holds, const std::string& what) {
  ++checks_;
  if (!holds && ++wrong_ <= 5) fmt::print("WRONG: {}\n", what);
}

void Lesson::verilog(const Module& m) {
  passes::verify_or_throw(m);
  const auto text = emit::print_module(m).verilog;
  if (!exercise_.empty()) return compare(m.name(), text);
  // A solution has files of its own where its Verilog is not that of the lesson.
  const auto own = (folder / name_).parent_path() / (m.name() + ".v"), of_lesson = folder / (m.name() + ".v");
  const auto& file = std::filesystem::exists(of_lesson) ? of_lesson : own;
  keep(file, read(file), text);
}

void Lesson::sample(interp::Interpreter& sim) {
  if (exercise_.empty()) return;
  const std::string module = sim.top().name();
  auto& wave = waves_[module];
  if (!wave) {
    wave = std::make_unique<Wave>(exercise_ / (module + ".vcd"), sim);
    notes_.push_back(fmt::format("{}: a waveform, for gtkwave", (exercise_ / (module + ".vcd")).string()));
  }
  if (wave->of != &sim || sim.cycle() < wave->next || sim.cycle() >= most_cycles) return;
  wave->vcd.sample();
  wave->next = sim.cycle() + 1;
}

int Lesson::end() {
  print("{} checks, {} wrong", checks_, wrong_);
  fmt::print("{}", output_);
  // On the page the output follows the command that gives it, up to an empty line.
  const std::string readme = read(folder / page_), command = "    $ build/examples/lessons/" + name_ + "\n";
  const auto start = readme.find(command) + command.size(), stop = readme.find("\n\n", start - 1) + 1;
  const bool found = start >= command.size() && stop != 0;
  if (!exercise_.empty()) {
    if (found && readme.substr(start, stop - start) != output_) notes_.push_back("the output is not that of the page");
    for (const auto& note : notes_) fmt::print("{}\n", note);
  } else if (!found) {
    check(false, page_.string() + " has no place for the output of " + name_);
  } else {
    if (name_.starts_with("solutions/")) check_code(readme, start);
    keep(folder / page_, readme, readme.substr(0, start) + output_ + readme.substr(stop));
  }
  return wrong_ == 0 ? 0 : 1;
}

void Lesson::keep(const std::filesystem::path& file, const std::string& is, const std::string& should_be) {
  if (update_ && is != should_be) write(file, should_be);
  check(update_ || is == should_be,
        fmt::format("{} differs. Doing an exercise? {} --exercise FOLDER. Meant for the page? {} --update",
                    file.filename().string(), name_, name_));
}

/// The Verilog of an exercise goes into its folder, and a note tells how it differs from the page's.
void Lesson::compare(const std::string& module, const std::string& is) {
  const auto file = exercise_ / (module + ".v"), page = folder / (module + ".v");
  write(file, is);
  ++checks_;  // as many as on the page
  notes_.push_back(!std::filesystem::exists(page) ? fmt::format("{}: new", file.string())
                   : read(page) == is             ? fmt::format("{}: as on the page", file.string())
                                      : fmt::format("{}: not as on the page, see diff -u {} {}", file.string(),
                                                    page.string(), file.string()));
}

/// Indented blocks between <details> and the command are parts of the solution's source.
void Lesson::check_code(const std::string& readme, std::size_t command) {
  const std::string source = unindented(read(folder / (name_ + ".cpp")));
  std::string block;
  int blocks = 0;
  for (std::size_t begin = readme.rfind("<details>", command); begin < command;) {
    const auto end = readme.find('\n', begin);
    const std::string line = readme.substr(begin, end - begin);
    if (line.starts_with("    ") && !line.starts_with("    $ ")) {
      block += line + "\n";
    } else if (!block.empty()) {
      check(source.find(unindented(block)) != std::string::npos,
            "the page shows code that is not in the source:\n" + block);
      block.clear(), ++blocks;
    }
    begin = end + 1;
  }
  check(blocks > 0, "the page shows no code of " + name_);
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
  const std::filesystem::path program{argv[0]};
  const std::vector<std::string> given(argv + 1, argv + argc);
  const bool update = given == std::vector<std::string>{"--update"};
  const bool exercise = given.size() == 2 && given[0] == "--exercise" && !given[1].empty();
  if (!given.empty() && !update && !exercise) {
    fmt::print(stderr, "{} [--update | --exercise FOLDER]\n", argv[0]);
    return 2;
  }
  const std::string in = program.parent_path().filename() == "solutions" ? "solutions/" : "";
  Lesson lesson(in + program.filename().string(), update, exercise ? given[1] : "");
  teach(lesson);
  return lesson.end();
} catch (const std::exception& e) {
  fmt::print("WRONG: {}\n", e.what());
  return 1;
}
