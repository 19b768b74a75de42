// Safetensors files made by tests: a header and data put together by hand, right or wrong.
#pragma once
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference/safetensors_writer.hpp"

namespace quillgen::test {

/// A file with these bytes, gone at the end of the scope.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) {
    auto path = (std::filesystem::temp_directory_path() / "quillgen_test_XXXXXX").string();
    const int handle = mkstemp(path.data());
    if (handle < 0) throw std::runtime_error("no temporary file");
    close(handle);
    path_ = path;
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// Header length, header, data.
inline std::string file_bytes(const std::string& header, const std::string& data) {
  return bytes_of<std::uint64_t>({header.size()}) + header + data;
}

using FileBuilder = SafetensorsWriter;

}  // namespace quillgen::test
