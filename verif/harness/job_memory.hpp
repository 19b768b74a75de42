// The memory of one job: every tensor at an address of its own, and what must be found there afterwards.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/region.hpp"
#include "harness/layout.hpp"
#include "harness/memory_map.hpp"
#include "harness/work.hpp"

namespace quillgen::harness {

/// Read IDs of the accelerator, for the features of its first lane; feature_ids(config) in all. The write ID is 0.
inline constexpr int id_job = 0, id_rows = 1, id_reference = 2, id_list = 3, id_feature = 4;

/// With an epilogue, behind those of the features.
inline int position_id(const Config& config) { return id_feature + feature_ids(config); }
inline int residual_id(const Config& config) { return position_id(config) + 1; }

/// A job in memory, placed and padded with noise as the placement says.
class JobMemory {
 public:
  /// Replaces what is in `map`.
  JobMemory(MemoryMap& map, const Work& work, const Config& config, const Placement& placement);

  std::uint64_t descriptor_address() const { return descriptor_address_; }
  const Descriptor& descriptor() const { return descriptor_; }
  const JobAddresses& addresses() const { return addresses_; }
  /// Changes the descriptor in memory, to provoke errors.
  void set_descriptor(const Descriptor& descriptor);

  /// The output rows, [Lq, C] or [M, N].
  std::vector<std::int32_t> output_rows() const;
  /// The value map, [S, C]; empty when the job does not compute it.
  std::vector<std::int32_t> value_map() const;
  /// The mask that the job has written, [S]; empty when it writes none.
  std::vector<std::int32_t> pixel_mask() const;
  /// Faults of the regions that are written, one line each, at most 10 a region: bytes not written as often
  /// as their row is wanted, padding (and pixels outside of odd edges) that is not zero, bytes between rows that
  /// changed.
  std::vector<std::string> check_written() const;
  /// Writes what the hardware is to leave of this layer, to its last byte.
  void put_results(const AttentionWork& work);
  /// True if no byte was written.
  bool untouched() const;

 private:
  std::uint64_t place(const std::string& name, Bytes bytes, IdMask read_ids, int alignment);
  std::uint64_t place_written(const std::string& name, std::size_t bytes, WritableRows rows, IdMask read_ids,
                              int alignment, Chance& noise);
  JobAddresses place_attention(const AttentionWork& work, Chance& noise);
  JobAddresses place_dense(const DenseWork& work, Chance& noise);
  JobAddresses place_self_attention(const SelfAttentionWork& work, Chance& noise);
  /// A number, address or stride that the hardware is not to use.
  std::uint64_t unused(Chance& noise) const { return compact_ ? 0 : noise.bits(); }
  /// Rows of `rows` elements, some beats of `noise` apart.
  int stride(int elements, int bits, Chance& noise) const;
  /// `written`: how often each row is.
  void place_outputs(JobAddresses& addresses, Bytes residual, std::vector<int> written, int row_bytes, Chance& noise);
  void place_rows_of_outputs(JobAddresses& addresses, const model::Stream& stream, std::vector<int> written,
                             int elements, Chance& noise);
  void place_boxes(JobAddresses& addresses, const model::DenseLayer& layer, Chance& noise);
  std::uint64_t place_rows(const std::string& name, std::span<const std::int32_t> operands, int bits,
                           const std::optional<model::Requant>& formed, std::span<const std::int32_t> rows,
                           int elements, int& stride, Chance& noise);
  void place_positions(JobAddresses& addresses, const model::Stream& stream, int elements, Chance& noise);
  std::vector<std::string> check_rows() const;
  std::vector<std::string> check_map() const;
  std::vector<std::string> check_pixel_mask() const;
  void place_pixel_mask(JobAddresses& addresses, const model::QuantisedLayer& layer, Chance& noise);

  MemoryMap& map_;
  Config config_;
  bool compact_;  ///< no gaps between rows, 0 in what is not used
  AddressAllocator allocator_;
  std::optional<AttentionWork> computes_map_;  ///< of a job that writes its value map
  int rows_ = 0, elements_ = 0, stride_ = 0;   ///< of the output
  int masked_tokens_ = 0;                      ///< of the mask that is written; 0: none is
  bool boxes_ = false;                         ///< outputs are rows of boxes
  std::vector<int> row_writes_;                ///< [rows], how often each is written
  std::vector<int> scattered_;                 ///< rows of the outputs of a dense job with a list of them
  std::uint64_t descriptor_address_ = 0;
  JobAddresses addresses_;
  Descriptor descriptor_{};
  Bytes output_before_, mask_before_;
};

}  // namespace quillgen::harness
