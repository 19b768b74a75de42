#include "reference/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "data are copied as they stand in the file");

/// The format's own limit.
constexpr std::uint64_t max_header = 100'000'000;

/// A number stored as type T at `from`.
template <typename T>
T stored(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

double from_f16(std::uint16_t bits) {
  const int sign = bits >> 15, exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  if (exponent == 31) magnitude = fraction == 0 ? HUGE_VAL : std::nan("");
  return sign ? -magnitude : magnitude;
}

double from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

struct ElementType {
  std::string_view name;
  std::uint64_t bytes;
  double (*read)(const char*);
};

constexpr ElementType element_types[] = {
    {"F64", 8, [](const char* p) { return stored<double>(p); }},
    {"F32", 4, [](const char* p) { return static_cast<double>(stored<float>(p)); }},
    {"F16", 2, [](const char* p) { return from_f16(stored<std::uint16_t>(p)); }},
    {"BF16", 2, [](const char* p) { return from_bf16(stored<std::uint16_t>(p)); }},
    {"I64", 8, [](const char* p) { return static_cast<double>(stored<std::int64_t>(p)); }},
    {"I32", 4, [](const char* p) { return static_cast<double>(stored<std::int32_t>(p)); }},
    {"U8", 1, [](const char* p) { return static_cast<double>(stored<std::uint8_t>(p)); }},
    {"I8", 1, [](const char* p) { return static_cast<double>(stored<std::int8_t>(p)); }},
    {"BOOL", 1, [](const char* p) { return *p != 0 ? 1.0 : 0.0; }},
};

const ElementType* element_type(std::string_view name) {
  const auto found = std::find_if(std::begin(element_types), std::end(element_types),
                                  [&](const ElementType& t) { return t.name == name; });
  return found == std::end(element_types) ? nullptr : found;
}

/// Bytes of a tensor, or -1 when that exceeds any file.
std::int64_t byte_count(const std::vector<std::int64_t>& shape, std::uint64_t element_bytes) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  constexpr std::int64_t limit = std::int64_t{1} << 50;
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (const auto side : shape) {
    if (side > limit / bytes) return -1;
    bytes *= side;
  }
  return bytes;
}

bool is_natural(const Json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::uint64_t{1} << 62;
}

bool is_natural_array(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), is_natural);
}

}  // namespace

void Safetensors::refuse(const std::string& problem) const { throw UserError(fmt::format("{}: {}", file(), problem)); }

Safetensors::Safetensors(const std::string& file) : file_(file) {
  if (file_.size() < 8) refuse("shorter than the 8 bytes of a header length; export the file again");
  const auto length = stored<std::uint64_t>(file_.read(0, 8).data());
  if (length > max_header)
    refuse(fmt::format("header length {} exceeds {}; this is no safetensors file", length, max_header));
  if (length > file_.size() - 8)
    refuse(fmt::format("truncated: a header of {} bytes is stated, {} bytes follow; export or copy the file again",
                       length, file_.size() - 8));
  data_begin_ = 8 + length;
  data_size_ = file_.size() - data_begin_;
  read_header(file_.read(8, length));
  check_coverage();
}

void Safetensors::read_header(const std::string& text) {
  Json header;
  try {
    header = parse_sorted_json(text);
  } catch (const UserError& e) {
    refuse(fmt::format("header: {}", e.what()));
  }
  if (!header.is_object()) refuse("header: is not a JSON object");
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      tensors_[name] = read_entry(name, value);
      continue;
    }
    if (!value.is_object()) refuse("header: __metadata__ is not an object");
    for (const auto& [key, entry] : value.items()) {
      if (!entry.is_string()) refuse(fmt::format("header: __metadata__ entry {} is not a string", shown(key)));
      metadata_[key] = entry.get<std::string>();
    }
  }
}

Safetensors::Entry Safetensors::read_entry(const std::string& name, const Json& json) const {
  const auto bad = [&](const std::string& problem) { refuse(fmt::format("tensor {}: {}", shown(name), problem)); };
  if (!json.is_object()) bad("its header entry is not an object");
  for (const auto* key : {"dtype", "shape", "data_offsets"})
    if (!json.contains(key)) bad(fmt::format("its header entry has no {}", key));
  const auto& offsets = json["data_offsets"];
  if (!json["dtype"].is_string()) bad("dtype is not a string");
  if (!is_natural_array(json["shape"])) bad("shape is not an array of natural numbers");
  if (!is_natural_array(offsets) || offsets.size() != 2) bad("data_offsets are not two natural numbers");

  Entry entry{json["dtype"].get<std::string>(), json["shape"].get<std::vector<std::int64_t>>(),
              offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
  const auto* type = element_type(entry.type);
  if (type == nullptr)
    bad(fmt::format("dtype {} is not supported; convert it to F64, F32, F16, BF16, I64, I32 or BOOL",
                    shown(entry.type)));
  if (entry.begin > entry.end || entry.end > data_size_)
    bad(fmt::format("data_offsets [{}, {}] lie outside the {} bytes of data; the file is truncated or damaged",
                    entry.begin, entry.end, data_size_));
  const auto expected = byte_count(entry.shape, type->bytes);
  if (expected < 0 || static_cast<std::uint64_t>(expected) != entry.end - entry.begin)
    bad(fmt::format("shape [{}] of {} does not make the {} bytes of its data_offsets", fmt::join(entry.shape, ", "),
                    entry.type, entry.end - entry.begin));
  return entry;
}

void Safetensors::check_coverage() const {
  std::vector<std::pair<const Entry*, const std::string*>> order;
  for (const auto& [name, entry] : tensors_) order.emplace_back(&entry, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
  });
  std::uint64_t end = 0;
  for (const auto& [entry, name] : order) {
    if (entry->begin < end) refuse(fmt::format("tensor {}: its data overlap those of another tensor", shown(*name)));
    if (entry->begin > end)
      refuse(fmt::format("{} bytes before tensor {} belong to none", entry->begin - end, shown(*name)));
    end = entry->end;
  }
  if (end != data_size_) refuse(fmt::format("{} bytes after the last tensor belong to none", data_size_ - end));
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> all;
  for (const auto& [name, entry] : tensors_) all.push_back(name);
  return all;
}

const Safetensors::Entry& Safetensors::entry(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) refuse(fmt::format("has no tensor {}; add it to the export", shown(name)));
  return found->second;
}

Tensor Safetensors::tensor(const std::string& name) const {
  constexpr std::uint64_t piece = 1 << 20;  // bytes at a time, a multiple of those of every element
  const auto& [type_name, shape, begin, end] = entry(name);
  const auto& type = *element_type(type_name);
  Tensor result{shape, {}};
  result.data.reserve((end - begin) / type.bytes);
  for (auto at = begin; at < end; at += piece) {
    const auto bytes = file_.read(data_begin_ + at, std::min(piece, end - at));
    for (std::size_t i = 0; i < bytes.size(); i += type.bytes) {
      const double value = type.read(bytes.data() + i);
      if (!std::isfinite(value))
        refuse(fmt::format("tensor {}: element {} is {}; every number must be finite", shown(name), result.data.size(),
                           value));
      result.data.push_back(value);
    }
  }
  return result;
}

}  // namespace quillgen
