#include "harness/interrupt.hpp"

#include <signal.h>

namespace quillgen::harness {
namespace {
volatile sig_atomic_t flag = 0;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { flag = 1; };
  sigaction(SIGINT, &action, nullptr);  // no SA_RESTART: a waiting system call returns
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // nohup means to outlive the terminal
}

bool interrupted() { return flag != 0; }

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace quillgen::harness
