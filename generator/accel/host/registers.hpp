// The host's view in one table: registers with their fields, error codes, words of a descriptor. The decoder
// (registers.cpp), the C header and the register page (register_text.cpp) are all made from it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace quillgen::accel {

inline constexpr unsigned id_value = 0x5155494C;  ///< "QUIL"
inline constexpr unsigned interface_version = 7;
/// Kinds of a descriptor, with its version (3): an attention layer, a dense layer.
inline constexpr unsigned kind_attention = 0x00030001, kind_dense = 0x00030002;
/// .. and self-attention: rows q are where the queries are, rows k where the sources are.
inline constexpr unsigned kind_self_attention = 0x00030003;
/// Words of a descriptor. Addresses take two, the low half first; levels one each. A dense job (rows [queries, inner]
/// times a matrix [inner, outputs]) has its rows where the queries are.
namespace word {
inline constexpr int kind = 0, flags = 1, job_id = 2, queries = 3, query_address = 4, reference_address = 6,
                     value_address = 8, parameter_address = 10, output_address = 12, query_stride = 14,
                     output_stride = 15, levels = 16, source_address = 24, mask_address = 26, source_stride = 28,
                     rows = 29, list_address = 30;
inline constexpr int dense_shape = 16, dense_panel = 17, dense_reserved = 18, dense_list = 29, dense_end = 32;
// Of self-attention:
inline constexpr int self_reserved = 16, self_value_address = 18, self_value_stride = 20, self_scale = 21,
                     self_reserved_2 = 22;
// With an epilogue, of both kinds:
inline constexpr int position_address = 32, residual_address = 34, epsilon = 36, query_operand = 38,
                     source_operand = 39, epilogue = 40, reference_stride = 41, link = 42, network_reserved = 44;
/// .. and with activations, of a dense job: the first of the reserved words.
inline constexpr int activation_scale = 44;
/// With prunings, of an attention layer; ranges: one for each level.
inline constexpr int point_threshold = 45, ranges = 46, pixel_share = 54, pixel_mask_address = 55, padding_address = 57,
                     pixel_end = 59;
/// Words from a first one up to one that is no more among them.
struct Span {
  int first, end;
};
/// The reserved ones behind the first 32.
std::vector<Span> reserved_spans(const Config& c);
}  // namespace word
/// Bits of the flags. relu: of a dense layer; boxes to order_kept, ranged: of an attention layer; from
/// stream_queries to host_step: with an epilogue.
inline constexpr int flag_boxes = 0, flag_masked = 1, flag_map_given = 2, flag_relu = 3, flag_listed = 4,
                     flag_order_kept = 5, flag_stream_queries = 6, flag_position = 7, flag_stream_sources = 8,
                     flag_norm = 9, flag_scattered = 10, flag_host_step = 11, flag_ranged = 12;
/// Place of the activation in the word `epilogue`.
inline constexpr int epilogue_activation = 4;
/// Flags that are legal in a job.
inline constexpr unsigned attention_flags(const Config& c) {
  const unsigned flags = 1u << flag_boxes | 1u << flag_masked | 1u << flag_map_given | 1u << flag_listed |
                         1u << flag_order_kept | (c.pruning.max_range > 0 ? 1u << flag_ranged : 0);
  if (c.network.epilogue == 0) return flags;
  return flags | 1u << flag_stream_queries | 1u << flag_position | 1u << flag_stream_sources | 1u << flag_norm |
         1u << flag_host_step;
}
inline constexpr unsigned dense_flags(const Config& c) {
  if (c.network.epilogue == 0) return 1u << flag_relu;
  return 1u << flag_relu | 1u << flag_listed | 1u << flag_stream_queries | 1u << flag_position | 1u << flag_norm |
         1u << flag_scattered | 1u << flag_host_step;
}
inline constexpr int queued_jobs = 2;  ///< that wait behind the one in work

/// ro: read; rw: read and written; wo: writing acts, reads as 0; w1c: read, writing 1 clears a bit.
enum class Access { ro, rw, wo, w1c };

struct RegisterField {
  std::string name;  ///< lower case
  int low, bits;
  std::string text;
};

struct Register {
  unsigned offset;   ///< bytes, a multiple of 4
  std::string name;  ///< lower case
  Access access;
  std::string text;
  std::vector<RegisterField> fields;      ///< none: the whole word is one number
  std::optional<std::uint32_t> constant;  ///< of a read-only register that never changes
};

/// All registers, by offset. Offsets and fields are the same for every configuration; the constants are not.
std::vector<Register> register_map(const Config& c);

/// Its fields; of a register without any, one of all bits, "value".
std::vector<RegisterField> fields_of(const Register& r);
/// What it reads after a reset; 0 where it is only written.
std::uint32_t reset_value(const Register& r);
/// The part of a field, from bit 0 on.
std::uint32_t field_reset(const Register& r, const RegisterField& f);

/// In the order of their addresses, 4 bytes apart, from counters_offset on.
inline constexpr std::array counter_names = {
    "cycles",          "setup",         "project",      "fill",         "sample",     "wait_feature", "wait_output",
    "wait_point",      "drain",         "gemm_busy",    "gemm_rows",    "gemm_room",  "gemm_idle",    "gemm_project",
    "wait_query",      "samples",       "line_hits",    "line_misses",  "bytes_job",  "bytes_query",  "bytes_list",
    "bytes_reference", "bytes_feature", "bytes_output", "bytes_source", "bytes_value"};
inline constexpr unsigned counters_offset = 0x080;

/// How a job ended.
enum class Error : unsigned {
  none = 0,
  descriptor = 1,
  queries = 2,
  shape = 3,
  address = 4,
  read = 5,
  write = 6,
  aborted = 7,
  timeout = 8,
  dense = 9,
  tokens = 10,
  list = 11,
  order = 12,
  pruning = 13
};

struct ErrorText {
  Error code;
  std::string name;    ///< lower case
  std::string text;    ///< what it means
  std::string detail;  ///< what ERROR_DETAIL then holds
};
const std::vector<ErrorText>& error_texts();  ///< by code

/// Bits of INT_STATE, INT_ENABLE, INT_TEST.
inline constexpr int interrupt_done = 0, interrupt_failed = 1, interrupt_refused = 2, interrupt_step = 3,
                     interrupt_count = 4;

/// A C header with every offset, field, error code and descriptor word; the same for every configuration.
std::string register_header();
/// A C header with what the CAP registers of this configuration read; its names begin with the prefix of the modules.
std::string capability_header(const Config& c, const std::string& prefix);
/// The register page: Markdown, with the constants of this configuration.
std::string register_page(const Config& c);

}  // namespace quillgen::accel
