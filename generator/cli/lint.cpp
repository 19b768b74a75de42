// quillgen lint: a folder of RTL read by Verilator, Icarus Verilog and Yosys with every warning on and none waived.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/error.hpp"
#include "harness/manifest.hpp"
#include "harness/process.hpp"
#include "harness/verilator_lint.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

struct Check {
  std::string title;
  harness::Command command;
  std::vector<std::string> (*complaints)(const harness::ProcessResult& result);  ///< none when the Verilog is sound
};

std::vector<std::string> complaints(const harness::ProcessResult& result, bool (*is_complaint)(const std::string&)) {
  std::vector<std::string> found;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);)
    if (is_complaint(line)) found.push_back(line);
  if (found.empty() && result.status != 0) found.push_back(fmt::format("exit status {}", result.status));
  return found;
}

/// Icarus says nothing about sound Verilog.
std::vector<std::string> icarus_complaints(const harness::ProcessResult& result) {
  return complaints(result, [](const std::string& line) { return !line.empty(); });
}

/// Yosys keeps a log. A latch it infers is a fault of the RTL, though Yosys only notes it.
std::vector<std::string> yosys_complaints(const harness::ProcessResult& result) {
  return complaints(result, [](const std::string& line) {
    for (const auto* word : {"Warning", "ERROR", "Latch inferred"})
      if (line.find(word) != std::string::npos) return true;
    return false;
  });
}

std::vector<Check> checks(const std::string& top, const std::vector<std::string>& files) {
  const auto with_files = [&](harness::Command command) {
    command.insert(command.end(), files.begin(), files.end());
    return command;
  };
  const auto verilator = [&](std::string title, harness::Command options) {
    harness::Command command = {"verilator", "--lint-only", "-Wall", "--top-module", top};
    command.insert(command.end(), options.begin(), options.end());
    return Check{std::move(title), with_files(command), harness::verilator_complaints};
  };
  const auto icarus = [&](std::string title, harness::Command options) {
    harness::Command command = {"iverilog", "-Wall", "-t", "null", "-s", top};
    command.insert(command.end(), options.begin(), options.end());
    return Check{std::move(title), with_files(command), icarus_complaints};
  };
  const auto script =
      fmt::format("read_verilog {}; hierarchy -check -top {}; proc; check -assert", fmt::join(files, " "), top);
  return {verilator("verilator -Wall", {}),
          verilator("verilator -Wall, Verilog-2005", {"--default-language", "1364-2005"}),
          icarus("iverilog -Wall, Verilog-2005", {"-g2005"}),
          icarus("iverilog -Wall, FORMAL", {"-g2012", "-DFORMAL"}),
          icarus("iverilog -Wall, FORMAL and QUILLGEN_CHECKS", {"-g2012", "-DFORMAL", "-DQUILLGEN_CHECKS"}),
          {"yosys hierarchy, proc, check -assert", {"yosys", "-p", script}, yosys_complaints}};
}

void require_tools(const std::vector<Check>& checks) {
  std::vector<std::string> missing;
  for (const auto& check : checks) {
    const auto& program = check.command.front();
    if (!harness::find_program(program) && std::find(missing.begin(), missing.end(), program) == missing.end())
      missing.push_back(program);
  }
  if (missing.empty()) return;
  throw UserError(fmt::format("{} not on PATH: install the Debian package{} {}", fmt::join(missing, ", "),
                              missing.size() > 1 ? "s" : "", fmt::join(missing, " ")));
}

/// Prints the verdict of one check; true when it is clean.
bool run_check(const Check& check, const fs::path& folder) {
  constexpr std::size_t shown = 40;
  const auto start = std::chrono::steady_clock::now();
  const auto found = check.complaints(harness::run(check.command, folder));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:<44} {:>6.1f} s  {}\n", check.title, seconds,
             found.empty() ? "clean" : fmt::format("{} lines of warnings", found.size()));
  for (std::size_t i = 0; i < std::min(found.size(), shown); ++i) fmt::print("  {}\n", found[i]);
  if (found.size() > shown) fmt::print("  ... and {} more lines\n", found.size() - shown);
  std::fflush(stdout);
  return found.empty();
}

int lint(const std::string& folder) {
  if (!fs::exists(fs::path(folder) / "manifest.json"))
    throw UserError(fmt::format(
        "{}: is not a folder written by `quillgen generate`: it has no manifest.json; generate the RTL first", folder));
  const auto manifest = harness::load_manifest(folder);
  const auto all = checks(manifest.top, harness::load_file_list(folder));
  require_tools(all);
  bool clean = true;
  for (const auto& check : all) clean = run_check(check, folder) && clean;
  return clean ? 0 : 1;
}

}  // namespace

void add_lint(const Command& app, int& exit_status) {
  const auto command =
      app.add_subcommand("lint", "read generated RTL with Verilator, Icarus Verilog and Yosys, all warnings on");
  const auto folder = std::make_shared<std::string>();
  command.add_option("folder", *folder, "folder written by `quillgen generate`").required();
  add_examples(command, {"lint rtl"});
  command.callback([folder, &exit_status] { exit_status = lint(*folder); });
}

}  // namespace quillgen::cli
