// The register map as a C header and as a page.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "accel/host/registers.hpp"
#include "accel/shapes.hpp"
#include "config/load.hpp"
#include "hdl/upper.hpp"

namespace quillgen::accel {

using hdl::upper;

namespace {

const char* access_name(Access a) {
  switch (a) {
    case Access::ro:
      return "RO";
    case Access::rw:
      return "RW";
    case Access::wo:
      return "WO";
    case Access::w1c:
      return "W1C";
  }
  return "";
}

struct WordField {
  const char* name;
  int low, bits;
  const char* text;
};
struct Word {
  int index;
  const char *name, *text;
  std::vector<WordField> fields = {};  ///< none: the whole word, or two words, are one number
};

// 64-bit addresses take two words, the low half first.
const std::vector<Word> attention_words = {
    {word::kind, "kind", "version and kind"},
    {word::flags, "flags",
     "bit 0: references are boxes; 1: a mask is given; 2: the value map is in memory and not computed; 4: an index "
     "list "
     "names the queries; 5: references and list are those of the last job, and so is the order; with an epilogue 6: "
     "query rows are of the stream; 7: positions are added to them; 8: source rows are of the stream; 9: residual rows "
     "are added to the outputs, which are normalised; 11: behind the job the program waits for the host; if "
     "CAP_CORE.max_range is not 0, 12: samples are held within ranges; other bits 0"},
    {word::job_id, "job_id", "job ID, any number"},
    {word::queries, "queries", "number of queries; with an index list, of its entries"},
    {word::query_address, "query_address", "address of the query rows, low and high half"},
    {word::reference_address, "reference_address", "address of the references"},
    {word::value_address, "value_address", "address of the value map, aligned to a line"},
    {word::parameter_address, "parameter_address", "address of the parameter image"},
    {word::output_address, "output_address", "address of the output rows"},
    {word::query_stride, "query_stride", "bytes from one query row to the next"},
    {word::output_stride, "output_stride", "bytes from one output row to the next"},
    {word::levels,
     "levels",
     "a word a level; those beyond the levels of the layer 0",
     {{"width", 0, 16, "pixels"}, {"height", 16, 16, "pixels"}}},
    {word::source_address, "source_address", "address of the source rows"},
    {word::mask_address, "mask_address", "address of the mask, a byte a token"},
    {word::source_stride, "source_stride", "bytes from one source row to the next"},
    {word::rows, "rows", "with an index list: rows of queries, references and outputs"},
    {word::list_address, "list_address", "address of the index list, 32 bits an entry"}};
// Of both kinds, in accelerators with an epilogue.
const std::vector<Word> network_words = {
    {word::position_address, "position_address",
     "address of the rows that are added to the queries, or rows of a dense "
     "job; as far apart as these"},
    {word::residual_address, "residual_address",
     "address of the residual rows, as far apart as the output rows; they "
     "may be the output rows"},
    {word::epsilon, "epsilon", "epsilon of the norm, 1 to 2^50 (NUMERICS.md N14), low and high half"},
    {word::query_operand,
     "query_operand",
     "operands of the queries, or of the rows of a dense job (N12)",
     {{"operand_mult", 0, 16, "multiplier"}, {"operand_shift", 16, 6, "shift, 1 to 47"}}},
    {word::source_operand, "source_operand", "operands of the sources, likewise"},
    {word::epilogue,
     "epilogue",
     "what becomes of results",
     {{"result_format", 0, 2,
       "of a dense job without a norm: 0 numerics.output_bits, 1 operands (query_bits), 2 rows of the "
       "stream (stream_bits), 3 deltas of boxes (N17), which are added to residual logits; else 0"},
      {"activation", epilogue_activation, 2,
       "of a dense job without ReLU, norm or boxes, if CAP_NETWORK.activations has it: 1 GELU, 2 SiLU, 3 sigmoid "
       "(N15); else 0"},
      {"norm_shift", 8, 5, "of gamma and beta (N14), 1 to 31 with a norm"}}},
    {word::reference_stride, "reference_stride",
     "of an attention layer: bytes from the references of a query to those of the next, below 65536, as in rows of "
     "boxes; 0: they follow each other"},
    {word::link, "link", "address of the descriptor of the next job of the program, low and high half; 0: none"},
    {word::activation_scale,
     "activation_scale",
     "if CAP_NETWORK.activations is not 0, with an activation: from its result to the outputs (N15)",
     {{"activation_mult", 0, 16, "multiplier"}, {"activation_shift", 16, 6, "shift, 1 to 47"}}}};
// Of an attention layer, in accelerators with prunings.
const Word threshold_word = {word::point_threshold, "point_threshold",
                             "if CAP_CORE.points is 1: points of a smaller weight, attention_bits fraction bits, are "
                             "dropped (N19); 0: none, 2^attention_bits + 1: all"};
const Word ranges_word = {word::ranges, "ranges",
                          "if CAP_CORE.max_range is not 0, with flag 12: how far samples may lie from their reference, "
                          "pixels, a word a level (N5)"};
const std::vector<Word> pixel_words = {
    {word::pixel_share, "pixel_share",
     "if CAP_CORE.count_bits is not 0: pixels that were read less often than this share of the mean of their level, 16 "
     "fraction bits, are dropped from the mask that is written (N20); 0: none is written"},
    {word::pixel_mask_address, "pixel_mask_address",
     "with a share: address of that mask, a byte a token, whole beats, low and high half"},
    {word::padding_address, "padding_address",
     "with a share: address of the mask of the padded tokens of the image, which are dropped too; 0: there are none"}};
const std::vector<Word> dense_words = {
    {word::kind, "kind", "version and kind"},
    {word::flags, "flags",
     "bit 3: ReLU; with an epilogue 6, 7, 9, 11 as above, 4: the rows are those that an index list "
     "names, 10: the outputs, with a norm, go to the rows that it names; other bits 0"},
    {word::job_id, "job_id", "job ID, any number"},
    {word::queries, "queries", "number of rows"},
    {word::query_address, "query_address", "address of the rows, low and high half"},
    {word::reference_address, "reference_address", "not used"},
    {word::value_address, "value_address", "not used"},
    {word::parameter_address, "parameter_address", "address of the panels"},
    {word::output_address, "output_address", "address of the output rows"},
    {word::query_stride, "query_stride", "bytes from one row to the next"},
    {word::output_stride, "output_stride", "bytes from one output row to the next"},
    {word::dense_shape,
     "dense_shape",
     "the matrix",
     {{"inner", 0, 16, "elements of a row"}, {"outputs", 16, 16, "elements of an output row"}}},
    {word::dense_panel,
     "dense_panel",
     "tiles of it: CAP_ARRAY.columns outputs each, the last one filled up (see Panels in integration.md)",
     {{"panel_tiles", 0, 16, "of a panel; the last panel may have fewer"},
      {"tiles", 16, 16, "of all: ceil(outputs / columns)"}}},
    {word::dense_reserved, "dense_reserved",
     "reserved, 0; with an index list words 29 to 31 as of an attention layer: rows, list_address"}};
// In accelerators with self-attention.
const std::vector<Word> self_words = {
    {word::kind, "kind", "version and kind"},
    {word::flags, "flags", "0"},
    {word::job_id, "job_id", "job ID, any number"},
    {word::queries, "queries", "number of rows, 1 to CAP_NETWORK.self_attention"},
    {word::query_address, "query_address", "address of the rows q, low and high half; elements are those of outputs"},
    {word::reference_address, "reference_address", "not used"},
    {word::value_address, "value_address", "not used"},
    {word::parameter_address, "parameter_address", "not used"},
    {word::output_address, "output_address", "address of the output rows"},
    {word::query_stride, "query_stride", "bytes from one row q to the next"},
    {word::output_stride, "output_stride", "bytes from one output row to the next"},
    {word::self_reserved, "self_reserved", "reserved, 0"},
    {word::self_value_address, "self_value_address", "address of the rows v, low and high half"},
    {word::self_value_stride, "self_value_stride", "bytes from one row v to the next"},
    {word::self_scale,
     "self_scale",
     "scales (N16); other bits 0",
     {{"score_shift", 0, 6, "of a sum to a score, 1 to 40"}, {"self_gain", 8, 3, "gain of the outputs, 0 to 7"}}},
    {word::self_reserved_2, "self_reserved_2", "reserved, 0"},
    {word::source_address, "source_address", "address of the rows k"},
    {word::mask_address, "mask_address", "not used"},
    {word::source_stride, "source_stride", "bytes from one row k to the next"},
    {word::rows, "rows", "not used"},
    {word::list_address, "list_address", "not used"}};

std::string define(const std::string& name, const std::string& value, const std::string& text = "") {
  return fmt::format("#define QUILLGEN_{:<40} {:<11}{}\n", name, value, text.empty() ? "" : "  /* " + text + " */");
}

// Elements of an array, a line each.
std::string define_list(const std::string& name, const std::vector<std::string>& elements) {
  return fmt::format("#define QUILLGEN_{} \\\n  {}\n", name, fmt::join(elements, ", \\\n  "));
}

std::string quoted(const std::string& text) {
  if (text.find_first_of("\"\\") != std::string::npos) throw std::logic_error("no text for C: " + text);
  return '"' + text + '"';
}

bool is_capability(const Register& r) { return r.name.starts_with("cap_"); }

// What the driver has arrays of.
std::string driver_lists(const std::vector<Register>& map) {
  std::vector<std::string> offsets, counters, names, texts, details;
  for (const Register& r : map)
    if (is_capability(r)) offsets.push_back("QUILLGEN_" + upper(r.name));
  for (const char* name : counter_names) counters.push_back(quoted(name));
  for (const ErrorText& e : error_texts()) {
    if (static_cast<std::size_t>(e.code) != names.size()) throw std::logic_error("codes of ERROR have gaps");
    names.push_back(quoted(e.name)), texts.push_back(quoted(e.text)), details.push_back(quoted(e.detail));
  }
  return "\n/* For arrays: capabilities by offset, counters by register, error codes from 0 on. */\n" +
         define("CAPABILITIES", fmt::format("{}u", offsets.size())) + define_list("CAPABILITY_OFFSETS", offsets) +
         define_list("COUNTER_NAMES", counters) + define("ERRORS", fmt::format("{}u", names.size())) +
         define_list("ERROR_NAMES", names) + define_list("ERROR_TEXTS", texts) + define_list("ERROR_DETAILS", details);
}

std::string words_text(int from, int end) {
  return end - from > 1 ? fmt::format("{}..{}", from, end - 1) : fmt::format("{}", from);
}

// `words` up to the word `end`; what follows is reserved.
std::string descriptor_table(const std::string& title, std::optional<unsigned> kind, std::span<const Word> words,
                             int end, int all) {
  std::string out = fmt::format("\n### {}\n\n| word | meaning |\n|---|---|\n", title);
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += fmt::format("| {} | {}{} |\n", words_text(words[i].index, i + 1 < words.size() ? words[i + 1].index : end),
                       words[i].text, i == 0 && kind ? fmt::format(": 0x{:08X}", *kind) : "");
    for (const WordField& f : words[i].fields)
      out += fmt::format("| [{}:{}] | {}: {} |\n", f.low + f.bits - 1, f.low, f.name, f.text);
  }
  if (end < all) out += fmt::format("| {} | reserved, 0 |\n", words_text(end, all));
  return out;
}

// What an attention layer leaves out, and the words that no job uses.
std::string pruning_tables(const Config& c) {
  std::string out;
  if (c.pruning.points != 0)
    out += descriptor_table("Points of small weight, of an attention layer", std::nullopt, {&threshold_word, 1},
                            word::point_threshold + 1, word::point_threshold + 1);
  const int ranges_end = word::ranges + c.attention.levels;
  if (c.pruning.max_range > 0)
    out += descriptor_table("Ranges, of an attention layer", std::nullopt, {&ranges_word, 1}, ranges_end, ranges_end);
  if (has_ranged_regions(c))
    out += fmt::format(
        "\nAn attention layer must have flag 12, and ranges of at most {}, level by level, or ends with the error "
        "PRUNING: nothing else is on chip.\n",
        fmt::join(c.feature_cache.region_ranges, ", "));
  if (c.pruning.count_bits > 0)
    out += descriptor_table("Pixels that are seldom read, of an attention layer", std::nullopt, pixel_words,
                            word::pixel_end, word::pixel_end);
  out += "\nReserved, 0:";
  for (const word::Span& span : word::reserved_spans(c))
    out += fmt::format("{} {}", out.ends_with(':') ? "" : ",", words_text(span.first, span.end));
  return out + ".\n";
}

}  // namespace

std::string register_header() {
  std::string out =
      "/* Registers, error codes and job descriptor of a quillgen accelerator. The same for every configuration:\n"
      "   what differs is read from the CAP registers. Byte offsets; fields as _SHIFT and _MASK (in place). */\n"
      "#ifndef QUILLGEN_REGS_H\n#define QUILLGEN_REGS_H\n\n";
  const Config nano = load_preset("nano");
  for (const Register& r : register_map(nano)) {
    const std::string name = upper(r.name);
    out += define(name, fmt::format("0x{:03X}u", r.offset), fmt::format("{}: {}", access_name(r.access), r.text));
    for (const RegisterField& f : r.fields) {
      const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << f.bits) - 1) << f.low;
      out += define(fmt::format("{}_{}_SHIFT", name, upper(f.name)), fmt::format("{}", f.low), f.text);
      out += define(fmt::format("{}_{}_MASK", name, upper(f.name)), fmt::format("0x{:08X}u", mask));
    }
  }
  out += "\n/* Values. */\n";
  out += define("ID_VALUE", fmt::format("0x{:08X}u", id_value));
  out += define("VERSION_VALUE", fmt::format("{}u", interface_version));
  out += define("QUEUED_JOBS", fmt::format("{}u", queued_jobs), "that wait behind the one in work");
  out += define("COUNTERS", fmt::format("{}u", counter_names.size()), "from COUNT_CYCLES on, 4 bytes apart");
  out += "\n/* Codes of ERROR. */\n";
  for (const ErrorText& e : error_texts())
    out += define("ERROR_" + upper(e.name) + "_CODE", fmt::format("{}u", static_cast<unsigned>(e.code)), e.text);
  out += driver_lists(register_map(nano));
  out += "\n/* Job descriptor: 32-bit little-endian words. */\n";
  Config with_epilogue = nano;
  with_epilogue.network.epilogue = 1;
  out += define("DESCRIPTOR_WORDS", fmt::format("{}u", descriptor_words(nano)));
  out += define("DESCRIPTOR_NETWORK_WORDS", fmt::format("{}u", descriptor_words(with_epilogue)),
                "if CAP_NETWORK.epilogue is 1, or CAP_CORE has prunings");
  out += define("DESCRIPTOR_KIND_ATTENTION", fmt::format("0x{:08X}u", kind_attention), "version 3, attention layer");
  out += define("DESCRIPTOR_KIND_DENSE", fmt::format("0x{:08X}u", kind_dense), "version 3, dense layer");
  out += define("DESCRIPTOR_KIND_SELF_ATTENTION", fmt::format("0x{:08X}u", kind_self_attention),
                "version 3, self-attention");
  for (const auto& [name, bit, text] :
       {std::tuple{"BOXES", flag_boxes, "references are boxes"},
        {"MASKED", flag_masked, "a mask of the tokens is given"},
        {"MAP_GIVEN", flag_map_given, "the value map is in memory"},
        {"LISTED", flag_listed, "an index list names the queries that are wanted"},
        {"ORDER_KEPT", flag_order_kept, "references and list are those of the last job"},
        {"RELU", flag_relu, "negative outputs of a dense job become 0"},
        {"STREAM_QUERIES", flag_stream_queries, "query rows, or those of a dense job, are of the stream"},
        {"POSITION", flag_position, "position rows are added to them"},
        {"STREAM_SOURCES", flag_stream_sources, "source rows are of the stream"},
        {"NORM", flag_norm, "residual rows are added to the outputs, which are normalised"},
        {"SCATTERED", flag_scattered, "outputs of a dense job go where the index list says"},
        {"HOST_STEP", flag_host_step, "behind the job the program waits for the host"},
        {"RANGED", flag_ranged, "samples are held within ranges of their references"}})
    out += define(fmt::format("DESCRIPTOR_FLAG_{}", name), fmt::format("0x{:X}u", 1u << bit), text);
  const auto define_word = [&](const Word& w) {
    out += define("DESCRIPTOR_WORD_" + upper(w.name), fmt::format("{}u", w.index), w.text);
    for (const WordField& f : w.fields)
      out += define(fmt::format("DESCRIPTOR_{}_SHIFT", upper(f.name)), fmt::format("{}", f.low), f.text);
  };
  for (const Word& w : attention_words) define_word(w);
  for (const Word& w : dense_words)
    if (w.index >= word::dense_shape && w.index < word::source_address) define_word(w);
  for (const Word& w : network_words) define_word(w);
  for (const Word& w : {threshold_word, ranges_word}) define_word(w);
  for (const Word& w : pixel_words) define_word(w);
  for (const Word& w : self_words)
    if (w.index == word::self_value_address || w.index == word::self_value_stride || w.index == word::self_scale)
      define_word(w);
  out += "\n#endif\n";
  return out;
}

std::string capability_header(const Config& c, const std::string& prefix) {
  const std::string name = upper(prefix) + "QUILLGEN";
  std::string out = fmt::format(
      "/* What the CAP registers of this accelerator read, for quillgen_check(): by offset, CAP_DIMS first. */\n"
      "#ifndef {0}_CONFIG_H\n#define {0}_CONFIG_H\n\n#define {0}_EXPECTED",
      name);
  const char* before = " ";
  for (const Register& r : register_map(c))
    if (is_capability(r)) out += fmt::format("{}\\\n  0x{:08X}u", std::exchange(before, ", "), r.constant.value());
  return out + "\n\n#endif\n";
}

std::string register_page(const Config& c) {
  std::string out =
      "# Registers\n\n32 bits each, at byte offsets of the AXI4-Lite port. Offsets that are not listed read 0 and "
      "ignore "
      "writes, as do writes of less\nthan four bytes. `quillgen_regs.h` has the same for C.\n\n"
      "| offset | name | access | meaning | value here |\n|---|---|---|---|---|\n";
  for (const Register& r : register_map(c)) {
    out += fmt::format("| 0x{:03X} | {} | {} | {} | {} |\n", r.offset, upper(r.name), access_name(r.access), r.text,
                       r.constant ? fmt::format("0x{:08X}", *r.constant) : "");
    for (const RegisterField& f : r.fields)
      out += fmt::format(
          "| | [{}{}] | | {}: {} | {} |\n", f.bits > 1 ? fmt::format("{}:", f.low + f.bits - 1) : "", f.low, f.name,
          f.text, r.constant ? fmt::format("{}", *r.constant >> f.low & ((std::uint64_t{1} << f.bits) - 1)) : "");
  }
  out += "\n## Codes of ERROR\n\n| code | meaning | ERROR_DETAIL |\n|---|---|---|\n";
  for (const ErrorText& e : error_texts())
    out += fmt::format("| {} | {} | {} |\n", static_cast<unsigned>(e.code), e.text, e.detail);
  out += fmt::format("\n## Job descriptor\n\n{} little-endian words of 32 bits, at an address aligned to 64 bytes.\n",
                     descriptor_words(c));
  const int end = word::dense_end;
  out += descriptor_table("An attention layer", kind_attention, attention_words, end, end);
  out += descriptor_table("A dense layer", kind_dense, dense_words, end, end);
  if (c.network.self_attention != 0)
    out += descriptor_table("Self-attention", kind_self_attention, self_words, end, end);
  const int network_end = c.network.activations == no_activations ? word::network_reserved : word::activation_scale + 1;
  if (c.network.epilogue != 0)
    out += descriptor_table(
        "Operands and epilogue, of both", std::nullopt,
        std::span(network_words).first(network_words.size() - (c.network.activations == no_activations ? 1 : 0)),
        network_end, c.pruning.any() ? network_end : descriptor_words(c));
  if (c.pruning.any()) out += pruning_tables(c);
  return out;
}

}  // namespace quillgen::accel
