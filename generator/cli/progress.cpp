#include "cli/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace quillgen::cli {

void Progress::show(std::string_view text) {
  if (!isatty(STDERR_FILENO) || text == shown_) return;
  fmt::print(stderr, "\r\x1b[K{}", text);
  shown_ = text;
}

}  // namespace quillgen::cli
