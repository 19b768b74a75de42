// What a descriptor must keep to, and the first rule that it breaks.
#include "accel/host/descriptor.hpp"

namespace quillgen::accel {

using namespace hdl;

void Descriptor::shape_rules() {
  m.note("The first rule that is broken.");
  auto bad_side = [&](const UInt& side, int most) { return (side == 0) | (side > most); };
  Bool bad_flags = mux(is_dense, (flags & ~UInt::constant(m, dense_flags(c), 32)).any(),
                       (flags & ~UInt::constant(m, attention_flags(c), 32)).any());
  UInt capacity = mux(one_panel, UInt::constant(m, static_cast<std::uint64_t>(weight_words(c)), 17),
                      UInt::constant(m, static_cast<std::uint64_t>(weight_words(c) / 2), 17));
  Bool ragged = panel_outputs.bits(0, log2_of(out_beat)).any() & ~one_panel;
  Bool known = is_dense | is_attention;
  if (s.has_self()) known = known | is_self, bad_flags = mux(is_self, flags != 0, bad_flags);
  rules = {{~known, Error::descriptor, word::kind},
           {bad_flags, Error::descriptor, word::flags},
           {is_dense & reserved, Error::descriptor, word::dense_reserved}};
  if (descriptor_words(c) > word::dense_end)
    rules.push_back({reserved_network, Error::descriptor, word::reserved_spans(c).front().first});
  if (s.has_epilogue()) network_rules();
  rules.push_back({bad_side(count, s.a.max_queries), Error::queries, word::queries});
  if (s.has_self()) self_rules();
  rules.push_back({has_list() & bad_side(rows, s.a.max_queries), Error::queries, word::rows});
  if (c.order.bucket_bits > 0) {
    auto held = input(m, "order_held", UInt(s.query_bits()));  // queries of the order on chip
    rules.push_back({is_attention & kept & (count != held), Error::order, word::flags});
  }
  for (std::size_t l = 0; l < width.size(); ++l)
    rules.push_back({is_attention & (bad_side(width[l], s.a.max_width) | bad_side(height[l], s.a.max_height)),
                     Error::shape, word::levels + static_cast<int>(l)});
  if (s.has_prunings()) pruning_rules();
  rules.push_back({is_attention & (tokens > s.a.max_tokens), Error::tokens, word::levels});
  rules.push_back({is_dense & (bad_side(inner, c.gemm.max_inner) | (outputs == 0)), Error::dense, word::dense_shape});
  rules.push_back({is_dense & (bad_side(panel_tiles, most_tiles) | (panel_tiles > tiles) | (tile_outputs < outputs) |
                               (tile_outputs >= outputs + columns) | (panel_words > capacity) | ragged),
                   Error::dense, word::dense_panel});
  if (!s.has_epilogue()) return;
  Bool whole_row = (outputs == c.attention.embed_dim) & one_panel;
  rules.push_back({is_dense & ((norm & ~whole_row) | (refines & (outputs != 4))), Error::dense, word::dense_shape});
}

void Descriptor::pruning_rules() {
  const auto rule = [&](const Bool& broken, int word) { rules.push_back({broken, Error::pruning, word}); };
  if (s.has_pruned_points()) rule(is_attention & (threshold > s.most_threshold()), word::point_threshold);
  const bool of_regions = s.has_ranged_regions();  // which hold nothing outside of their ranges
  if (of_regions) rule(is_attention & ~ranged, word::flags);
  for (std::size_t l = 0; l < range.size(); ++l) {
    const int most = of_regions ? c.feature_cache.region_ranges[l] : c.pruning.max_range;
    rule(is_attention & ranged & (range[l] > most), word::ranges + static_cast<int>(l));
  }
}

void Descriptor::network_rules() {
  const auto field_of = [](const UInt& word, int low, int bits) { return word.bits(low, bits); };
  const auto bad_operand = [&](const UInt& word) {
    const int end = lib::mult_bits + lib::shift_bits;
    UInt shift = field_of(word, lib::mult_bits, lib::shift_bits);
    return (shift == 0) | (shift > 47) | field_of(word, end, 32 - end).any();
  };
  const auto rule = [&](const Bool& broken, int word) { rules.push_back({broken, Error::descriptor, word}); };
  rule((with_position & ~stream_queries) | (scattered & ~norm), word::flags);
  rule(stream_queries & bad_operand(query_operand), word::query_operand);
  rule(is_attention & stream_sources & bad_operand(source_operand), word::source_operand);
  UInt format = field_of(epilogue, 0, result_format_bits), shift = field_of(epilogue, 8, norm_gain_bits);
  rule(norm & ((epsilon == 0) | (epsilon > std::uint64_t{1} << 50)), word::epsilon);
  std::optional<Bool> bad_code;
  if (s.has_activations()) bad_code = bad_activation();
  const auto bad_low_bits = [&] {
    const int low = epilogue_activation, end = low + activation_code_bits;
    if (!s.has_activations()) return field_of(epilogue, 2, 6).any();
    Bool below = field_of(epilogue, 2, low - 2).any(), above = field_of(epilogue, end, 8 - end).any();
    return below | above | *bad_code;
  };
  rule(((norm | is_attention) & (format != 0)) | (norm & (shift == 0)) | bad_low_bits() |
           field_of(epilogue, 13, 19).any(),
       word::epilogue);
  if (!s.has_activations()) return;
  const Bool any = activation != 0, bad_scale = bad_operand(activation_scale);
  rule(any & bad_scale, word::activation_scale);
}

// One that the hardware has not, or beside what it cannot be beside.
Bool Descriptor::bad_activation() const {
  const Bool beside = ~is_dense | norm | refines | flags.bit(flag_relu), any = activation != 0;
  Bool bad = any & beside;
  for (unsigned code = 1; code < 1u << activation_code_bits; ++code)
    if (!has_activation(c.network, static_cast<int>(code))) bad = bad | (activation == code);
  return bad;
}

void Descriptor::self_rules() {
  rules.push_back({is_self & (count > c.network.self_attention), Error::queries, word::queries});
  rules.push_back({is_self & reserved_self, Error::descriptor, word::self_reserved});
  UInt shift = self_scale.bits(0, 6);
  Bool bad_scale = (shift == 0) | (shift > 40) | self_scale.bits(6, 2).any() | self_scale.bits(11, 21).any();
  rules.push_back({is_self & bad_scale, Error::descriptor, word::self_scale});
  rules.push_back({is_self & reserved_self_2, Error::descriptor, word::self_reserved_2});
}

void Descriptor::address_rules() {
  auto bad_pointer = [&](const UInt& p, int alignment) {
    Bool bad = p.bits(0, log2_of(alignment)).any();
    return address_bits < 64 ? bad | p.bits(address_bits, 64 - address_bits).any() : bad;
  };
  auto bad_stride = [&](const UInt& stride, const UInt& least_beats) {
    const int shift = log2_of(s.data_bytes());
    return stride.bits(0, shift).any() | ((stride >> shift) < least_beats);
  };
  const auto beats_of = [&](int count) { return UInt::constant(m, static_cast<std::uint64_t>(count), 18); };
  const auto fit = [&](const UInt& b) { return b.resize(18); };
  Bool projects = (is_attention & ~given).named("projects");
  const auto check_pointer = [&](const Bool& used, const UInt& p, int alignment, int at) {
    rules.push_back({used & bad_pointer(p, alignment), Error::address, at});
  };
  const Bool always = Bool::constant(m, true);
  check_pointer(always, query, base_alignment, word::query_address);
  check_pointer(is_attention, reference, base_alignment, word::reference_address);
  check_pointer(is_attention, value, std::max(base_alignment, block_bytes(c)), word::value_address);
  Bool reads_sources = projects, has_parameters = always;
  if (s.has_self()) reads_sources = projects | is_self, has_parameters = ~is_self;
  check_pointer(has_parameters, parameter, base_alignment, word::parameter_address);
  check_pointer(always, out, base_alignment, word::output_address);
  if (s.has_self()) check_pointer(is_self, self_value, base_alignment, word::self_value_address);
  check_pointer(reads_sources, source, base_alignment, word::source_address);
  check_pointer(projects & masked, mask, base_alignment, word::mask_address);
  check_pointer(has_list(), list, base_alignment, word::list_address);
  if (s.has_pixel_counts()) {
    counts = (is_attention & (share != 0)).named("counts_pixels");
    check_pointer(counts, pixel_mask, base_alignment, word::pixel_mask_address);
    check_pointer(counts, padding, base_alignment, word::padding_address);
  }
  const auto of_stream = [&](const Bool& flag, int beats) {  // a row of C elements, of the stream or not
    return !flag.is_shape() ? mux(flag, beats_of(s.stream_row_beats()), beats_of(beats)) : beats_of(beats);
  };
  if (s.has_epilogue()) {
    check_pointer(with_position, position, base_alignment, word::position_address);
    check_pointer(norm | refines, residual, base_alignment, word::residual_address);
    check_pointer(Bool::constant(m, true), link, base_alignment, word::link);
    const auto of_references = [&](int words) { return beats_of(divide_up(s.a.levels * words * 8, s.data_bytes())); };
    Bool bad = bad_stride(reference_stride, mux(boxes, of_references(2), of_references(1))) |
               reference_stride.bits(reference_stride_bits, 32 - reference_stride_bits).any();
    rules.push_back({is_attention & (reference_stride != 0) & bad, Error::address, word::reference_stride});
  }
  Bool rows_of_stream = stream_queries;
  if (s.has_self()) rows_of_stream = stream_queries | is_self;
  rules.push_back(
      {bad_stride(query_stride, mux(is_dense, fit(row_beats), of_stream(rows_of_stream, query_row_beats(c)))),
       Error::address, word::query_stride});
  UInt least_output = fit(output_beats);
  if (s.has_epilogue()) least_output = mux(refines, beats_of(box_row_beats(c)), least_output);
  rules.push_back({bad_stride(output_stride, mux(is_dense, least_output, beats_of(output_row_beats(c)))),
                   Error::address, word::output_stride});
  Bool sources_of_stream = stream_sources;
  if (s.has_self()) {
    sources_of_stream = stream_sources | is_self;
    rules.push_back(
        {is_self & bad_stride(self_stride, beats_of(s.stream_row_beats())), Error::address, word::self_value_stride});
  }
  rules.push_back({reads_sources & bad_stride(source_stride, of_stream(sources_of_stream, source_row_beats(c))),
                   Error::address, word::source_stride});
}

void Descriptor::first_rule() {
  auto code = [&](Error e) { return UInt::constant(m, static_cast<std::uint64_t>(e), error_bits); };
  UInt verdict = code(Error::none), bad_word = UInt::constant(m, 0, error_detail_bits);
  for (std::size_t i = 0; i < rules.size(); ++i)
    rules[i].broken = rules[i].broken.named(fmt::format("rule_{}_word_{}", i, rules[i].word));
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    verdict = mux(rule->broken, code(rule->error), verdict);
    bad_word =
        mux(rule->broken, UInt::constant(m, static_cast<std::uint64_t>(rule->word), error_detail_bits), bad_word);
  }
  output(m, "checked", checked);
  output(m, "verdict", verdict.named("first_error"));
  output(m, "bad_word", bad_word.named("first_word"));
}

}  // namespace quillgen::accel
