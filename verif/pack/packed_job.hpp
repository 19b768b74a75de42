// One workload as bytes in memory and lines for a host: everything that a bench or a board needs, without quillgen.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "harness/job_memory.hpp"
#include "model/program.hpp"

namespace quillgen::pack {

using harness::Bytes;

/// Version of the files (README.md).
inline constexpr int format_version = 1;

/// A tensor in memory, or parameters or a descriptor.
struct PackedRegion {
  std::string name;
  std::uint64_t address = 0;
  std::size_t bytes = 0;
  std::string format;                  ///< of an element, or of the whole: "int8", "descriptor"
  int rows = 0, stride = 0;            ///< stride: bytes; 0 where there are no rows
  int elements = 0;                    ///< of a row
  bool read = false, written = false;  ///< by the hardware
};

/// What a host does, one after the other. Of addresses those below 4096 of expect, write and wait are registers.
struct HostLine {
  enum class What {
    expect,  ///< read a register: it has `value` where `mask` is 1
    write,   ///< write `value` to a register
    wait,    ///< until a bit of `mask` is 1 in a register
    store,   ///< write the bytes of `data` whose bit of `strobe` is 1 to memory
  } what = What::expect;
  std::uint64_t address = 0;
  std::uint32_t value = 0, mask = 0;
  Bytes data;                ///< a beat
  std::vector<bool> strobe;  ///< [beat]
};

/// A wait for the host between two jobs of a program.
struct PackedStep {
  std::string after, what;
  std::size_t bytes = 0;  ///< that the host writes
};

struct PackedJob {
  std::uint64_t base = 0;
  Bytes before, after;  ///< memory from base on, whole beats: at the start, and as it must be found at the end
  std::vector<PackedRegion> regions;
  std::vector<HostLine> host;
  std::vector<std::string> jobs;  ///< in their order; one without a name for a layer
  std::vector<PackedStep> steps;
};

/// An attention layer. `base` is a multiple of 64.
PackedJob pack_layer(const harness::AttentionWork& work, const Config& config, std::uint64_t base);

/// A program; the host's steps as writes of what the model says.
PackedJob pack_program(const model::Program& program, const Config& config, std::uint64_t base);

}  // namespace quillgen::pack
