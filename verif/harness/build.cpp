#include "harness/build.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "config/error.hpp"
#include "harness/cache.hpp"
#include "harness/embedded.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/manifest.hpp"
#include "harness/ports.hpp"
#include "harness/process.hpp"
#include "harness/rtl_error.hpp"
#include "harness/sha256.hpp"
#include "harness/simulator.hpp"

namespace quillgen::harness {
namespace {

namespace fs = std::filesystem;

// Registers start with seeded random bits: a missing reset shows as a mismatch. X literals do not occur in the RTL.
// Verilator 5.006 computes some trees of constant and bit operations wrongly; that pass is switched off (random netlist
// 355 shows it).
const std::vector<std::string> verilator_flags = {"--cc",
                                                  "-O3",
                                                  "-fno-const-bit-op-tree",
                                                  "--x-assign",
                                                  "fast",
                                                  "--x-initial",
                                                  "unique",
                                                  "--no-timing",
                                                  "-Wno-lint",
                                                  "-Wno-fatal",
                                                  "--output-split",
                                                  "5000",
                                                  "--output-split-cfuncs",
                                                  "500"};
// The runtime's end-of-program calls are replaced by the shim. Unique symbols would tie two loaded designs together.
const Command compiler_flags = {"-std=c++20",          "-fPIC",          "-w",
                                "-fno-gnu-unique",     "-faligned-new",  "-fcf-protection=none",
                                "-fvisibility=hidden", "-DVM_SC=0",      "-DVM_TRACE_VCD=0",
                                "-DVL_USER_FINISH",    "-DVL_USER_STOP", "-DVL_USER_FATAL"};
constexpr const char* fast_level = "-O2";
constexpr const char* quick_level = "-O0";
constexpr const char* coverage_level = "-O1";
constexpr const char* slow_level = "-O0";
constexpr const char* runtime_level = "-O1";
constexpr const char* runtime_sources[] = {"verilated.cpp", "verilated_dpi.cpp", "verilated_threads.cpp"};

constexpr const char* runtime_head = "int quillgen_print(const char* format, ...);\n#define VL_PRINTF quillgen_print\n";

/// How a kind of simulator is made.
struct Recipe {
  std::vector<std::string> verilator = verilator_flags, compiler = compiler_flags;
  std::vector<std::string> runtime{std::begin(runtime_sources), std::end(runtime_sources)}, libraries;
  const char* level = fast_level;
};

Recipe recipe_of(const BuildOptions& options) {
  Recipe r;
  if (!options.optimise) r.level = quick_level;
  const auto add = [](std::vector<std::string>& to, std::initializer_list<const char*> words) {
    to.insert(to.end(), words.begin(), words.end());
  };
  const bool coverage = coverage_folder() && !options.waveform;
  if (!coverage) add(r.verilator, {"-DQUILLGEN_CHECKS"});  // the checks are no part of what is to be covered
  if (options.waveform) {
    // Every net, however wide. A cycle is ten time units, which viewers call nanoseconds.
    add(r.verilator, {"--trace-fst", "--trace-max-width", "0", "--timescale-override", "1ns/1ns"});
    add(r.compiler, {"-DVM_TRACE=1", "-DVM_TRACE_FST=1", "-DVM_COVERAGE=0"});
    add(r.runtime, {"fst_files.hpp", "verilated_fst_c.cpp"});
    add(r.libraries, {"-lz"});
  } else if (coverage) {
    // Counters are added to every instance: a module is compiled once, whatever the number of its instances.
    add(r.verilator, {"--coverage-line", "--coverage-toggle", "-fno-inline"});
    r.level = coverage_level;
    add(r.compiler, {"-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_COVERAGE=1"});
    add(r.runtime, {"verilated_cov.cpp"});
  } else {
    add(r.compiler, {"-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_COVERAGE=0"});
  }
  return r;
}

/// Hash of texts, each with its length so that no two lists run together.
std::string hash(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += fmt::format("{}:{}", text.size(), text);
  return sha256(all).substr(0, 32);
}

std::string design_hash(const fs::path& folder, const std::vector<std::string>& files, const Manifest& manifest,
                        const Recipe& recipe) {
  std::vector<std::string> texts = {manifest.top, tap_control_file(manifest.taps), recipe.level, slow_level,
                                    runtime_head};
  for (const auto text : {abi_text, shim_text, fst_files_text}) texts.emplace_back(text);
  texts.insert(texts.end(), recipe.verilator.begin(), recipe.verilator.end());
  texts.insert(texts.end(), recipe.compiler.begin(), recipe.compiler.end());
  for (const auto& file : files) {
    texts.push_back(file);
    texts.push_back(read_text(folder / file));
  }
  return hash(texts);
}

/// What building needs, once it is known that something is to be built.
struct Toolchain {
  Tool verilator, compiler;
  std::string hash() const { return harness::hash({verilator.version, compiler.version}); }
};

struct Step {
  Command command;
  bool design = false;  ///< a failure is a fault of the RTL, not of ours
};

/// Whether a tool failed for want of room: it says so, or was ended for it, or what it wrote still fills the disk.
bool is_disk_full(const std::string& output, const fs::path& work) {
  for (const char* reason :
       {strerrordesc_np(ENOSPC), strerrordesc_np(EDQUOT), strerrordesc_np(EFBIG), sigdescr_np(SIGXFSZ)})
    if (output.find(reason) != std::string::npos) return true;
  struct statvfs disk {};
  constexpr std::uint64_t little = 1 << 20;  // bytes
  return statvfs(work.c_str(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize < little;
}

/// Runs them in `folder`, their temporary files in `work`.
void run_steps(const std::vector<Step>& steps, const fs::path& folder, const fs::path& work, int jobs) {
  std::vector<Command> commands;
  for (const auto& step : steps) commands.push_back(step.command);
  const auto results = run_all(commands, folder, jobs, work);
  check_interrupt();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (results[i].status == 0) continue;
    const auto& output = results[i].output;
    if (results[i].status == 128 + SIGXFSZ || is_disk_full(output, work))
      throw UserError(
          fmt::format("{}: has no room for a simulator: make room on the disk, or point XDG_CACHE_HOME to another",
                      work.parent_path().string()));
    const auto error = output.find("%Error");
    if (!steps[i].design || error == std::string::npos)
      throw std::runtime_error(fmt::format("building the simulator: {} failed:\n{}", commands[i][0], output));
    const auto line = output.substr(error);
    throw RtlError(fmt::format("Verilator refuses the RTL: {}", line.substr(0, line.find('\n'))));
  }
}

/// Sources that Verilator wrote, gathered into few translation units: `groups` fast ones of about equal size and a slow
/// one.
std::vector<std::pair<std::string, const char*>> write_units(const fs::path& folder, int groups, const char* level) {
  struct Group {
    std::string text;
    std::uintmax_t size = 0;
  };
  std::vector<Group> fast(groups);
  Group slow;
  std::vector<fs::path> sources;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cpp" && entry.path().filename().string().starts_with("Vsim"))
      sources.push_back(entry.path());
  std::sort(sources.begin(), sources.end());
  std::stable_sort(sources.begin(), sources.end(),
                   [](auto& a, auto& b) { return fs::file_size(a) > fs::file_size(b); });
  for (const auto& source : sources) {
    const auto name = source.filename().string();
    const bool is_slow = name.find("Slow") != std::string::npos || name.find("Syms") != std::string::npos;
    auto& group =
        is_slow ? slow : *std::min_element(fast.begin(), fast.end(), [](auto& a, auto& b) { return a.size < b.size; });
    group.text += fmt::format("#include \"{}\"\n", name);
    group.size += fs::file_size(source);
  }
  slow.text += "#include \"shim.cpp\"\n";
  std::vector<std::pair<std::string, const char*>> units;
  for (int i = 0; i < groups; ++i) {
    const auto name = fmt::format("fast_{}", i);
    write_atomically(folder / (name + ".cpp"), fast[i].text);
    units.emplace_back(name, level);
  }
  write_atomically(folder / "slow.cpp", slow.text);
  units.emplace_back("slow", slow_level);
  return units;
}

Command compile(const Toolchain& tools, const Recipe& recipe, const fs::path& root, const std::string& source,
                const std::string& object, const char* level) {
  Command command = {tools.compiler.file.string()};
  command.insert(command.end(), recipe.compiler.begin(), recipe.compiler.end());
  for (std::string flag : {"-c", level, "-I."}) command.push_back(flag);
  command.push_back("-I" + (root / "include").string());
  command.push_back("-I" + (root / "include" / "vltstd").string());
  for (const std::string& word : {source, std::string("-o"), object}) command.push_back(word);
  return command;
}

/// Where the object file of Verilator's runtime is kept: it is compiled once for all designs of a kind.
fs::path runtime_entry(const fs::path& cache, const Toolchain& tools, const Recipe& recipe) {
  std::vector<std::string> texts = {tools.hash(), runtime_head, runtime_level, std::string(fst_files_text)};
  texts.insert(texts.end(), recipe.compiler.begin(), recipe.compiler.end());
  return cache / ("runtime-" + hash(texts));
}

/// Copies a kept one to where simulators are linked; false when there is none that is whole.
bool take_runtime(const fs::path& runtime, const fs::path& work) {
  std::error_code failed;
  if (!is_whole(runtime, "runtime.o")) return false;
  fs::copy_file(runtime / "runtime.o", work / "runtime.o", failed);
  return !failed;
}

/// Whether an entry can be used: damaged ones, and those of another machine on a shared disk, are built again.
bool is_usable(const fs::path& entry) {
  if (!is_whole(entry, "simulator.so")) return false;
  try {
    SimulatorLibrary library(entry / "simulator.so");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

fs::path verilator_root(const Toolchain& tools) {
  auto answer = run({tools.verilator.file.string(), "--getenv", "VERILATOR_ROOT"}, "/");  // ours may be gone
  while (!answer.output.empty() && answer.output.back() == '\n') answer.output.pop_back();
  if (answer.status != 0 || !fs::exists(fs::path(answer.output) / "include" / "verilated.cpp"))
    throw UserError("verilator: its runtime sources were not found: install the Debian package verilator again");
  return answer.output;
}

void check_zlib(const Toolchain& tools) {
  if (run({tools.compiler.file.string(), "-E", "-x", "c++", "-include", "zlib.h", "/dev/null"}).status != 0)
    throw UserError(
        "zlib.h was not found, and waveforms are compressed with it: install the Debian package zlib1g-dev");
}

void build(const fs::path& rtl, const std::vector<std::string>& files, const Manifest& manifest, const Toolchain& tools,
           const Recipe& recipe, const fs::path& cache, const fs::path& entry, const BuildOptions& options) {
  const auto say = [&](std::string_view text) {
    if (options.say) options.say(text);
  };
  if (options.waveform) check_zlib(tools);
  TemporaryFolder work(cache);
  const auto taps = tap_control_file(manifest.taps);
  write_atomically({{work.path() / "taps.vlt", taps},
                    {work.path() / "abi.hpp", abi_text},
                    {work.path() / "fst_files.hpp", fst_files_text},
                    {work.path() / "shim.cpp", shim_text}});
  say("translating the Verilog");
  Command verilator = {tools.verilator.file.string()};
  verilator.insert(verilator.end(), recipe.verilator.begin(), recipe.verilator.end());
  for (const std::string& word :
       {std::string("--prefix"), std::string("Vsim"), std::string("--top-module"), manifest.top, std::string("--Mdir"),
        work.path().string(), (work.path() / "taps.vlt").string()})
    verilator.push_back(word);
  verilator.insert(verilator.end(), files.begin(), files.end());
  run_steps({{verilator, true}}, fs::absolute(rtl), work.path(), 1);
  write_atomically(work.path() / "ports.hpp", port_table(manifest.top, read_text(work.path() / "Vsim.h")));

  const auto root = verilator_root(tools);
  say("compiling the simulator");
  const auto runtime = runtime_entry(cache, tools, recipe);
  const bool has_runtime = take_runtime(runtime, work.path());
  std::vector<Step> steps;
  Command link = {tools.compiler.file.string(), "-shared", "-o", "simulator.so", "runtime.o"};
  if (!has_runtime) {
    std::string unit = runtime_head;
    for (const auto& source : recipe.runtime) unit += fmt::format("#include \"{}\"\n", source);
    write_atomically(work.path() / "runtime.cpp", unit);
    steps.push_back({compile(tools, recipe, root, "runtime.cpp", "runtime.o", runtime_level)});
  }
  for (const auto& [unit, level] : write_units(work.path(), std::max(options.jobs, 1), recipe.level)) {
    steps.push_back({compile(tools, recipe, root, unit + ".cpp", unit + ".o", level)});
    link.push_back(unit + ".o");
  }
  for (const char* flag : {"-Wl,-Bsymbolic", "-pthread", "-latomic"}) link.push_back(flag);
  link.insert(link.end(), recipe.libraries.begin(), recipe.libraries.end());
  run_steps(steps, work.path(), work.path(), options.jobs);
  run_steps({{link}}, work.path(), work.path(), 1);

  if (!has_runtime) keep(work.path() / "runtime.o", cache, runtime);
  keep(work.path() / "simulator.so", cache, entry);
}

}  // namespace

BuiltSimulator build_simulator(const fs::path& folder, const Manifest& manifest, const BuildOptions& options) {
  const auto files = load_file_list(folder);
  const auto cache = cache_folder();
  sweep(cache);
  const auto recipe = recipe_of(options);
  const auto design = design_hash(folder, files, manifest, recipe);
  const auto verilator = find_tool(cache, "verilator");
  const auto compiler = find_tool(cache, "g++");
  if (!verilator || !compiler) {
    if (const auto entry = newest_entry(cache, design); entry && is_usable(*entry))
      return {*entry / "simulator.so", true, 0};
    throw UserError(verilator ? "g++ is not on PATH: install the Debian package g++"
                              : "verilator is not on PATH: install the Debian package verilator");
  }
  const Toolchain tools{*verilator, *compiler};
  const auto entry = cache / (design + "-" + tools.hash());
  if (is_usable(entry)) return {entry / "simulator.so", true, 0};
  FileLock lock(cache / (design + ".lock"));
  if (is_usable(entry)) return {entry / "simulator.so", true, 0};  // another process built it meanwhile
  const auto start = std::chrono::steady_clock::now();
  build(folder, files, manifest, tools, recipe, cache, entry, options);
  return {entry / "simulator.so", false,
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

}  // namespace quillgen::harness
