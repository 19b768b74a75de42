// The memory of a program: tensors that its jobs pass on, parameters and descriptors, and the host's part of it.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/job_memory.hpp"
#include "harness/layout.hpp"
#include "harness/memory_map.hpp"
#include "model/program.hpp"

namespace quillgen::harness {

/// Of the host, into a tensor.
struct HostWrite {
  std::string tensor;
  std::size_t offset = 0;  ///< from its first byte
  Bytes bytes;
};

class ProgramMemory {
 public:
  /// Replaces what is in `map`.
  ProgramMemory(MemoryMap& map, const model::Program& program, const Config& config, const Placement& placement);

  std::uint64_t first_descriptor() const { return descriptors_.front(); }
  /// JOB_ID of a job.
  std::uint32_t id(std::size_t job) const { return ids_[job]; }
  /// The descriptor of a job in memory, to provoke errors.
  Descriptor descriptor(std::size_t job) const { return made_[job]; }
  void set_descriptor(std::size_t job, const Descriptor& descriptor);
  /// Bytes read of a job's descriptor and parameters, some of them while the job before was in work.
  std::uint64_t loaded(std::size_t job) const;

  /// What a job has written, as its Work expects it: rows of outputs or of boxes.
  std::vector<std::int32_t> outputs(std::size_t job) const;
  /// .. and the value map of an attention layer.
  std::vector<std::int32_t> value_map(std::size_t job) const;

  /// .. and the mask that it writes; empty when it writes none.
  std::vector<std::int32_t> pixel_mask(std::size_t job) const;

  /// What the host's step behind a job writes, from what is found in memory. `double_entry`: names a chosen token
  /// twice.
  std::vector<HostWrite> host_writes(std::size_t job, bool double_entry = false) const;
  /// Does that step.
  void host_step(std::size_t job, bool double_entry = false);
  /// Writes what the hardware is to leave of a job, to its last byte.
  void put_results(std::size_t job);
  /// Bytes from row to row of a tensor that has rows.
  int stride(const std::string& tensor) const { return rows_.at(tensor).stride; }

  /// What the program has found: the last class scores and the boxes.
  model::Detections detections() const;

 private:
  struct Rows {
    std::uint64_t base = 0;
    int stride = 0, length = 0;
  };
  void place_tensors(Chance& noise);
  void place_lists(Chance& noise);
  void place_job(std::size_t job);
  Region& add(const std::string& name, Bytes bytes, IdMask read_ids, int alignment);
  Region& add_shared(const std::string& name, Bytes bytes, IdMask read_ids, WritableRows rows, int alignment);
  std::uint64_t place_of(const std::string& tensor) const;
  JobAddresses addresses(const model::ProgramAttention& work) const;
  JobAddresses addresses(const model::ProgramDense& work) const;

  /// Rows of a tensor: all, or those named.
  std::vector<std::int32_t> read_rows(const std::string& name, int length, std::span<const int> rows) const;
  /// A write a row.
  std::vector<HostWrite> rows_written(const std::string& name, std::span<const std::int32_t> values, int length) const;
  /// Rows of results as the hardware writes them, in whole beats: those named.
  void put_rows(const std::string& name, std::span<const std::int32_t> values, int length, std::span<const int> rows);
  void put_boxes(const model::ProgramDense& dense);
  std::vector<std::int32_t> box_references() const;

  MemoryMap& map_;
  const model::Program& program_;
  Config config_;
  AddressAllocator allocator_;
  std::map<std::string, Rows> rows_;
  std::vector<std::uint64_t> descriptors_;
  std::vector<std::uint32_t> ids_;
  std::vector<Descriptor> made_;
};

}  // namespace quillgen::harness
