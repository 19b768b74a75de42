#include "reference/safetensors_writer.hpp"

#include <nlohmann/json.hpp>

namespace quillgen {

struct SafetensorsWriter::Header {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
};

SafetensorsWriter::SafetensorsWriter() : header_(std::make_unique<Header>()) {}
SafetensorsWriter::~SafetensorsWriter() = default;
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&&) noexcept = default;

SafetensorsWriter& SafetensorsWriter::metadata(const std::string& key, const std::string& value) {
  header_->json["__metadata__"][key] = value;
  return *this;
}

SafetensorsWriter& SafetensorsWriter::add(const std::string& name, const std::string& type,
                                          const std::vector<std::int64_t>& shape, std::string_view data) {
  header_->json[name] = {
      {"dtype", type}, {"shape", shape}, {"data_offsets", {data_.size(), data_.size() + data.size()}}};
  data_ += data;
  return *this;
}

std::string SafetensorsWriter::bytes() const {
  auto header = header_->json.dump();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file.reserve(sizeof(length) + header.size() + data_.size());
  file += header;
  file += data_;
  return file;
}

}  // namespace quillgen
