// Bytes by client: what the counters say, what was seen on the bus, what the model knows.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "harness/registers.hpp"
#include "harness/work.hpp"

namespace quillgen::harness {

/// Of a job or a program, as seen on the bus. Rows: with positions and residuals; features: of all lanes.
struct BusBytes {
  std::uint64_t job = 0, rows = 0, reference = 0, list = 0, feature = 0, written = 0;
  std::uint64_t all() const { return job + rows + reference + list + feature + written; }
  BusBytes operator-(const BusBytes& b) const {
    return {job - b.job,   rows - b.rows,       reference - b.reference,
            list - b.list, feature - b.feature, written - b.written};
  }
};

/// What value projections read and write.
struct ProjectionBytes {
  std::uint64_t source = 0, value = 0;
  ProjectionBytes& operator+=(const ProjectionBytes& other) {
    source += other.source, value += other.value;
    return *this;
  }
};
ProjectionBytes projection_bytes(const Work& work, const Config& config);

/// Counters that differ, a line each. Of what was stopped before its end `projection` is null.
std::vector<std::string> check_bytes(const Counters& counters, const BusBytes& bus, const ProjectionBytes* projection);

}  // namespace quillgen::harness
