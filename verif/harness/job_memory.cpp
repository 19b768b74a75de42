#include "harness/job_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/derived.hpp"

namespace quillgen::harness {
namespace {

constexpr int base_alignment = 64;

std::uint32_t id_mask(int id, int count = 1) { return ((1u << count) - 1) << id; }

Bytes noise_bytes(std::size_t count, Chance& noise) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(noise.bits());
  return bytes;
}

/// Bytes of a region that is read: whole beats, and the rest of the last 64 bytes is noise.
Bytes padded(Bytes bytes, Chance& noise) {
  while (bytes.size() % base_alignment != 0) bytes.push_back(static_cast<std::uint8_t>(noise.bits()));
  return bytes;
}

}  // namespace

JobMemory::JobMemory(MemoryMap& map, const model::QuantisedLayer& layer, std::span<const std::int32_t> value,
                     const Config& config, std::uint64_t seed)
    : map_(map),
      queries_(layer.queries),
      channels_(config.attention.embed_dim),
      element_bytes_(element_bytes(config.numerics.output_bits)),
      row_bytes_(output_row_beats(config) * beat_bytes(config.memory)) {
  map_.clear();
  Chance noise(seed * 2 + 1);
  AddressAllocator allocator(seed * 2, config.memory.address_bits);
  const auto place = [&](const std::string& name, Bytes bytes, std::uint32_t read_ids, int alignment = base_alignment) {
    Region region;
    region.name = name;
    region.base = allocator.allocate(bytes.size(), alignment);
    region.bytes = std::move(bytes);
    region.read_ids = read_ids;
    return map_.add(std::move(region)).base;
  };
  const int beat = beat_bytes(config.memory);
  const auto stride = [&](int beats) { return (beats + static_cast<int>(noise.below(4))) * beat; };

  JobAddresses a;
  a.query_stride = stride(query_row_beats(config));
  a.output_stride = stride_ = stride(output_row_beats(config));
  a.queries = place("query rows", pack_query_rows(layer, config, a.query_stride, noise), id_mask(id_query));
  a.references = place("references", padded(pack_references(layer), noise), id_mask(id_reference));
  // A line must not cross 4 KiB, so the map is aligned to a line.
  a.value_map = place("value map", pack_value_map(layer, value, config, noise), id_mask(id_feature, config.core.lanes),
                      std::max(base_alignment, line_bytes(config)));
  a.parameters = place("parameters", pack_parameters(layer, config), id_mask(id_job));

  output_before_ = noise_bytes(static_cast<std::size_t>(queries_) * stride_, noise);
  Region output;
  output.name = "output rows";
  output.base = a.outputs = allocator.allocate(output_before_.size(), base_alignment);
  output.bytes = output_before_;
  output.write_ids = id_mask(0);
  output.rows = {static_cast<std::uint64_t>(row_bytes_), static_cast<std::uint64_t>(stride_)};
  map_.add(std::move(output));

  descriptor_ = make_descriptor(layer, a, static_cast<std::uint32_t>(noise.bits()));
  descriptor_address_ = place("descriptor", to_bytes(descriptor_), id_mask(id_job));
}

void JobMemory::set_descriptor(const Descriptor& descriptor) {
  descriptor_ = descriptor;
  map_.at("descriptor").bytes = to_bytes(descriptor);
}

std::vector<std::int32_t> JobMemory::output_rows() const {
  const auto& bytes = map_.at("output rows").bytes;
  std::vector<std::int32_t> rows;
  rows.reserve(static_cast<std::size_t>(queries_) * channels_);
  for (int q = 0; q < queries_; ++q)
    for (int c = 0; c < channels_; ++c)
      rows.push_back(
          read_element(bytes.data() + static_cast<std::size_t>(q) * stride_ + c * element_bytes_, element_bytes_));
  return rows;
}

std::vector<std::string> JobMemory::check_output() const {
  const auto& region = map_.at("output rows");
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < region.bytes.size() && faults.size() < 10; ++i) {
    const auto query = i / stride_, byte = i % stride_;
    const auto fault = [&](const std::string& what) {
      faults.push_back(fmt::format("output row {}, byte {}: {}", query, byte, what));
    };
    if (!region.in_row(i)) {
      if (region.bytes[i] != output_before_[i]) fault("outside the row, but changed");
    } else if (region.writes[i] != 1) {
      fault(fmt::format("written {} times", region.writes[i]));
    } else if (byte >= static_cast<std::size_t>(channels_) * element_bytes_ && region.bytes[i] != 0) {
      fault("padding that is not zero");
    }
  }
  return faults;
}

bool JobMemory::output_untouched() const {
  const auto& writes = map_.at("output rows").writes;
  return std::all_of(writes.begin(), writes.end(), [](auto n) { return n == 0; });
}

}  // namespace quillgen::harness
