// Running other programs: looked up on PATH, output captured, several at once.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quillgen::harness {

using Command = std::vector<std::string>;

struct ProcessResult {
  int status = 0;      ///< exit status, 128 + n after signal n, 127 if it could not be started
  std::string output;  ///< stdout and stderr together
};

/// The file that `name` would start, looked up on PATH, as an absolute path; nothing when there is none.
std::optional<std::filesystem::path> find_program(std::string_view name);

/// Runs the commands in `folder`, at most `jobs` at a time, and waits for all of them. Results are in the order of the
/// commands. Ctrl-C, SIGTERM and SIGHUP, once caught (interrupt.hpp), end those that run and keep others from starting.
/// They have our environment, but speak English (LC_ALL=C), and put temporary files into `temporary` if that is given.
std::vector<ProcessResult> run_all(const std::vector<Command>& commands, const std::filesystem::path& folder, int jobs,
                                   const std::filesystem::path& temporary = {});

/// Runs one command in `folder`.
ProcessResult run(const Command& command, const std::filesystem::path& folder = ".");

}  // namespace quillgen::harness
