// Files handled so that a program that is interrupted, or killed, or out of disk leaves nothing half-written.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/file_lock.hpp"

namespace quillgen::harness {

/// Whole content of a file. UserError when it cannot be read.
std::string read_text(const std::filesystem::path& file);

/// "FILE: cannot be written (No space left on device): make room on the disk", of a value of errno.
std::string write_failure(const std::filesystem::path& file, int error);

/// Where a path leads when what it names is a symbolic link, perhaps to nothing yet.
std::filesystem::path link_target(std::filesystem::path path);

/// Gives `file` the owner and the permissions of `like`, as far as we may; nothing when there is no `like`.
void copy_mode(const std::filesystem::path& file, const std::filesystem::path& like);

struct OutputFile {
  std::filesystem::path path;
  std::string_view text;
};

/// Writes beside the file (NAME.quillgen.tmp) and renames, so that readers see the old or the new content. What a
/// symbolic link names is written, and the permissions of a file that exists are kept. What exists and is no regular
/// file (/dev/stdout, a pipe) is written directly. UserError when it cannot be written; nothing is left behind.
void write_atomically(const std::filesystem::path& file, std::string_view text);

/// The same for several files: all are written before the first is renamed.
void write_atomically(const std::vector<OutputFile>& files);

/// The folder for temporary files: TMPDIR, or /tmp. UserError when that is none.
std::filesystem::path temporary_room();

/// A new folder inside `parent`, removed with its content at the end of the scope unless moved. It is locked by this
/// program and those that it starts; one that nobody has locked any more, since they were killed, is removed when the
/// next is made in the same place.
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
  std::optional<FileLock> lock_;
};

/// Removes the temporary folders in `parent` that belong to nobody any more.
void sweep(const std::filesystem::path& parent);

}  // namespace quillgen::harness
