// Writer of safetensors files.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quillgen {

/// Tensors put one after the other, in memory.
class SafetensorsWriter {
 public:
  SafetensorsWriter& metadata(const std::string& key, const std::string& value) {
    header_["__metadata__"][key] = value;
    return *this;
  }
  /// `data`: the elements as they are stored, little-endian.
  SafetensorsWriter& add(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                         std::string_view data) {
    header_[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {data_.size(), data_.size() + data.size()}}};
    data_ += data;
    return *this;
  }
  template <typename T>
  SafetensorsWriter& add(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                         const std::vector<T>& data) {
    return add(name, type, shape,
               std::string_view(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T)));
  }

  /// The file. Data begin at a multiple of 8 bytes, the header is filled up with spaces.
  std::string bytes() const {
    auto header = header_.dump();
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = header.size();
    std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
    file.reserve(sizeof(length) + header.size() + data_.size());
    file += header;
    file += data_;
    return file;
  }

 private:
  nlohmann::ordered_json header_ = nlohmann::ordered_json::object();
  std::string data_;
};

}  // namespace quillgen
