#include "harness/program_memory.hpp"

#include <fmt/core.h>
#include <quillgen_regs.h>

#include <algorithm>
#include <numeric>

#include "config/derived.hpp"
#include "harness/parameters.hpp"

namespace quillgen::harness {
namespace {

constexpr const char* map_name = "value map";

IdMask mask_of(std::initializer_list<int> ids) {
  IdMask mask = 0;
  for (const int id : ids) mask |= id_mask(id);
  return mask;
}

Bytes noise_of(std::size_t count, Chance& noise) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(noise.bits());
  return bytes;
}

std::vector<int> first_rows(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void put(std::uint8_t* bytes, std::int32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

ProgramMemory::ProgramMemory(MemoryMap& map, const model::Program& program, const Config& config,
                             const Placement& placement)
    : map_(map), program_(program), config_(config), allocator_(placement, config.memory.address_bits) {
  map_.clear();
  Chance noise(placement.seed * 2 + 1);
  place_tensors(noise);
  place_lists(noise);
  const auto size = static_cast<std::size_t>(descriptor_words(config)) * 4;
  for (std::size_t job = 0; job < program.jobs.size(); ++job) {
    ids_.push_back(placement.base ? static_cast<std::uint32_t>(job + 1) : static_cast<std::uint32_t>(noise.bits()));
    descriptors_.push_back(add(fmt::format("descriptor {}", job), Bytes(size), mask_of({id_job}), base_alignment).base);
  }
  made_.resize(program.jobs.size());
  for (std::size_t job = 0; job < program.jobs.size(); ++job) place_job(job);
}

Region& ProgramMemory::add(const std::string& name, Bytes bytes, IdMask read_ids, int alignment) {
  Region region;
  region.name = name;
  region.base = allocator_.allocate(bytes.size(), static_cast<std::uint64_t>(alignment));
  region.bytes = std::move(bytes);
  region.read_ids = read_ids;
  return map_.add(std::move(region));
}

Region& ProgramMemory::add_shared(const std::string& name, Bytes bytes, IdMask read_ids, WritableRows rows,
                                  int alignment) {
  Region region;
  region.name = name;
  region.base = allocator_.allocate(bytes.size(), static_cast<std::uint64_t>(alignment));
  region.bytes = std::move(bytes);
  region.read_ids = read_ids;
  region.write_ids = mask_of({0});
  region.rows = rows;
  region.shared = true;
  return map_.add(std::move(region));
}

void ProgramMemory::place_tensors(Chance& noise) {
  using Kind = model::ProgramTensor::Kind;
  const int beat = beat_bytes(config_.memory), bits = result_width(config_);
  for (const auto& [name, t] : program_.tensors) {
    Rows r;
    r.length = t.length;
    if (t.kind == Kind::references) {
      Bytes bytes(t.initial.size() * 4);
      for (std::size_t i = 0; i < t.initial.size(); ++i) put(&bytes[4 * i], t.initial[i], 4);
      while (bytes.size() % base_alignment != 0) bytes.push_back(static_cast<std::uint8_t>(noise.bits()));
      r.base = add(name, std::move(bytes), mask_of({id_reference}), base_alignment).base;
      rows_[name] = r;
      continue;
    }
    if (t.kind == Kind::mask) {
      const auto bytes = static_cast<std::uint64_t>(mask_beats(config_, t.rows)) * static_cast<std::uint64_t>(beat);
      r.base = add_shared(name, noise_of(bytes, noise), mask_of({id_job}), {bytes, bytes}, base_alignment).base;
      rows_[name] = r;
      continue;
    }
    const bool boxes = t.kind == Kind::boxes;
    const int beats = boxes ? box_row_beats(config_) : row_beats(t.length, bits, config_.memory);
    // Rows of the stream and their positions are as far apart; the references in rows of boxes as the layer says.
    r.stride = beats * beat;
    auto bytes = t.initial.empty() ? noise_of(static_cast<std::size_t>(t.rows) * r.stride, noise)
                                   : pack_rows(t.initial, t.length, bits, r.stride, noise);
    const auto stride = static_cast<std::uint64_t>(r.stride);
    const auto reads = boxes ? mask_of({id_reference, residual_id(config_)})
                             : mask_of({id_rows, position_id(config_), residual_id(config_)});
    r.base = add_shared(name, std::move(bytes), reads, {stride, stride}, base_alignment).base;
    rows_[name] = r;
  }
  std::size_t largest = 0;
  for (const auto& job : program_.jobs)
    if (const auto* a = std::get_if<model::ProgramAttention>(&job.work))
      largest = std::max(largest, value_map_bytes(a->layer, config_));
  const IdMask features = id_mask(id_feature, feature_ids(config_));
  if (largest > 0)
    add_shared(map_name, noise_of(largest, noise), features, {largest, largest},
               std::max(base_alignment, block_bytes(config_)));
}

void ProgramMemory::place_lists(Chance& noise) {
  for (const auto& [name, list] : program_.lists) {
    auto bytes = noise_of((list.size() * 4 + base_alignment - 1) / base_alignment * base_alignment, noise);
    Rows r;
    r.base = add(name, std::move(bytes), mask_of({id_list}), base_alignment).base;
    rows_[name] = r;
  }
}

std::uint64_t ProgramMemory::place_of(const std::string& tensor) const {
  return tensor.empty() ? 0 : rows_.at(tensor).base;
}

JobAddresses ProgramMemory::addresses(const model::ProgramAttention& w) const {
  JobAddresses a;
  a.queries = place_of(w.queries), a.positions = place_of(w.positions), a.sources = place_of(w.sources);
  a.references = place_of(w.references), a.list = place_of(w.list);
  a.outputs = a.residual = place_of(w.outputs);
  a.query_stride = rows_.at(w.queries).stride, a.source_stride = rows_.at(w.sources).stride;
  a.output_stride = rows_.at(w.outputs).stride;
  a.value_map = map_.at(map_name).base;
  a.mask = place_of(w.mask), a.pixel_mask = place_of(w.pixel_mask);
  return a;
}

JobAddresses ProgramMemory::addresses(const model::ProgramDense& w) const {
  JobAddresses a;
  a.queries = place_of(w.input), a.positions = place_of(w.positions), a.list = place_of(w.list);
  a.outputs = a.residual = place_of(w.outputs);
  a.query_stride = rows_.at(w.input).stride, a.output_stride = rows_.at(w.outputs).stride;
  return a;
}

void ProgramMemory::place_job(std::size_t number) {
  const auto& job = program_.jobs[number];
  const auto parameters = [&](Bytes bytes) {
    return add(fmt::format("parameters {}", number), std::move(bytes), mask_of({id_job}), base_alignment).base;
  };
  Descriptor d{};
  if (const auto* a = std::get_if<model::ProgramAttention>(&job.work)) {
    auto at = addresses(*a);
    at.parameters = parameters(pack_parameters(a->layer, config_));
    d = make_descriptor(AttentionWork{a->layer, a->stages}, config_, at, ids_[number]);
  } else if (const auto* self = std::get_if<model::ProgramSelfAttention>(&job.work)) {
    JobAddresses at;
    at.queries = place_of(self->query), at.query_stride = rows_.at(self->query).stride;
    at.sources = place_of(self->key), at.source_stride = rows_.at(self->key).stride;
    at.self_values = place_of(self->value), at.self_value_stride = rows_.at(self->value).stride;
    at.outputs = place_of(self->outputs), at.output_stride = rows_.at(self->outputs).stride;
    d = make_descriptor(SelfAttentionWork{self->self, self->query_rows, self->key_rows, self->value_rows, self->output},
                        config_, at, ids_[number]);
  } else {
    const auto& dense = std::get<model::ProgramDense>(job.work);
    auto at = addresses(dense);
    at.parameters = parameters(pack_panels(dense.layer, config_));
    d = make_descriptor(dense.layer, config_, at, ids_[number]);
  }
  if (job.host_step != model::HostStep::none) d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] |= QUILLGEN_DESCRIPTOR_FLAG_HOST_STEP;
  if (number + 1 < descriptors_.size()) {
    d[QUILLGEN_DESCRIPTOR_WORD_LINK] = static_cast<std::uint32_t>(descriptors_[number + 1]);
    d[QUILLGEN_DESCRIPTOR_WORD_LINK + 1] = static_cast<std::uint32_t>(descriptors_[number + 1] >> 32);
  }
  set_descriptor(number, d);
}

std::uint64_t ProgramMemory::loaded(std::size_t job) const {
  const bool has_parameters = !std::holds_alternative<model::ProgramSelfAttention>(program_.jobs[job].work);
  const auto* attention = std::get_if<model::ProgramAttention>(&program_.jobs[job].work);
  const int masked = attention != nullptr && !attention->mask.empty() ? program_.tensors.at(attention->mask).rows : 0;
  return map_.at(fmt::format("descriptor {}", job)).bytes_read +
         static_cast<std::uint64_t>(mask_beats(config_, masked)) *
             static_cast<std::uint64_t>(beat_bytes(config_.memory)) +
         (has_parameters ? map_.at(fmt::format("parameters {}", job)).bytes_read : 0);
}

void ProgramMemory::set_descriptor(std::size_t job, const Descriptor& descriptor) {
  made_[job] = descriptor;
  map_.at(fmt::format("descriptor {}", job)).bytes = to_bytes(descriptor, config_);
}

std::vector<std::int32_t> ProgramMemory::read_rows(const std::string& name, int length,
                                                   std::span<const int> rows) const {
  const auto& bytes = map_.at(name).bytes;
  const int size = element_bytes(result_width(config_)), stride = rows_.at(name).stride;
  std::vector<std::int32_t> values;
  values.reserve(rows.size() * static_cast<std::size_t>(length));
  for (const int row : rows)
    for (int i = 0; i < length; ++i)
      values.push_back(read_element(&bytes[static_cast<std::size_t>(row) * stride + i * size], size));
  return values;
}

std::vector<HostWrite> ProgramMemory::rows_written(const std::string& name, std::span<const std::int32_t> values,
                                                   int length) const {
  const int size = element_bytes(result_width(config_)), stride = rows_.at(name).stride;
  std::vector<HostWrite> writes;
  for (std::size_t row = 0; row < values.size() / static_cast<std::size_t>(length); ++row) {
    writes.push_back({name, row * stride, Bytes(static_cast<std::size_t>(length * size))});
    for (int i = 0; i < length; ++i) put(&writes.back().bytes[i * size], values[row * length + i], size);
  }
  return writes;
}

std::vector<std::int32_t> ProgramMemory::box_references() const {
  const auto rows =
      read_boxes(map_.at("boxes").bytes, program_.tensors.at("boxes").rows, rows_.at("boxes").stride, config_);
  const auto length = static_cast<std::size_t>(box_logits_offset(config_) / 4 + 4);
  std::vector<std::int32_t> values;  // those of the first level: all are the same
  for (std::size_t row = 0; row < rows.size(); row += length) values.insert(values.end(), &rows[row], &rows[row] + 4);
  return values;
}

std::vector<std::int32_t> ProgramMemory::outputs(std::size_t job) const {
  const auto& work = program_.jobs[job].work;
  if (const auto* a = std::get_if<model::ProgramAttention>(&work))
    return read_rows(a->outputs, config_.attention.embed_dim, first_rows(a->layer.queries));
  if (const auto* self = std::get_if<model::ProgramSelfAttention>(&work))
    return read_rows(self->outputs, config_.attention.embed_dim, first_rows(program_.tensors.at(self->query).rows));
  const auto& [layer, output, input, positions, list, outputs] = std::get<model::ProgramDense>(work);
  if (layer.boxes.empty())
    return read_rows(outputs, layer.outputs, layer.scatters ? layer.index_list : first_rows(layer.rows));
  return read_boxes(map_.at(outputs).bytes, layer.rows, rows_.at(outputs).stride, config_);
}

std::vector<std::int32_t> ProgramMemory::value_map(std::size_t job) const {
  const auto* a = std::get_if<model::ProgramAttention>(&program_.jobs[job].work);
  return a != nullptr ? read_value_map(a->layer, map_.at(map_name).bytes, config_) : std::vector<std::int32_t>();
}

std::vector<std::int32_t> ProgramMemory::pixel_mask(std::size_t job) const {
  const auto* a = std::get_if<model::ProgramAttention>(&program_.jobs[job].work);
  if (a == nullptr || a->pixel_mask.empty()) return {};
  const auto& bytes = map_.at(a->pixel_mask).bytes;
  return {bytes.begin(), bytes.begin() + program_.tensors.at(a->pixel_mask).rows};
}

std::vector<HostWrite> ProgramMemory::host_writes(std::size_t job, bool double_entry) const {
  using model::HostStep;
  const auto step = program_.jobs[job].host_step;
  const auto all_of = [&](const std::string& name, int length) {
    return read_rows(name, length, first_rows(program_.tensors.at(name).rows));
  };
  if (step == HostStep::choose_tokens) {
    auto chosen = model::best_rows(all_of("score", 1), 1, program_.lists.at("tokens").size());
    if (double_entry) chosen.back() = chosen.front();
    return {{"tokens", 0, pack_list(chosen)}};
  }
  if (step == HostStep::choose_queries) {
    const auto chosen =
        model::best_rows(all_of("proposal.classes", program_.classes), static_cast<std::size_t>(program_.classes),
                         program_.lists.at("queries").size());
    std::vector<HostWrite> writes = {{"queries", 0, pack_list(chosen)}};
    const auto stride = static_cast<std::size_t>(rows_.at("boxes").stride),
               at = static_cast<std::size_t>(box_logits_offset(config_));
    for (std::size_t q = 0; q < chosen.size(); ++q) {
      writes.push_back({"boxes", q * stride + at, Bytes(8)});
      for (std::size_t i = 0; i < 4; ++i)
        put(&writes.back().bytes[2 * i], program_.anchors[static_cast<std::size_t>(chosen[q]) * 4 + i], 2);
    }
    return writes;
  }
  if (step == HostStep::sine_embedding)
    return rows_written("sine", model::sine_embedding(box_references(), config_.numerics.query_bits),
                        program_.tensors.at("sine").length);
  if (step == HostStep::self_attention) {
    std::size_t layer = 0;
    for (std::size_t i = 0; i < job; ++i) layer += program_.jobs[i].host_step == HostStep::self_attention;
    const auto& s = program_.self_attention[layer];
    const int channels = config_.attention.embed_dim;
    const auto q = all_of(s.query, channels), k = all_of(s.key, channels), v = all_of(s.value, channels);
    return rows_written(s.outputs, model::run_self_attention(s.self, q, k, v, static_cast<std::size_t>(channels)),
                        channels);
  }
  return {};
}

void ProgramMemory::host_step(std::size_t job, bool double_entry) {
  for (const auto& write : host_writes(job, double_entry))
    std::ranges::copy(write.bytes, map_.at(write.tensor).bytes.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

model::Detections ProgramMemory::detections() const {
  model::Detections found;
  found.logits = read_rows("classes", program_.classes, first_rows(program_.tensors.at("boxes").rows));
  found.boxes = box_references();
  return found;
}

}  // namespace quillgen::harness
