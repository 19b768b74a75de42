// The AXI4-Lite register map (generator/accel/README.md, "Registers"): one table for the decoder and for whoever needs
// the addresses.
#pragma once
#include <array>

namespace quillgen::accel {

inline constexpr unsigned id_value = 0x5155494C;  // "QUIL"
inline constexpr unsigned interface_version = 1;
inline constexpr unsigned descriptor_kind = 0x00010001;  // version 1, kind 1: attention core
inline constexpr int descriptor_words = 32;
inline constexpr int flag_boxes = 0, flag_count = 1;  ///< bits of the flags of a descriptor

namespace address {
inline constexpr unsigned id = 0x000, version = 0x004, cap_dims = 0x008, cap_shape = 0x00C, cap_queries = 0x010,
                          cap_memory = 0x014, desc_lo = 0x020, desc_hi = 0x024, start = 0x028, status = 0x02C,
                          error = 0x030, job_id = 0x034, counters = 0x040;
}

/// In the order of their addresses from address::counters on, 4 bytes apart.
inline constexpr std::array counter_names = {"cycles",       "setup",           "fill",          "sample",
                                             "wait_feature", "wait_output",     "wait_point",    "drain",
                                             "samples",      "line_hits",       "line_misses",   "bytes_job",
                                             "bytes_query",  "bytes_reference", "bytes_feature", "bytes_output"};

enum class Error : unsigned { none = 0, descriptor = 1, queries = 2, shape = 3, address = 4, read = 5, write = 6 };

}  // namespace quillgen::accel
