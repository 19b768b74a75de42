#include "accel/host/registers.hpp"
#include "accel/shapes.hpp"
#include "config/derived.hpp"

namespace quillgen::accel {
namespace {

std::uint32_t packed(const std::vector<RegisterField>& fields, const std::vector<int>& values) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) word |= static_cast<std::uint32_t>(values.at(i)) << fields[i].low;
  return word;
}

/// A capability: fields and their values.
Register capability(unsigned offset, const std::string& name, const std::string& text,
                    std::vector<RegisterField> fields, const std::vector<int>& values) {
  const auto constant = packed(fields, values);
  return {offset, name, Access::ro, text, std::move(fields), constant};
}

std::vector<RegisterField> interrupt_bits() {
  return {{"done", interrupt_done, 1, "a job ended without an error"},
          {"failed", interrupt_failed, 1, "a job ended with an error; while it is set, no queued job begins"},
          {"refused", interrupt_refused, 1, "START was written with the queue full or the port quarantined"},
          {"step", interrupt_step, 1, "a program waits for the host (CONTROL.resume); only with an epilogue"}};
}

/// A bit for each.
int activations_of(const NetworkFormats& n) {
  int bits = 0;
  for (int which = 0; which < 3; ++which) bits |= has_activation(n, which + 1) << which;
  return bits;
}

const char* counter_text(const std::string& name) {
  static const std::vector<std::pair<std::string, const char*>> texts = {
      {"cycles", "cycles from the begin of the job to its end; times the lanes, the sum of the next eight"},
      {"setup", "cycles of lanes: descriptor and parameters were being loaded"},
      {"project", "cycles of lanes: value map or a dense product was being computed"},
      {"fill", "cycles of lanes: before the first sample of any"},
      {"sample", "cycles of lanes: the lane took a sample"},
      {"wait_feature", "cycles of lanes: the next sample missed pixels"},
      {"wait_output", "cycles of lanes: the lane was not ready"},
      {"wait_point", "cycles of lanes: no sample was queued"},
      {"drain", "cycles of lanes: after the last sample of all"},
      {"gemm_busy", "cycles in which the PE array took a step; CYCLES is the sum of this and the next three"},
      {"gemm_rows", "cycles in which the array, between its first and last step, waited for rows or weights"},
      {"gemm_room", "cycles between them in which it waited for room for its results"},
      {"gemm_idle", "cycles before its first step and after its last"},
      {"gemm_project", "steps of the array in cycles of PROJECT"},
      {"wait_query",
       "cycles of FILL or WAIT_POINT of a lane in which the array stood still and the next query was not known yet"},
      {"samples", "samples taken, of all lanes"},
      {"line_hits", "line look-ups that found their line"},
      {"line_misses", "line look-ups that did not"},
      {"bytes_job", "bytes read: descriptor and parameters"},
      {"bytes_query", "bytes read: query rows, or rows of a dense job"},
      {"bytes_list", "bytes read: index list"},
      {"bytes_reference", "bytes read: references"},
      {"bytes_feature", "bytes read: lines of the value map"},
      {"bytes_output", "bytes written: output rows"},
      {"bytes_source", "bytes read: source rows"},
      {"bytes_value", "bytes written: value map"}};
  for (const auto& [counter, text] : texts)
    if (counter == name) return text;
  return "";
}

}  // namespace

std::vector<Register> register_map(const Config& c) {
  const auto& a = c.attention;
  const auto& n = c.numerics;
  std::vector<Register> map = {
      {0x000, "id", Access::ro, "identification, \"QUIL\"", {}, id_value},
      {0x004, "version", Access::ro, "version of this interface", {}, interface_version},
      capability(0x008, "cap_dims", "dimensions of the layer",
                 {{"embed_dim", 0, 16, "C"}, {"heads", 16, 8, "M"}, {"levels", 24, 4, "L"}, {"points", 28, 4, "K"}},
                 {a.embed_dim, a.heads, a.levels, a.points}),
      capability(0x00C, "cap_shape", "largest level, pixels",
                 {{"max_width", 0, 16, "widest"}, {"max_height", 16, 16, "tallest"}}, {a.max_width, a.max_height}),
      capability(0x010, "cap_queries", "most queries of a job",
                 {{"max_queries", 0, 32, "queries, or rows of a dense job"}}, {a.max_queries}),
      capability(0x014, "cap_memory", "the memory port",
                 {{"data_bits", 0, 16, "width of the data"}, {"address_bits", 16, 8, "width of an address"}},
                 {c.memory.data_bits, c.memory.address_bits}),
      capability(0x018, "cap_format_0", "bit widths",
                 {{"query", 0, 5, "query"},
                  {"query_weight", 5, 5, "offset and logit weights"},
                  {"feature", 10, 5, "value map"},
                  {"feature_weight", 15, 5, "value projection weights"},
                  {"head", 20, 5, "head vectors"},
                  {"output_weight", 25, 5, "W''"}},
                 {n.query_bits, n.query_weight_bits, n.feature_bits, n.feature_weight_bits, n.head_bits,
                  n.output_weight_bits}),
      capability(0x01C, "cap_format_1", "bit widths",
                 {{"output", 0, 5, "output"},
                  {"offset_int", 5, 5, "offset, integer bits with sign"},
                  {"offset_frac", 10, 5, "offset, fraction bits"},
                  {"interp_frac", 15, 5, "interpolation, fraction bits"},
                  {"logit_int", 20, 5, "logit, integer bits with sign"},
                  {"logit_frac", 25, 5, "logit, fraction bits"}},
                 {n.output_bits, n.offset_int_bits, n.offset_frac_bits, n.interp_frac_bits, n.logit_int_bits,
                  n.logit_frac_bits}),
      capability(
          0x020, "cap_format_2", "bit widths",
          {{"attention", 0, 5, "attention weight, fraction bits"}, {"corner", 5, 5, "corner weight, fraction bits"}},
          {n.attention_bits, n.corner_bits}),
      capability(0x024, "cap_array", "arrays, for packing the parameter image",
                 {{"rows", 0, 8, "queries of a group"},
                  {"columns", 8, 8, "columns of the PE array"},
                  {"depth", 16, 8, "products a PE sums in a cycle"},
                  {"projection_columns", 24, 8, "columns of W'' a cycle, of a lane"}},
                 {c.gemm.rows, c.gemm.columns, c.gemm.depth, c.core.projection_columns}),
      capability(0x028, "cap_core", "lanes, for packing the parameter image, and what they can leave out",
                 {{"head_lanes", 0, 5, "lanes that share the heads"},
                  {"level_lanes", 5, 3, "lanes of each of them that share the levels, minus 1"},
                  {"points", 8, 1, "1: jobs can drop points of small weight"},
                  {"anchors", 9, 3, "references of a query on each level, minus 1"},
                  {"points_per_cycle", 12, 3, "weights that a lane then finds in a cycle; 0 without points"},
                  {"level_points", 15, 1, "1: levels have different numbers of points, points being the largest"},
                  {"max_range", 16, 11, "largest range of a job, pixels; 0: jobs have none"},
                  {"count_bits", 27, 5, "bits of a count of reads of a pixel; 0: jobs count none"}},
                 {c.core.head_lanes, c.core.level_lanes - 1, c.pruning.points, a.anchors - 1,
                  c.pruning.points * c.core.points_per_cycle, a.uneven_points(), c.pruning.max_range,
                  c.pruning.count_bits}),
      capability(0x02C, "cap_dense", "limits of a dense job",
                 {{"max_inner", 0, 16, "longest row, elements"}, {"panel", 16, 16, "most outputs of a panel"}},
                 {c.gemm.max_inner, most_panel_tiles(c) * c.gemm.columns}),
      {0x030, "desc_lo", Access::rw, "descriptor address, low half", {}, {}},
      {0x034, "desc_hi", Access::rw, "descriptor address, high half", {}, {}},
      {0x038, "start", Access::wo, "queues a job", {{"start", 0, 1, "1: queue the job at DESC"}}, {}},
      {0x03C,
       "control",
       Access::wo,
       "stops jobs",
       {{"abort", 0, 1, "1: stop the job in work; queued ones stay"},
        {"soft_reset", 1, 1, "1: stop the job in work without a report, drop the queue, and reset all registers"},
        {"resume", 2, 1, "1: a program that waits for the host goes on with its next job"}},
       {}},
      {0x040,
       "status",
       Access::ro,
       "state of the accelerator; done and failed speak of the last job, until the next one begins",
       {{"busy", 0, 1, "a job is in work"},
        {"done", 1, 1, "the last job has ended"},
        {"failed", 2, 1, "the last job ended with an error"},
        {"quarantined", 3, 1, "a time-out left responses open: no job is taken until all have come"},
        {"queue_full", 4, 1, "START would be refused"},
        {"queue_empty", 5, 1, "no job waits"},
        {"waiting", 6, 1, "a program waits for the host, behind the job of JOB_ID"}},
       {}},
      {0x044, "error", Access::ro, "how the last job ended, a code of the table below", {}, {}},
      {0x048, "error_detail", Access::ro, "more about the error, see the table below", {}, {}},
      {0x04C, "job_id", Access::ro, "job ID of the descriptor of the last or current job", {}, {}},
      {0x050,
       "timeout",
       Access::rw,
       "cycles in which the memory port waits and nothing moves before the job is given "
       "up; 0: for ever",
       {},
       {}},
      {0x054, "int_state", Access::w1c, "interrupt state", interrupt_bits(), {}},
      {0x058, "int_enable", Access::rw, "bits of INT_STATE that raise irq", interrupt_bits(), {}},
      {0x05C, "int_test", Access::wo, "writing 1 sets the bit of INT_STATE", interrupt_bits(), {}},
      {0x060, "snapshot", Access::wo, "any write copies all counters at once; the end of a job does too", {}, {}},
      capability(0x064, "cap_tokens", "most tokens of a job", {{"max_tokens", 0, 32, "tokens"}}, {a.max_tokens}),
      capability(0x068, "cap_weights", "words of a weight memory, one for each column of the array",
                 {{"words", 0, 32, "depth weights each"}}, {weight_words(c)}),
      capability(0x06C, "cap_network", "what there is for whole networks",
                 {{"stream", 0, 5, "bits of a row of the stream"},
                  {"epilogue", 5, 1, "1: operands, residual, norm"},
                  {"activations", 6, 3, "of dense jobs beside ReLU: bit 0 GELU, 1 SiLU, 2 sigmoid"},
                  {"self_attention", 16, 11, "most rows of self-attention; 0: there is none"}},
                 {c.network.stream_bits, c.network.epilogue, activations_of(c.network), c.network.self_attention})};
  for (std::size_t i = 0; i < counter_names.size(); ++i)
    map.push_back({counters_offset + 4 * static_cast<unsigned>(i),
                   std::string("count_") + counter_names[i],
                   Access::ro,
                   counter_text(counter_names[i]),
                   {},
                   {}});
  return map;
}

std::vector<RegisterField> fields_of(const Register& r) {
  return r.fields.empty() ? std::vector<RegisterField>{{"value", 0, 32, ""}} : r.fields;
}

std::uint32_t reset_value(const Register& r) {
  if (r.constant) return *r.constant;
  std::uint32_t value = 0;
  for (const RegisterField& f : r.fields)
    if (r.name == "status" && f.name == "queue_empty") value |= 1u << f.low;
  return value;
}

std::uint32_t field_reset(const Register& r, const RegisterField& f) {
  return static_cast<std::uint32_t>(reset_value(r) >> f.low & ((std::uint64_t{1} << f.bits) - 1));
}

std::vector<word::Span> word::reserved_spans(const Config& c) {
  const bool network = c.network.epilogue != 0, activations = c.network.activations != no_activations,
             points = c.pruning.points != 0, range = c.pruning.max_range > 0, counts = c.pruning.count_bits > 0;
  std::vector<Span> spans;
  int next = 32;  // behind the last word that is used
  const auto used = [&](bool is_used, int first, int end) {
    if (!is_used) return;
    if (next < first) spans.push_back({next, first});
    next = end;
  };
  used(network, next, network_reserved), used(activations, activation_scale, activation_scale + 1);
  used(points, point_threshold, point_threshold + 1), used(range, ranges, ranges + c.attention.levels);
  used(counts, pixel_share, pixel_end);
  used(true, descriptor_words(c), descriptor_words(c));
  return spans;
}

const std::vector<ErrorText>& error_texts() {
  static const std::vector<ErrorText> texts = {
      {Error::none, "none", "no error", "0"},
      {Error::descriptor, "descriptor", "wrong version, kind or flags of the descriptor", "word of the descriptor"},
      {Error::queries, "queries", "number of queries 0 or above the maximum", "word of the descriptor"},
      {Error::shape, "shape", "a level side 0 or above the maximum", "word of the descriptor"},
      {Error::address, "address",
       "an address not aligned (64 bytes, the value map also to a line) or too large, or a stride not a multiple of a "
       "beat or shorter than a row",
       "word of the descriptor"},
      {Error::read, "read", "a read was answered SLVERR or DECERR",
       "read ID [3:0] and, of more than 16, [9:8], response [5:4]; [6]: of what was read ahead, for the job behind "
       "JOB_ID"},
      {Error::write, "write", "a write was answered SLVERR or DECERR", "response [5:4]"},
      {Error::aborted, "aborted", "CONTROL.abort was written", "0"},
      {Error::timeout, "timeout", "the memory port stood still for TIMEOUT cycles", "reads open [0], writes open [1]"},
      {Error::dense, "dense",
       "inner or outputs 0, inner above CAP_DENSE, or tiles that are not those of the outputs or do not fit",
       "word of the descriptor"},
      {Error::tokens, "tokens", "more tokens than CAP_TOKENS", "word of the descriptor"},
      {Error::list, "list",
       "an entry of the index list that is not below the number of rows, or one that a job names twice which writes "
       "over what it reads",
       "0"},
      {Error::order, "order", "flag order_kept, but no order of as many queries is held", "word of the descriptor"},
      {Error::pruning, "pruning", "a threshold above 2^attention_bits + 1, or a range above CAP_CORE.max_range",
       "word of the descriptor"}};
  return texts;
}

}  // namespace quillgen::accel
