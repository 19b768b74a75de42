// The order of the passes of self-attention on the PE array (NUMERICS.md N16). The scores of a head come up to two
// passes before its products with the values, so that its softmax has the time of those of the head before. What two
// heads in turn use, scores, maxima, exponentials and scales, is free again by this order alone.
#include "accel/self/self_attention.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_self_steps(Design& d, const Shapes& s) {
  return d.module("self_steps", s, [](Design&, Module& m, const Shapes& s) {
    const Config& c = s.config;
    const int heads = c.attention.heads, head_steps = c.attention.head_dim() / c.gemm.depth, all_steps = s.steps(),
              parts = exponential_parts(c), word_steps = exponential_units(c) / c.gemm.depth,
              of_tile = s.heads_of_tile(), address_bits = s.weight_address_bits(), head_bits = Shapes::bits(heads);
    m.describe(
        "Steps of the PE array in self-attention: passes of scores and of products with the values in turn, each of a "
        "head of a group of rows.");
    m.parameter("heads", heads);
    m.parameter("parts", parts);
    auto start = input(m, "start", Bool());
    auto run = input(m, "run", SelfRun(s));
    discard(run.score_shift), discard(run.gain), discard(run.last_column);
    auto advance = input(m, "advance", Bool()), room = input(m, "room", Bool()),
         ready = input(m, "exponentials_ready", Bool());
    auto group = input_stream(m, "loaded", UInt(s.rows_bits()));

    m.note("The next pass: scores if they may run ahead, otherwise products.");
    auto busy = reg(m, "busy", Bool(), 0), scores = reg(m, "scores", Bool());
    auto ahead = reg(m, "ahead", UInt(2), 0);  // heads whose scores were begun, and not yet their products
    auto rows_left = reg(m, "rows_left", UInt(s.self_rows_bits()), 0);
    Bool may_score = (group.valid & (rows_left != 0) & (ahead != 2) & run.active).named("may_score");
    Bool may_multiply = ((ahead != 0) & ready & room).named("may_multiply");
    auto score_head = reg(m, "score_head", UInt(head_bits), 0), value_head = reg(m, "value_head", UInt(head_bits), 0);
    auto score_parity = reg(m, "score_parity", Bool(), 0), value_parity = reg(m, "value_parity", Bool(), 0);
    // Rows of the groups, in turn, that are scored and multiplied.
    auto scored_group = reg(m, "scored_group", Bool(), 0), value_group = reg(m, "value_group", Bool(), 0);
    auto rows_even = reg(m, "rows_even", UInt(s.rows_bits())), rows_odd = reg(m, "rows_odd", UInt(s.rows_bits()));

    m.note("In a pass of scores: a tile of keys after the other. In one of products: a part after the other.");
    auto step = reg(m, "step", UInt(std::max(Shapes::bits(head_steps), s.value_step_bits())), 0);
    auto row_step = reg(m, "row_step", UInt(s.step_bits()), 0);  // the first one of the head
    auto keys = reg(m, "keys", UInt(s.key_tile_bits()), 0);
    auto weight = reg(m, "weight", UInt(address_bits), 0);
    auto part = reg(m, "part", UInt(Shapes::bits(parts)), 0);
    auto word = reg(m, "word", UInt(s.exponential_word_bits()), 0);
    auto place = reg(m, "place", UInt(Shapes::bits(word_steps)), 0);
    auto key_start = reg(m, "key_start", UInt(address_bits), 0);  // weights of the first key of the head
    const auto first_value = UInt::constant(m, static_cast<std::uint64_t>(key_words(c)), address_bits);
    auto value_start = reg(m, "value_start", UInt(address_bits));  // .. of the values of its channels
    auto channels = reg(m, "channels", UInt(s.tile_bits()), 0);    // .. their tile
    auto in_tile = reg(m, "head_of_tile", UInt(Shapes::bits(of_tile)), 0);
    Bool valid = busy;
    // The accumulators of a part are kept three cycles after they leave; those of the next one must not come before.
    const int gap = s.rows() < 3 && parts > 1 ? 2 : 0;
    std::optional<Reg<UInt>> waits;
    if (gap > 0) {
      waits = reg(m, "waits", UInt(2), 0);
      valid = (busy & (*waits == 0)).named("may_move");
    }
    Bool move = (valid & advance).named("move");
    Bool last_step = mux(scores, step == head_steps - 1, step == run.last_value_step).named("last_step");
    Bool last_keys = (keys == run.last_tile).named("last_keys"), last_part = lib::is_last(part, parts);
    Bool end_of_tile = (move & last_step).named("end_of_tile");
    Bool end_of_scores = (end_of_tile & scores & last_keys).named("end_of_scores");
    Bool end_of_products = (end_of_tile & ~scores & last_part).named("end_of_products");
    if (waits) waits->when(end_of_tile & ~scores, gap).when(advance & (*waits != 0), lib::decrement(*waits));
    Bool choose = ~busy;
    Bool to_scores = (choose & may_score).named("to_scores");
    Bool to_products = (choose & ~may_score & may_multiply).named("to_products");
    busy.when(to_scores | to_products, true).when(end_of_scores | end_of_products, false);
    scores.when(to_scores, true).when(to_products, false);
    ahead.when(to_scores, lib::increment(ahead)).when(to_products, lib::decrement(ahead));
    Bool last_score_head = lib::is_last(score_head, heads), last_value_head = lib::is_last(value_head, heads);
    Bool ends_rows = (end_of_scores & last_score_head).named("ends_rows");
    Bool ends_group = (end_of_products & last_value_head).named("ends_group");
    group.ready.drive(ends_rows);
    rows_left.when(start, run.rows).when(ends_rows, (rows_left - group.data).as_uint().wrap(rows_left.width()));
    score_head.when(ends_rows, 0).when(end_of_scores, lib::increment(score_head));
    value_head.when(ends_group, 0).when(end_of_products, lib::increment(value_head));
    score_parity.when(end_of_scores, ~score_parity), value_parity.when(end_of_products, ~value_parity);
    scored_group.when(ends_rows, ~scored_group), value_group.when(ends_group, ~value_group);
    rows_even.when(to_scores & ~scored_group, group.data), rows_odd.when(to_scores & scored_group, group.data);

    step.when(end_of_tile, 0).when(move, lib::increment(step));
    keys.when(end_of_scores, 0).when(end_of_tile & scores, lib::increment(keys));
    part.when(end_of_products, 0).when(end_of_tile & ~scores, lib::increment(part));
    Bool last_place = lib::is_last(place, word_steps);
    place.when(end_of_tile, 0).when(move & ~scores, lib::next_index(place, word_steps));
    word.when(end_of_tile, 0).when(move & ~scores & last_place, lib::increment(word));
    const auto wrapped = [&](const UInt& a, int b) { return (a + b).wrap(a.width()); };
    weight.when(to_scores, key_start)
        .when(to_products | (end_of_tile & ~scores), value_start)
        .when(end_of_tile, wrapped(weight, all_steps - head_steps + 1))
        .when(move, lib::increment(weight));
    row_step.when(ends_rows, 0).when(end_of_scores, wrapped(row_step, head_steps));
    key_start.when(ends_rows, 0).when(end_of_scores, wrapped(key_start, head_steps));
    Bool last_of_tile = lib::is_last(in_tile, of_tile);
    in_tile.when(ends_group, 0).when(end_of_products, lib::next_index(in_tile, of_tile));
    Bool next_channels = (end_of_products & last_of_tile).named("next_channels");
    channels.when(ends_group, 0).when(next_channels, lib::increment(channels));
    value_start.when(start | ends_group, first_value).when(next_channels, wrapped(value_start, value_words(c)));

    SelfStep out(s);
    out.step = (row_step + step).resize(s.step_bits());
    out.weight = weight, out.of_exponentials = ~scores, out.word = word, out.place = place, out.part = part;
    out.parity = mux(scores, score_parity, value_parity);
    out.first = step == 0, out.last = last_step;
    out.rows = mux(scores, group.data, mux(value_group, rows_odd, rows_even));
    output(m, "issue", valid), output(m, "step", out);
    SelfTile tile(s);
    tile.scores = scores, tile.parity = out.parity, tile.keys = keys, tile.last_keys = last_keys;
    tile.first_part = part == 0, tile.last_part = last_part;
    if (tile.head) tile.head = in_tile;
    else discard(in_tile);
    output(m, "tile", tile);
    output(m, "channels", static_cast<UInt>(channels));
    output(m, "last_of_group", (~scores & last_part & last_value_head));
    output(m, "ends_rows", ends_rows), output(m, "ends_group", ends_group);
    output(m, "exponentials_taken", to_products);
  });
}

}  // namespace quillgen::accel
