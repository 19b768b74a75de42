#include "cli/standard_output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "harness/files.hpp"

namespace quillgen::cli {
namespace {

/// A handler, unlike SIG_IGN, is not handed on to programs that we start. False when the signal is ignored already.
bool outlive(int signal_number) {
  struct sigaction action {};
  sigaction(signal_number, nullptr, &action);
  if (action.sa_handler == SIG_IGN) return false;
  action.sa_handler = [](int) {};
  sigaction(signal_number, &action, nullptr);
  return true;
}

bool dies_of_closed_pipe = false;

}  // namespace

void guard_standard_output() {
  dies_of_closed_pipe = outlive(SIGPIPE);
  outlive(SIGXFSZ);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) open("/dev/null", O_RDONLY);  // the lowest that is free
}

int finish_standard_output(int exit_status, int error) {
  const bool failed = std::ferror(stdout);
  if (std::fclose(stdout) != 0 && error == 0) error = errno;
  if (!failed && error == 0) return exit_status;
  if (error == EPIPE && dies_of_closed_pipe) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
  }
  std::fputs(("quillgen: " + harness::write_failure("standard output", error) + "\n").c_str(), stderr);
  return exit_status == 0 ? 2 : exit_status;
}

}  // namespace quillgen::cli
