// Writer of safetensors files.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quillgen {

/// Tensors put one after the other, in memory.
class SafetensorsWriter {
 public:
  SafetensorsWriter();
  ~SafetensorsWriter();
  SafetensorsWriter(SafetensorsWriter&& other) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&& other) noexcept;

  SafetensorsWriter& metadata(const std::string& key, const std::string& value);
  /// `data`: the elements as they are stored, little-endian.
  SafetensorsWriter& add(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                         std::string_view data);
  template <typename T>
  SafetensorsWriter& add(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                         const std::vector<T>& data) {
    return add(name, type, shape,
               std::string_view(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T)));
  }

  /// The file. Data begin at a multiple of 8 bytes, the header is filled up with spaces.
  std::string bytes() const;

 private:
  struct Header;  // JSON, which only the writer's own file knows
  std::unique_ptr<Header> header_;
  std::string data_;
};

}  // namespace quillgen
