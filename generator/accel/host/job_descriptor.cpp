// The descriptor of a job: its words, what follows from them, and the first rule that they break.
#include "accel/host/descriptor.hpp"

namespace quillgen::accel {

using namespace hdl;

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
