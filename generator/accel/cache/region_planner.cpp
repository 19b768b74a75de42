// Groups of queries that share a region, and the windows of their levels. It sees the references before they reach the
// lanes, in the order in which the lanes will work on them.
#include "accel/blocks.hpp"
#include "accel/cache/region.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct ScaledReference {  // reference in pixels, reference_fraction
  SInt x, y;
  UInt level;
  QUILLGEN_FIELDS(x, y, level)
};
struct ReferencePixel {
  UInt x, y, level;
  QUILLGEN_FIELDS(x, y, level)
};
struct QueryWindow {  // of one level of a query
  UInt left, right, top, bottom, level;
  QUILLGEN_FIELDS(left, right, top, bottom, level)
};

// The pixel a coordinate lies in, moved into the map.
UInt pixel_in_map(const Shapes& s, const SInt& scaled, const UInt& side, const std::string& axis) {
  SInt pixel = (scaled >> reference_fraction).named("floor_" + axis);
  UInt last = lib::decrement(side);
  Bool beyond = (pixel >= side.to_signed()).named("beyond_" + axis);
  UInt zero = UInt::constant(side.module(), 0, s.side_bits());
  return mux(pixel.sign(), zero, mux(beyond, last, pixel.as_uint().wrap(s.side_bits())));
}

// Blocks of the pixels from `margin` before a pixel to `margin` + 1 behind it, or with region_ranges to `margin` behind
// it, cut at the map.
std::pair<UInt, UInt> blocks_around(const Shapes& s, const UInt& pixel, const UInt& margin, const UInt& side,
                                    const std::string& axis) {
  SInt before = (pixel - margin).named("before_" + axis);
  UInt zero = UInt::constant(side.module(), 0, s.side_bits());
  UInt first = mux(before.sign(), zero, before.as_uint().resize(s.side_bits()));
  UInt behind = s.has_ranged_regions() ? pixel + margin : pixel + margin + 1;
  UInt last = min(behind, lib::decrement(side)).resize(s.side_bits()).named("last_" + axis);
  return {(first >> 1).resize(s.block_bits()), (last >> 1).resize(s.block_bits())};
}

LevelWindow join_windows(const LevelWindow& a, const LevelWindow& b) {
  LevelWindow both{min(a.left, b.left), max(a.right, b.right), min(a.top, b.top), max(a.bottom, b.bottom)};
  if (!a.column_origin) return both;
  both.column_origin = mux(b.left < a.left, *b.column_origin, *a.column_origin);  // that of the first
  both.row_origin = mux(b.top < a.top, *b.row_origin, *a.row_origin);
  return both;
}

// A window of so many blocks at most.
Bool fits(const UInt& first, const UInt& last, int side) {
  if (side >= 1 << first.width()) return Bool::constant(first.module(), true);
  if (!std::has_single_bit(static_cast<unsigned>(side)))
    return (last - first).as_uint().wrap(first.width()) < static_cast<std::uint64_t>(side);
  const int side_bits = std::countr_zero(static_cast<unsigned>(side));
  UInt more = (last - first).as_uint().wrap(first.width());  // last >= first
  return (more >> side_bits).is_zero();
}

}  // namespace

int planned_words(const Shapes& s) { return power_of_two(planned_queries(s) * 2 * s.a.levels); }

const Module& build_region_planner(Design& d, const Shapes& s) {
  return d.module("region_planner", s, [](Design& d, Module& m, const Shapes& s) {
    const auto shares = region_levels(s.config);
    const int most = s.config.feature_cache.region_queries;
    m.describe(
        "Joins queries that follow each other to groups and computes their windows: of each level the blocks around "
        "the references of the group. A group ends when the window of the next query would make one of its own too "
        "large, with region_queries, and with the job. The references wait here until their group is known.");
    m.parameter("region_queries", most);
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto boxes = input(m, "boxes", Bool());
    auto levels = input(m, "levels", LevelShapes(s));
    auto word = input_stream(m, "word", UInt(reference_word_bits));

    m.note("Words of a query; what comes beyond the last query is dropped.");
    auto remaining = reg(m, "remaining", UInt(s.query_bits()), 0);
    auto level = reg(m, "level", UInt(s.level_bits()), 0);
    auto second = reg(m, "second", Bool(), 0);      // the word is the size of a box
    auto deciding = reg(m, "deciding", Bool(), 0);  // all words of a query have come
    Bool over = (remaining == 0).named("over"), takes = (~over & ~deciding).named("takes");
    auto waiting = stream(m, "waiting_word", word.valid & takes, word.data);
    word.ready.drive(over | (takes & waiting.ready));
    Bool take = waiting.fire().named("take");
    Bool last_of_level = (second | ~boxes).named("last_of_level");
    Bool last_word = (take & last_of_level & lib::is_last(level, s.a.levels)).named("last_word");
    second.when(start, false).when(take & boxes, ~second);
    level.when(start, 0).when(take & last_of_level, lib::next_index(level, s.a.levels));
    output_stream(m, "word_out", lib::sram_fifo(d, m, "words", waiting, planned_words(s)));

    m.note("The pixel that the reference lies in.");
    const auto side_of = [&](const UInt& l, const std::vector<UInt>& sides) { return select(l, sides); };
    auto scaled_valid = reg(m, "scaled_valid", Bool(), 0);
    auto scaled = reg(m, "scaled",
                      ScaledReference{SInt(reference_bits + s.side_bits() + 1),
                                      SInt(reference_bits + s.side_bits() + 1), UInt(s.level_bits())});
    const auto coordinate = [&](int i) { return word.data.bits(i * reference_bits, reference_bits).as_sint(); };
    Bool is_point = (take & ~second).named("is_point");
    scaled_valid.next(is_point);
    scaled.when(is_point,
                ScaledReference{coordinate(0) * side_of(level, levels.width).named("width").to_signed(),
                                coordinate(1) * side_of(level, levels.height).named("height").to_signed(), level});
    auto pixel_valid = reg(m, "pixel_valid", Bool(), 0);
    auto pixel = reg(m, "pixel", ReferencePixel{UInt(s.side_bits()), UInt(s.side_bits()), UInt(s.level_bits())});
    UInt columns = side_of(scaled.level, levels.width).named("columns"),
         rows = side_of(scaled.level, levels.height).named("rows");
    pixel_valid.next(scaled_valid);
    pixel.when(scaled_valid, ReferencePixel{pixel_in_map(s, scaled.x, columns, "x"),
                                            pixel_in_map(s, scaled.y, rows, "y"), scaled.level});

    m.note("The windows of the query, and those of the group with it.");
    const LevelWindows shape(s);
    auto query = reg(m, "query", shape), group = reg(m, "group_window", shape), together = reg(m, "together", shape);
    std::vector<UInt> margins;
    int margin_bits = 1;
    for (const auto& share : shares) margin_bits = std::max(margin_bits, Shapes::holds(share.margin));
    for (const auto& share : shares)
      margins.push_back(UInt::constant(m, static_cast<std::uint64_t>(share.margin), margin_bits));
    UInt margin = select(pixel.level, margins).named("margin");
    UInt width = side_of(pixel.level, levels.width).named("pixel_width"),
         height = side_of(pixel.level, levels.height).named("pixel_height");
    auto [left, right] = blocks_around(s, pixel.x, margin, width, "x");
    auto [top, bottom] = blocks_around(s, pixel.y, margin, height, "y");
    LevelWindow around{left.named("left"), right.named("right"), top.named("top"), bottom.named("bottom")};
    UInt of_level = pixel.level;
    Bool around_valid = pixel_valid;
    if (s.has_ranged_regions()) {
      m.note("Where the window begins in its torus.");
      const QueryWindow next{around.left, around.right, around.top, around.bottom, pixel.level};
      auto valid = reg(m, "around_valid", Bool(), 0);
      auto found = reg(m, "around",
                       QueryWindow{UInt(s.block_bits()), UInt(s.block_bits()), UInt(s.block_bits()),
                                   UInt(s.block_bits()), UInt(s.level_bits())});
      valid.next(pixel_valid);
      found.when(pixel_valid, next);
      around = {found.left, found.right, found.top, found.bottom};
      around.column_origin = torus_origin(s, Side::column, found.level, found.left).named("column_origin");
      around.row_origin = torus_origin(s, Side::row, found.level, found.top).named("row_origin");
      of_level = found.level, around_valid = valid;
    }
    LevelWindows next_query = query, both = group;
    Bool all_fit = Bool::constant(m, true);
    for (std::size_t l = 0; l < shares.size(); ++l) {
      if (!shares[l].has_window()) continue;
      next_query.level[l] = mux(of_level == l, around, *query.level[l]);
      both.level[l] = join_windows(*group.level[l], *query.level[l]);
      const LevelWindow& w = *together.level[l];
      Bool rows_fit = fits(w.top, w.bottom, shares[l].rows);
      Bool columns_fit = fits(w.left, w.right, shares[l].columns);
      all_fit = all_fit & columns_fit & rows_fit;
    }
    query.when(around_valid, next_query);
    together.next(both);

    m.note("Decide when the last pixel has passed these registers.");
    const int stages = s.has_ranged_regions() ? 5 : 4;  // scaled, pixel, with ranges around, query, together
    auto stages_left = reg(m, "stages_left", UInt(Shapes::holds(stages - 1)), 0);
    stages_left.when(last_word, stages - 1).when(stages_left != 0, lib::decrement(stages_left));
    auto count = reg(m, "count", UInt(Shapes::holds(most)), 0);
    auto closed = reg(m, "closed", Bool(), 0);  // the group is complete
    Bool decide = (deciding & (stages_left == 0) & ~closed).named("decide");
    Bool is_first = (count == 0).named("is_first");
    Bool accept = (decide & (is_first | all_fit)).named("accept");
    Bool full = (lib::is_last(count, most) | (remaining == 1)).named("full");
    RegionGroup region(s);
    region.queries = count, region.windows = group;
    auto out = stream(m, "region", closed, region);
    deciding.when(last_word, true).when(accept, false);
    group.when(accept, mux<LevelWindows>(is_first, query, together));
    count.when(accept, lib::increment(count)).when(out.fire(), 0);
    closed.when(out.fire(), false).when(decide & (~accept | full), true);
    remaining.when(start, queries).when(accept, lib::decrement(remaining));
    output_stream(m, "group", out);
  });
}

}  // namespace quillgen::accel
