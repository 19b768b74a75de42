#include "harness/file_lock.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/error.hpp"
#include "harness/interrupt.hpp"

namespace quillgen::harness {
namespace {

namespace fs = std::filesystem;

/// Whether the path still leads to what was opened: it may have been removed or replaced while its lock was awaited.
bool is_at(int descriptor, const fs::path& path) {
  struct stat opened {
  }, there{};
  return fstat(descriptor, &opened) == 0 && stat(path.c_str(), &there) == 0 && opened.st_dev == there.st_dev &&
         opened.st_ino == there.st_ino;
}

/// False, and errno, when somebody else has it and `operation` does not wait.
bool lock(int descriptor, int operation) {
  while (flock(descriptor, operation) != 0) {
    if (errno != EINTR) return errno != EWOULDBLOCK && !(operation & LOCK_NB);
    if (interrupted()) {
      close(descriptor);
      throw Interrupted();
    }
  }
  return true;
}

/// A descriptor, or -1 and errno. Network file systems lock only what is opened for writing; folders cannot be.
int open_locked(const fs::path& path, int flags, int operation) {
  for (;;) {
    int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666);
    if (descriptor < 0 && errno == EISDIR) descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    const bool locked = lock(descriptor, operation);
    if (locked && is_at(descriptor, path)) return descriptor;
    close(descriptor);
    if (!locked) return -1;
  }
}

}  // namespace

FileLock::FileLock(const fs::path& file) : descriptor_(open_locked(file, O_CREAT, LOCK_EX)) {
  if (descriptor_ < 0)
    throw UserError(fmt::format("{}: the lock file cannot be made ({})", file.string(), std::strerror(errno)));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<FileLock> FileLock::holding(int descriptor) {
  if (descriptor < 0) return std::nullopt;
  return FileLock(descriptor);
}

std::optional<FileLock> FileLock::of_existing(const fs::path& path) { return holding(open_locked(path, 0, LOCK_EX)); }

std::optional<FileLock> FileLock::of_abandoned(const fs::path& path) {
  return holding(open_locked(path, 0, LOCK_EX | LOCK_NB));
}

std::optional<FileLock> FileLock::of_new(const fs::path& file) {
  for (;;) {
    const int descriptor = open_locked(file, O_CREAT | O_EXCL, LOCK_EX);
    if (descriptor >= 0) return FileLock(descriptor);
    if (errno != EEXIST) return std::nullopt;
    const auto old = of_existing(file);
    if (!old && errno != ENOENT) return std::nullopt;
    if (old) unlink(file.c_str());
  }
}

void FileLock::share_with_children() { fcntl(descriptor_, F_SETFD, 0); }

}  // namespace quillgen::harness
