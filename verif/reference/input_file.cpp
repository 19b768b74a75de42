#include "reference/input_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "config/error.hpp"
#include "config/read_file.hpp"

namespace quillgen {

InputFile::InputFile(const std::string& file) : name_(file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    whole_ = read_file(file);
    size_ = whole_.size();
    return;
  }
  struct stat status = {};
  handle_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle_ < 0 || ::fstat(handle_, &status) != 0) {
    if (handle_ >= 0) ::close(handle_);
    throw UserError(fmt::format("{}: cannot be opened; check the path and its permissions", file));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  if (handle_ >= 0) ::close(handle_);
}

std::string InputFile::read(std::uint64_t offset, std::size_t count) const {
  if (handle_ < 0) return whole_.substr(offset, count);
  std::string bytes(count, '\0');
  for (std::size_t done = 0; done < count;) {
    const auto got = ::pread(handle_, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw UserError(fmt::format("{}: cannot be read to its end; was it changed meanwhile?", name_));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace quillgen
