// What the hardware leaves in memory, by the model: every byte that it writes, padding included.
#include <algorithm>
#include <numeric>

#include "config/derived.hpp"
#include "harness/job_memory.hpp"
#include "harness/program_memory.hpp"

namespace quillgen::harness {
namespace {

/// Writes row `number` of `values` to `to`, and zeros behind it to the end of its last beat.
void put_row(std::uint8_t* to, std::span<const std::int32_t> values, std::size_t number, int elements,
             const Config& config) {
  const int bits = result_width(config), beats = row_beats(elements, bits, config.memory);
  Chance none(1);
  const auto row = pack_rows(values.subspan(number * static_cast<std::size_t>(elements), elements), elements, bits,
                             elements * element_bytes(bits), none);
  std::fill_n(std::ranges::copy(row, to).out, beats * beat_bytes(config.memory) - static_cast<int>(row.size()),
              std::uint8_t{0});
}

/// A mask of 0 and 1, and zeros to the end of its last beat.
void put_mask(Bytes& to, const model::QuantisedLayer& layer, const model::Stages& stages, const Config& config) {
  const auto mask = model::mask_passed_on(layer, stages);
  const auto end = std::ranges::copy(mask, to.begin()).out;
  std::fill(end, to.begin() + mask_beats(config, static_cast<int>(mask.size())) * beat_bytes(config.memory),
            std::uint8_t{0});
}

}  // namespace

void JobMemory::put_results(const AttentionWork& work) {
  if (!work.map_given) map_.at("value map").bytes = pack_value_map(work.layer, work.stages.value, config_);
  auto& outputs = map_.at("output rows").bytes;
  for (std::size_t row = 0; row < row_writes_.size(); ++row)
    if (row_writes_[row] > 0) put_row(&outputs[row * stride_], work.stages.written(), row, elements_, config_);
  if (masked_tokens_ > 0) put_mask(map_.at("pixel mask").bytes, work.layer, work.stages, config_);
}

void ProgramMemory::put_rows(const std::string& name, std::span<const std::int32_t> values, int length,
                             std::span<const int> rows) {
  auto& bytes = map_.at(name).bytes;
  const auto stride = static_cast<std::size_t>(rows_.at(name).stride);
  for (std::size_t i = 0; i < rows.size(); ++i)
    put_row(&bytes[static_cast<std::size_t>(rows[i]) * stride], values, i, length, config_);
}

void ProgramMemory::put_results(std::size_t job) {
  const auto& work = program_.jobs[job].work;
  const int channels = config_.attention.embed_dim;
  const auto all = [](int count) {
    std::vector<int> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  };
  if (const auto* self = std::get_if<model::ProgramSelfAttention>(&work))
    return put_rows(self->outputs, self->output, channels, all(program_.tensors.at(self->query).rows));
  if (const auto* attention = std::get_if<model::ProgramAttention>(&work)) {
    const auto& [layer, stages] =
        std::pair<const model::QuantisedLayer&, const model::Stages&>(attention->layer, attention->stages);
    std::ranges::copy(pack_value_map(layer, stages.value, config_), map_.at("value map").bytes.begin());
    // The model has a row of every query; those that nobody wants stay as they are.
    for (const int query : layer.wanted())
      put_rows(attention->outputs, std::span(stages.written()).subspan(static_cast<std::size_t>(query) * channels),
               channels, std::span(&query, 1));
    if (!attention->pixel_mask.empty()) put_mask(map_.at(attention->pixel_mask).bytes, layer, stages, config_);
    return;
  }
  const auto& dense = std::get<model::ProgramDense>(work);
  if (dense.layer.boxes.empty())
    return put_rows(dense.outputs, dense.output, dense.layer.outputs,
                    dense.layer.scatters ? dense.layer.index_list : all(dense.layer.rows));
  put_boxes(dense);
}

/// References on each level, 32 bits a number, logits of 16 bits, and zeros to the end of the last beat.
void ProgramMemory::put_boxes(const model::ProgramDense& dense) {
  auto& bytes = map_.at(dense.outputs).bytes;
  const auto stride = static_cast<std::size_t>(rows_.at(dense.outputs).stride);
  const auto references = static_cast<std::size_t>(box_logits_offset(config_) / 4), numbers = references + 4;
  for (std::size_t row = 0; row < dense.output.size() / numbers; ++row) {
    auto* const to = &bytes[row * stride];
    std::fill_n(to, box_row_beats(config_) * beat_bytes(config_.memory), std::uint8_t{0});
    for (std::size_t i = 0; i < numbers; ++i) {
      const auto value = dense.output[row * numbers + i];
      const std::size_t at = i < references ? 4 * i : 4 * references + 2 * (i - references),
                        size = i < references ? 4 : 2;
      for (std::size_t byte = 0; byte < size; ++byte) to[at + byte] = static_cast<std::uint8_t>(value >> (8 * byte));
    }
  }
}

}  // namespace quillgen::harness
