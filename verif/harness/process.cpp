#include "harness/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <sstream>

#include "harness/interrupt.hpp"

extern char** environ;

namespace quillgen::harness {
namespace {

struct Started {
  std::size_t index;
  int output;  ///< descriptor of the anonymous file that takes the output
};

std::string read_and_close(int file) {
  std::string text;
  std::array<char, 4096> buffer;
  lseek(file, 0, SEEK_SET);
  for (ssize_t n; (n = read(file, buffer.data(), buffer.size())) > 0;) text.append(buffer.data(), n);
  close(file);
  return text;
}

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/// Entries of PATH may be relative, and programs are started in other folders. An empty one is the current folder.
std::string absolute_path_list() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  std::string list;
  std::error_code none;
  for (std::string folder; std::getline(folders, folder, ':');)
    list += (list.empty() ? "" : ":") + std::filesystem::absolute(folder.empty() ? "." : folder, none).string();
  return list;
}

std::vector<std::string> environment(const std::filesystem::path& temporary) {
  std::vector<std::string> ours = {"PATH=" + absolute_path_list(), "LC_ALL=C"};
  if (!temporary.empty()) ours.push_back("TMPDIR=" + temporary.string());
  std::vector<std::string> all = ours;
  for (char** setting = environ; *setting; ++setting) {
    const std::string_view text = *setting;
    const auto has_name = [&](const std::string& other) {
      return text.starts_with(other.substr(0, other.find('=') + 1));
    };
    if (std::none_of(ours.begin(), ours.end(), has_name)) all.emplace_back(text);
  }
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// Starts the command; returns its process id, or -1.
pid_t start(const Command& command, const std::filesystem::path& folder, const std::filesystem::path& temporary,
            int output) {
  const auto program = command[0].find('/') == std::string::npos ? find_program(command[0]) : command[0];
  if (!program) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  const auto settings = environment(temporary);
  pid_t pid = -1;
  if (posix_spawn(&pid, program->c_str(), &actions, nullptr, pointers(command).data(), pointers(settings).data()) != 0)
    pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

}  // namespace

std::optional<std::filesystem::path> find_program(std::string_view name) {
  std::istringstream folders(absolute_path_list());
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = std::filesystem::path(folder) / name;
    if (std::error_code ec; std::filesystem::is_regular_file(file, ec) && access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

std::vector<ProcessResult> run_all(const std::vector<Command>& commands, const std::filesystem::path& folder, int jobs,
                                   const std::filesystem::path& temporary) {
  std::vector<ProcessResult> results(commands.size());
  std::map<pid_t, Started> running;
  std::size_t next = 0;
  while (next < commands.size() || !running.empty()) {
    while (next < commands.size() && running.size() < static_cast<std::size_t>(std::max(jobs, 1))) {
      if (interrupted()) {
        results[next++] = {128 + SIGTERM, "not started: interrupted"};
        continue;
      }
      const int output = memfd_create("output", MFD_CLOEXEC);
      const pid_t pid = start(commands[next], folder, temporary, output);
      if (pid < 0) {
        close(output);
        results[next] = {127, commands[next][0] + " could not be started"};
      } else {
        running[pid] = {next, output};
      }
      ++next;
    }
    if (running.empty()) continue;
    // The oldest child is awaited by its own id: a child somebody else started is not ours to reap.
    const auto oldest = std::min_element(running.begin(), running.end(),
                                         [](auto& a, auto& b) { return a.second.index < b.second.index; });
    int status = 0;
    while (waitpid(oldest->first, &status, 0) < 0 && errno == EINTR)
      if (interrupted())
        for (const auto& [pid, started] : running) kill(pid, SIGTERM);
    results[oldest->second.index] = {exit_status(status), read_and_close(oldest->second.output)};
    running.erase(oldest);
  }
  return results;
}

ProcessResult run(const Command& command, const std::filesystem::path& folder) {
  return run_all({command}, folder, 1)[0];
}

}  // namespace quillgen::harness
