// The descriptor of a job: its words, what follows from them, and the first rule that they break.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/host/job.hpp"
#include "accel/host/parameter_loader.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// A rule of the descriptor, and the word that breaks it.
struct Rule {
  Bool broken;
  Error error;
  int word;
};

int log2_of(int power) { return std::countr_zero(static_cast<unsigned>(power)); }

// The parts of the block, in the order of the printed file. Members are what more than one of them reads.
struct Descriptor {
  Module& m;
  const Shapes& s;
  const Config& c = s.config;
  const int address_bits = s.address_bits(), words_per_beat = s.data_bits() / 32,
            beats = descriptor_words(c) / words_per_beat;

  const int columns = c.gemm.columns, most_tiles = most_panel_tiles(c),
            out_beat = s.row_unit();  // outputs of a dense job in a beat

  Bool begin = {}, take = {};
  UInt beat = {}, index = {};
  std::vector<std::vector<std::pair<Reg<UInt>, UInt>>> fields = {};  // by beat: registers and the bits they take

  UInt kind = {}, flags = {}, id = {}, count = {}, rows = {};
  UInt query = {}, reference = {}, value = {}, parameter = {}, out = {}, source = {}, mask = {},
       list = {};  // addresses
  UInt query_stride = {}, output_stride = {}, source_stride = {};
  UInt position = {}, residual = {}, link = {}, epsilon = {}, query_operand = {}, source_operand = {}, epilogue = {},
       reference_stride = {};
  UInt activation = {}, activation_scale = {};  // with activations
  UInt threshold = {};                          // with prunings
  std::vector<UInt> range = {};                 // .. of the levels
  Bool ranged = {};
  UInt share = {}, pixel_mask = {}, padding = {};               // with counts of pixels
  Bool counts = {};                                             // the job counts them
  std::vector<UInt> first_block = {};                           // .. of the levels
  Bool refines = {};                                            // boxes
  std::vector<UInt> width = {}, height = {};                    // of the levels, all bits of the words
  UInt inner = {}, outputs = {}, panel_tiles = {}, tiles = {};  // of a dense job, in the place of levels
  Bool reserved = {};                                           // a bit of its reserved words was set
  Bool reserved_network = {};                                   // .. of those of both kinds, with an epilogue
  UInt self_value = {}, self_stride = {}, self_scale = {};      // of self-attention, in the place of levels
  Bool reserved_self = {}, reserved_self_2 = {}, is_self = {};
  Bool is_dense = {}, is_attention = {}, boxes = {}, masked = {}, given = {}, listed = {}, kept = {};
  Bool stream_queries = {}, stream_sources = {}, with_position = {}, norm = {}, scattered = {};  // with an epilogue

  std::vector<UInt> wide = {}, high = {};  // sides of the levels, as many bits as a legal one has
  Bool checked = {};
  UInt blocks = {}, tokens = {};  // of all levels

  // Of a dense job: words of a row, and what tiles and panels take.
  UInt last_step = {}, row_beats = {}, output_beats = {}, panel_output_beats = {};
  UInt panel_words = {}, tile_outputs = {}, panel_outputs = {}, tile_beats = {};
  Bool one_panel = {};

  std::vector<Rule> rules = {};  // in the order in which they are told

  void ports();
  UInt field(int word, const std::string& name, int bits, int low = 0,
             std::optional<std::uint64_t> reset = std::nullopt);
  UInt pointer(const char* name, int word);
  Bool any_bit(int from, int to);
  void words();
  void network_words();
  void pruning_words();
  void dense_words();
  void self_words();
  void levels();
  void count_places(const Bool& placing, const UInt& level, const UInt& level_blocks, const UInt& all);
  void dense_shape();
  Bool has_list() const;
  void shape_rules();
  void pruning_rules();
  void network_rules();
  Bool bad_activation() const;
  void self_rules();
  void address_rules();
  void first_rule();
  void job();
  void self_job(JobFields& job, LoadFields& loads);
};

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

void Descriptor::levels() {
  m.note(
      "Check: levels one after the other. Each has ceil(height / 2) * ceil(width / 2) blocks of all heads in the "
      "value map.");
  auto check = input(m, "check", Bool());
  auto step = reg(m, "check_step", UInt(Shapes::holds(s.a.levels + 2)), 0);
  checked = (check & (step == s.a.levels + 2)).named("checked");
  step.when(begin, 0).when(check & ~checked, lib::increment(step));
  Bool placing = (check & (step < s.a.levels)).named("placing");
  auto half = [](const UInt& side) { return (side + 1) >> 1; };
  std::vector<UInt> across, down;
  for (std::size_t l = 0; l < width.size(); ++l) {
    wide.push_back(width[l].resize(s.side_bits())), high.push_back(height[l].resize(s.side_bits()));
    across.push_back(half(wide.back())), down.push_back(half(high.back()));
  }
  UInt level = step.resize(s.level_bits());
  UInt level_blocks = (select(level, down) * select(level, across)).named("level_blocks"),
       level_tokens = (select(level, high) * select(level, wide)).named("level_tokens");
  const int sum_bits = 2 * s.side_bits() + Shapes::holds(s.a.levels);
  auto block_sum = reg(m, "blocks", UInt(sum_bits)), token_sum = reg(m, "tokens", UInt(sum_bits));
  auto place = reg(m, "place", UInt(address_bits));
  block_sum.when(begin, 0).when(placing, (block_sum + level_blocks).wrap(sum_bits));
  token_sum.when(begin, 0).when(placing, (token_sum + level_tokens).wrap(sum_bits));
  UInt level_bytes = (level_blocks * (s.a.heads * block_bytes(c))).named("level_bytes");
  UInt level_start = mux(step == 0, value.wrap(address_bits), place).named("level_start");
  place.when(placing, lib::move_address(level_start, level_bytes));
  if (s.has_pixel_counts()) count_places(placing, level, level_blocks, block_sum);
  for (int l = 0; l < s.a.levels; ++l) {
    auto r = reg(m, fmt::format("start_{}", l), UInt(address_bits));
    r.when(placing & (level == l), level_start);
    output(m, fmt::format("start_{}", l), r);
  }
  blocks = block_sum, tokens = token_sum;
}

void Descriptor::count_places(const Bool& placing, const UInt& level, const UInt& level_blocks, const UInt& all) {
  const int of_lane = lane_levels(c);
  if (of_lane == 1) {  // each counts its only level
    first_block.assign(static_cast<std::size_t>(s.a.levels), UInt::constant(m, 0, s.count_address_bits()));
    return;
  }
  UInt before = all;
  if (s.level_lanes() > 1) {
    m.note("Blocks of a lane's levels before this one: each counts those of its own.");
    auto sum = reg(m, "lane_blocks", UInt(all.width()));
    Bool last_of_lane = Bool::constant(m, false);
    for (int l = of_lane - 1; l < s.a.levels; l += of_lane) last_of_lane = last_of_lane | (level == l);
    sum.when(begin, 0).when(placing & last_of_lane, 0).when(placing, (sum + level_blocks).wrap(sum.width()));
    before = sum;
  }
  for (int l = 0; l < s.a.levels; ++l) {
    auto r = reg(m, fmt::format("first_block_{}", l), UInt(s.count_address_bits()));
    r.when(placing & (level == l), before.resize(r.width()));
    first_block.push_back(r);
  }
}

void Descriptor::dense_shape() {
  m.note("A dense job: words of a row, and what a tile and a panel take.");
  const auto tables = parameter_tables(s);
  const int depth_shift = log2_of(c.gemm.depth), in_beat = s.data_bytes() / element_bytes(s.n.query_bits);
  last_step = ((inner - 1).as_uint().wrap(16) >> depth_shift).named("last_step");
  UInt steps = (last_step + 1).named("steps");
  UInt few_tiles = panel_tiles.resize(Shapes::holds(most_tiles));
  const auto held = [&](const char* name, int bits) { return reg(m, name, UInt(bits)); };
  auto of_panel = held("panel_words", few_tiles.width() + steps.width());
  auto of_tile = held("tile_outputs", 16 + Shapes::holds(columns));
  auto of_panel_outputs = held("panel_outputs", few_tiles.width() + Shapes::holds(columns));
  auto of_tile_beats = held("tile_beats", 24);
  of_panel.next(few_tiles * steps), of_tile.next(tiles * columns), of_panel_outputs.next(few_tiles * columns);
  panel_words = of_panel, tile_outputs = of_tile, panel_outputs = of_panel_outputs, tile_beats = of_tile_beats;
  const auto beats_of_word = [&](const Table& t) { return t.banks * t.beats(s); };
  of_tile_beats.next((steps * beats_of_word(tables[1]) + beats_of_word(tables[0])).resize(24));
  row_beats = ((inner + (in_beat - 1)) >> log2_of(in_beat)).named("row_beats");
  if (s.has_epilogue() && s.row_unit() != in_beat)
    row_beats = mux(stream_queries, (inner + (s.row_unit() - 1)) >> log2_of(s.row_unit()), row_beats);
  output_beats = ((outputs + (out_beat - 1)) >> log2_of(out_beat)).named("output_beats");
  panel_output_beats = ((panel_outputs + (out_beat - 1)) >> log2_of(out_beat)).named("panel_output_beats");
  one_panel = (panel_tiles == tiles).named("one_panel");
}

// The job has an index list.
Bool Descriptor::has_list() const { return s.has_epilogue() ? listed | (is_dense & scattered) : is_attention & listed; }

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

void Descriptor::job() {
  m.note("The job.");
  JobFields job(s);
  LoadFields loads(s);
  const auto address = [&](const UInt& p) { return p.wrap(address_bits); };
  const auto of = [&](const UInt& shape, const UInt& if_dense, std::int64_t otherwise) {
    return mux(is_dense, if_dense.resize(shape.width()),
               UInt::constant(m, static_cast<std::uint64_t>(otherwise), shape.width()));
  };
  job.last_step = of(job.last_step, last_step, s.steps() - 1);
  const UInt source_beats = of(job.row_beats, row_beats, source_row_beats(c));
  job.row_beats = s.has_epilogue() ? mux(is_attention & stream_sources,
                                         of(job.row_beats, row_beats, s.stream_row_beats()), source_beats)
                                   : source_beats;
  job.row_tail = of(job.row_tail, inner.bits(0, job.row_tail.width()), c.attention.embed_dim % s.row_word());
  job.tail = outputs.bits(0, log2_of(out_beat));
  job.queries = count.resize(s.query_bits());
  job.dense = is_dense, job.boxes = boxes, job.masked = masked & ~given, job.map_given = given,
  job.relu = flags.bit(flag_relu);
  job.query_address = address(query), job.reference_address = address(reference), job.value_address = address(value),
  job.output_address = address(out), job.source_address = address(source), job.list_address = address(list);
  job.rows = rows.resize(s.query_bits()), job.listed = listed, job.order_kept = kept;
  job.query_stride = query_stride, job.output_stride = output_stride, job.source_stride = source_stride;
  job.blocks = blocks.resize(s.token_bits());
  loads.tiles = of(loads.tiles, tiles, value_tiles(c));
  loads.panel_tiles = of(loads.panel_tiles, panel_tiles, value_tiles(c));
  loads.tile_beats = of(loads.tile_beats, tile_beats, image_beats(s, ImagePart::panel) / value_tiles(c));
  loads.output_beats = output_beats.resize(loads.output_beats.width());
  loads.panel_output_beats = panel_output_beats.resize(loads.panel_output_beats.width());
  loads.parameter_address = address(parameter), loads.mask_address = address(mask);
  loads.tokens = tokens.resize(s.token_bits());
  if (s.has_epilogue()) {
    NetworkFields& n = *job.network;
    n.stream_queries = stream_queries, n.position = with_position, n.stream_sources = stream_sources, n.norm = norm;
    n.scattered = is_dense & scattered;
    n.format = epilogue.bits(0, result_format_bits), n.norm_shift = epilogue.bits(8, norm_gain_bits);
    n.position_address = address(position), n.residual_address = address(residual);
    const auto scale = [](const UInt& word) {
      return Scale{word.bits(0, lib::mult_bits), word.bits(lib::mult_bits, lib::shift_bits)};
    };
    n.query_operand = scale(query_operand), n.source_operand = scale(source_operand);
    n.epsilon = epsilon.wrap(norm_epsilon_bits);
    n.reference_stride = reference_stride.bits(0, reference_stride_bits);
    if (s.has_activations()) n.activation = activation, n.activation_scale = scale(activation_scale);
    NextJob next(s);
    next.link = address(link), next.host_step = flags.bit(flag_host_step);
    output(m, "next", next);
  }
  if (s.has_pruned_points()) job.threshold = threshold.resize(s.attention_width() + 1);
  if (s.has_ranges()) {
    job.ranges->held = ranged;
    for (std::size_t l = 0; l < range.size(); ++l) job.ranges->range[l] = range[l].resize(s.range_bits());
  }
  if (s.has_pixel_counts()) {
    PixelFields& p = *job.pixels;
    p.places.counts = counts, p.places.first_block = first_block, p.share = share;
    p.tokens = tokens.resize(s.token_bits()), p.mask_address = address(pixel_mask);
    p.padded = (counts & padding.any()).named("padded");
    loads.padded = p.padded, loads.padding_address = address(padding);
  }
  if (s.has_self()) self_job(job, loads);
  loads.dense = job.dense, loads.masked = job.masked, loads.map_given = job.map_given;
  loads.last_step = job.last_step, loads.output_address = job.output_address;
  if (s.has_epilogue()) loads.norm = norm;
  output(m, "job_id", id);
  output(m, "job", job);
  output(m, "loads", loads);
  LevelShapes levels(s);
  for (std::size_t l = 0; l < width.size(); ++l) levels.width[l] = wide[l], levels.height[l] = high[l];
  output(m, "levels", levels);
}

// What a job of self-attention has in the place of a dense one: rows of C elements that are operands as they are.
void Descriptor::self_job(JobFields& job, LoadFields& loads) {
  const auto instead = [&](const UInt& value, std::uint64_t own) {
    return mux(is_self, UInt::constant(m, own, value.width()), value);
  };
  const auto beats = static_cast<std::uint64_t>(s.stream_row_beats());
  job.dense = is_dense | is_self, job.map_given = given & ~is_self, job.relu = flags.bit(flag_relu) & ~is_self;
  job.row_beats = instead(job.row_beats, beats), job.tail = instead(job.tail, 0);
  loads.output_beats = instead(loads.output_beats, beats), loads.self = is_self;
  loads.panel_output_beats = instead(loads.panel_output_beats, beats);
  NetworkFields& n = *job.network;
  n.stream_queries = n.stream_queries | is_self;
  n.format = instead(n.format, static_cast<std::uint64_t>(ResultFormat::operand));
  n.query_operand.mult = instead(n.query_operand.mult, 2), n.query_operand.shift = instead(n.query_operand.shift, 1);
  SelfJob& self = *job.self;
  self.active = is_self, self.score_shift = self_scale.bits(0, 6), self.gain = self_scale.bits(8, 3);
  self.value_address = self_value.wrap(address_bits), self.value_stride = self_stride;
}

}  // namespace

const Module& build_job_descriptor(Design& d, const Shapes& s) {
  return d.module("job_descriptor", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Takes the words of a descriptor, computes what follows from them, a level a cycle, and finds the first rule "
        "that they break.");
    Descriptor descriptor{m, s};
    descriptor.ports();
    descriptor.words();
    if (s.has_epilogue()) descriptor.network_words();
    if (s.has_prunings()) descriptor.pruning_words();
    descriptor.dense_words();
    descriptor.levels();
    descriptor.dense_shape();
    descriptor.shape_rules();
    descriptor.address_rules();
    descriptor.first_rule();
    descriptor.job();
  });
}

}  // namespace quillgen::accel
