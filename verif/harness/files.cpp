#include "harness/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/error.hpp"
#include "harness/interrupt.hpp"

namespace quillgen::harness {

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.bad())
    throw UserError(fmt::format("{}: cannot be read: check that it is a readable file", file.string()));
  return text.str();
}

void write_atomically(const std::filesystem::path& file, std::string_view text) {
  auto draft = file;
  draft += fmt::format(".{}.tmp", getpid());
  std::ofstream out(draft, std::ios::binary);
  out << text;
  out.close();
  std::error_code ec;
  if (out) std::filesystem::rename(draft, file, ec);
  if (!out || ec) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    throw UserError(fmt::format("{}: cannot be written: check that its folder exists and is writable", file.string()));
  }
}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  std::string name = (parent / "quillgen.XXXXXX").string();
  if (!mkdtemp(name.data()))
    throw UserError(fmt::format("{}: no folder can be made here ({}): choose a writable place", parent.string(),
                                std::strerror(errno)));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::move_to(const std::filesystem::path& target) {
  std::filesystem::rename(path_, target);
  path_.clear();
}

FileLock::FileLock(const std::filesystem::path& file) : file_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0)
    throw UserError(fmt::format("{}: the lock file cannot be made ({})", file.string(), std::strerror(errno)));
  while (flock(file_, LOCK_EX) != 0) {
    if (interrupted()) {
      close(file_);
      throw Interrupted();
    }
  }
}

FileLock::~FileLock() { close(file_); }

}  // namespace quillgen::harness
