#include "harness/files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>

#include "config/error.hpp"

namespace quillgen::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder_prefix = "quillgen.";
constexpr const char* folder_lock = ".quillgen.lock";

/// False, and errno, when not all of it was taken.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto taken = write(descriptor, text.data(), text.size());
    if (taken < 0 && errno != EINTR) return false;
    if (taken > 0) text.remove_prefix(static_cast<std::size_t>(taken));
  }
  return true;
}

[[noreturn]] void refuse(const fs::path& file, int error = errno) { throw UserError(write_failure(file, error)); }

void write_directly(const fs::path& file, std::string_view text) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) refuse(file);
  const bool written = write_all(descriptor, text);
  const int error = errno;
  if (close(descriptor) != 0 && written) refuse(file);
  if (!written) refuse(file, error);
}

/// A file that is written, and not yet at its place.
class Draft {
 public:
  Draft(const OutputFile& wanted, const fs::path& place)
      : wanted_(wanted.path), place_(place), path_(place.string() + ".quillgen.tmp"), lock_(FileLock::of_new(path_)) {
    if (!lock_) refuse(wanted_);
    copy_mode(path_, place_);
    // Network file systems tell what went wrong when a descriptor is closed.
    if (write_all(lock_->descriptor(), wanted.text) && close(dup(lock_->descriptor())) == 0) return;
    const int error = errno;
    unlink(path_.c_str());
    refuse(wanted_, error);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (!committed_) unlink(path_.c_str());
  }
  void commit() {
    if (rename(path_.c_str(), place_.c_str()) != 0) refuse(wanted_);
    committed_ = true;
  }

 private:
  fs::path wanted_, place_, path_;
  std::optional<FileLock> lock_;
  bool committed_ = false;
};

/// Its lock goes last: until then another program may go on where this one was killed.
void remove_locked(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().filename() != folder_lock) fs::remove_all(entry.path(), ignored);
  fs::remove_all(folder, ignored);
}

}  // namespace

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.bad())
    throw UserError(fmt::format("{}: cannot be read: check that it is a readable file", file.string()));
  return text.str();
}

std::string write_failure(const fs::path& file, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fmt::format("{}: cannot be written ({}): {}", file.string(), std::strerror(error),
                     full ? "make room on the disk" : "check that its folder exists and may be written to");
}

fs::path link_target(fs::path path) {
  std::error_code none;
  for (int links = 0; links < 40 && fs::is_symlink(path, none); ++links)
    path = path.parent_path() / fs::read_symlink(path, none);
  return path;
}

void copy_mode(const fs::path& file, const fs::path& like) {
  struct stat old {};
  if (stat(like.c_str(), &old) != 0) return;
  if (chown(file.c_str(), old.st_uid, old.st_gid) != 0 && chown(file.c_str(), static_cast<uid_t>(-1), old.st_gid) != 0)
    old.st_mode &= ~(S_ISUID | S_ISGID);  // somebody else's
  chmod(file.c_str(), old.st_mode & 07777);
}

void write_atomically(const fs::path& file, std::string_view text) {
  write_atomically(std::vector<OutputFile>{{file, text}});
}

void write_atomically(const std::vector<OutputFile>& files) {
  std::deque<Draft> drafts;
  std::vector<OutputFile> streams;
  for (const auto& file : files) {
    const auto place = link_target(file.path);
    std::error_code none;
    if (fs::exists(place, none) && !fs::is_regular_file(place, none)) streams.push_back(file);
    else drafts.emplace_back(file, place);
  }
  for (const auto& stream : streams) write_directly(stream.path, stream.text);
  for (auto& draft : drafts) draft.commit();
}

fs::path temporary_room() {
  std::error_code none;
  const auto folder = fs::temp_directory_path(none);
  if (!none) return folder;
  const char* wanted = std::getenv("TMPDIR");
  throw UserError(fmt::format("TMPDIR: {} is no folder: make it, or name one that exists", wanted ? wanted : "/tmp"));
}

TemporaryFolder::TemporaryFolder(const fs::path& parent) {
  sweep(parent);
  std::string name = (parent / (std::string(folder_prefix) + "XXXXXX")).string();
  if (!mkdtemp(name.data()))
    throw UserError(fmt::format("{}: no folder can be made here ({}): choose a writable place", parent.string(),
                                std::strerror(errno)));
  auto lock = FileLock::of_new(fs::path(name) / folder_lock);
  if (!lock) {
    const int error = errno;
    rmdir(name.c_str());
    refuse(parent, error);
  }
  path_ = name;
  lock_.emplace(std::move(*lock)).share_with_children();
}

TemporaryFolder::~TemporaryFolder() {
  if (!path_.empty()) remove_locked(path_);
}

void TemporaryFolder::move_to(const fs::path& target) {
  fs::rename(path_, target);
  path_.clear();
  std::error_code ignored;
  fs::remove(target / folder_lock, ignored);
}

void sweep(const fs::path& parent) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none)) {
    if (entry.symlink_status(none).type() != fs::file_type::directory) continue;
    const auto name = entry.path().filename().string();
    if (!name.starts_with(folder_prefix) || !fs::is_regular_file(entry.path() / folder_lock, none)) continue;
    if (const auto lock = FileLock::of_abandoned(entry.path() / folder_lock)) remove_locked(entry.path());
  }
}

}  // namespace quillgen::harness
