// A file that is read in parts.
#pragma once
#include <cstdint>
#include <string>

namespace quillgen {

/// Only what is asked for is read; of what has no size beforehand, a pipe, everything at once. All functions throw
/// UserError, one line that starts with the file's name.
class InputFile {
 public:
  explicit InputFile(const std::string& file);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }  ///< bytes
  /// `count` bytes from `offset`, all of them within the file.
  std::string read(std::uint64_t offset, std::size_t count) const;

 private:
  std::string name_;
  int handle_ = -1;  ///< of a regular file
  std::string whole_;
  std::uint64_t size_ = 0;
};

}  // namespace quillgen
