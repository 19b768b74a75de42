// The words of a descriptor, kept as they come.
#include "accel/host/descriptor.hpp"

namespace quillgen::accel {

using namespace hdl;

void Descriptor::ports() {
  begin = input(m, "job_begins", Bool());
  take = input(m, "beat_valid", Bool());
  beat = input(m, "beat", UInt(s.data_bits()));
  fields.resize(static_cast<std::size_t>(beats));
}

// Bits of a word, from bit `low`, in a register.
UInt Descriptor::field(int word, const std::string& name, int bits, int low, std::optional<std::uint64_t> reset) {
  auto r = reg(m, name, UInt(bits), reset);
  fields[static_cast<std::size_t>(word / words_per_beat)].emplace_back(
      r, beat.bits((word % words_per_beat) * 32 + low, bits));
  return r;
}

// Two words, the low half first.
UInt Descriptor::pointer(const char* name, int word) {
  UInt low = field(word, fmt::format("{}_low", name), 32), high = field(word + 1, fmt::format("{}_high", name), 32);
  return concat({high, low}).named(fmt::format("{}_pointer", name));
}

void Descriptor::words() {
  m.note("Descriptor words, kept as they come.");
  auto at = reg(m, "beat_index", UInt(Shapes::bits(beats)), 0);
  at.when(begin, 0).when(take, lib::next_index(at, beats));
  output(m, "complete", take & lib::is_last(at, beats).named("is_last_beat"));
  index = at;
  kind = field(word::kind, "kind", 32), flags = field(word::flags, "flags", 32),
  id = field(word::job_id, "job_id", 32, 0, 0),  // may be read before there was a job
      count = field(word::queries, "query_count", 32);
  query = pointer("query", word::query_address), reference = pointer("reference", word::reference_address),
  value = pointer("value", word::value_address), parameter = pointer("parameter", word::parameter_address),
  out = pointer("output", word::output_address), source = pointer("source", word::source_address),
  mask = pointer("mask", word::mask_address), list = pointer("list", word::list_address);
  rows = field(word::rows, "rows", 32);
  query_stride = field(word::query_stride, "query_stride", 32),
  output_stride = field(word::output_stride, "output_stride", 32),
  source_stride = field(word::source_stride, "source_stride", 32);
  for (int l = 0; l < s.a.levels; ++l) {
    width.push_back(field(word::levels + l, fmt::format("full_width_{}", l), 16));
    height.push_back(field(word::levels + l, fmt::format("full_height_{}", l), 16, 16));
  }
}

// With an epilogue.
void Descriptor::network_words() {
  m.note("How operands are formed, and what becomes of results.");
  position = pointer("position", word::position_address), residual = pointer("residual", word::residual_address);
  epsilon = pointer("epsilon", word::epsilon), link = pointer("link", word::link);
  query_operand = field(word::query_operand, "query_operand", 32),
  source_operand = field(word::source_operand, "source_operand", 32), epilogue = field(word::epilogue, "epilogue", 32);
  reference_stride = field(word::reference_stride, "reference_stride", 32);
  if (s.has_activations()) {
    activation = epilogue.bits(epilogue_activation, activation_code_bits);
    activation_scale = field(word::activation_scale, "activation_scale", 32);
  }
  refines = epilogue.bits(0, result_format_bits) == static_cast<std::uint64_t>(ResultFormat::boxes);
  stream_queries = flags.bit(flag_stream_queries), stream_sources = flags.bit(flag_stream_sources),
  with_position = flags.bit(flag_position), norm = flags.bit(flag_norm), scattered = flags.bit(flag_scattered);
}

// With prunings.
void Descriptor::pruning_words() {
  m.note("What an attention layer leaves out.");
  if (s.has_pruned_points()) threshold = field(word::point_threshold, "point_threshold", 32);
  if (s.has_pixel_counts()) {
    share = field(word::pixel_share, "pixel_share", share_bits);
    pixel_mask = pointer("pixel_mask", word::pixel_mask_address), padding = pointer("padding", word::padding_address);
  }
  if (!s.has_ranges()) return;
  ranged = flags.bit(flag_ranged);
  for (int l = 0; l < s.a.levels; ++l) range.push_back(field(word::ranges + l, fmt::format("full_range_{}", l), 32));
}

// Whether a bit of the words from .. to - 1 is set in the beat that is taken.
Bool Descriptor::any_bit(int from, int to) {
  Bool any = Bool::constant(m, false);
  for (int b = from / words_per_beat; b * words_per_beat < to; ++b) {
    const int first = std::max(from - b * words_per_beat, 0) * 32,
              last = std::min(to - b * words_per_beat, words_per_beat) * 32;
    any = any | ((index == b) & beat.bits(first, last - first).any());
  }
  return any;
}

void Descriptor::dense_words() {
  m.note("Of a dense job other words have these places.");
  inner = width[0], outputs = height[0];
  const bool two_levels = s.a.levels > 1;
  panel_tiles = two_levels ? width[1] : field(word::dense_panel, "panel_tiles", 16),
  tiles = two_levels ? height[1] : field(word::dense_panel, "tiles", 16, 16);
  if (s.has_self()) self_words();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    const Bool take_now = (take & (index == i)).named(fmt::format("take_{}", i));
    for (auto& [r, bits] : fields[i]) r.when(take_now, bits);
  }
  auto bad = reg(m, "reserved_bits", Bool(), 0);  // a bit of the reserved words of a dense job was set
  bad.when(begin, false)
      .when(take & any_bit(word::dense_reserved, s.has_epilogue() ? word::dense_list : word::dense_end), true);
  reserved = bad;
  if (descriptor_words(c) > word::dense_end) {
    auto bad_network = reg(m, "reserved_network_bits", Bool(), 0);
    Bool any = Bool::constant(m, false);
    for (const word::Span& span : word::reserved_spans(c)) any = any | any_bit(span.first, span.end);
    bad_network.when(begin, false).when(take & any, true);
    reserved_network = bad_network;
  }
  is_dense = (kind == kind_dense).named("is_dense"), is_attention = (kind == kind_attention).named("is_attention");
  if (s.has_self()) is_self = (kind == kind_self_attention).named("is_self");
  boxes = flags.bit(flag_boxes), masked = flags.bit(flag_masked), given = flags.bit(flag_map_given),
  listed = flags.bit(flag_listed), kept = flags.bit(flag_order_kept);
}

// With self-attention: words in the place of levels.
void Descriptor::self_words() {
  m.note("Of self-attention others.");
  const auto level = [&](int at, const char* name) {
    const auto l = static_cast<std::size_t>(at - word::levels);
    return l < width.size() ? concat({height[l], width[l]}) : field(at, name, 32);
  };
  UInt low = level(word::self_value_address, "self_value_low"),
       high_half = level(word::self_value_address + 1, "self_value_high");
  self_value = concat({high_half, low}).named("self_value_pointer");
  self_stride = level(word::self_value_stride, "self_value_stride"), self_scale = level(word::self_scale, "self_scale");
  const auto any_of = [&](const char* name, int from, int to) {
    auto bad = reg(m, name, Bool(), 0);
    bad.when(begin, false).when(take & any_bit(from, to), true);
    return bad;
  };
  reserved_self = any_of("reserved_self_bits", word::self_reserved, word::self_value_address);
  reserved_self_2 = any_of("reserved_self_2_bits", word::self_reserved_2, word::source_address);
}

}  // namespace quillgen::accel
