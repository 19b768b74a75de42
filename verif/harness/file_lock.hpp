// Locks between processes. The kernel drops a lock when the last process that has it ends, however it ends: what is
// left and not locked belongs to nobody.
#pragma once
#include <filesystem>
#include <optional>
#include <utility>

namespace quillgen::harness {

/// An exclusive lock on a file or a folder, held for the lifetime of the object. File systems without locks give it to
/// everybody who waits for it.
class FileLock {
 public:
  /// Waits for the lock on `file`, which is made if it does not exist. UserError when it cannot be, Interrupted.
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

  /// Waits for the lock on something that exists; nothing, and errno, when it does not or may not be opened.
  static std::optional<FileLock> of_existing(const std::filesystem::path& path);
  /// The lock on something that exists and that nobody has locked.
  static std::optional<FileLock> of_abandoned(const std::filesystem::path& path);
  /// A new, empty file, locked. One that exists and that nobody has locked any more is removed first. Nothing, and
  /// errno, when it cannot be made.
  static std::optional<FileLock> of_new(const std::filesystem::path& file);

  int descriptor() const { return descriptor_; }
  /// Programs started from now on have the lock too.
  void share_with_children();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  static std::optional<FileLock> holding(int descriptor);

  int descriptor_;
};

}  // namespace quillgen::harness
