// Sampling locations from references and offsets (NUMERICS.md N5).
#include "accel/blocks.hpp"
#include "accel/lane/slot.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Fetched {  // while the buffers are read
  UInt weight;
  std::optional<UInt> element;  // of the word of offsets
  SampleTag tag;
  QUILLGEN_FIELDS(weight, element, tag)
};
struct OffsetValue {  // what the harness sees
  SInt offset_x, offset_y;
  QUILLGEN_FIELDS(offset_x, offset_y)
};
struct Point {  // what every later stage carries along, the size of the level included
  UInt weight, width, height;
  std::optional<UInt> range;  // of the level, pixels, until moves have been held in it
  SampleTag tag;
  QUILLGEN_FIELDS_UNNAMED(weight, width, height, range, tag)
};
struct Operands {  // what the buffers held
  UInt offset, reference;
  Point sample;
  QUILLGEN_FIELDS(offset, reference, sample)
};
struct Scaled {  // reference and size of its box in pixels, reference_fraction; offset as it is, and its share of a box
  SInt x, y, offset_x, offset_y, share_x, share_y;
  UInt box_width, box_height;
  Point sample;
  QUILLGEN_FIELDS(x, y, offset_x, offset_y, share_x, share_y, box_width, box_height, sample)
};
struct Moved {  // reference in pixels and what the offset adds, reference_fraction
  SInt x, y, move_x, move_y;
  Point sample;
  QUILLGEN_FIELDS(x, y, move_x, move_y, sample)
};
struct Rounded {
  SInt x, y;
  Point sample;
  QUILLGEN_FIELDS(x, y, sample)
};

// Offset / (2 * points), 16 fraction bits more than the offset. The factor is at most 2^15.
SInt share_of_box(const Shapes& s, const SInt& offset) {
  const int points = s.a.points, factor = ((1 << 16) + points) / (2 * points);
  SInt share = offset * factor;
  return share.wrap(std::min(share.width(), s.n.offset_bits() + 15));
}

// Size of a box in pixels, reference_fraction.
UInt box_pixels(const Shapes& s, const UInt& size, const UInt& side) {
  const std::int64_t most = std::int64_t{1 << box_size_bits} * std::max(s.a.max_width, s.a.max_height);
  return (size * side).resize(Shapes::holds(most - 1));
}

// What the offset adds to a reference. Bits of the product below reference_fraction cannot change the rounded sum.
SInt move(const Shapes& s, const Bool& boxes, const std::string& axis, const SInt& offset, const SInt& share,
          const UInt& box) {
  SInt from_point = offset << (reference_fraction - s.n.offset_frac_bits);
  SInt in_box = (share * box.to_signed()).named("product_" + axis) >> (16 + s.n.offset_frac_bits);
  const int bits = std::max(from_point.width(), in_box.width());
  return mux(boxes, in_box.extend(bits), from_point.extend(bits));
}

// The move, not further than `range` pixels either way, if moves are held.
SInt hold(const Bool& held, const SInt& move, const UInt& range, const std::string& axis) {
  SInt pixels = range.to_signed() << reference_fraction;
  const int bits = std::max(pixels.width() + 1, move.width());
  SInt most = pixels.extend(bits).named("most_" + axis), least = (-most).wrap(bits).named("least_" + axis);
  return mux(held, clamp(move.extend(bits), least, most).wrap(move.width()), move);
}

// p = reference + move - 1/2, rounded once, kept within two pixels of the map.
SInt locate(const Shapes& s, const std::string& axis, const SInt& scaled, const SInt& move, const UInt& side) {
  Module& m = scaled.module();
  const Fixed half = fixed_constant(m, 1, 1);
  Fixed exact = Fixed(scaled, reference_fraction) + Fixed(move, reference_fraction) - half;
  SInt rounded = exact.round_to(s.n.interp_frac_bits).raw().named("rounded_" + axis);
  SInt low = SInt::constant(m, -(std::int64_t{2} << s.n.interp_frac_bits), s.n.interp_frac_bits + 2);
  SInt high = ((side.to_signed() + 1) << s.n.interp_frac_bits).named("high_" + axis);
  return clamp(rounded, low, high).wrap(s.location_bits());
}

// Whether a move, rounded down to whole pixels, is `distance` or more, or less than -distance.
Bool is_far(const SInt& move, int distance, const std::string& axis) {
  SInt whole = (move >> reference_fraction).named("whole_" + axis);
  const int bits = Shapes::holds(distance) + 1;
  Bool up = whole >= SInt::constant(whole.module(), distance, bits),
       down = whole < SInt::constant(whole.module(), -distance, bits);
  return (up | down).named("far_" + axis);
}

// Columns x0 and x0 + 1 that lie in 0 .. side - 1.
std::pair<Bool, Bool> inside(const SInt& x0, const UInt& side) {
  SInt last = side.to_signed();
  return {~x0.sign() & (x0 < last), (x0 >= -1) & (x0 + 1 < last)};
}

// {slot, level, anchor}
UInt reference_address(const PointTag& tag) {
  return tag.anchor ? concat({tag.slot, tag.level, *tag.anchor}) : concat({tag.slot, tag.level});
}

struct Pixel {
  SInt x, y;
  QUILLGEN_FIELDS(x, y)
};

}  // namespace

const Module& build_index_gen(Design& d, const Shapes& s) {
  return d.module("index_gen", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "Location of every sample (NUMERICS.md N5): reference * level size + offset - 1/2, the offset in pixels or in "
        "parts of a reference box, and which of its corners lie in the map.");
    m.parameter("offset_frac_bits", s.n.offset_frac_bits);
    m.parameter("interp_frac_bits", s.n.interp_frac_bits);
    const int offset_bits = s.n.offset_bits();
    m.parameter("points", s.a.points);
    auto levels = input(m, "levels", LevelShapes(s));
    auto boxes = input(m, "boxes", Bool());
    std::optional<LevelRanges> ranges;
    if (s.has_ranges()) ranges = input(m, "ranges", LevelRanges(s));
    auto in = input_stream(m, "attention", Attn(s));

    m.note("Offsets, several in a word, and references of the groups on chip; one is filled while another is read.");
    const int word_bits = s.points_of_word() * 2 * offset_bits;
    Ram offsets(m, "offsets", s.slots() << s.offset_word_bits(), word_bits, 1);
    Ram references(m, "references", s.slots() << s.reference_place_bits(), s.reference_word_bits(), 1);
    auto offset_write = input(m, "offset_write", BufferWrite{Bool(), UInt(offsets.address_bits()), UInt(word_bits)});
    auto reference_write = input(m, "reference_write",
                                 BufferWrite{Bool(), UInt(references.address_bits()), UInt(s.reference_word_bits())});
    offsets.write(offset_write.enable, offset_write.address, offset_write.data);
    references.write(reference_write.enable, reference_write.address, reference_write.data);

    lib::Pipeline pipe(m, "index", in);
    auto read = in.fire().named("read");
    UInt word = offsets.read(concat({in.data.tag.slot, offset_word(s, in.data.tag.sample)}), read);
    UInt reference = references.read(reference_address(in.data.tag), read);
    output(m, "group_freed", read & in.data.tag.last_of_group);
    auto point = pipe.stage("point", Fetched{in.data.weight, element(s, in.data.tag.sample), SampleTag(in.data.tag)});

    m.note(
        "Its offset, and the size of its level. A memory's delay and a multiplier's would make the longest path of the "
        "lane.");
    UInt width = select(point.tag.level, levels.width).named("width");
    UInt height = select(point.tag.level, levels.height).named("height");
    std::vector<UInt> of_word;
    for (int i = 0; i < s.points_of_word(); ++i) of_word.push_back(word.bits(i * 2 * offset_bits, 2 * offset_bits));
    UInt offset = select_element(point.element, of_word).named("offset");
    std::optional<UInt> of_level;
    if (s.has_ranges()) of_level = select(point.tag.level, ranges->range).named("range");
    auto at =
        pipe.stage("operands", Operands{offset, reference, Point{point.weight, width, height, of_level, point.tag}});

    m.note("Reference in pixels of its level.");
    auto part = [](const UInt& v, int bits, int index) { return v.bits(index * bits, bits).as_sint(); };
    auto size = [&](int index) { return at.reference.bits(2 * reference_bits + index * box_size_bits, box_size_bits); };
    SInt offset_x = part(at.offset, offset_bits, 0), offset_y = part(at.offset, offset_bits, 1);
    tap(m, "offset", Stream<OffsetValue>{{offset_x, offset_y}, pipe.valid(), Wire<Bool>(pipe.advance())});
    auto scaled = pipe.stage(
        "scaled", Scaled{part(at.reference, reference_bits, 0) * at.sample.width.to_signed(),
                         part(at.reference, reference_bits, 1) * at.sample.height.to_signed(), offset_x, offset_y,
                         share_of_box(s, offset_x), share_of_box(s, offset_y), box_pixels(s, size(0), at.sample.width),
                         box_pixels(s, size(1), at.sample.height), at.sample});

    m.note("Offset in pixels.");
    auto moved = pipe.stage(
        "moved", Moved{scaled.x, scaled.y, move(s, boxes, "x", scaled.offset_x, scaled.share_x, scaled.box_width),
                       move(s, boxes, "y", scaled.offset_y, scaled.share_y, scaled.box_height), scaled.sample});

    if (s.has_ranges()) {
      m.note("Held in the range of the level.");
      Point next = moved.sample;
      const UInt range = *std::exchange(next.range, std::nullopt);
      SInt x = hold(ranges->held, moved.move_x, range, "x"), y = hold(ranges->held, moved.move_y, range, "y");
      moved = pipe.stage("held", Moved{moved.x, moved.y, x, y, next});
    }

    m.note("Add, round, clamp.");
    Rounded rounded{locate(s, "x", moved.x, moved.move_x, moved.sample.width),
                    locate(s, "y", moved.y, moved.move_y, moved.sample.height), moved.sample};
    if (const int distance = s.config.feature_cache.bypass_distance; s.has_bypass()) {
      Bool far_y = is_far(moved.move_y, distance, "y"), far_x = is_far(moved.move_x, distance, "x");
      rounded.sample.tag.far = far_x | far_y;
    }
    auto place = pipe.stage("place", rounded);

    m.note("Corners in the map.");
    auto [x0_in, x1_in] = inside(place.x >> s.n.interp_frac_bits, place.sample.width);
    auto [y0_in, y1_in] = inside(place.y >> s.n.interp_frac_bits, place.sample.height);
    Location result(s);
    result.x = place.x, result.y = place.y, result.weight = place.sample.weight;
    result.tag = place.sample.tag;
    result.inside = concat({y1_in, y0_in, x1_in, x0_in});
    auto out = pipe.finish(result);
    output_stream(m, "location", out);
    tap(m, "location", Stream<Pixel>{{place.x, place.y}, out.valid, out.ready});
  });
}

}  // namespace quillgen::accel
