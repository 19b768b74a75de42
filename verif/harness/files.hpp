// Files handled so that an interrupted program leaves nothing half-written.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace quillgen::harness {

/// Whole content of a file. UserError when it cannot be read.
std::string read_text(const std::filesystem::path& file);

/// Writes beside `file` and renames, so that readers see the old or the new content. UserError when it cannot be
/// written.
void write_atomically(const std::filesystem::path& file, std::string_view text);

/// A new folder inside `parent`, removed with its content at the end of the scope unless released.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Renames the folder to `target`, which must not exist; nothing is removed afterwards.
  void move_to(const std::filesystem::path& target);

 private:
  std::filesystem::path path_;
};

/// An exclusive lock between processes, held for the lifetime of the object. The kernel drops it if the program dies.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace quillgen::harness
