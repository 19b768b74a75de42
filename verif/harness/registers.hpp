// The counters as the driver reads them, each by its name.
#pragma once
#include <quillgen_driver.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace quillgen::harness {

/// In the order of the registers. Those from setup to drain are cycles of lanes by cause, and sum to cycles times the
/// lanes; those from gemm_busy to gemm_idle are cycles of the PE array by cause, and sum to cycles.
struct Counters {
  std::uint32_t cycles = 0, setup = 0, project = 0, fill = 0, sample = 0, wait_feature = 0, wait_output = 0,
                wait_point = 0, drain = 0, gemm_busy = 0, gemm_rows = 0, gemm_room = 0, gemm_idle = 0, gemm_project = 0,
                wait_query = 0, samples = 0, line_hits = 0, line_misses = 0, bytes_job = 0, bytes_query = 0,
                bytes_list = 0, bytes_reference = 0, bytes_feature = 0, bytes_output = 0, bytes_source = 0,
                bytes_value = 0;
};

struct CounterName {
  std::string_view name;
  std::uint32_t Counters::*field;
};

inline constexpr std::array<CounterName, 26> counter_names = {{{"CYCLES", &Counters::cycles},
                                                               {"SETUP", &Counters::setup},
                                                               {"PROJECT", &Counters::project},
                                                               {"FILL", &Counters::fill},
                                                               {"SAMPLE", &Counters::sample},
                                                               {"WAIT_FEATURE", &Counters::wait_feature},
                                                               {"WAIT_OUTPUT", &Counters::wait_output},
                                                               {"WAIT_POINT", &Counters::wait_point},
                                                               {"DRAIN", &Counters::drain},
                                                               {"GEMM_BUSY", &Counters::gemm_busy},
                                                               {"GEMM_ROWS", &Counters::gemm_rows},
                                                               {"GEMM_ROOM", &Counters::gemm_room},
                                                               {"GEMM_IDLE", &Counters::gemm_idle},
                                                               {"GEMM_PROJECT", &Counters::gemm_project},
                                                               {"WAIT_QUERY", &Counters::wait_query},
                                                               {"SAMPLES", &Counters::samples},
                                                               {"LINE_HITS", &Counters::line_hits},
                                                               {"LINE_MISSES", &Counters::line_misses},
                                                               {"BYTES_JOB", &Counters::bytes_job},
                                                               {"BYTES_QUERY", &Counters::bytes_query},
                                                               {"BYTES_LIST", &Counters::bytes_list},
                                                               {"BYTES_REFERENCE", &Counters::bytes_reference},
                                                               {"BYTES_FEATURE", &Counters::bytes_feature},
                                                               {"BYTES_OUTPUT", &Counters::bytes_output},
                                                               {"BYTES_SOURCE", &Counters::bytes_source},
                                                               {"BYTES_VALUE", &Counters::bytes_value}}};
static_assert(counter_names.size() == QUILLGEN_COUNTERS);

/// What the driver has read.
inline Counters counters_of(const quillgen_counters& read) {
  Counters c;
  for (std::size_t i = 0; i < counter_names.size(); ++i) c.*counter_names[i].field = read.value[i];
  return c;
}

/// The causes of a cycle, by their place in counter_names: of the lanes, and of the PE array.
inline constexpr std::size_t first_cause = 1, causes = 8, first_gemm_cause = 9, gemm_causes = 4;

/// What `count` counters from `first` on add up to.
constexpr std::uint64_t sum_of(const Counters& c, std::size_t first, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = first; i < first + count; ++i) sum += c.*counter_names[i].field;
  return sum;
}

}  // namespace quillgen::harness
