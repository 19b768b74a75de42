// The registers as a driver knows them: by the C header that is generated with the RTL.
#pragma once
#include <quillgen_regs.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace quillgen::harness {

/// In the order of the registers. The causes are those from setup to drain: they sum to cycles.
struct Counters {
  std::uint32_t cycles = 0, setup = 0, fill = 0, sample = 0, wait_feature = 0, wait_output = 0, wait_point = 0,
                drain = 0, samples = 0, line_hits = 0, line_misses = 0, bytes_job = 0, bytes_query = 0,
                bytes_reference = 0, bytes_feature = 0, bytes_output = 0;
};

struct CounterName {
  std::string_view name;
  std::uint32_t Counters::*field;
};

inline constexpr std::array<CounterName, 16> counter_names = {{{"CYCLES", &Counters::cycles},
                                                               {"SETUP", &Counters::setup},
                                                               {"FILL", &Counters::fill},
                                                               {"SAMPLE", &Counters::sample},
                                                               {"WAIT_FEATURE", &Counters::wait_feature},
                                                               {"WAIT_OUTPUT", &Counters::wait_output},
                                                               {"WAIT_POINT", &Counters::wait_point},
                                                               {"DRAIN", &Counters::drain},
                                                               {"SAMPLES", &Counters::samples},
                                                               {"LINE_HITS", &Counters::line_hits},
                                                               {"LINE_MISSES", &Counters::line_misses},
                                                               {"BYTES_JOB", &Counters::bytes_job},
                                                               {"BYTES_QUERY", &Counters::bytes_query},
                                                               {"BYTES_REFERENCE", &Counters::bytes_reference},
                                                               {"BYTES_FEATURE", &Counters::bytes_feature},
                                                               {"BYTES_OUTPUT", &Counters::bytes_output}}};

}  // namespace quillgen::harness
