// Ctrl-C as an exception, so that temporary files and folders are removed on the way out.
#pragma once
#include <stdexcept>

namespace quillgen::harness {

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

/// From now on SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP only set a flag.
void catch_interrupts();

/// True once one of them came.
bool interrupted();

/// Throws Interrupted once one of them came.
void check_interrupt();

}  // namespace quillgen::harness
