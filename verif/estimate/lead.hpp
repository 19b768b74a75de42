// What of a job of a program is read while the one before it is in work (generator/accel/host/job_loads.cpp).
#pragma once
#include <cstdint>

namespace quillgen::estimate {

/// Of the next job, while one is in work. Beats.
struct NextLoads {
  std::int64_t descriptor = 0;  ///< 0: nothing is read ahead
  std::int64_t panel = 0;       ///< its first panel of weights; 0: there is no room for it, or none
};

/// What of it is left when the job is in turn. Cycles.
struct Lead {
  bool begun = false;           ///< its descriptor
  std::int64_t descriptor = 0;  ///< until it is checked
  std::int64_t panel = -1;      ///< until its first panel is there; -1: it is not begun
};

}  // namespace quillgen::estimate
