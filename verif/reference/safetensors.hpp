// Reader of safetensors files: 8 bytes of header length, a JSON header, raw little-endian data.
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reference/input_file.hpp"

namespace quillgen {

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<double> data;  ///< row-major; every element type is converted exactly, I64 beyond 2^53 excepted
};

/// One file, of which the header is read at once and a tensor when it is asked for. All functions throw UserError, one
/// line that starts with the file's name.
class Safetensors {
 public:
  /// Reads `file` and checks that header and data are consistent: every tensor has a known type (F64, F32, F16, BF16,
  /// I64, I32, BOOL), as many bytes as its shape says, and the tensors cover the data exactly, without overlap.
  explicit Safetensors(const std::string& file);

  const std::string& file() const { return file_.name(); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return tensors_.contains(name); }

  std::vector<std::string> names() const;  ///< of the tensors

  /// Shape of the tensor `name`, which must exist.
  const std::vector<std::int64_t>& shape(const std::string& name) const { return entry(name).shape; }
  /// The tensor `name`, which must exist and hold finite numbers only.
  Tensor tensor(const std::string& name) const;

 private:
  struct Entry {
    std::string type;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< bytes of the data section
  };

  void read_header(const std::string& text);
  Entry read_entry(const std::string& name, const nlohmann::json& json) const;
  const Entry& entry(const std::string& name) const;
  void check_coverage() const;
  [[noreturn]] void refuse(const std::string& problem) const;

  InputFile file_;
  std::uint64_t data_begin_ = 0, data_size_ = 0;  ///< the data section, bytes
  std::map<std::string, std::string> metadata_;
  std::map<std::string, Entry> tensors_;
};

}  // namespace quillgen
