#include "harness/job_memory.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/derived.hpp"
#include "config/region.hpp"
#include "harness/parameters.hpp"

namespace quillgen::harness {
namespace {

constexpr std::size_t most_faults = 10;

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

/// Rows of which there are `rows` in memory: those of the list have these numbers, the others noise.
std::vector<std::int32_t> spread(std::span<const std::int32_t> values, const std::vector<int>& list, int rows,
                                 int elements, Chance& noise) {
  const auto length = static_cast<std::size_t>(elements);
  std::vector<std::int32_t> all(static_cast<std::size_t>(rows) * length);
  for (auto& v : all) v = static_cast<std::int32_t>(noise.bits());
  for (std::size_t i = 0; i < list.size(); ++i)
    std::ranges::copy(values.subspan(i * length, length), &all[static_cast<std::size_t>(list[i]) * length]);
  return all;
}

}  // namespace

JobMemory::JobMemory(MemoryMap& map, const Work& work, const Config& config, const Placement& placement)
    : map_(map), config_(config), compact_(placement.base), allocator_(placement, config.memory.address_bits) {
  map_.clear();
  Chance noise(placement.seed * 2 + 1);
  const auto id = [&] { return compact_ ? 1 : static_cast<std::uint32_t>(noise.bits()); };
  if (const auto* attention = std::get_if<AttentionWork>(&work)) {
    if (!attention->map_given) computes_map_.emplace(*attention);
    addresses_ = place_attention(*attention, noise);
    descriptor_ = make_descriptor(*attention, config, addresses_, id());
  } else if (const auto* dense = std::get_if<DenseWork>(&work)) {
    addresses_ = place_dense(*dense, noise);
    descriptor_ = make_descriptor(dense->layer, config, addresses_, id());
  } else {
    const auto& self = std::get<SelfAttentionWork>(work);
    addresses_ = place_self_attention(self, noise);
    descriptor_ = make_descriptor(self, config, addresses_, id());
  }
  descriptor_address_ = place("descriptor", to_bytes(descriptor_, config_), id_mask(id_job), base_alignment);
}

std::uint64_t JobMemory::place(const std::string& name, Bytes bytes, IdMask read_ids, int alignment) {
  Region region;
  region.name = name;
  region.base = allocator_.allocate(bytes.size(), static_cast<std::uint64_t>(alignment));
  region.bytes = std::move(bytes);
  region.read_ids = read_ids;
  return map_.add(std::move(region)).base;
}

std::uint64_t JobMemory::place_written(const std::string& name, std::size_t bytes, WritableRows rows, IdMask read_ids,
                                       int alignment, Chance& noise) {
  Region region;
  region.name = name;
  region.base = allocator_.allocate(bytes, static_cast<std::uint64_t>(alignment));
  region.bytes = noise_bytes(bytes, noise);
  region.read_ids = read_ids;
  region.write_ids = id_mask(0);
  region.rows = rows;
  return map_.add(std::move(region)).base;
}

int JobMemory::stride(int elements, int bits, Chance& noise) const {
  const int beats = row_beats(elements, bits, config_.memory) + (compact_ ? 0 : static_cast<int>(noise.below(4)));
  return beats * beat_bytes(config_.memory);
}

/// `residual`, in whose place outputs are written or not, as it comes; empty: there is none. Rows have `row_bytes`.
void JobMemory::place_outputs(JobAddresses& a, Bytes residual, std::vector<int> written, int row_bytes, Chance& noise) {
  row_writes_ = std::move(written);
  rows_ = static_cast<int>(row_writes_.size());
  stride_ = a.output_stride;
  const auto whole = divide_up(row_bytes, beat_bytes(config_.memory)) * beat_bytes(config_.memory);
  a.outputs =
      place_written("output rows", static_cast<std::size_t>(rows_) * stride_,
                    {static_cast<std::uint64_t>(whole), static_cast<std::uint64_t>(stride_)}, 0, base_alignment, noise);
  a.residual = unused(noise);
  if (!residual.empty()) {
    const auto reads = id_mask(residual_id(config_));
    if (noise.below(2) == 0) {
      auto& outputs = map_.at("output rows");
      outputs.bytes = std::move(residual), outputs.read_ids = reads, outputs.in_place = true;
      a.residual = a.outputs;
    } else {
      a.residual = place("residual rows", std::move(residual), reads, base_alignment);
    }
  }
  output_before_ = map_.at("output rows").bytes;
}

/// Of `elements` elements, as jobs pass them on.
void JobMemory::place_rows_of_outputs(JobAddresses& a, const model::Stream& stream, std::vector<int> written,
                                      int elements, Chance& noise) {
  elements_ = elements;
  const int bits = result_width(config_);
  a.output_stride = stride(elements, bits, noise);
  Bytes residual;
  if (stream.norm) residual = pack_rows(stream.residual, elements, bits, a.output_stride, noise);
  place_outputs(a, std::move(residual), std::move(written), elements * element_bytes(bits), noise);
}

void JobMemory::place_boxes(JobAddresses& a, const model::DenseLayer& layer, Chance& noise) {
  boxes_ = true;
  const int beat = beat_bytes(config_.memory);
  a.output_stride = (box_row_beats(config_) + static_cast<int>(noise.below(4))) * beat;
  place_outputs(a, pack_boxes(layer.boxes, config_, a.output_stride, noise),
                std::vector<int>(static_cast<std::size_t>(layer.rows), 1), box_row_beats(config_) * beat, noise);
}

/// Rows for the array: operands of `bits` bits, or what these are formed from.
std::uint64_t JobMemory::place_rows(const std::string& name, std::span<const std::int32_t> operands, int bits,
                                    const std::optional<model::Requant>& formed, std::span<const std::int32_t> rows,
                                    int elements, int& stride_of_rows, Chance& noise) {
  const int width = formed ? result_width(config_) : bits;
  stride_of_rows = stride(elements, width, noise);
  return place(name, pack_rows(formed ? rows : operands, elements, width, stride_of_rows, noise), id_mask(id_rows),
               base_alignment);
}

void JobMemory::place_positions(JobAddresses& a, const model::Stream& stream, int elements, Chance& noise) {
  a.positions = unused(noise);
  if (!stream.positions.empty())
    a.positions =
        place("position rows", pack_rows(stream.positions, elements, result_width(config_), a.query_stride, noise),
              id_mask(position_id(config_)), base_alignment);
}

JobAddresses JobMemory::place_attention(const AttentionWork& work, Chance& noise) {
  const auto& layer = work.layer;
  const auto& n = config_.numerics;
  const int channels = config_.attention.embed_dim;
  JobAddresses a;
  a.queries = place_rows("query rows", layer.query, n.query_bits, layer.stream.query, layer.stream.queries, channels,
                         a.query_stride, noise);
  place_positions(a, layer.stream, channels, noise);
  a.references =
      place("references", padded(pack_references(layer, noise), noise), id_mask(id_reference), base_alignment);
  // A block must not cross 4 KiB, so the map is aligned to a block.
  const auto features = id_mask(id_feature, feature_ids(config_));
  const int alignment = std::max(base_alignment, block_bytes(config_));
  // Words of the descriptor that are not used may hold anything.
  a.sources = unused(noise), a.mask = unused(noise), a.source_stride = static_cast<int>(unused(noise));
  if (work.map_given) {
    a.value_map = place("value map", pack_value_map(layer, work.stages.value, config_, noise), features, alignment);
  } else {
    const auto bytes = value_map_bytes(layer, config_);
    a.value_map = place_written("value map", bytes, {bytes, bytes}, features, alignment, noise);
    a.sources = place_rows("source rows", layer.source, n.feature_bits, layer.stream.source, layer.stream.sources,
                           channels, a.source_stride, noise);
    if (!layer.padding.empty())
      a.mask = place("mask", padded(pack_mask(layer.padding, noise), noise), id_mask(id_job), base_alignment);
  }
  a.parameters = place("parameters", pack_parameters(layer, config_), id_mask(id_job), base_alignment);
  a.list = unused(noise);
  if (!layer.index_list.empty())
    a.list = place("index list", padded(pack_list(layer.index_list), noise), id_mask(id_list), base_alignment);
  place_pixel_mask(a, layer, noise);
  std::vector<int> written(static_cast<std::size_t>(layer.queries));
  for (const int query : layer.wanted()) ++written[static_cast<std::size_t>(query)];
  place_rows_of_outputs(a, layer.stream, std::move(written), channels, noise);
  return a;
}

void JobMemory::place_pixel_mask(JobAddresses& a, const model::QuantisedLayer& layer, Chance& noise) {
  if (config_.pruning.count_bits > 0) a.pixel_mask = unused(noise), a.padding = unused(noise);
  if (layer.pruning.share == 0) return;
  masked_tokens_ = layer.tokens();
  const auto bytes = static_cast<std::uint64_t>(mask_beats(config_, masked_tokens_)) * beat_bytes(config_.memory);
  // Behind the mask lies something else.
  a.pixel_mask =
      place_written("pixel mask", bytes + base_alignment, {bytes, bytes + base_alignment}, 0, base_alignment, noise);
  mask_before_ = map_.at("pixel mask").bytes;
  if (layer.image_padding.empty()) a.padding = 0;
  else if (map_.has("mask") && layer.image_padding == layer.padding && noise.below(2) == 0) a.padding = a.mask;
  else
    a.padding =
        place("image padding", padded(pack_mask(layer.image_padding, noise), noise), id_mask(id_job), base_alignment);
}

JobAddresses JobMemory::place_dense(const DenseWork& work, Chance& noise) {
  model::DenseLayer layer = work.layer;
  JobAddresses a;
  a.references = unused(noise), a.value_map = unused(noise), a.list = unused(noise);  // not used
  const auto in_memory = [&](std::vector<std::int32_t>& rows, int elements) {
    if (!rows.empty()) rows = spread(rows, layer.index_list, layer.list_rows, elements, noise);
  };
  if (layer.gathers)
    for (auto* rows : {&layer.input, &layer.stream.queries, &layer.stream.positions}) in_memory(*rows, layer.inner);
  std::vector<int> written(static_cast<std::size_t>(layer.rows), 1);
  if (layer.scatters) {
    in_memory(layer.stream.residual, layer.outputs);
    scattered_ = layer.index_list;
    written.assign(static_cast<std::size_t>(layer.list_rows), 0);
    for (const int row : scattered_) ++written[static_cast<std::size_t>(row)];
  }
  a.queries = place_rows("input rows", layer.input, config_.numerics.query_bits, layer.stream.query,
                         layer.stream.queries, layer.inner, a.query_stride, noise);
  place_positions(a, layer.stream, layer.inner, noise);
  if (!layer.index_list.empty())
    a.list = place("index list", padded(pack_list(layer.index_list), noise), id_mask(id_list), base_alignment);
  a.parameters = place("panels", pack_panels(layer, config_), id_mask(id_job), base_alignment);
  if (!layer.boxes.empty()) place_boxes(a, layer, noise);
  else place_rows_of_outputs(a, layer.stream, std::move(written), layer.outputs, noise);
  return a;
}

JobAddresses JobMemory::place_self_attention(const SelfAttentionWork& work, Chance& noise) {
  const int channels = config_.attention.embed_dim, bits = result_width(config_);
  JobAddresses a;
  a.references = unused(noise), a.value_map = unused(noise), a.parameters = unused(noise);  // not used
  const auto rows = [&](const char* name, const std::vector<std::int32_t>& values, int& stride_of_rows) {
    stride_of_rows = stride(channels, bits, noise);
    return place(name, pack_rows(values, channels, bits, stride_of_rows, noise), id_mask(id_rows), base_alignment);
  };
  a.queries = rows("query rows", work.query, a.query_stride);
  a.sources = rows("key rows", work.key, a.source_stride);
  a.self_values = rows("value rows", work.value, a.self_value_stride);
  const auto count = work.query.size() / static_cast<std::size_t>(channels);
  place_rows_of_outputs(a, {}, std::vector<int>(count, 1), channels, noise);
  return a;
}

void JobMemory::set_descriptor(const Descriptor& descriptor) {
  descriptor_ = descriptor;
  map_.at("descriptor").bytes = to_bytes(descriptor, config_);
}

std::vector<std::int32_t> JobMemory::output_rows() const {
  const auto& bytes = map_.at("output rows").bytes;
  if (boxes_) return read_boxes(bytes, rows_, stride_, config_);
  const int size = element_bytes(result_width(config_));
  std::vector<int> wanted = scattered_;
  for (int r = 0; scattered_.empty() && r < rows_; ++r) wanted.push_back(r);
  std::vector<std::int32_t> rows;
  rows.reserve(wanted.size() * static_cast<std::size_t>(elements_));
  for (const int r : wanted)
    for (int i = 0; i < elements_; ++i)
      rows.push_back(read_element(bytes.data() + static_cast<std::size_t>(r) * stride_ + i * size, size));
  return rows;
}

std::vector<std::int32_t> JobMemory::value_map() const {
  if (!computes_map_) return {};
  return read_value_map(computes_map_->layer, map_.at("value map").bytes, config_);
}

std::vector<std::string> JobMemory::check_rows() const {
  const auto& region = map_.at("output rows");
  const auto used = boxes_ ? static_cast<std::size_t>(box_logits_offset(config_)) + 8
                           : static_cast<std::size_t>(elements_) * element_bytes(result_width(config_));
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < region.bytes.size() && faults.size() < most_faults; ++i) {
    const auto row = i / stride_, byte = i % stride_;
    const auto fault = [&](const std::string& what) {
      faults.push_back(fmt::format("output row {}, byte {}: {}", row, byte, what));
    };
    if (!region.in_row(i)) {
      if (region.bytes[i] != output_before_[i]) fault("outside the row, but changed");
    } else if (region.writes[i] != row_writes_[row]) {
      fault(fmt::format("written {} times instead of {}", region.writes[i], row_writes_[row]));
    } else if (row_writes_[row] > 0 && byte >= used && region.bytes[i] != 0) {
      fault("padding that is not zero");
    }
  }
  return faults;
}

std::vector<std::string> JobMemory::check_map() const {
  const auto& region = map_.at("value map");
  const auto clean = pack_value_map(computes_map_->layer, value_map(), config_);
  const auto block = static_cast<std::size_t>(block_bytes(config_));
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < region.bytes.size() && faults.size() < most_faults; ++i) {
    const auto fault = [&](const std::string& what) {
      faults.push_back(fmt::format("value map, block {}, byte {}: {}", i / block, i % block, what));
    };
    if (region.writes[i] != 1) fault(fmt::format("written {} times", region.writes[i]));
    else if (region.bytes[i] != clean[i]) fault("padding or a pixel outside of its level that is not zero");
  }
  return faults;
}

std::vector<std::int32_t> JobMemory::pixel_mask() const {
  if (masked_tokens_ == 0) return {};
  const auto& bytes = map_.at("pixel mask").bytes;
  return {bytes.begin(), bytes.begin() + masked_tokens_};
}

std::vector<std::string> JobMemory::check_pixel_mask() const {
  const auto& region = map_.at("pixel mask");
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < region.bytes.size() && faults.size() < most_faults; ++i) {
    const auto fault = [&](const std::string& what) {
      faults.push_back(fmt::format("pixel mask, byte {}: {}", i, what));
    };
    if (!region.in_row(i)) {
      if (region.bytes[i] != mask_before_[i]) fault("behind the mask, but changed");
    } else if (region.writes[i] != 1) {
      fault(fmt::format("written {} times", region.writes[i]));
    } else if (i >= static_cast<std::size_t>(masked_tokens_) && region.bytes[i] != 0) {
      fault("of no token, but not zero");
    }
  }
  return faults;
}

std::vector<std::string> JobMemory::check_written() const {
  auto faults = check_rows();
  if (masked_tokens_ > 0)
    for (auto& fault : check_pixel_mask()) faults.push_back(std::move(fault));
  if (!computes_map_) return faults;
  for (auto& fault : check_map()) faults.push_back(std::move(fault));
  return faults;
}

bool JobMemory::untouched() const {
  const auto untouched = [&](const char* name) {
    const auto& writes = map_.at(name).writes;
    return std::all_of(writes.begin(), writes.end(), [](auto n) { return n == 0; });
  };
  return untouched("output rows") && (masked_tokens_ == 0 || untouched("pixel mask")) &&
         (!computes_map_ || untouched("value map"));
}

}  // namespace quillgen::harness
