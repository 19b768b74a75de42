// The memory of one job: every tensor at an address of its own, and what must be found there afterwards.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "harness/layout.hpp"
#include "harness/memory_map.hpp"

namespace quillgen::harness {

/// Read IDs of the accelerator, for the features of its first lane; the next lanes follow. The write ID is 0.
inline constexpr int id_job = 0, id_query = 1, id_reference = 2, id_feature = 3;

/// A job in memory, placed and padded with noise as the seed says.
class JobMemory {
 public:
  /// Replaces what is in `map`. `value` is the value map [S, C].
  JobMemory(MemoryMap& map, const model::QuantisedLayer& layer, std::span<const std::int32_t> value,
            const Config& config, std::uint64_t seed);

  std::uint64_t descriptor_address() const { return descriptor_address_; }
  const Descriptor& descriptor() const { return descriptor_; }
  /// Changes the descriptor in memory, to provoke errors.
  void set_descriptor(const Descriptor& descriptor);

  /// The output rows, [Lq, C].
  std::vector<std::int32_t> output_rows() const;
  /// Faults of the output region, one line each, at most 10: bytes not written exactly once, padding that is not zero,
  /// bytes outside the rows that changed.
  std::vector<std::string> check_output() const;
  /// True if no byte was written.
  bool output_untouched() const;

 private:
  MemoryMap& map_;
  int queries_, channels_, element_bytes_, row_bytes_, stride_ = 0;
  std::uint64_t descriptor_address_ = 0;
  Descriptor descriptor_{};
  Bytes output_before_;
};

}  // namespace quillgen::harness
